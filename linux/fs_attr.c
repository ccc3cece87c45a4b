/* SPDX-License-Identifier: Apache-2.0 */
/* linux/fs_attr.c: chmod, chown, utimes. */
#include "abi/linux_stat.h"
#include "linux/fs.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"
#include "vfs/fs.h"
#include "vfs/notify.h"

#define NS_PER_SEC 1000000000ll

/* The dentry of a descriptor, for the f* calls; O_PATH is refused. */
static err_t dentry_of_fd(int fd, struct dentry **out)
{
	struct file *f;
	err_t err = fd_get_real(fd, &f);

	if (err)
		return err;
	if (f->path) {
		*out = f->path;
		dentry_get(*out);
	} else {
		err = -EINVAL; /* pipes, sockets: nothing keeps their attributes */
	}
	file_put(f);
	return err;
}

/* --- chmod ------------------------------------------------------------------------------------------------ */

static long chmod_found(err_t err, struct dentry *d, uint64_t mode)
{
	if (err)
		return err;
	err = vfs_chmod(d, (uint32_t)mode);
	dentry_put(d);
	return err;
}

long sys_chmod(struct thread *t, const struct sysargs *a)
{
	struct dentry *d = NULL;
	err_t err = lookup_at(LX_AT_FDCWD, a->v[0], WALK_FOLLOW, &d);

	(void)t;
	return chmod_found(err, d, a->v[1]);
}

long sys_fchmodat(struct thread *t, const struct sysargs *a)
{
	struct dentry *d = NULL;
	err_t err = lookup_at((int)a->v[0], a->v[1], WALK_FOLLOW, &d);

	(void)t;
	return chmod_found(err, d, a->v[2]);
}

long sys_fchmod(struct thread *t, const struct sysargs *a)
{
	struct dentry *d = NULL;
	err_t err = dentry_of_fd((int)a->v[0], &d);

	(void)t;
	return chmod_found(err, d, a->v[1]);
}

/* --- chown ------------------------------------------------------------------------------------------------- */

static long chown_found(err_t err, struct dentry *d, uint64_t uid, uint64_t gid)
{
	if (err)
		return err;
	err = vfs_chown(d, (uint32_t)uid, (uint32_t)gid);
	dentry_put(d);
	return err;
}

static long chown_at(int dfd, uaddr_t path, uint64_t uid, uint64_t gid, int flags)
{
	struct dentry *d = NULL;
	err_t err;

	if (flags & ~(LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH))
		return -EINVAL;
	err = lookup_at(dfd, path, walk_of_at(flags), &d);
	return chown_found(err, d, uid, gid);
}

long sys_chown(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return chown_at(LX_AT_FDCWD, a->v[0], a->v[1], a->v[2], 0);
}

long sys_lchown(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return chown_at(LX_AT_FDCWD, a->v[0], a->v[1], a->v[2], LX_AT_SYMLINK_NOFOLLOW);
}

long sys_fchownat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return chown_at((int)a->v[0], a->v[1], a->v[2], a->v[3], (int)a->v[4]);
}

long sys_fchown(struct thread *t, const struct sysargs *a)
{
	struct dentry *d = NULL;
	err_t err = dentry_of_fd((int)a->v[0], &d);

	(void)t;
	return chown_found(err, d, a->v[1], a->v[2]);
}

/* --- times -------------------------------------------------------------------------------------------------- */

/* What utimensat(2) was asked: each a time, or now, or leave it. */
struct new_times {
	struct inode_attr attr;
	bool both_now; /* then the right to write is enough */
};

static void times_now(struct new_times *n)
{
	int64_t now = vfs_now();

	n->attr = (struct inode_attr){
		.set = ATTR_ATIME | ATTR_MTIME,
		.atime = now,
		.mtime = now,
	};
	n->both_now = true;
}

static err_t one_time(int64_t sec, int64_t nsec, int64_t *out, bool *omit, bool *now)
{
	enum { UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe };

	*omit = nsec == UTIME_OMIT;
	*now = nsec == UTIME_NOW;
	if (*omit)
		return 0;
	if (*now)
		*out = vfs_now();
	else if (nsec < 0 || nsec >= NS_PER_SEC)
		return -EINVAL;
	else if (__builtin_mul_overflow(sec, NS_PER_SEC, out) ||
		 __builtin_add_overflow(*out, nsec, out))
		*out = sec < 0 ? INT64_MIN : INT64_MAX; /* utimensat(2): cut to what can be kept */
	return 0;
}

