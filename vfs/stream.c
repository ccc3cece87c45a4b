/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/stream.c: standard input, output and error that are pipes or files on the host: bytes as they are, an end of
 * file, back-pressure, and no terminal in sight.
 */
#include "abi/linux_fcntl.h"
#include "abi/linux_ioctl.h"
#include "kern/slab.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "vfs/tty.h"

enum { STREAM_BUF = 16384 };

struct stream {
	struct spinlock lock; /* RANK_FILE; taken in interrupts */
	struct waitq wq;      /* [lock] bytes came, room came, the end came */
	struct poll_source source;
	struct mutex io_lock;	   /* one read or write at a time */
	struct chardev *cd;	   /* [I] */
	bool reads;		   /* [I] */
	bool eof, held_back, room; /* [lock] */
	uint32_t head, tail;	   /* [lock] free-running */
	unsigned id;		   /* [I] */
	uint8_t buf[STREAM_BUF];
};

static size_t input(void *ctx, const uint8_t *buf, size_t n)
{
	struct stream *s = ctx;
	bool on = spin_lock_irq(&s->lock);
	size_t i;

	for (i = 0; i < n && s->head - s->tail < STREAM_BUF; i++)
		s->buf[s->head++ % STREAM_BUF] = buf[i];
	if (i < n)
		s->held_back = true;
	waitq_wake(&s->wq, UINT32_MAX);
	poll_notify(&s->source, POLL_IN | POLL_RDNORM);
	spin_unlock_irq(&s->lock, on);
	return i;
}

/* The other side is gone: reads end, writes fail. */
static void other_gone(void *ctx)
{
	struct stream *s = ctx;
	bool on = spin_lock_irq(&s->lock);

	s->eof = true;
	waitq_wake(&s->wq, UINT32_MAX);
	s->room = true;
	poll_notify(&s->source, s->reads ? POLL_IN | POLL_RDNORM | POLL_HUP
					 : POLL_OUT | POLL_WRNORM | POLL_ERR);
	spin_unlock_irq(&s->lock, on);
}

static void writable(void *ctx)
{
	struct stream *s = ctx;
	bool on = spin_lock_irq(&s->lock);

	s->room = true;
	waitq_wake(&s->wq, UINT32_MAX);
	poll_notify(&s->source, POLL_OUT | POLL_WRNORM);
	spin_unlock_irq(&s->lock, on);
}

static const struct chardev_up up = { .input = input, .eof = other_gone, .writable = writable };

/* Up to n bytes that are there, waiting for the first; 0 at the end. */
static long take(const struct file *f, struct stream *s, uint8_t *to, size_t n, bool wait)
{
	bool on = spin_lock_irq(&s->lock), resume;
	size_t got = 0;
	err_t err = 0;

	while (!err && s->head == s->tail && !s->eof && wait)
		err = file_nonblock(f) ? -EAGAIN : waitq_wait(&s->wq, WAIT_FOREVER);
	while (got < n && s->tail != s->head)
		to[got++] = s->buf[s->tail++ % STREAM_BUF];
	resume = s->held_back && s->head == s->tail;
	if (resume)
		s->held_back = false;
	spin_unlock_irq(&s->lock, on);
	if (resume && s->cd->ops->resume)
		s->cd->ops->resume(s->cd);
	if (got)
		return (long)got;
	return err == -EINTR ? -ERESTARTSYS : err;
}

static long stream_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct stream *s = f->data;
	long total = 0;

	(void)pos;
	mutex_lock(&s->io_lock);
	while (u->left) {
		uint8_t buf[512];
		long n = take(f, s, buf, MIN(u->left, sizeof(buf)), total == 0), put;

		if (n <= 0) {
			total = total ? total : n;
			break;
		}
		put = uio_write(u, buf, (size_t)n);
		if (put < 0) {
			total = total ? total : put;
			break;
		}
		total += put;
	}
	mutex_unlock(&s->io_lock);
	return total;
}

static err_t push(const struct file *f, struct stream *s, const uint8_t *buf, size_t n,
		  size_t *sent)
{
	bool on = spin_lock_irq(&s->lock);
	err_t err = 0;

	*sent = 0;
	while (!err && *sent < n) {
		if (s->eof) {
			err = -EPIPE;
			break;
		}
		s->room = false;
		*sent += s->cd->ops->write(s->cd, buf + *sent, n - *sent);
		if (*sent == n)
			break;
		if (file_nonblock(f))
			err = -EAGAIN;
		while (!err && !s->room)
			err = waitq_wait(&s->wq, WAIT_FOREVER);
	}
	spin_unlock_irq(&s->lock, on);
	return err == -EINTR ? -ERESTARTSYS : err;
}

static long stream_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct stream *s = f->data;
	long total = 0;

	(void)pos;
	mutex_lock(&s->io_lock);
	while (u->left) {
		uint8_t buf[512];
		long n = uio_read(u, buf, MIN(u->left, sizeof(buf)));
		size_t sent = 0;
		err_t err;

		if (n <= 0) {
			total = total ? total : n;
			break;
		}
		err = push(f, s, buf, (size_t)n, &sent);
		total += (long)sent;
		if (err) {
			total = total ? total : err;
			break;
		}
	}
	mutex_unlock(&s->io_lock);
	return total;
}

static uint32_t stream_poll(struct file *f)
{
	struct stream *s = f->data;
	bool on = spin_lock_irq(&s->lock);
	uint32_t mask = 0;

	if (!s->reads)
		mask = POLL_OUT | POLL_WRNORM;
	if (s->reads && s->head != s->tail)
		mask |= POLL_IN | POLL_RDNORM;
	if (s->eof)
		mask |= s->reads ? POLL_HUP : POLL_ERR;
	spin_unlock_irq(&s->lock, on);
	return mask;
}

static struct poll_source *stream_source(struct file *f)
{
	return &((struct stream *)f->data)->source;
}

static long stream_ioctl(struct file *f, unsigned cmd, uint64_t arg)
{
	struct stream *s = f->data;

	return cmd == LX_FIONREAD ? user_store32(arg, s->head - s->tail) : -ENOTTY;
}

static size_t stream_name(struct file *f, char *buf, size_t size)
{
	return fmt(buf, size, "pipe:[%u]", ((struct stream *)f->data)->id);
}

static const struct file_ops stream_ops = {
	.kind = "pipe",
	.read = stream_read,
	.write = stream_write,
	.poll = stream_poll,
	.poll_source = stream_source,
	.ioctl = stream_ioctl,
	.name = stream_name,
};

err_t stream_open(struct chardev *cd, bool reads, struct file **out)
{
	static unsigned last_id = 100;
	struct stream *s = cd->ctx; /* opened before: another description of the same stream */
	bool fresh = cd->up != &up;
	err_t err;

	if (fresh) {
		s = kzalloc(sizeof(*s));
		if (!s)
			return -ENOMEM;
		spin_init(&s->lock, RANK_FILE);
		waitq_init(&s->wq, &s->lock);
		poll_source_init(&s->source);
		mutex_init(&s->io_lock);
		s->cd = cd;
		s->reads = reads;
		s->id = ++last_id;
	}
	err = file_new(&stream_ops, reads ? FILE_READ : FILE_WRITE,
		       reads ? LX_O_RDONLY : LX_O_WRONLY, s, out);
	if (err && fresh)
		kfree(s);
	if (!err && fresh)
		chardev_open(cd, &up, s);
	return err;
}

bool stream_is(const struct file *f)
{
	return f->ops == &stream_ops;
}
