/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/inotify.h: inotify(7) instances.  A watch holds its inode; it ends with the instance, by request, after
 * one event (IN_ONESHOT), or when the file is gone.
 *
 * Context: threads.
 */
#pragma once

#include "vfs/vfs.h"

enum inotify_flags { /* the ABI's bits, beside the events of vfs/notify.h */
		     INOTIFY_ONLYDIR = 0x01000000,
		     INOTIFY_DONT_FOLLOW = 0x02000000,
		     INOTIFY_EXCL_UNLINK = 0x04000000,
		     INOTIFY_MASK_CREATE = 0x10000000,
		     INOTIFY_MASK_ADD = 0x20000000,
		     INOTIFY_ONESHOT = 0x80000000,
};
#define INOTIFY_EVENTS 0xfffu
enum { INOTIFY_QUEUE_MAX = 16384, INOTIFY_WATCHES_MAX = 1 << 20 };

err_t inotify_new(uint32_t flags, struct file **out) must_check;
bool inotify_is(const struct file *f);
/* The watch's number, or -EEXIST, -ENOSPC (too many watches), -ENOMEM. */
long inotify_add(struct file *f, struct inode *i, uint32_t mask);
err_t inotify_remove(struct file *f, int wd) must_check; /* -EINVAL */
