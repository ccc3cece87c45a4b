/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/fs_xattr.c: extended attributes.  Names in user. (and, for the privileged, trusted. and security.)
 * are kept by the file systems; system. has no handler here: -EOPNOTSUPP, as on a Linux file system without ACLs.
 */
#include "abi/linux_stat.h"
#include "kern/slab.h"
#include "lib/mem.h"
#include "linux/fs.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"
#include "vfs/fs.h"
#include "vfs/notify.h"

enum { XATTR_NAME_BYTES = 256, XATTR_VALUE_MAX = 65536 };

/* --- the file ------------------------------------------------------------------------------------------------- */

enum by { BY_PATH, BY_LINK, BY_FD };

static err_t find(enum by by, uint64_t what, struct dentry **out)
{
	struct file *f;
	err_t err;

	if (by != BY_FD)
		return lookup_at(LX_AT_FDCWD, what, by == BY_PATH ? WALK_FOLLOW : 0, out);
	err = fd_get_real((int)what, &f);
	if (err)
		return err;
	if (f->path) {
		*out = f->path;
		dentry_get(*out);
	} else {
		err = -EOPNOTSUPP;
	}
	file_put(f);
	return err;
}

/* --- the name -------------------------------------------------------------------------------------------------- */

static err_t read_name(char *name, uaddr_t from)
{
	long n = user_read_str(name, from, XATTR_NAME_BYTES);

	if (n == 0 || n == -ENAMETOOLONG)
		return -ERANGE;
	return n < 0 ? (err_t)n : 0;
}

/* xattr(7): who may use which namespace on which kind of file. */
static err_t may_use(const struct inode *i, const char *name, unsigned may)
{
	if (strncmp(name, "user.", 5) == 0) {
		if (!inode_is(i, MODE_REG) && !inode_is_dir(i))
			return may & MAY_WRITE ? -EPERM : -ENODATA;
		if (!name[5])
			return -EINVAL;
		return inode_permission(i, may);
	}
	if (strncmp(name, "trusted.", 8) == 0) {
		if (!vfs_cred.override)
			return may & MAY_WRITE ? -EPERM : -ENODATA;
		return may & MAY_WRITE && i->fs->flags & FS_RDONLY ? -EROFS : 0;
	}
	if (strncmp(name, "security.", 9) == 0)
		return may & MAY_WRITE && !vfs_cred.override ? -EPERM : 0;
	return -EOPNOTSUPP;
}

/* --- get --------------------------------------------------------------------------------------------------------- */

static long get_value(struct dentry *d, const char *name, uaddr_t to, size_t size)
{
	size_t len = MIN(size, (size_t)XATTR_VALUE_MAX);
	struct inode *i = d->inode;
	char *buf = NULL;
	err_t err = may_use(i, name, MAY_READ);

	if (err)
		return err;
	if (!i->ops->xattr_get)
		return -EOPNOTSUPP;
	if (len) {
		buf = kmalloc(len);
		if (!buf)
			return -ENOMEM;
	}
	mutex_lock(&i->lock);
	err = i->ops->xattr_get(i, name, buf, &len);
	mutex_unlock(&i->lock);
	if (!err && buf && user_write(to, buf, len))
		err = -EFAULT;
	kfree(buf);
	return err ? err : (long)len;
}

static long getxattr(enum by by, const struct sysargs *a)
{
	char name[XATTR_NAME_BYTES];
	struct dentry *d;
	long r = find(by, a->v[0], &d);

	if (r)
		return r;
	r = read_name(name, a->v[1]);
	if (!r)
		r = get_value(d, name, a->v[2], a->v[3]);
	dentry_put(d);
	return r;
}

/* --- set --------------------------------------------------------------------------------------------------------- */

static void changed(struct dentry *d)
{
	inode_touch(d->inode, ATTR_CTIME);
	notify_dentry(d, NOTIFY_ATTRIB);
}

