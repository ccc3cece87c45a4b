/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/open.c: from a path and O_ flags to an open description.  The order of the checks is Linux's
 * do_filp_open(): what a program gets told first is part of the ABI.
 */
#include "abi/linux_fcntl.h"
#include "lib/assert.h"
#include "lib/mem.h"
#include "vfs/chrdev.h"
#include "vfs/fs.h"
#include "vfs/lock.h"
#include "vfs/notify.h"
#include "vfs/pcache.h"
#include "vfs/pipe.h"
#include "vfs/regular.h"
#include "vfs/tty.h"
#include "vfs/vfs.h"

enum { OPEN_ONLY = LX_O_CREAT | LX_O_EXCL | LX_O_NOCTTY | LX_O_TRUNC | LX_O_CLOEXEC };

/* --- kinds ------------------------------------------------------------------------------------- */

static const struct file_ops path_ops = {
	.kind = "path",
};

void file_release_path(struct file *f)
{
	if (f->inode && f->inode->locks)
		file_locks_release(f);
	if (f->inode && f->mode & FILE_WRITE && inode_is(f->inode, MODE_REG))
		inode_put_write(f->inode);
	dentry_put(f->path);
}

static unsigned mode_of(uint32_t flags)
{
	switch (flags & LX_O_ACCMODE) {
	case LX_O_RDONLY:
		return FILE_READ;
	case LX_O_WRONLY:
		return FILE_WRITE;
	case LX_O_RDWR:
		return FILE_READ | FILE_WRITE;
	default:
		return 0; /* 3: neither, only ioctl */
	}
}

static unsigned may_of(uint32_t flags)
{
	unsigned may = 0;

	if ((flags & LX_O_ACCMODE) != LX_O_WRONLY)
		may |= MAY_READ;
	if ((flags & LX_O_ACCMODE) != LX_O_RDONLY || flags & LX_O_TRUNC)
		may |= MAY_WRITE;
	return may;
}

static void name_file(struct file *f, struct dentry *d)
{
	dentry_get(d);
	f->path = d;
	f->inode = d->inode;
}

static err_t new_path_file(struct dentry *d, uint32_t flags, struct file **out)
{
	err_t err = file_new(&path_ops, FILE_PATH, flags, NULL, out);

	if (err)
		return err;
	name_file(*out, d);
	return 0;
}

static err_t choose_ops(struct inode *i, struct file *f)
{
	switch (i->mode & MODE_FMT) {
	case MODE_DIR:
		f->ops = &dir_file_ops;
		f->mode |= FILE_SEEK;
		return 0;
	case MODE_CHR:
		if (i->fs->flags & FS_NODEV)
			return -EACCES;
		return chrdev_open(i->rdev, f);
	case MODE_REG:
		f->ops = &regular_file_ops;
		f->mode |= FILE_SEEK | FILE_NOWAIT_OK;
		if (f->flags & LX_O_DIRECT)
			f->mode |= FILE_DIRECT;
		return 0;
	default:
		return -ENXIO; /* sockets, and block devices that nobody drives */
	}
}

/* A FIFO's pipe makes its own description, and may wait for the other end. */
static err_t open_fifo(struct inode *i, uint32_t flags, struct file **out)
{
	err_t err = 0;

	mutex_lock(&i->lock);
	if (!i->pipe)
		err = pipe_new(&i->pipe);
	mutex_unlock(&i->lock);
	return err ? err : pipe_open(i->pipe, mode_of(flags), flags & ~(uint32_t)OPEN_ONLY, out);
}

static bool opens_later(const struct inode *i)
{
	return i->ops->open && !inode_is_dir(i);
}

static err_t open_dentry(struct dentry *d, uint32_t flags, struct file **out)
{
	struct inode *i = d->inode;
	bool counted = inode_is(i, MODE_REG) && mode_of(flags) & FILE_WRITE;
	struct file *f;
	err_t err;

	if (flags & LX_O_PATH)
		return new_path_file(d, flags & (LX_O_PATH | LX_O_DIRECTORY | LX_O_NOFOLLOW), out);
	if (i->ops->open_own)
		return i->ops->open_own(i, flags, out);
	if (inode_is(i, MODE_FIFO)) {
		err = open_fifo(i, flags, out);
		if (!err)
			name_file(*out, d);
		return err;
	}
	if (counted) {
		err = inode_get_write(i);
		if (err)
			return err;
	}
	err = file_new(&path_ops, mode_of(flags), (flags & ~(uint32_t)OPEN_ONLY) | LX_O_LARGEFILE,
		       NULL, &f);
	if (err)
		goto out_writer;
	name_file(f, d);
	err = opens_later(i) ? i->ops->open(i, f) : choose_ops(i, f);
	if (err) {
		f->ops = &path_ops;
		f->mode |= FILE_PATH; /* it never was open: nobody is told that it closes */
		file_put(f);
		return err;
	}
	*out = f;
	return 0;

out_writer:
	if (counted)
		inode_put_write(i);
	return err;
}

