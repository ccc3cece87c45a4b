/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/vfs.h: what one does with paths: open, make, remove, rename.  `at` is where a relative path begins,
 * counted by the caller; NULL: the current directory.  Paths are kernel strings.  Errors and their order are
 * those of the Linux call of the same name.
 *
 * Context: threads, no lock held.
 */
#pragma once

#include "vfs/path.h"

struct page;
struct blk;

/* Boot, in this order; tfs_fs_mount() of the root comes between them (vfs/tfs.h). */
err_t vfs_init(void) must_check;	   /* caches, descriptors, the write-back thread */
err_t vfs_mount_standard(void) must_check; /* /dev, /proc, /sys, /dev/shm, /tmp, /run */

struct open_how {
	uint32_t flags; /* O_* as the program gave them */
	uint32_t mode;	/* permissions of a new file, umask not yet applied */
	unsigned walk;	/* WALK_NO_*, WALK_BENEATH, ... */
};
err_t vfs_open(struct dentry *at, const char *path, const struct open_how *how,
	       struct file **out) must_check;
/* An inode without a path walk: exec, magic links, memfd. The reference stays the caller's. */
err_t vfs_open_dentry(struct dentry *d, uint32_t flags, struct file **out) must_check;
/* Another description of what f has open (/proc/self/fd/N). */
err_t vfs_reopen(struct file *f, uint32_t flags, struct file **out) must_check;

err_t vfs_mknod(struct dentry *at, const char *path, uint32_t mode, uint64_t rdev) must_check;
err_t vfs_mkdir(struct dentry *at, const char *path, uint32_t mode) must_check;
err_t vfs_symlink(const char *target, struct dentry *at, const char *path) must_check;
/* flags: WALK_FOLLOW, WALK_EMPTY for the old name */
err_t vfs_link(struct dentry *from_at, const char *from, struct dentry *at, const char *path,
	       unsigned flags) must_check;
err_t vfs_unlink(struct dentry *at, const char *path) must_check;
err_t vfs_rmdir(struct dentry *at, const char *path) must_check;
err_t vfs_rename(struct dentry *from_at, const char *from, struct dentry *to_at, const char *to,
		 unsigned flags) must_check; /* RENAME_NO_REPLACE, RENAME_SWAP */
err_t vfs_chmod(struct dentry *d, uint32_t mode) must_check;
err_t vfs_chown(struct dentry *d, uint32_t uid, uint32_t gid) must_check; /* -1: keep */
long vfs_readlink(struct dentry *d, char *buf, size_t size);		  /* bytes, cut to size */
/* An absolute path for people and /proc; " (deleted)" added. Bytes without the NUL, -ENAMETOOLONG. */
long vfs_path(struct dentry *d, char *buf, size_t size);

/* The dentry a description was opened by; NULL: it has none. Not counted. */
static inline struct dentry *file_dentry(const struct file *f)
{
	return f->path;
}
/* For the release() of every kind that vfs_open() makes. */
void file_release_path(struct file *f);

/* The names of the directory that f is open on, one by one; stops when fn says no. */
typedef bool (*dirent_fn)(const struct dirent *e, void *arg);
err_t vfs_readdir(struct file *f, dirent_fn fn, void *arg) must_check;