static long set_value(struct dentry *d, const char *name, const void *val, size_t size,
		      unsigned flags)
{
	struct inode *i = d->inode;
	err_t err = may_use(i, name, MAY_WRITE);

	if (err)
		return err;
	if (!i->ops->xattr_set)
		return -EOPNOTSUPP;
	mutex_lock(&i->lock);
	err = i->ops->xattr_set(i, name, val, size, flags);
	mutex_unlock(&i->lock);
	if (!err)
		changed(d);
	return err;
}

static long setxattr(enum by by, const struct sysargs *a)
{
	unsigned flags = (unsigned)a->v[4];
	char name[XATTR_NAME_BYTES], *val;
	struct dentry *d;
	long r;

	if (flags & ~3u)
		return -EINVAL;
	r = read_name(name, a->v[1]);
	if (r)
		return r;
	if (a->v[3] > XATTR_VALUE_MAX)
		return -E2BIG;
	val = kmalloc(a->v[3] + 1);
	if (!val)
		return -ENOMEM;
	r = user_read(val, a->v[2], a->v[3]);
	if (!r)
		r = find(by, a->v[0], &d);
	if (!r) {
		r = set_value(d, name, val, a->v[3], flags);
		dentry_put(d);
	}
	kfree(val);
	return r;
}

/* --- list -------------------------------------------------------------------------------------------------------- */

static long list_names(struct dentry *d, uaddr_t to, size_t size)
{
	size_t len = MIN(size, (size_t)XATTR_VALUE_MAX);
	struct inode *i = d->inode;
	char *buf = NULL;
	err_t err;

	if (!i->ops->xattr_list)
		return 0;
	if (len) {
		buf = kmalloc(len);
		if (!buf)
			return -ENOMEM;
	}
	mutex_lock(&i->lock);
	err = i->ops->xattr_list(i, buf, &len);
	mutex_unlock(&i->lock);
	if (!err && buf && user_write(to, buf, len))
		err = -EFAULT;
	kfree(buf);
	return err ? err : (long)len;
}

static long listxattr(enum by by, const struct sysargs *a)
{
	struct dentry *d;
	long r = find(by, a->v[0], &d);

	if (r)
		return r;
	r = list_names(d, a->v[1], a->v[2]);
	dentry_put(d);
	return r;
}

/* --- remove ------------------------------------------------------------------------------------------------------ */

static long remove_name(struct dentry *d, const char *name)
{
	struct inode *i = d->inode;
	err_t err = may_use(i, name, MAY_WRITE);

	if (err)
		return err;
	if (!i->ops->xattr_remove)
		return -EOPNOTSUPP;
	mutex_lock(&i->lock);
	err = i->ops->xattr_remove(i, name);
	mutex_unlock(&i->lock);
	if (!err)
		changed(d);
	return err;
}

static long removexattr(enum by by, const struct sysargs *a)
{
	char name[XATTR_NAME_BYTES];
	struct dentry *d;
	long r = find(by, a->v[0], &d);

	if (r)
		return r;
	r = read_name(name, a->v[1]);
	if (!r)
		r = remove_name(d, name);
	dentry_put(d);
	return r;
}

#define XATTR_CALLS(verb)                                           \
	long sys_##verb(struct thread *t, const struct sysargs *a)  \
	{                                                           \
		(void)t;                                            \
		return verb(BY_PATH, a);                            \
	}                                                           \
	long sys_l##verb(struct thread *t, const struct sysargs *a) \
	{                                                           \
		(void)t;                                            \
		return verb(BY_LINK, a);                            \
	}                                                           \
	long sys_f##verb(struct thread *t, const struct sysargs *a) \
	{                                                           \
		(void)t;                                            \
		return verb(BY_FD, a);                              \
	}

XATTR_CALLS(getxattr)
XATTR_CALLS(setxattr)
XATTR_CALLS(listxattr)
XATTR_CALLS(removexattr)
