/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/regular.h: what open descriptions of regular files and directories do. */
#pragma once

#include "vfs/inode.h"

extern const struct file_ops regular_file_ops, dir_file_ops;

enum { /* fallocate(2)'s mode */
       FALLOC_KEEP_SIZE = 0x01,
       FALLOC_PUNCH_HOLE = 0x02,
       FALLOC_ZERO_RANGE = 0x10,
};
/* The mode is one of those that exist; the description is writable. */
err_t regular_fallocate(struct file *f, unsigned mode, uint64_t off, uint64_t len) must_check;
/* A hole in place of the pages, as fallocate(2) makes it; for MADV_REMOVE. */
err_t regular_punch(struct inode *i, uint64_t off, uint64_t len) must_check;
err_t regular_truncate(struct file *f, uint64_t size) must_check;

enum {
	SEAL_SEAL = 1,
	SEAL_SHRINK = 2,
	SEAL_GROW = 4,
	SEAL_WRITE = 8,
	SEAL_FUTURE_WRITE = 16,
	SEAL_EXEC = 32
};
long regular_seals(struct file *f); /* F_GET_SEALS: -EINVAL */
err_t regular_add_seals(struct file *f, unsigned seals) must_check;

/*
 * RLIMIT_FSIZE; linux/ sets both. A file may not grow to `size`, which is more than it has now: false, and the program
 * has been told (SIGXFSZ).
 */
extern uint64_t vfs_fsize_limit;
extern void (*vfs_fsize_hit)(void);
bool vfs_fsize_ok(uint64_t size);
