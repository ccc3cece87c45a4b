/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/eventfd.c: see eventfd.h. */
#include "vfs/eventfd.h"

#include "abi/linux_fcntl.h"
#include "kern/slab.h"
#include "lib/fmt.h"

struct eventfd {
	struct spinlock lock; /* RANK_FILE */
	struct waitq wq;      /* readers and writers */
	struct poll_source source;
	uint64_t count; /* [lock] */
	bool semaphore; /* [I] */
};

static long eventfd_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct eventfd *e = f->data;
	uint64_t got;
	err_t err = 0;
	long n;

	(void)pos;
	if (u->left < sizeof(got))
		return -EINVAL;
	spin_lock(&e->lock);
	while (!e->count && !file_nowait(f, u) && !err)
		err = waitq_wait(&e->wq, WAIT_FOREVER);
	if (!e->count) {
		spin_unlock(&e->lock);
		return err ? -ERESTARTSYS : -EAGAIN;
	}
	got = e->semaphore ? 1 : e->count;
	e->count -= got;
	waitq_wake(&e->wq, UINT32_MAX);
	spin_unlock(&e->lock);
	poll_notify(&e->source, POLL_OUT | POLL_WRNORM);
	n = uio_write(u, &got, sizeof(got));
	return n < 0 ? n : (long)sizeof(got);
}

static long eventfd_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct eventfd *e = f->data;
	uint64_t add;
	err_t err = 0;

	(void)pos;
	if (u->left < sizeof(add))
		return -EINVAL;
	if (uio_read(u, &add, sizeof(add)) != (long)sizeof(add))
		return -EFAULT;
	if (add == UINT64_MAX)
		return -EINVAL;
	spin_lock(&e->lock);
	while (UINT64_MAX - e->count <= add && !file_nowait(f, u) && !err)
		err = waitq_wait(&e->wq, WAIT_FOREVER);
	if (UINT64_MAX - e->count <= add) {
		spin_unlock(&e->lock);
		return err ? -ERESTARTSYS : -EAGAIN;
	}
	e->count += add;
	waitq_wake(&e->wq, UINT32_MAX);
	spin_unlock(&e->lock);
	poll_notify(&e->source, POLL_IN | POLL_RDNORM);
	return sizeof(add);
}

static uint32_t eventfd_poll(struct file *f)
{
	struct eventfd *e = f->data;
	uint64_t count = e->count;
	uint32_t mask = 0;

	if (count)
		mask |= POLL_IN;
	if (count == UINT64_MAX)
		mask |= POLL_ERR;
	if (count < UINT64_MAX - 1)
		mask |= POLL_OUT;
	return mask;
}

static struct poll_source *eventfd_source(struct file *f)
{
	return &((struct eventfd *)f->data)->source;
}

static void eventfd_release(struct file *f)
{
	kfree(f->data);
}

static size_t eventfd_info(struct file *f, char *buf, size_t size)
{
	return fmt(buf, size, "eventfd-count: %16llx\n",
		   (unsigned long long)((struct eventfd *)f->data)->count);
}

static const struct file_ops eventfd_ops = {
	.kind = "eventfd",
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.poll_source = eventfd_source,
	.seek = file_seek_nowhere,
	.release = eventfd_release,
	.fdinfo = eventfd_info,
};

err_t eventfd_new(uint64_t count, bool semaphore, uint32_t flags, struct file **out)
{
	struct eventfd *e = kzalloc(sizeof(*e));
	err_t err;

	if (!e)
		return -ENOMEM;
	spin_init(&e->lock, RANK_FILE);
	waitq_init(&e->wq, &e->lock);
	poll_source_init(&e->source);
	e->count = count;
	e->semaphore = semaphore;
	err = file_new(&eventfd_ops, FILE_READ | FILE_WRITE | FILE_NOWAIT_OK, flags | LX_O_RDWR, e,
		       out);
	if (err)
		kfree(e);
	return err;
}
