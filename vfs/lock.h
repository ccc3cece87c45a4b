/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/lock.h: advisory locks: POSIX (owned by the process), open-file-description, flock.  With one process the first kind
 * never conflicts with itself; what remains of it is the bookkeeping that F_GETLK and close() show.  The
 * other two do conflict, between descriptions.
 *
 * Locks: one mutex for all; a waiter sleeps on the inode's queue.
 */
#pragma once

#include "vfs/file.h"

enum lock_kind { LOCK_POSIX, LOCK_OFD, LOCK_FLOCK };

struct lock_range {
	enum lock_kind kind;
	bool exclusive;
	uint64_t start, end; /* end inclusive; UINT64_MAX: to the end of the file */
};

/* -EAGAIN: held by another and not `wait`; -ERESTARTSYS; -ENOLCK. flock is the range 0 .. UINT64_MAX. */
err_t file_lock(struct file *f, const struct lock_range *r, bool wait) must_check;
void file_unlock(struct file *f, const struct lock_range *r);
/* The first lock that would stand in r's way; false: none. */
bool file_lock_test(struct file *f, const struct lock_range *r, struct lock_range *found);
/* A descriptor of f was closed: the process's POSIX locks on its inode go (fcntl(2)). */
void file_locks_close(struct file *f);
/* The description goes: its OFD and flock locks go. */
void file_locks_release(struct file *f);
void locks_free(struct inode *i);
/* fcntl(2)'s lock and seal commands: struct file_ops.fcntl of files with an inode. */
long file_lock_fcntl(struct file *f, int cmd, uint64_t arg);