err_t vfs_open_dentry(struct dentry *d, uint32_t flags, struct file **out)
{
	err_t err = open_dentry(d, flags, out);

	if (!err)
		notify_file(*out, NOTIFY_OPEN);
	return err;
}

/* --- an existing file ------------------------------------------------------------------------------ */

static err_t check_type(const struct inode *i, uint32_t flags)
{
	if (flags & LX_O_DIRECTORY && !inode_is_dir(i))
		return -ENOTDIR;
	if (flags & LX_O_PATH)
		return 0;
	if (inode_is(i, MODE_LNK))
		return -ELOOP;
	if (inode_is_dir(i) && may_of(flags) & MAY_WRITE)
		return -EISDIR;
	return 0;
}

static err_t may_open(const struct inode *i, uint32_t flags)
{
	unsigned may = may_of(flags);
	err_t err = 0;

	if (likely(may == MAY_READ && vfs_cred.override))
		return 0; /* what nearly every open is: the privileged may read anything */
	err = inode_permission(i, may);
	if (err)
		return err;
	if (flags & LX_O_NOATIME && !inode_owner(i))
		return -EPERM;
	return 0;
}

static err_t open_existing(struct dentry *d, uint32_t flags, struct file **out)
{
	err_t err = check_type(d->inode, flags);

	if (err)
		return err;
	if (flags & LX_O_PATH)
		return vfs_open_dentry(d, flags, out);
	err = may_open(d->inode, flags);
	if (err)
		return err;
	err = vfs_open_dentry(d, flags, out);
	if (err || !(flags & LX_O_TRUNC) || !inode_is(d->inode, MODE_REG) || !d->inode->pages)
		return err;
	err = inode_truncate(d->inode, 0);
	if (err)
		file_put(*out);
	return err;
}

/* --- O_CREAT ------------------------------------------------------------------------------------------ */

/* w->d's lock is held, d is its negative child. */
static err_t create_at(struct walk *w, struct dentry *d, const struct open_how *how)
{
	struct inode *dir = w->d->inode, *i;
	struct inode_new new = {
		.mode = MODE_REG | (how->mode & MODE_PERM & ~vfs_umask),
	};
	err_t err = inode_permission(dir, MAY_WRITE | MAY_EXEC);

	if (err)
		return err;
	if (!dir->ops->create)
		return -EACCES;
	err = dir->ops->create(dir, &w->last, &new, &i);
	if (err)
		return err;
	dentry_instantiate(d, i);
	if (!(dir->fs->flags & FS_STAMPS))
		inode_touch(dir, ATTR_MTIME | ATTR_CTIME);
	notify_name(dir, &w->last, NOTIFY_CREATE, false);
	return 0;
}

/* The last component, made if it is missing: *out counted, *made. */
static err_t find_or_create(struct walk *w, const struct open_how *how, struct dentry **out,
			    bool *made)
{
	struct inode *dir = w->d->inode;
	struct dentry *d;
	err_t err;

	*made = false;
	err = walk_child(w, false, &d);
	if (err)
		return err;
	if (!d->inode) {
		dentry_put(d);
		mutex_lock(&dir->lock);
		err = walk_child(w, true, &d);
		if (!err && !d->inode) {
			err = create_at(w, d, how);
			*made = !err;
			if (err)
				dentry_put(d);
		}
		mutex_unlock(&dir->lock);
		if (err)
			return err;
	}
	*out = d;
	return 0;
}

/* A new file opens for what was asked whatever its mode says: open(2), "mode". */
static err_t open_found(struct dentry *d, uint32_t flags, bool made, struct file **out)
{
	if (made)
		return vfs_open_dentry(d, flags, out);
	if (inode_is_dir(d->inode))
		return -EISDIR;
	return open_existing(d, flags, out);
}

static bool goes_through(const struct dentry *d, uint32_t flags)
{
	return inode_is(d->inode, MODE_LNK) && !(flags & LX_O_NOFOLLOW);
}

