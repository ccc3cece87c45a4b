/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/memdir.h: a directory that lives in memory: names in order, and each with a number that never changes,
 * which is what a reader of the directory goes on from.  Locks: the directory inode's.
 */
#pragma once

#include "lib/rbtree.h"
#include "vfs/inode.h"

struct memdir_entry {
	struct rb_node by_name, by_cookie;
	uint64_t cookie;
	struct inode *inode; /* counted */
	uint16_t len;
	char name[];
};

struct memdir {
	struct rb_root by_name, by_cookie;
	uint64_t last_cookie;
	unsigned n;
};

void memdir_init(struct memdir *m);
struct memdir_entry *memdir_find(const struct memdir *m, const struct name *n);
/* A new entry, not yet in; takes its own reference on i. NULL: no memory. */
struct memdir_entry *memdir_entry_new(const struct name *n, struct inode *i);
void memdir_insert(struct memdir *m, struct memdir_entry *e);
/* Out, and its inode reference dropped. */
void memdir_remove(struct memdir *m, struct memdir_entry *e);
/* The first behind cookie; NULL. */
struct memdir_entry *memdir_after(const struct memdir *m, uint64_t cookie);
err_t memdir_readdir(const struct memdir *m, uint64_t cookie, struct dirent *out) must_check;
