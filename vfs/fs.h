/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/fs.h: a mounted file system, and the table of mounts.  Each file system is mounted once, on one
 * dentry, so a dentry says all about a place: there is no (mount, dentry) pair.
 */
#pragma once

#include "vfs/inode.h"

enum fs_flags {
	FS_RDONLY = 1 << 0,
	FS_NOEXEC = 1 << 1,
	FS_NODEV = 1 << 2,
	FS_NOATIME = 1 << 3,
	FS_STAMPS = 1 << 5, /* it sets the times that a change of names brings itself */
	FS_MEMORY = 1 << 4, /* its pages are its only storage */
};

struct fs_stat {
	uint64_t type; /* statfs f_type */
	uint64_t block, blocks, bfree, bavail;
	uint64_t files, ffree;
	uint64_t id;
};

struct fs;
struct fs_ops {
	err_t (*stat)(struct fs *fs, struct fs_stat *out);
	err_t (*sync)(struct fs *fs); /* metadata durable; pages are written. NULL: nothing to do */
	err_t (*tmpfile)(struct fs *fs, const struct inode_new *n,
			 struct inode **out); /* NULL: -EOPNOTSUPP */
};

struct fs {
	const struct fs_ops *ops; /* [I] */
	const char *type;	  /* [I] "tfs", "tmpfs", "proc", ... */
	char source[40];	  /* [I] for /proc/mounts */
	_Atomic uint32_t flags;	  /* [a] FS_* */
	uint64_t dev;		  /* [I] st_dev */
	unsigned id;		  /* [I] mount id */
	struct dentry *root;	  /* [I] */
	struct dentry *on;	  /* [I] what it covers; NULL: the root */
	struct mutex rename_lock; /* renames between directories, one at a time */
	struct list link;	  /* of all mounts, in order; written during boot only */
	char options[40];	  /* [I] for /proc/mounts, beyond ro/rw and the flags */
	void *priv;
};

/* Common part: dev number, id, lock. Not yet mounted. */
void fs_init(struct fs *fs, const struct fs_ops *ops, const char *type, unsigned flags);
/* The root inode's reference is taken over. The first becomes "/". path: made if it is not there. */
err_t fs_mount(struct fs *fs, struct inode *root, const char *path) must_check;
/* Walk in mount order; NULL: from the start. */
struct fs *fs_next(struct fs *fs);
/* Write out everything, everywhere; the first error. */
err_t fs_sync_all(void);
err_t fs_sync(struct fs *fs) must_check;
