/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/file.c: open file descriptions: their life and the generic part of reading and writing.  What a
 * kind of file does is in its own file.
 */
#include "vfs/file.h"

#include "abi/linux_fcntl.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "vfs/epoll.h"
#include "vfs/fdtable.h"
#include "vfs/notify.h"
#include "vfs/vfs.h"

/*
 * Free descriptions, linked through `data`.  They are kept for good and never become anything else:
 * fd_get() may look at the count of one that has just been freed.
 */
static struct spinlock free_lock = SPINLOCK_INIT(RANK_FILE);
static struct file *free_files;

static struct file *file_alloc(void)
{
	struct file *f;

	spin_lock(&free_lock);
	f = free_files;
	if (f)
		free_files = f->data;
	spin_unlock(&free_lock);
	return f ? f : kzalloc(sizeof(*f));
}

err_t file_new(const struct file_ops *ops, uint32_t mode, uint32_t flags, void *data,
	       struct file **out)
{
	struct file *f = file_alloc();

	if (!f)
		return -ENFILE;
	f->ops = ops;
	f->mode = mode;
	f->flags = flags;
	f->data = data;
	f->pos = 0;
	f->inode = NULL;
	f->path = NULL;
	f->sig_owner = 0;
	f->ra_next = 0;
	f->ra_window = 0;
	mutex_init(&f->pos_lock);
	list_init(&f->epoll_items);
	/* A: pairs with B in fd_get(): the fields are there before the count says so. */
	atomic_store_explicit(&f->refs, 1, memory_order_release);
	*out = f;
	return 0;
}

void file_get(struct file *f)
{
	/* relaxed: the caller has a reference, nothing is published by a further one. */
	atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed); /* pairs with nothing */
}

static void file_free(struct file *f)
{
	if (!list_empty(&f->epoll_items))
		epoll_forget(f);
	notify_file(f, f->mode & FILE_WRITE ? NOTIFY_CLOSE_WRITE : NOTIFY_CLOSE_NOWRITE);
	if (f->ops->release)
		f->ops->release(f);
	if (f->path)
		file_release_path(f);
	spin_lock(&free_lock);
	f->data = free_files;
	free_files = f;
	spin_unlock(&free_lock);
}

void file_put(struct file *f)
{
	/* C: acq_rel, pairs with itself: the last holder sees what the others did. */
	if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1)
		file_free(f);
}

/* Another thread is what could move the position meanwhile; the only one cannot make a second now. */
static bool pos_lock(struct file *f) no_lock_analysis
{
	if (thread_count_user() == 1)
		return false;
	mutex_lock(&f->pos_lock);
	return true;
}

static void pos_unlock(struct file *f, bool locked) no_lock_analysis
{
	if (locked)
		mutex_unlock(&f->pos_lock);
}

static long move_at_pos(struct file *f, struct uio *u,
			long (*move)(struct file *, struct uio *, uint64_t *))
{
	bool locked = pos_lock(f);
	long n = move(f, u, &f->pos);

	pos_unlock(f, locked);
	return n;
}

/* What was moved, told to who watches the file. */
static inline long moved(struct file *f, long n, uint32_t event)
{
	if (n > 0)
		notify_file(f, event);
	return n;
}

long file_read(struct file *f, struct uio *u)
{
	if (!(f->mode & FILE_READ))
		return -EBADF;
	if (!f->ops->read)
		return -EINVAL;
	if (!(f->mode & FILE_SEEK))
		return moved(f, f->ops->read(f, u, NULL), NOTIFY_ACCESS);
	return moved(f, move_at_pos(f, u, f->ops->read), NOTIFY_ACCESS);
}

long file_write(struct file *f, struct uio *u)
{
	if (!(f->mode & FILE_WRITE))
		return -EBADF;
	if (!f->ops->write)
		return -EINVAL;
	if (!(f->mode & FILE_SEEK))
		return moved(f, f->ops->write(f, u, NULL), NOTIFY_MODIFY);
	return moved(f, move_at_pos(f, u, f->ops->write), NOTIFY_MODIFY);
}

/* Check order of Linux's ksys_pread64(): -ESPIPE before -EBADF for the mode. */
long file_pread(struct file *f, struct uio *u, uint64_t pos)
{
	if (!(f->mode & FILE_SEEK))
		return -ESPIPE;
	if (!(f->mode & FILE_READ))
		return -EBADF;
	if (!f->ops->read)
		return -EINVAL;
	return moved(f, f->ops->read(f, u, &pos), NOTIFY_ACCESS);
}

long file_pwrite(struct file *f, struct uio *u, uint64_t pos)
{
	if (!(f->mode & FILE_SEEK))
		return -ESPIPE;
	if (!(f->mode & FILE_WRITE))
		return -EBADF;
	if (!f->ops->write)
		return -EINVAL;
	return moved(f, f->ops->write(f, u, &pos), NOTIFY_MODIFY);
}

uint32_t file_poll(struct file *f)
{
	if (!f->ops->poll)
		return POLL_IN | POLL_OUT | POLL_RDNORM | POLL_WRNORM;
	return f->ops->poll(f);
}

int64_t file_seek_nowhere(struct file *f, int64_t off, int whence)
{
	(void)f;
	(void)off;
	(void)whence;
	return 0;
}
