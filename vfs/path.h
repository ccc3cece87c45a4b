/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/path.h: from a path to a dentry.  One walk serves every call: it keeps dcache_lock over all that is
 * cached and lets go of it only to ask a file system or to read a link.
 *
 * Errors are those of Linux's path_resolution(7): -ENOENT, -ENOTDIR, -EACCES, -ELOOP (40 links),
 * -ENAMETOOLONG, and -EXDEV, -ELOOP for the restrictions of openat2(2).
 */
#pragma once

#include "vfs/dentry.h"

enum walk_flags {
	WALK_FOLLOW = 1 << 0, /* a link in the last place, too */
	WALK_EMPTY = 1 << 1,  /* "" is the starting point itself */
	/* RESOLVE_* of openat2(2) */
	WALK_NO_XDEV = 1 << 2,
	WALK_NO_MAGIC = 1 << 3,
	WALK_NO_LINKS = 1 << 4,
	WALK_BENEATH = 1 << 5,
	WALK_IN_ROOT = 1 << 6,
	WALK_CACHED = 1 << 7, /* -EAGAIN where a file system would have to be asked */
};

enum walk_last { LAST_NAME, LAST_DOT, LAST_DOTDOT, LAST_ROOT };

/*
 * Nothing is counted while a walk stays within the cache, and all it stands on once it has let go of
 * dcache_lock for the first time: `held` is then w->d's count, and `parked` says that the root is counted, too.
 */
struct walk {
	struct dentry
		*at; /* where a relative path begins, the caller's; NULL: the current directory */
	struct dentry *d;    /* where we are; NULL: not begun */
	struct dentry *held; /* the one count that the walk owns */
	struct dentry *root; /* absolute paths and ".." end here */
	const char *rest;    /* what is still to be walked */
	char *text;	     /* ours: the rest after a link was expanded */
	struct name last;    /* walk_parent(): the last component, in the text of the path */
	uint64_t hash;	     /* of the component that was looked at last */
	enum walk_last last_type;
	bool slash;  /* a slash follows the last component */
	bool parked; /* `root` is counted */
	unsigned flags, links;
};

/* Where paths of the program begin. One for all threads (CLONE_FS always holds). */
struct dentry *vfs_root(void);	    /* with a reference */
struct dentry *vfs_cwd(void);	    /* with a reference */
void vfs_set_cwd(struct dentry *d); /* takes over the reference */
void vfs_set_root(struct dentry *d);
extern _Atomic uint32_t vfs_umask;

/* at: counted by the caller; NULL: the current directory. */
err_t path_lookup(struct dentry *at, const char *path, unsigned flags,
		  struct dentry **out) must_check;

/*
 * Stop before the last component: *d is the directory, counted until walk_end(). The caller goes on
 * with walk_child(), and with walk_follow() when that is a link it wants to go through.
 */
void walk_begin(struct walk *w, struct dentry *at, const char *path, unsigned flags);
err_t walk_parent(struct walk *w) must_check;
/* The last component, cached or asked, mounts crossed; with a reference. `locked`: w->d's inode lock is held. */
err_t walk_child(struct walk *w, bool locked, struct dentry **out) must_check;
/* Continue through link `d` (reference taken over); then walk_parent() again, unless *jumped. */
err_t walk_follow(struct walk *w, struct dentry *d, bool *jumped) must_check;
void walk_end(struct walk *w);
