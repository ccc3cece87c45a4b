/* SPDX-License-Identifier: Apache-2.0 */
/* linux/inotify.c: the calls of inotify(7).  Check order as Linux's inotify_user.c has it. */
#include "abi/linux_fcntl.h"
#include "linux/fs.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"
#include "vfs/inotify.h"

static long new_instance(uint32_t flags)
{
	struct file *f;
	err_t err;
	long fd;

	if (flags & ~(uint32_t)(LX_O_NONBLOCK | LX_O_CLOEXEC))
		return -EINVAL;
	err = inotify_new(flags & LX_O_NONBLOCK, &f);
	if (err)
		return err;
	fd = fd_install(f, 0, flags & LX_O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_inotify_init(struct thread *t, const struct sysargs *a)
{
	(void)t;
	(void)a;
	return new_instance(0);
}

long sys_inotify_init1(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return new_instance((uint32_t)a->v[0]);
}

static long add_path(struct file *f, uaddr_t path, uint32_t mask)
{
	struct dentry *d;
	err_t err = lookup_at(LX_AT_FDCWD, path, mask & INOTIFY_DONT_FOLLOW ? 0 : WALK_FOLLOW, &d);
	long r;

	if (err)
		return err;
	if (mask & INOTIFY_ONLYDIR && !inode_is_dir(d->inode))
		r = -ENOTDIR;
	else
		r = inode_permission(d->inode, MAY_READ);
	if (!r)
		r = inotify_add(f, d->inode, mask);
	dentry_put(d);
	return r;
}

long sys_inotify_add_watch(struct thread *t, const struct sysargs *a)
{
	const uint32_t both = INOTIFY_MASK_ADD | INOTIFY_MASK_CREATE;
	uint32_t mask = (uint32_t)a->v[2];
	struct file *f;
	long r = -EINVAL;

	(void)t;
	if (!mask)
		return -EINVAL;
	f = fd_get((int)a->v[0]);
	if (!f)
		return -EBADF;
	if ((mask & both) != both && inotify_is(f))
		r = add_path(f, a->v[1], mask);
	file_put(f);
	return r;
}

long sys_inotify_rm_watch(struct thread *t, const struct sysargs *a)
{
	struct file *f = fd_get((int)a->v[0]);
	err_t err = -EINVAL;

	(void)t;
	if (!f)
		return -EBADF;
	if (inotify_is(f))
		err = inotify_remove(f, (int)a->v[1]);
	file_put(f);
	return err;
}