static err_t open_create(struct walk *w, const struct open_how *how, struct file **out)
{
	bool made, jumped;
	struct dentry *d;
	err_t err;

	for (;;) {
		err = walk_parent(w);
		if (err)
			return err;
		if (w->slash || w->last_type != LAST_NAME)
			return -EISDIR;
		err = find_or_create(w, how, &d, &made);
		if (err)
			return err;
		if (!made && how->flags & LX_O_EXCL)
			err = -EEXIST;
		else if (!goes_through(d, how->flags))
			err = open_found(d, how->flags, made, out);
		else
			break;
		dentry_put(d);
		return err;
	}
	err = walk_follow(w, d, &jumped);
	if (err)
		return err;
	return jumped ? open_found(w->d, how->flags, false, out) : -EAGAIN;
}

/* --- O_TMPFILE ------------------------------------------------------------------------------------------ */

static err_t open_tmpfile(struct dentry *dir, const struct open_how *how, struct file **out)
{
	struct inode_new new = { .mode = MODE_REG | (how->mode & MODE_PERM & ~vfs_umask) };
	struct fs *fs = dir->fs;
	struct dentry *d;
	struct inode *i;
	err_t err;

	if (!inode_is_dir(dir->inode))
		return -ENOTDIR;
	err = inode_permission(dir->inode, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	if (!fs->ops->tmpfile)
		return -EOPNOTSUPP;
	err = fs->ops->tmpfile(fs, &new, &i);
	if (err)
		return err;
	err = dentry_new_anon(i, "/#tmpfile", &d);
	if (err) {
		inode_put(i);
		return err;
	}
	err = vfs_open_dentry(d, how->flags & ~(uint32_t)LX_O_DIRECTORY, out);
	dentry_put(d);
	return err;
}

/* --- all of it ---------------------------------------------------------------------------------------------- */

static bool is_tmpfile(uint32_t flags)
{
	return (flags & LX_O_TMPFILE) == LX_O_TMPFILE;
}

static err_t check_flags(struct open_how *how)
{
	if (how->flags & LX_O_PATH) {
		how->flags &= LX_O_PATH | LX_O_DIRECTORY | LX_O_NOFOLLOW | LX_O_CLOEXEC;
		return 0;
	}
	if (how->flags & (LX_O_TMPFILE & ~LX_O_DIRECTORY)) {
		if (!is_tmpfile(how->flags) || how->flags & LX_O_CREAT)
			return -EINVAL;
		if (!(mode_of(how->flags) & FILE_WRITE))
			return -EINVAL;
	}
	if (how->flags & LX_O_CREAT && how->flags & LX_O_DIRECTORY && how->flags & LX_O_EXCL)
		return -EINVAL;
	return 0;
}

static err_t open_at(struct dentry *at, const char *path, const struct open_how *how,
		     struct file **out)
{
	unsigned follow = how->flags & LX_O_NOFOLLOW ? 0 : WALK_FOLLOW;
	struct dentry *d;
	err_t err = path_lookup(at, path, how->walk | follow, &d);

	if (err)
		return err;
	err = is_tmpfile(how->flags) ? open_tmpfile(d, how, out)
				     : open_existing(d, how->flags, out);
	dentry_put(d);
	return err;
}

static err_t create_walk(struct dentry *at, const char *path, const struct open_how *how,
			 struct file **out)
{
	struct walk w;
	err_t err;

	if (!*path)
		return -ENOENT;
	walk_begin(&w, at, path, how->walk);
	do
		err = open_create(&w, how, out);
	while (err == -EAGAIN && !(how->walk & WALK_CACHED)); /* a link was followed */
	walk_end(&w);
	return err;
}

err_t vfs_open(struct dentry *at, const char *path, const struct open_how *given, struct file **out)
{
	struct open_how how;
	err_t err;

	if (likely(!(given->flags & (LX_O_CREAT | LX_O_PATH | (LX_O_TMPFILE & ~LX_O_DIRECTORY)))))
		return open_at(at, path, given, out);
	how = *given;
	err = check_flags(&how);
	if (err)
		return err;
	if (!(how.flags & LX_O_CREAT))
		return open_at(at, path, &how, out);
	return create_walk(at, path, &how, out);
}

err_t vfs_reopen(struct file *f, uint32_t flags, struct file **out)
{
	if (f->path)
		return vfs_open_dentry(f->path, flags, out);
	if (stream_is(f) && mode_of(flags) == (f->mode & (FILE_READ | FILE_WRITE)))
		return file_new(f->ops, f->mode, flags & ~(uint32_t)OPEN_ONLY, f->data, out);
	if (stream_is(f))
		return -EACCES;
	if (pipe_is(f))
		return pipe_open(f->data, mode_of(flags), flags & ~(uint32_t)OPEN_ONLY, out);
	return -ENXIO;
}
