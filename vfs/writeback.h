/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/writeback.h: when dirty pages go out: 5 s after a file became dirty, at once when much is dirty
 * or memory is short, and when somebody asks.  One thread, which sleeps without a timer while nothing is dirty.
 */
#pragma once

#include "vfs/pcache.h"

struct fs;

err_t writeback_init(void) must_check;
void writeback_file(struct pcache *pc); /* it has dirty pages now */
/*
 * The caller counts the inode. If nothing of it is dirty any more, or only the caller and the list are left to count a file
 * without a name, it leaves the list.
 */
void writeback_settle(struct pcache *pc);
void writeback_fs(struct fs *fs); /* its metadata changed */
/* Memory is short: have the thread clean and trim, and wait a little for it. False: the caller is that thread. */
bool writeback_trim(void);
void writeback_page_dirty(long n); /* dirty pages more or less */
/* A writer: wait while too much is dirty. No lock held. */
void writeback_throttle(struct pcache *pc);
/* Every dirty file of this file system (NULL: of all); the first error. */
err_t writeback_all(struct fs *fs);
uint64_t writeback_dirty_pages(void);
