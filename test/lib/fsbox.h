/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/lib/fsbox.h: a TFS on a disk that can lose power, with memory that can run out, and a description
 * of everything that is in it as text, so that two states are equal when their texts are.
 */
#pragma once

#include "fs/tfs.h"
#include "test/lib/failalloc.h"
#include "test/lib/memdisk.h"

struct fsbox {
	struct memdisk disk;
	struct failalloc mem;
	struct tfs *fs; /* NULL: not mounted */
	unsigned version;
	int64_t now;
};

void fsbox_init(struct fsbox *, uint64_t nsect, unsigned version);
void fsbox_fini(struct fsbox *);
err_t fsbox_format(struct fsbox *);
err_t fsbox_mount(struct fsbox *, unsigned flags);
void fsbox_unmount(struct fsbox *);
/* Everything: names, kinds, attributes, contents.  The caller frees it. */
char *fsbox_text(struct fsbox *);
/* What tfs_check() finds is printed; returns how much. */
uint64_t fsbox_check(struct fsbox *);

/* By path, "a/b/c".  The inode is the caller's. */
err_t fsbox_find(struct fsbox *, const char *path, struct tfs_inode **out);
err_t fsbox_make(struct fsbox *, const char *path, uint32_t mode, const char *target);
/* Bytes [off, off + len) of a pattern that depends on `salt` and the position. */
err_t fsbox_write(struct fsbox *, const char *path, uint64_t off, uint64_t len, unsigned salt);
err_t fsbox_remove(struct fsbox *, const char *path);
err_t fsbox_rename(struct fsbox *, const char *from, const char *to, unsigned flags);
err_t fsbox_link(struct fsbox *, const char *from, const char *to);
