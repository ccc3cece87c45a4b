/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/textfs.h: the tree that rows of vfs/proc.h make; private to proc.c and proc_fd.c. */
#pragma once

#include "vfs/proc.h"

struct textfs;

struct text_node {
	struct text_node *parent, *children, *next;
	const struct proc_row *row; /* NULL: a directory made for what is below it */
	uint32_t mode;
	uint32_t id; /* for inode numbers */
	/* A directory whose names are not in the tree: these answer for what `children` does not have. */
	err_t (*lookup)(struct inode *dir, const struct name *n, struct inode **out);
	/* The first behind cookie. */
	err_t (*readdir)(struct inode *dir, uint64_t cookie, struct dirent *out);
	size_t len;
	char name[];
};

struct text_inode {
	struct inode i;
	struct text_node *node;
	struct proc_ctx ctx;
};

struct textfs {
	struct fs fs;
	struct text_node *root;
	uint64_t magic;
	uint32_t next_id;
};

static inline struct text_inode *text_inode(struct inode *i)
{
	return container_of(i, struct text_inode, i);
}

struct text_node *textfs_node(struct textfs *t, const char *path, uint32_t mode);
err_t textfs_add(struct textfs *t, const struct proc_row *rows, unsigned n) must_check;
/* The inode of a node, seen for this thread, number, ... */
err_t textfs_inode(struct textfs *t, struct text_node *node, const struct proc_ctx *c,
		   struct inode **out) must_check;
err_t textfs_mount(struct textfs *t, const char *type, uint64_t magic, const char *path) must_check;
err_t textfs_init(struct textfs *t);
/* Decimal, no leading zero; -1: not a number. */
int64_t textfs_number(const struct name *n);
