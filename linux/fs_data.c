/* SPDX-License-Identifier: Apache-2.0 */
/* linux/fs_data.c: position, length, space, durability and locks of open files. */
#include "linux/fs.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"
#include "vfs/fs.h"
#include "vfs/lock.h"
#include "vfs/pcache.h"
#include "vfs/regular.h"

/* --- position ------------------------------------------------------------------------------------------------ */

long sys_lseek(struct thread *t, const struct sysargs *a)
{
	unsigned whence = (unsigned)a->v[2];
	struct file *f;
	long r = fd_get_real((int)a->v[0], &f);

	(void)t;
	if (r)
		return r;
	if (whence > LX_SEEK_HOLE) {
		r = -EINVAL;
	} else if (!f->ops->seek) {
		r = -ESPIPE;
	} else {
		mutex_lock(&f->pos_lock);
		r = f->ops->seek(f, (int64_t)a->v[1], (int)whence);
		mutex_unlock(&f->pos_lock);
	}
	file_put(f);
	return r;
}

/* --- length and space --------------------------------------------------------------------------------------------- */

static err_t truncate_inode(struct inode *i, uint64_t size)
{
	err_t err = inode_permission(i, MAY_WRITE);

	if (inode_is_dir(i))
		return -EISDIR;
	if (!inode_is(i, MODE_REG))
		return -EINVAL;
	if (!err)
		err = inode_get_write(i);
	if (err)
		return err;
	err = size > i->size && !vfs_fsize_ok(size) ? -EFBIG : inode_truncate(i, size);
	inode_put_write(i);
	return err;
}

long sys_truncate(struct thread *t, const struct sysargs *a)
{
	struct dentry *d;
	err_t err;

	(void)t;
	if ((int64_t)a->v[1] < 0)
		return -EINVAL;
	err = lookup_at(LX_AT_FDCWD, a->v[0], WALK_FOLLOW, &d);
	if (err)
		return err;
	err = truncate_inode(d->inode, a->v[1]);
	dentry_put(d);
	return err;
}

static bool is_writable_regular(const struct file *f)
{
	return f->inode && inode_is(f->inode, MODE_REG) && f->mode & FILE_WRITE;
}

long sys_ftruncate(struct thread *t, const struct sysargs *a)
{
	struct file *f;
	err_t err;

	(void)t;
	if ((int64_t)a->v[1] < 0)
		return -EINVAL;
	err = fd_get_real((int)a->v[0], &f);
	if (err)
		return err;
	if (!is_writable_regular(f))
		err = -EINVAL;
	else if (a->v[1] > f->inode->size && !vfs_fsize_ok(a->v[1]))
		err = -EFBIG;
	else
		err = regular_truncate(f, a->v[1]);
	file_put(f);
	return err;
}

static err_t check_fallocate(unsigned mode, int64_t off, int64_t len)
{
	if (off < 0 || len <= 0)
		return -EINVAL;
	if (mode & ~(unsigned)(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE))
		return -EOPNOTSUPP;
	if (mode & FALLOC_PUNCH_HOLE && (mode & FALLOC_ZERO_RANGE || !(mode & FALLOC_KEEP_SIZE)))
		return -EOPNOTSUPP;
	return off + len < 0 ? -EFBIG : 0;
}

static err_t fallocate_file(struct file *f, unsigned mode, uint64_t off, uint64_t len)
{
	if (!(f->mode & FILE_WRITE))
		return -EBADF;
	if (!f->inode)
		return -ESPIPE;
	if (inode_is(f->inode, MODE_FIFO))
		return -ESPIPE;
	if (inode_is_dir(f->inode))
		return -EISDIR;
	if (!inode_is(f->inode, MODE_REG))
		return -ENODEV;
	return regular_fallocate(f, mode, off, len);
}

long sys_fallocate(struct thread *t, const struct sysargs *a)
{
	struct file *f;
	err_t err = fd_get_real((int)a->v[0], &f);

	(void)t;
	if (err)
		return err;
	err = check_fallocate((unsigned)a->v[1], (int64_t)a->v[2], (int64_t)a->v[3]);
	if (!err)
		err = fallocate_file(f, (unsigned)a->v[1], a->v[2], a->v[3]);
	file_put(f);
	return err;
}

/* --- durability ------------------------------------------------------------------------------------------------------ */

static long sync_fd(int fd, bool data_only)
{
	struct file *f;
	err_t err = fd_get_real(fd, &f);

	if (err)
		return err;
	err = f->ops->sync ? f->ops->sync(f, data_only) : -EINVAL;
	file_put(f);
	return err;
}

