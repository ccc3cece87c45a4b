/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/regular.c: read, write, seek, map and sync of files whose content is a page cache. */
#include "vfs/regular.h"

#include "abi/linux_fcntl.h"
#include "abi/linux_ioctl.h"
#include "vfs/fs.h"
#include "vfs/lock.h"
#include "vfs/notify.h"
#include "vfs/pcache.h"
#include "vfs/vfs.h"
#include "vfs/writeback.h"

uint64_t vfs_fsize_limit = UINT64_MAX;
void (*vfs_fsize_hit)(void);

enum { DIRECT_ALIGN = 512 };

/* --- O_DIRECT: aligned as a disk wants it, and nothing stays in the cache -------------------------------- */

static bool direct_aligned(const struct uio *u, uint64_t pos)
{
	if ((pos | u->left) % DIRECT_ALIGN)
		return false;
	for (unsigned i = 0; i < u->nvec; i++)
		if ((u->vec[i].base | u->vec[i].len) % DIRECT_ALIGN)
			return false;
	return true;
}

static bool is_direct(const struct file *f)
{
	return f->flags & LX_O_DIRECT && !(f->inode->fs->flags & FS_MEMORY);
}

static err_t direct_done(struct inode *i, uint64_t pos, uint64_t n)
{
	uint64_t first = pos >> PAGE_SHIFT, last = (pos + n) >> PAGE_SHIFT;
	err_t err = pcache_flush(i->pages, first, last, true);

	pcache_forget(i->pages, first, last);
	return err;
}

/* --- reading ------------------------------------------------------------------------------------------------ */

/* relatime: an access is noted when the last one noted is older than the last change. */
static void accessed(struct file *f)
{
	struct inode *i = f->inode;

	if (i->atime > i->mtime && i->atime > i->ctime)
		return;
	if (f->flags & LX_O_NOATIME || i->fs->flags & (FS_NOATIME | FS_RDONLY))
		return;
	inode_touch(i, ATTR_ATIME);
}

static long read_direct(struct file *f, struct uio *u, uint64_t *pos)
{
	struct pcache *pc = f->inode->pages;
	uint64_t first = *pos >> PAGE_SHIFT;
	long n;

	if (!direct_aligned(u, *pos))
		return -EINVAL;
	n = pcache_read(pc, f, u, pos);
	if (n > 0)
		pcache_forget(pc, first, *pos >> PAGE_SHIFT);
	return n;
}

/* What can be read without waiting for the device: up to the first page that is not there. False: nothing. */
static bool cut_to_cached(struct pcache *pc, struct uio *u, uint64_t pos, uint64_t size)
{
	uint64_t end = MIN(pos + u->left, size), at = pos;
	struct page *p;

	while (at < end && (p = pcache_peek(pc, at >> PAGE_SHIFT)) != NULL) {
		page_put(p);
		at = ((at >> PAGE_SHIFT) + 1) << PAGE_SHIFT;
	}
	if (at < end)
		u->left = at - pos;
	return at > pos || pos >= end;
}

static noinline long read_specially(struct file *f, struct uio *u, uint64_t *pos)
{
	struct inode *i = f->inode;

	if (u->flags & UIO_NOWAIT && !cut_to_cached(i->pages, u, *pos, i->size))
		return -EAGAIN;
	return is_direct(f) ? read_direct(f, u, pos) : pcache_read(i->pages, f, u, pos);
}

static long reg_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct inode *i = f->inode;
	long n;

	if (unlikely(f->flags & LX_O_DIRECT || u->flags & UIO_NOWAIT))
		n = read_specially(f, u, pos);
	else
		n = pcache_read(i->pages, f, u, pos);
	if (n > 0)
		accessed(f);
	return n;
}

/* --- writing -------------------------------------------------------------------------------------------------- */

bool vfs_fsize_ok(uint64_t size)
{
	if (likely(size <= vfs_fsize_limit))
		return true;
	vfs_fsize_hit();
	return false;
}

/* Cut the write to what the limits leave room for. */
static err_t limit_write(const struct inode *i, struct uio *u, uint64_t pos)
{
	uint64_t limit = MIN(vfs_fsize_limit, PCACHE_SIZE_MAX);

	if (i->seals & (SEAL_WRITE | SEAL_FUTURE_WRITE))
		return -EPERM;
	if (i->seals & SEAL_GROW && pos + u->left > i->size)
		return -EPERM;
	if (u->left && (pos >= PCACHE_SIZE_MAX || !vfs_fsize_ok(pos + 1)))
		return -EFBIG;
	if (u->left > limit - pos)
		u->left = limit - pos;
	return 0;
}

