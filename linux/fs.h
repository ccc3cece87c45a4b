/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/fs.h: what the file-system calls share: paths from the program, and where they begin.
 * Context: threads, no lock held.
 */
#pragma once

#include "abi/linux_fcntl.h"
#include "kern/uio.h"
#include "vfs/vfs.h"

enum { UPATH_SMALL = 160 };

/* A path of the program's, copied in; most are short. */
struct upath {
	char *s;
	char small[UPATH_SMALL];
};

/* 0; -EFAULT, -ENAMETOOLONG, -ENOMEM. */
err_t upath_get(struct upath *p, uaddr_t from) must_check;
void upath_put(struct upath *p);

/*
 * Where `path` begins for this directory descriptor: counted, or NULL for the current directory or an absolute path.
 * -EBADF; -ENOTDIR: the descriptor has no place in the file system.
 */
err_t at_begin(int dfd, const char *path, struct dentry **at) must_check;

/* Both at once, and the look-up: *out counted. flags: WALK_*. */
err_t lookup_at(int dfd, uaddr_t path, unsigned flags, struct dentry **out) must_check;

/* WALK_* of AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH. */
static inline unsigned walk_of_at(int at_flags)
{
	return (at_flags & LX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
	       (at_flags & LX_AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

/* A descriptor of a real file: -EBADF also for O_PATH. With a reference. */
err_t fd_get_real(int fd, struct file **out) must_check;
