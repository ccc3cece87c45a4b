/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/dirfile.c: an open directory.  Its position is 0 before ".", 1 before "..", and 2 + the cookie of the last
 * entry seen: cookies belong to entries, so what comes and goes meanwhile disturbs nobody's reading.
 */
#include "abi/linux_fcntl.h"
#include "vfs/fs.h"
#include "vfs/lock.h"
#include "vfs/notify.h"
#include "vfs/regular.h"
#include "vfs/vfs.h"
#include "vfs/writeback.h"

enum { POS_DOT, POS_DOTDOT, POS_ENTRIES };

static long dir_read(struct file *f, struct uio *u, uint64_t *pos)
{
	(void)f;
	(void)u;
	(void)pos;
	return -EISDIR;
}

static int64_t dir_seek(struct file *f, int64_t off, int whence)
{
	int64_t to = off;

	if (whence == LX_SEEK_CUR)
		to = (int64_t)f->pos + off;
	else if (whence != LX_SEEK_SET)
		return -EINVAL;
	if (to < 0)
		return -EINVAL;
	f->pos = (uint64_t)to;
	return to;
}

static err_t dir_sync(struct file *f, bool data_only)
{
	(void)data_only;
	return f->inode->ops->sync ? f->inode->ops->sync(f->inode, false) : 0;
}

static uint64_t parent_ino(struct dentry *d)
{
	uint64_t ino;

	spin_lock(&dcache_lock);
	while (d->parent == d && d->fs->on)
		d = d->fs->on;
	ino = d->parent->inode->ino;
	spin_unlock(&dcache_lock);
	return ino;
}

static bool emit_dots(struct file *f, dirent_fn fn, void *arg)
{
	struct dirent e = { .name = "..", .len = 1, .mode = MODE_DIR, .ino = f->inode->ino };

	if (f->pos == POS_DOT) {
		e.cookie = POS_DOTDOT;
		if (!fn(&e, arg))
			return false;
		f->pos = POS_DOTDOT;
	}
	if (f->pos == POS_DOTDOT) {
		e.len = 2;
		e.ino = parent_ino(file_dentry(f));
		e.cookie = POS_ENTRIES;
		if (!fn(&e, arg))
			return false;
		f->pos = POS_ENTRIES;
	}
	return true;
}

static err_t emit_entries(struct file *f, dirent_fn fn, void *arg)
{
	struct inode *dir = f->inode;
	struct dirent e;
	err_t err;

	while (!(err = dir->ops->readdir(dir, f->pos - POS_ENTRIES, &e))) {
		e.cookie += POS_ENTRIES;
		if (!fn(&e, arg))
			return 0;
		f->pos = e.cookie;
	}
	return err == -ENOENT ? 0 : err;
}

err_t vfs_readdir(struct file *f, dirent_fn fn, void *arg)
{
	struct inode *dir = f->inode;
	err_t err = 0;

	mutex_lock(&dir->lock);
	if (dir->nlink == 0)
		err = -ENOENT; /* removed: not even "." is left */
	else if (!dir->ops->readdir)
		err = -ENOTDIR;
	else if (emit_dots(f, fn, arg))
		err = emit_entries(f, fn, arg);
	mutex_unlock(&dir->lock);
	if (!err)
		notify_file(f, NOTIFY_ACCESS);
	return err;
}

const struct file_ops dir_file_ops = {
	.kind = "dir",
	.read = dir_read,
	.seek = dir_seek,
	.sync = dir_sync,
	.fcntl = file_lock_fcntl,
};
