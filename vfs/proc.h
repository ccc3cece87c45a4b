/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/proc.h: /proc and /sys: files whose text is made when they are read.  Adding one is one row of a table, in the
 * file that knows the answer; linux/ and others register theirs.
 *
 * Context: show() and store() in threads, no lock held; show may sleep.
 */
#pragma once

#include "vfs/fs.h"
#include "vfs/text.h"

struct proc_ctx {
	uint32_t tid;		    /* below /proc/PID and /proc/PID/task/TID: whose; else 0 */
	unsigned n;		    /* below a numbered directory (cpuN): N */
	const struct proc_row *row; /* which one: for rows that are part of something */
};

struct proc_row {
	/*
	 * From the root of the file system, without its "/". "PID/..." stands for every /proc/<tid> and for
	 * /proc/<pid>/task/<tid>; "cpuN" for one directory for each CPU.
	 */
	const char *path;
	uint32_t
		mode; /* 0444; with MODE_LNK: show() makes the link's text; MODE_DIR: an empty directory */
	void (*show)(struct text *t, const struct proc_ctx *c);
	/* One write(2); s is terminated. NULL: -EACCES, or -EPERM for root as well. */
	err_t (*store)(const char *s, size_t n);
	/* A link to an object and not to a text: the object, counted. */
	err_t (*jump)(const struct proc_ctx *c, struct dentry **out);
};

/* Rows are kept, not copied. Before or after mounting, during boot. */
err_t proc_add(const struct proc_row *rows, unsigned n) must_check;
err_t sys_add(const struct proc_row *rows, unsigned n) must_check;

err_t procfs_mount(const char *path) must_check;
err_t sysfs_mount(const char *path) must_check;

/* Rows that need nothing but kern/ and vfs/; procfs_mount() and sysfs_mount() take them. */
extern const struct proc_row proc_vfs_rows[], sys_vfs_rows[];
extern const unsigned proc_vfs_nrows, sys_vfs_nrows;

enum { PROGRAM_PID = 1 }; /* the one process: linux/process.h says so too */

/* /proc/PID/fd and fdinfo (vfs/proc_fd.c). */
err_t proc_fd_lookup(struct fs *fs, const struct name *n, struct inode **out);
err_t proc_fd_readdir(uint64_t cookie, struct dirent *out);
err_t proc_fdinfo_lookup(struct inode *dir, const struct name *n, struct inode **out);
