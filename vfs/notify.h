/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/notify.h: what happens to files is told here, for inotify(7).  While nothing is watched, telling costs
 * one load.  An event of a file goes to who watches its directory, with the name, then to who watches it.
 *
 * Context: threads, no spinlock held; the mutexes of inodes may be.  Events that cannot be kept for want of
 *          memory are lost and reported as an overflow, never as an error of the call that caused them.
 */
#pragma once

#include "vfs/dentry.h"

enum notify_event { /* the ABI's bits */
		    NOTIFY_ACCESS = 0x1,
		    NOTIFY_MODIFY = 0x2,
		    NOTIFY_ATTRIB = 0x4,
		    NOTIFY_CLOSE_WRITE = 0x8,
		    NOTIFY_CLOSE_NOWRITE = 0x10,
		    NOTIFY_OPEN = 0x20,
		    NOTIFY_MOVED_FROM = 0x40,
		    NOTIFY_MOVED_TO = 0x80,
		    NOTIFY_CREATE = 0x100,
		    NOTIFY_DELETE = 0x200,
		    NOTIFY_DELETE_SELF = 0x400,
		    NOTIFY_MOVE_SELF = 0x800,
		    NOTIFY_OVERFLOW = 0x4000,
		    NOTIFY_IGNORED = 0x8000,
		    NOTIFY_ISDIR = 0x40000000,
};

extern _Atomic uint32_t notify_watches; /* how many there are */

void notify_dentry_slow(struct dentry *d, uint32_t event);
void notify_self_slow(struct inode *i, uint32_t event);
void notify_inode_slow(struct inode *i, uint32_t event);
void notify_name_slow(struct inode *dir, const struct name *n, uint32_t event, bool is_dir);
void notify_gone_slow(struct inode *i);

static inline bool notify_anyone(void)
{
	/* relaxed: a watch that is being set while the event happens may miss it, as on Linux. */
	return unlikely(atomic_load_explicit(&notify_watches, memory_order_relaxed) != 0);
}

/* To the directory that d is in, and to d's own watches. */
static inline void notify_dentry(struct dentry *d, uint32_t event)
{
	if (notify_anyone())
		notify_dentry_slow(d, event);
}

static inline void notify_file(const struct file *f, uint32_t event)
{
	if (notify_anyone() && f->path && !(f->mode & FILE_PATH))
		notify_dentry_slow(f->path, event);
}

/* To the watches of the file itself only. */
static inline void notify_self(struct inode *i, uint32_t event)
{
	if (notify_anyone())
		notify_self_slow(i, event);
}

/* By one of its names, if it has one. */
static inline void notify_inode(struct inode *i, uint32_t event)
{
	if (notify_anyone())
		notify_inode_slow(i, event);
}

/* A name came into or left a directory: to the directory's watches only. */
static inline void notify_name(struct inode *dir, const struct name *n, uint32_t event, bool is_dir)
{
	if (notify_anyone())
		notify_name_slow(dir, n, event, is_dir);
}

/* One move: both halves get the same cookie. replaced: what had the new name, NULL: nothing. */
void notify_move(struct inode *from, const struct name *fn, struct inode *to, const struct name *tn,
		 struct inode *moved, struct inode *replaced);

/* The last name and the last user of an unlinked file went: its watches end. */
static inline void notify_gone(struct inode *i)
{
	if (notify_anyone())
		notify_gone_slow(i);
}