/* What a write does besides moving bytes. A write by somebody else than root takes set-id bits away. */
static void written(struct inode *i)
{
	i->mtime = i->ctime = vfs_now();
	if (unlikely(i->mode & (MODE_SUID | MODE_SGID)) && !vfs_cred.override) {
		struct inode_attr a = { .set = ATTR_MODE, .mode = i->mode & 01777 };

		(void)!inode_setattr(i, &a);
	}
}

static err_t sync_range(struct inode *i, uint64_t pos, uint64_t n, bool data_only)
{
	err_t err = pcache_flush(i->pages, pos >> PAGE_SHIFT, (pos + n) >> PAGE_SHIFT, true);

	if (!err && i->ops->sync)
		err = i->ops->sync(i, data_only);
	return err;
}

static err_t after_write(struct file *f, uint64_t pos, uint64_t n)
{
	struct inode *i = f->inode;
	err_t err = 0;

	if (is_direct(f))
		err = direct_done(i, pos, n);
	if (!err && f->flags & LX_O_DSYNC)
		err = sync_range(i, pos, n, (f->flags & LX_O_SYNC) != LX_O_SYNC);
	if (i->pages->ndirty)
		writeback_throttle(i->pages);
	return err;
}

static bool appends(const struct file *f, const struct uio *u)
{
	return (f->flags & LX_O_APPEND && !(u->flags & UIO_NOAPPEND)) || u->flags & UIO_APPEND;
}

static long reg_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct inode *i = f->inode;
	uint64_t start;
	long n;

	mutex_lock(&i->lock);
	if (appends(f, u))
		*pos = i->size; /* under the lock: appends never overlap */
	start = *pos;
	n = limit_write(i, u, start);
	if (!n && is_direct(f) && !direct_aligned(u, start))
		n = -EINVAL;
	if (!n)
		n = pcache_write(i->pages, u, start);
	if (n > 0) {
		*pos = start + (uint64_t)n;
		written(i);
	}
	mutex_unlock(&i->lock);
	if (n > 0 && unlikely(f->flags & (LX_O_DSYNC | LX_O_DIRECT) || i->pages->ops->write)) {
		err_t err = after_write(f, start, (uint64_t)n);

		if (err)
			return err;
	}
	return n;
}

/* --- seeking ---------------------------------------------------------------------------------------------------- */

static int64_t seek_data(struct inode *i, uint64_t off, bool data)
{
	uint64_t at = off;
	err_t err;

	if (off >= i->size)
		return -ENXIO;
	if (!i->ops->seek)
		return data ? (int64_t)off : (int64_t)i->size;
	/* What only the cache knows would look like a hole. */
	err = pcache_flush(i->pages, 0, UINT64_MAX, true);
	if (!err)
		err = i->ops->seek(i, off, data, &at);
	return err ? err : (int64_t)MIN(at, i->size);
}

static int64_t seek_to(struct file *f, int64_t base, int64_t off)
{
	int64_t to;

	if (__builtin_add_overflow(base, off, &to))
		return -EOVERFLOW;
	if (to < 0)
		return -EINVAL;
	f->pos = (uint64_t)to;
	return to;
}

static int64_t reg_seek(struct file *f, int64_t off, int whence)
{
	int64_t at;

	switch (whence) {
	case LX_SEEK_SET:
		return seek_to(f, 0, off);
	case LX_SEEK_CUR:
		return seek_to(f, (int64_t)f->pos, off);
	case LX_SEEK_END:
		return seek_to(f, (int64_t)f->inode->size, off);
	case LX_SEEK_DATA:
	case LX_SEEK_HOLE:
		if (off < 0)
			return -ENXIO;
		at = seek_data(f->inode, (uint64_t)off, whence == LX_SEEK_DATA);
		if (at >= 0)
			f->pos = (uint64_t)at;
		return at;
	default:
		return -EINVAL;
	}
}

/* --- mapping, syncing -------------------------------------------------------------------------------------------- */

static err_t reg_mmap(struct file *f, unsigned prot, unsigned flags, uint64_t offset,
		      struct vm_object **out)
{
	struct inode *i = f->inode;

	(void)offset;
	if (!(f->mode & FILE_READ))
		return -EACCES;
	if (flags & VM_SHARED && prot & VM_WRITE) {
		if (!(f->mode & FILE_WRITE))
			return -EACCES;
		if (i->seals & (SEAL_WRITE | SEAL_FUTURE_WRITE))
			return -EPERM;
	}
	if (prot & VM_EXEC && i->fs->flags & FS_NOEXEC)
		return -EPERM;
	accessed(f);
	*out = &i->pages->obj;
	return 0;
}