/* v: atime sec, nsec, mtime sec, nsec. */
static err_t times_from(struct new_times *n, const int64_t v[4])
{
	bool omit[2], now[2];
	err_t err;

	n->attr = (struct inode_attr){ 0 };
	err = one_time(v[0], v[1], &n->attr.atime, &omit[0], &now[0]);
	if (!err)
		err = one_time(v[2], v[3], &n->attr.mtime, &omit[1], &now[1]);
	if (err)
		return err;
	n->attr.set = (omit[0] ? 0u : ATTR_ATIME) | (omit[1] ? 0u : ATTR_MTIME);
	n->both_now = now[0] && now[1];
	return 0;
}

/* What Linux makes of it: one time alone looks like the reading or writing that it records. */
static uint32_t time_event(unsigned set)
{
	switch (set & (ATTR_ATIME | ATTR_MTIME)) {
	case ATTR_ATIME:
		return NOTIFY_ACCESS;
	case ATTR_MTIME:
		return NOTIFY_MODIFY;
	default:
		return NOTIFY_ATTRIB;
	}
}

static err_t set_times(struct dentry *d, struct new_times *n)
{
	uint32_t event;
	err_t err = 0;

	if (!n->attr.set)
		return 0;
	if (d->fs->flags & FS_RDONLY)
		return -EROFS;
	if (!inode_owner(d->inode))
		err = n->both_now ? inode_permission(d->inode, MAY_WRITE) : -EPERM;
	if (err)
		return err;
	n->attr.set |= ATTR_CTIME;
	n->attr.ctime = vfs_now();
	event = time_event(n->attr.set);
	err = inode_setattr(d->inode, &n->attr);
	if (!err)
		notify_dentry(d, event);
	return err;
}

static long utimes_at(int dfd, uaddr_t path, struct new_times *n, int flags)
{
	struct dentry *d;
	err_t err;

	if (!path) /* futimens(3) */
		err = dentry_of_fd(dfd, &d);
	else
		err = lookup_at(dfd, path, walk_of_at(flags), &d);
	if (err)
		return err;
	err = set_times(d, n);
	dentry_put(d);
	return err;
}

long sys_utimensat(struct thread *t, const struct sysargs *a)
{
	int flags = (int)a->v[3];
	struct new_times n;
	int64_t v[4];

	(void)t;
	times_now(&n);
	if (a->v[2]) {
		err_t err = user_read(v, a->v[2], sizeof(v));

		if (!err)
			err = times_from(&n, v);
		if (err)
			return err;
	}
	if (flags & ~(LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH) || (!a->v[1] && flags))
		return -EINVAL;
	if (!n.attr.set)
		return 0; /* both omitted: not even the path is looked at */
	return utimes_at((int)a->v[0], a->v[1], &n, flags);
}

/* The older calls, in microseconds. */
static long utimes_us(int dfd, uaddr_t path, uaddr_t times)
{
	struct new_times n;
	int64_t v[4];

	times_now(&n);
	if (times) {
		err_t err = user_read(v, times, sizeof(v));

		if (err)
			return err;
		if (v[1] < 0 || v[1] >= 1000000 || v[3] < 0 || v[3] >= 1000000)
			return -EINVAL;
		v[1] *= 1000;
		v[3] *= 1000;
		err = times_from(&n, v);
		if (err)
			return err;
	}
	return utimes_at(dfd, path, &n, 0);
}

long sys_utimes(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return utimes_us(LX_AT_FDCWD, a->v[0], a->v[1]);
}

long sys_futimesat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return utimes_us((int)a->v[0], a->v[1], a->v[2]);
}

long sys_utime(struct thread *t, const struct sysargs *a)
{
	struct new_times n;
	int64_t in[2];

	(void)t;
	times_now(&n);
	if (a->v[1]) {
		err_t err = user_read(in, a->v[1], sizeof(in));
		const int64_t v[4] = { in[0], 0, in[1], 0 };

		if (!err)
			err = times_from(&n, v);
		if (err)
			return err;
	}
	return utimes_at(LX_AT_FDCWD, a->v[0], &n, 0);
}
