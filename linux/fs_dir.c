/* SPDX-License-Identifier: Apache-2.0 */
/* linux/fs_dir.c: getdents, the current directory, the root, umask. */
#include "kern/slab.h"
#include "lib/mem.h"
#include "linux/fs.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"

/* --- getdents ------------------------------------------------------------------------------------------------ */

struct dents {
	uaddr_t to;
	size_t room, used;
	bool old; /* getdents(2): the type stands behind the name */
	err_t err;
};

enum { DENT_HEAD = 18, DENT_HEAD64 = 19 };

/* One record: ino, offset of the next, record length, then (64) type and name or (old) name and type. */
static size_t dent_make(char *rec, const struct dirent *e, bool old)
{
	size_t head = old ? DENT_HEAD : DENT_HEAD64, len;
	uint64_t off = e->cookie;
	uint8_t type = (uint8_t)(e->mode >> 12);
	uint16_t reclen;

	len = ALIGN_UP(head + e->len + (old ? 2 : 1), 8);
	reclen = (uint16_t)len;
	memset(rec, 0, len);
	memcpy(rec, &e->ino, 8);
	memcpy(rec + 8, &off, 8);
	memcpy(rec + 16, &reclen, 2);
	memcpy(rec + head, e->name, e->len);
	rec[old ? len - 1 : DENT_HEAD] = (char)type;
	return len;
}

static bool emit(const struct dirent *e, void *arg)
{
	struct dents *d = arg;
	char rec[DENT_HEAD64 + LX_NAME_MAX + 16];
	size_t len = dent_make(rec, e, d->old);

	if (len > d->room - d->used) {
		d->err = d->used ? 0 : -EINVAL;
		return false;
	}
	d->err = user_write(d->to + d->used, rec, len);
	if (d->err)
		return false;
	d->used += len;
	return true;
}

static long getdents(const struct sysargs *a, bool old)
{
	struct dents d = { .to = a->v[1], .room = (unsigned)a->v[2], .old = old };
	struct file *f;
	err_t err = fd_get_real((int)a->v[0], &f);

	if (err)
		return err;
	if (!f->inode || !inode_is_dir(f->inode)) {
		err = -ENOTDIR;
	} else {
		mutex_lock(&f->pos_lock);
		err = vfs_readdir(f, emit, &d);
		mutex_unlock(&f->pos_lock);
	}
	file_put(f);
	if (d.used)
		return (long)d.used;
	return err ? err : d.err;
}

long sys_getdents64(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return getdents(a, false);
}

long sys_getdents(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return getdents(a, true);
}

/* --- where the program is ---------------------------------------------------------------------------------------- */

static long getcwd_into(char *buf, uaddr_t to, uint64_t size)
{
	struct dentry *cwd = vfs_cwd(), *root = vfs_root();
	bool deleted, outside;
	char *s = dentry_path(cwd, root, buf, LX_PATH_MAX, &deleted, &outside);
	size_t n;

	dentry_put(cwd);
	dentry_put(root);
	if (deleted)
		return -ENOENT;
	if (!s)
		return -ENAMETOOLONG;
	if (outside) {
		static const char mark[] = "(unreachable)";

		if ((size_t)(s - buf) < sizeof(mark) - 1)
			return -ENAMETOOLONG;
		s = memcpy(s - (sizeof(mark) - 1), mark, sizeof(mark) - 1);
	}
	n = strlen(s) + 1;
	if (n > size)
		return -ERANGE;
	return user_write(to, s, n) ? -EFAULT : (long)n;
}

long sys_getcwd(struct thread *t, const struct sysargs *a)
{
	char *buf = kmalloc(LX_PATH_MAX);
	long r;

	(void)t;
	if (!buf)
		return -ENOMEM;
	r = getcwd_into(buf, a->v[0], a->v[1]);
	kfree(buf);
	return r;
}

static err_t may_enter(const struct dentry *d)
{
	if (!inode_is_dir(d->inode))
		return -ENOTDIR;
	return inode_permission(d->inode, MAY_EXEC);
}

static long enter(err_t err, struct dentry *d, void (*set)(struct dentry *))
{
	if (err)
		return err;
	err = may_enter(d);
	if (err)
		dentry_put(d);
	else
		set(d);
	return err;
}

long sys_chdir(struct thread *t, const struct sysargs *a)
{
	struct dentry *d = NULL;
	err_t err = lookup_at(LX_AT_FDCWD, a->v[0], WALK_FOLLOW, &d);

	(void)t;
	return enter(err, d, vfs_set_cwd);
}

long sys_fchdir(struct thread *t, const struct sysargs *a)
{
	struct file *f = fd_get((int)a->v[0]);
	struct dentry *d;

	(void)t;
	if (!f)
		return -EBADF;
	d = f->path;
	if (d)
		dentry_get(d);
	file_put(f);
	return d ? enter(0, d, vfs_set_cwd) : -ENOTDIR;
}

long sys_chroot(struct thread *t, const struct sysargs *a)
{
	enum { CAP_SYS_CHROOT = 18 };
	struct dentry *d = NULL;
	err_t err = lookup_at(LX_AT_FDCWD, a->v[0], WALK_FOLLOW, &d);

	(void)t;
	if (!err && !process_capable(CAP_SYS_CHROOT)) {
		dentry_put(d);
		err = -EPERM;
	}
	return enter(err, d, vfs_set_root);
}

long sys_umask(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return atomic_exchange(&vfs_umask, (uint32_t)a->v[0] & 0777);
}
