/* SPDX-License-Identifier: Apache-2.0 */
/* linux/fs_name.c: calls that make, remove and move names. */
#include "linux/fs.h"
#include "linux/syscall.h"

/* A path and where it begins. */
struct at_path {
	struct upath p;
	struct dentry *at;
};

static err_t at_get(struct at_path *ap, int dfd, uaddr_t path)
{
	err_t err = upath_get(&ap->p, path);

	if (err)
		return err;
	err = at_begin(dfd, ap->p.s, &ap->at);
	if (err)
		upath_put(&ap->p);
	return err;
}

static void at_put(struct at_path *ap)
{
	dentry_put(ap->at);
	upath_put(&ap->p);
}

/* --- one path ------------------------------------------------------------------------------------------- */

static long mkdir_at(int dfd, uaddr_t path, uint32_t mode)
{
	struct at_path ap;
	err_t err = at_get(&ap, dfd, path);

	if (err)
		return err;
	err = vfs_mkdir(ap.at, ap.p.s, mode);
	at_put(&ap);
	return err;
}

long sys_mkdir(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return mkdir_at(LX_AT_FDCWD, a->v[0], (uint32_t)a->v[1]);
}

long sys_mkdirat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return mkdir_at((int)a->v[0], a->v[1], (uint32_t)a->v[2]);
}

static long mknod_at(int dfd, uaddr_t path, uint32_t mode, uint64_t dev)
{
	struct at_path ap;
	err_t err = at_get(&ap, dfd, path);

	if (err)
		return err;
	err = vfs_mknod(ap.at, ap.p.s, mode, (uint32_t)dev);
	at_put(&ap);
	return err;
}

long sys_mknod(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return mknod_at(LX_AT_FDCWD, a->v[0], (uint32_t)a->v[1], a->v[2]);
}

long sys_mknodat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return mknod_at((int)a->v[0], a->v[1], (uint32_t)a->v[2], a->v[3]);
}

static long remove_at(int dfd, uaddr_t path, bool dir)
{
	struct at_path ap;
	err_t err = at_get(&ap, dfd, path);

	if (err)
		return err;
	err = dir ? vfs_rmdir(ap.at, ap.p.s) : vfs_unlink(ap.at, ap.p.s);
	at_put(&ap);
	return err;
}

long sys_rmdir(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return remove_at(LX_AT_FDCWD, a->v[0], true);
}

long sys_unlink(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return remove_at(LX_AT_FDCWD, a->v[0], false);
}

long sys_unlinkat(struct thread *t, const struct sysargs *a)
{
	int flags = (int)a->v[2];

	(void)t;
	if (flags & ~LX_AT_REMOVEDIR)
		return -EINVAL;
	return remove_at((int)a->v[0], a->v[1], flags & LX_AT_REMOVEDIR);
}

/* --- a text and a path ------------------------------------------------------------------------------------- */

static long symlink_at(uaddr_t text, int dfd, uaddr_t path)
{
	struct upath target;
	struct at_path ap;
	err_t err = upath_get(&target, text);

	if (err)
		return err;
	err = at_get(&ap, dfd, path);
	if (!err) {
		err = vfs_symlink(target.s, ap.at, ap.p.s);
		at_put(&ap);
	}
	upath_put(&target);
	return err;
}

long sys_symlink(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return symlink_at(a->v[0], LX_AT_FDCWD, a->v[1]);
}

long sys_symlinkat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return symlink_at(a->v[0], (int)a->v[1], a->v[2]);
}

/* --- two paths ------------------------------------------------------------------------------------------------ */

struct two_paths {
	struct at_path from, to;
};

static err_t two_get(struct two_paths *tp, int from_fd, uaddr_t from, int to_fd, uaddr_t to)
{
	err_t err = at_get(&tp->from, from_fd, from);

	if (err)
		return err;
	err = at_get(&tp->to, to_fd, to);
	if (err)
		at_put(&tp->from);
	return err;
}

static void two_put(struct two_paths *tp)
{
	at_put(&tp->from);
	at_put(&tp->to);
}

static long link_at(int from_fd, uaddr_t from, int to_fd, uaddr_t to, int flags)
{
	unsigned walk = (flags & LX_AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) |
			(flags & LX_AT_EMPTY_PATH ? WALK_EMPTY : 0);
	struct two_paths tp;
	err_t err;

	if (flags & ~(LX_AT_SYMLINK_FOLLOW | LX_AT_EMPTY_PATH))
		return -EINVAL;
	err = two_get(&tp, from_fd, from, to_fd, to);
	if (err)
		return err;
	err = vfs_link(tp.from.at, tp.from.p.s, tp.to.at, tp.to.p.s, walk);
	two_put(&tp);
	return err;
}

long sys_link(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return link_at(LX_AT_FDCWD, a->v[0], LX_AT_FDCWD, a->v[1], 0);
}

long sys_linkat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return link_at((int)a->v[0], a->v[1], (int)a->v[2], a->v[3], (int)a->v[4]);
}

static long rename_at(int from_fd, uaddr_t from, int to_fd, uaddr_t to, unsigned flags)
{
	struct two_paths tp;
	err_t err;

	if (flags & ~(unsigned)(RENAME_NO_REPLACE | RENAME_SWAP) ||
	    flags == (RENAME_NO_REPLACE | RENAME_SWAP))
		return -EINVAL; /* RENAME_WHITEOUT is for overlays */
	err = two_get(&tp, from_fd, from, to_fd, to);
	if (err)
		return err;
	err = vfs_rename(tp.from.at, tp.from.p.s, tp.to.at, tp.to.p.s, flags);
	two_put(&tp);
	return err;
}

long sys_rename(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return rename_at(LX_AT_FDCWD, a->v[0], LX_AT_FDCWD, a->v[1], 0);
}

long sys_renameat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return rename_at((int)a->v[0], a->v[1], (int)a->v[2], a->v[3], 0);
}

long sys_renameat2(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return rename_at((int)a->v[0], a->v[1], (int)a->v[2], a->v[3], (unsigned)a->v[4]);
}