long sys_fsync(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return sync_fd((int)a->v[0], false);
}

long sys_fdatasync(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return sync_fd((int)a->v[0], true);
}

long sys_sync(struct thread *t, const struct sysargs *a)
{
	(void)t;
	(void)a;
	(void)!fs_sync_all(); /* sync(2) cannot fail; what went wrong is in the log */
	return 0;
}

long sys_syncfs(struct thread *t, const struct sysargs *a)
{
	struct file *f = fd_get((int)a->v[0]);
	err_t err = 0;

	(void)t;
	if (!f)
		return -EBADF;
	if (f->inode)
		err = fs_sync(f->inode->fs);
	file_put(f);
	return err;
}

long sys_sync_file_range(struct thread *t, const struct sysargs *a)
{
	int64_t off = (int64_t)a->v[1], len = (int64_t)a->v[2];
	unsigned flags = (unsigned)a->v[3];
	uint64_t last = len ? (uint64_t)(off + len - 1) >> PAGE_SHIFT : UINT64_MAX;
	struct file *f;
	err_t err = fd_get_real((int)a->v[0], &f);

	(void)t;
	if (err)
		return err;
	if (flags & ~7u || off < 0 || len < 0 || off + len < off)
		err = -EINVAL;
	else if (!f->inode || !f->inode->pages)
		err = -ESPIPE;
	else
		err = pcache_flush(f->inode->pages, (uint64_t)off >> PAGE_SHIFT, last, flags & 5);
	file_put(f);
	return err;
}

/* --- advice ---------------------------------------------------------------------------------------------------------------- */

static void advise(struct file *f, uint64_t off, uint64_t len, int advice)
{
	enum { NORMAL, RANDOM, SEQUENTIAL, WILLNEED, DONTNEED, NOREUSE };
	struct pcache *pc = f->inode->pages;
	uint64_t first = off >> PAGE_SHIFT;
	uint64_t last = len ? (off + len - 1) >> PAGE_SHIFT : PCACHE_INDEX_MAX;

	if (advice == WILLNEED && pc->ops->fill)
		pcache_readahead(pc, first, last - first + 1);
	if (advice == DONTNEED && !(f->inode->fs->flags & FS_MEMORY)) {
		(void)!pcache_flush(pc, first, last, false);
		pcache_forget(pc, first, last);
	}
}

static long advise_fd(int fd, int64_t off, int64_t len, int advice)
{
	struct file *f;
	err_t err = fd_get_real(fd, &f);

	if (err)
		return err;
	if (!f->inode || inode_is(f->inode, MODE_FIFO))
		err = -ESPIPE;
	else if (advice < 0 || advice > 5 || len < 0)
		err = -EINVAL;
	else if (f->inode->pages)
		advise(f, (uint64_t)off, (uint64_t)len, advice);
	file_put(f);
	return err;
}

long sys_fadvise64(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return advise_fd((int)a->v[0], (int64_t)a->v[1], (int64_t)a->v[2], (int)a->v[3]);
}

long sys_readahead(struct thread *t, const struct sysargs *a)
{
	struct file *f;
	err_t err = fd_get_real((int)a->v[0], &f);

	(void)t;
	if (err)
		return err;
	if (!(f->mode & FILE_READ))
		err = -EBADF;
	else if (!f->inode || !f->inode->pages)
		err = -EINVAL;
	else if (f->inode->pages->ops->fill)
		pcache_readahead(f->inode->pages, a->v[1] >> PAGE_SHIFT,
				 DIV_UP(a->v[2], PAGE_SIZE));
	file_put(f);
	return err;
}

/* --- flock -------------------------------------------------------------------------------------------------------------------- */

static err_t flock_file(struct file *f, unsigned op)
{
	enum { SH = 1, EX = 2, NB = 4, UN = 8 };
	const struct lock_range r = { .kind = LOCK_FLOCK,
				      .exclusive = (op & ~(unsigned)NB) == EX,
				      .end = UINT64_MAX };

	if (!f->inode)
		return -EBADF;
	switch (op & ~(unsigned)NB) {
	case UN:
		file_unlock(f, &r);
		return 0;
	case SH:
	case EX:
		return file_lock(f, &r, !(op & NB));
	default:
		return -EINVAL;
	}
}

long sys_flock(struct thread *t, const struct sysargs *a)
{
	struct file *f;
	err_t err = fd_get_real((int)a->v[0], &f);

	(void)t;
	if (err)
		return err;
	err = flock_file(f, (unsigned)a->v[1]);
	file_put(f);
	return err;
}