static err_t reg_sync(struct file *f, bool data_only)
{
	struct inode *i = f->inode;
	err_t err = pcache_flush(i->pages, 0, UINT64_MAX, true), late;

	if (!err && i->ops->sync)
		err = i->ops->sync(i, data_only);
	late = pcache_take_error(i->pages);
	return err ? err : late;
}

/* --- cutting and reserving ------------------------------------------------------------------------------------------ */

err_t regular_truncate(struct file *f, uint64_t size)
{
	struct inode *i = f->inode;

	if ((size < i->size && i->seals & SEAL_SHRINK) || (size > i->size && i->seals & SEAL_GROW))
		return -EPERM;
	return inode_truncate(i, size);
}

static err_t fallocate_locked(struct inode *i, unsigned mode, uint64_t off, uint64_t len)
{
	err_t err = 0;

	if (mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE))
		err = pcache_zero_range(i->pages, off, len);
	if (!err)
		err = i->ops->fallocate(i, mode, off, len);
	if (!err && !(mode & FALLOC_KEEP_SIZE) && off + len > i->size)
		err = pcache_truncate(i->pages, off + len);
	if (!err)
		inode_touch(i, ATTR_MTIME | ATTR_CTIME);
	return err;
}

static err_t seals_allow(const struct inode *i, unsigned mode, uint64_t end)
{
	if (mode & FALLOC_PUNCH_HOLE && i->seals & (SEAL_WRITE | SEAL_FUTURE_WRITE))
		return -EPERM;
	if (end > i->size && i->seals & SEAL_GROW)
		return -EPERM;
	return 0;
}

err_t regular_fallocate(struct file *f, unsigned mode, uint64_t off, uint64_t len)
{
	struct inode *i = f->inode;
	err_t err;

	if (off + len > PCACHE_SIZE_MAX ||
	    (!(mode & FALLOC_KEEP_SIZE) && off + len > i->size && !vfs_fsize_ok(off + len)))
		return -EFBIG;
	if (!i->ops->fallocate)
		return -EOPNOTSUPP;
	mutex_lock(&i->lock);
	err = seals_allow(i, mode, off + len);
	if (!err)
		err = fallocate_locked(i, mode, off, len);
	mutex_unlock(&i->lock);
	if (!err)
		notify_file(f, NOTIFY_MODIFY);
	return err;
}

err_t regular_punch(struct inode *i, uint64_t off, uint64_t len)
{
	const unsigned mode = FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE;
	err_t err;

	if (!i->ops->fallocate)
		return -EOPNOTSUPP;
	mutex_lock(&i->lock);
	err = seals_allow(i, mode, 0);
	if (!err)
		err = fallocate_locked(i, mode, off, len);
	mutex_unlock(&i->lock);
	return err;
}

/* --- seals (memfd_create(2), fcntl(2) F_ADD_SEALS) ---------------------------------------------------------------------- */

static bool sealable(const struct file *f)
{
	return f->inode && f->inode->flags & INODE_SEALABLE;
}

long regular_seals(struct file *f)
{
	return sealable(f) ? (long)f->inode->seals : -EINVAL;
}

static bool is_mapped(struct inode *i)
{
	return !list_empty(
		&i->pages->obj.areas); /* readers too: the floor below does not tell them apart */
}

err_t regular_add_seals(struct file *f, unsigned seals)
{
	struct inode *i = f->inode;
	err_t err = 0;

	if (!sealable(f) || seals & ~(unsigned)0x3f)
		return -EINVAL;
	if (!(f->mode & FILE_WRITE))
		return -EPERM;
	mutex_lock(&i->lock);
	if (i->seals & SEAL_SEAL)
		err = -EPERM;
	else if (seals & SEAL_WRITE && !(i->seals & SEAL_WRITE) && is_mapped(i))
		err = -EBUSY;
	else
		i->seals |= seals;
	mutex_unlock(&i->lock);
	return err;
}

static long reg_ioctl(struct file *f, unsigned cmd, uint64_t arg)
{
	enum { FIGETBSZ = 2 };

	switch (cmd) {
	case LX_FIONREAD: /* what lies before the position counts as negative */
		return user_store32(arg, (uint32_t)(f->inode->size - f->pos));
	case FIGETBSZ:
		return user_store32(arg, PAGE_SIZE);
	default:
		return -ENOTTY;
	}
}

const struct file_ops regular_file_ops = {
	.ioctl = reg_ioctl,
	.kind = "file",
	.read = reg_read,
	.write = reg_write,
	.seek = reg_seek,
	.mmap = reg_mmap,
	.sync = reg_sync,
	.close = file_locks_close,
	.fcntl = file_lock_fcntl,
};
