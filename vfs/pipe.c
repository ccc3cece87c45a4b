/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/pipe.c: see pipe.h.
 *
 * A ring of slots, each a page with bytes in part of it. As on Linux a write fills whole slots and, where it may, what is
 * left of the last; so what fits is counted in slots. In packet mode (O_DIRECT on the writing end) a write's slots are
 * not added to, and a read takes one and drops what it has no room for.
 *
 * head and tail count slots for ever; their difference is how many are in use.  p->mtx (sleeping, since user
 * memory is touched under it) serialises moves of bytes; p->lock guards what sleepers wait for.
 */
#include "vfs/pipe.h"

#include "abi/linux_fcntl.h"
#include "abi/linux_ioctl.h"
#include "kern/page.h"
#include "kern/slab.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "vfs/pipe_int.h"

static _Atomic uint64_t last_ino = 1000;

static size_t bytes_in(const struct pipe *p)
{
	size_t n = 0;

	for (uint32_t at = p->tail; at != p->head; at++)
		n += pipe_slot_at(p, at)->len;
	return n;
}

static void pages_free(struct pipe *p)
{
	for (uint32_t at = p->tail; at != p->head; at++)
		page_put(pipe_slot_at(p, at)->page);
	if (p->spare)
		page_put(p->spare);
	kfree(p->slot);
}

void pipe_put(struct pipe *p)
{
	if (--p->refs)
		return;
	pages_free(p);
	kfree(p);
}

err_t pipe_new(struct pipe **out)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->nslots = PIPE_DEFAULT / PAGE_SIZE;
	p->slot = kzalloc(p->nslots * sizeof(*p->slot));
	if (!p->slot) {
		kfree(p);
		return -ENOMEM;
	}
	p->refs = 1;
	p->ino = ++last_ino;
	mutex_init(&p->mtx);
	spin_init(&p->lock, RANK_FILE);
	waitq_init(&p->rd, &p->lock);
	waitq_init(&p->wr, &p->lock);
	waitq_init(&p->open, &p->lock);
	poll_source_init(&p->source);
	*out = p;
	return 0;
}

void pipe_moved(struct pipe *p, uint32_t *count, unsigned slots, struct waitq *wake, uint32_t mask)
{
	spin_lock(&p->lock);
	*count += slots;
	waitq_wake(wake, 1);
	spin_unlock(&p->lock);
	poll_notify(&p->source, mask);
}

err_t pipe_wait_bytes(struct pipe *p)
{
	err_t err = 0;

	spin_lock(&p->lock);
	while (!pipe_used(p) && p->writers && !err)
		err = waitq_wait(&p->rd, WAIT_FOREVER);
	spin_unlock(&p->lock);
	return err ? -ERESTARTSYS : 0;
}

err_t pipe_wait_room(struct pipe *p)
{
	err_t err = 0;

	spin_lock(&p->lock);
	while (pipe_full(p) && p->readers && !err)
		err = waitq_wait(&p->wr, WAIT_FOREVER);
	spin_unlock(&p->lock);
	return err ? -ERESTARTSYS : 0;
}

struct page *pipe_page_take(struct pipe *p)
{
	struct page *page = p->spare;

	p->spare = NULL;
	return page ? page : page_alloc(0, PAGE_USER);
}

void pipe_page_give(struct pipe *p, struct page *page)
{
	if (p->spare)
		page_put(page);
	else
		p->spare = page;
}

void pipe_drop_slot(struct pipe *p)
{
	bool tell = pipe_full(p) || !waitq_empty(&p->wr);
	struct pipe_slot *s = pipe_slot_at(p, p->tail);

	if (s->shared)
		page_put(s->page);
	else
		pipe_page_give(p, s->page);
	if (tell)
		pipe_moved(p, &p->tail, 1, &p->wr, POLL_OUT | POLL_WRNORM);
	else
		p->tail++;
}

/* Bytes, 0 when none are there, or -EFAULT. mtx held. */
static long take_bytes(struct pipe *p, struct uio *u)
{
	long done = 0;

	while (pipe_used(p) && u->left) {
		struct pipe_slot *s = pipe_slot_at(p, p->tail);
		bool packet = s->packet;
		long r = uio_write(u, (char *)page_va(s->page) + s->off, s->len);

		if (r < 0)
			return done ? done : r;
		done += r;
		s->off += (uint16_t)r;
		s->len = packet ? 0 : (uint16_t)(s->len - r);
		if (s->len)
			break;
		pipe_drop_slot(p);
		if (packet)
			break;
	}
	return done;
}

/* One try. 0: nothing there and nobody to write; -EAGAIN: nothing there yet. */
static long try_read(struct pipe *p, struct uio *u)
{
	long r;

	mutex_lock(&p->mtx);
	r = take_bytes(p, u);
	if (!r)
		r = p->writers ? -EAGAIN : 0;
	mutex_unlock(&p->mtx);
	return r;
}

static long pipe_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct pipe *p = f->data;
	long r;

	(void)pos;
	if (!u->left)
		return 0;
	for (;;) {
		err_t err;

		r = try_read(p, u);
		if (r != -EAGAIN || file_nowait(f, u))
			break;
		err = pipe_wait_bytes(p);
		if (err)
			return err;
	}
	if (r > 0 && pipe_used(p) && !waitq_empty(&p->rd)) { /* enough for another reader */
		spin_lock(&p->lock);
		waitq_wake(&p->rd, 1);
		spin_unlock(&p->lock);
	}
	return r;
}

/* What would not fill a slot goes behind the bytes of the last, if all of it fits there. */
static long add_to_last(struct pipe *p, struct uio *u)
{
	size_t n = u->left & PAGE_MASK;
	struct pipe_slot *s = pipe_slot_at(p, p->head - 1);
	long r;

	if (!n || !pipe_used(p) || s->packet || s->shared || s->off + s->len + n > PAGE_SIZE)
		return 0;
	r = uio_read(u, (char *)page_va(s->page) + s->off + s->len, n);
	if (r > 0)
		s->len += (uint16_t)r;
	return r;
}

static long fill_slot(struct pipe *p, struct uio *u, bool packet)
{
	struct page *page = pipe_page_take(p);
	long r;

	if (!page)
		return -ENOMEM;
	r = uio_read(u, page_va(page), MIN(u->left, (size_t)PAGE_SIZE));
	if (r <= 0) {
		pipe_page_give(p, page);
		return r;
	}
	*pipe_slot_at(p, p->head) =
		(struct pipe_slot){ .page = page, .len = (uint16_t)r, .packet = packet };
	pipe_moved(p, &p->head, 1, &p->rd, POLL_IN | POLL_RDNORM);
	return r;
}

/* One try, as far as there are slots. A write of up to PIPE_ATOMIC bytes takes one, or fits behind another. */
static long try_write(struct pipe *p, struct uio *u, bool first, bool packet)
{
	long done = 0, r = 0;

	mutex_lock(&p->mtx);
	if (!p->readers)
		r = -EPIPE;
	else if (first && !packet)
		r = add_to_last(p, u);
	if (r > 0)
		poll_notify(&p->source, POLL_IN | POLL_RDNORM);
	while (r >= 0 && u->left && !pipe_full(p)) {
		done += r;
		r = fill_slot(p, u, packet);
		if (!r)
			r = -EFAULT;
	}
	if (r > 0)
		done += r;
	mutex_unlock(&p->mtx);
	if (done)
		return done;
	return r < 0 ? r : -EAGAIN;
}

static long pipe_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct pipe *p = f->data;
	bool packet = f->flags & LX_O_DIRECT;
	long done = 0;

	(void)pos;
	while (u->left) {
		long r = try_write(p, u, !done, packet);

		if (r == -EAGAIN && !file_nowait(f, u))
			r = pipe_wait_room(p);
		else if (r > 0)
			done += r;
		if (r < 0)
			return done ? done : r;
	}
	return done;
}

static uint32_t pipe_poll(struct file *f)
{
	struct pipe *p = f->data;
	uint32_t mask = 0;

	if (f->mode & FILE_READ) {
		if (pipe_used(p))
			mask |= POLL_IN | POLL_RDNORM;
		if (!p->writers && p->writes_opened)
			mask |= POLL_HUP;
	}
	if (f->mode & FILE_WRITE) {
		if (!pipe_full(p))
			mask |= POLL_OUT | POLL_WRNORM;
		if (!p->readers)
			mask |= POLL_ERR;
	}
	return mask;
}

static struct poll_source *pipe_source(struct file *f)
{
	return &((struct pipe *)f->data)->source;
}

static long pipe_ioctl(struct file *f, unsigned cmd, uint64_t arg)
{
	struct pipe *p = f->data;
	int n;

	if (cmd != LX_FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->mtx);
	n = (int)bytes_in(p);
	mutex_unlock(&p->mtx);
	return user_write(arg, &n, sizeof(n));
}

static void end_add(struct pipe *p, uint32_t mode, int by)
{
	spin_lock(&p->lock);
	if (mode & FILE_READ)
		p->readers += (unsigned)by;
	if (mode & FILE_WRITE)
		p->writers += (unsigned)by;
	if (by > 0) {
		p->reads_opened += !!(mode & FILE_READ);
		p->writes_opened += !!(mode & FILE_WRITE);
	}
	waitq_wake(&p->open, UINT32_MAX);
	waitq_wake(&p->rd, UINT32_MAX);
	waitq_wake(&p->wr, UINT32_MAX);
	spin_unlock(&p->lock);
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->data;

	end_add(p, f->mode, -1);
	poll_notify(&p->source,
		    POLL_IN | POLL_OUT | POLL_HUP | POLL_ERR | POLL_RDNORM | POLL_WRNORM);
	pipe_put(p);
}

static size_t pipe_name(struct file *f, char *buf, size_t size)
{
	return fmt(buf, size, "pipe:[%llu]", (unsigned long long)((struct pipe *)f->data)->ino);
}

/* The slots in use move into a ring of n. mtx held. */
static long ring_replace(struct pipe *p, unsigned n)
{
	struct pipe_slot *was = p->slot, *now = kzalloc(n * sizeof(*now));
	unsigned held = pipe_used(p);

	if (!now)
		return -ENOMEM;
	for (unsigned i = 0; i < held; i++)
		now[i] = *pipe_slot_at(p, p->tail + i);
	spin_lock(&p->lock);
	p->slot = now;
	p->nslots = n;
	p->tail = 0;
	p->head = held;
	waitq_wake(&p->wr, UINT32_MAX);
	spin_unlock(&p->lock);
	kfree(was);
	return (long)n * PAGE_SIZE;
}

static long resize(struct pipe *p, uint64_t bytes)
{
	size_t size = PAGE_SIZE;
	long r;

	if (bytes > 1u << 31)
		return -EINVAL;
	while (size < bytes)
		size *= 2;
	mutex_lock(&p->mtx);
	r = size / PAGE_SIZE < pipe_used(p) ? -EBUSY
					    : ring_replace(p, (unsigned)(size / PAGE_SIZE));
	mutex_unlock(&p->mtx);
	return r;
}

static long pipe_fcntl(struct file *f, int cmd, uint64_t arg)
{
	struct pipe *p = f->data;

	if (cmd == LX_F_GETPIPE_SZ)
		return (long)p->nslots * PAGE_SIZE;
	return cmd == LX_F_SETPIPE_SZ ? resize(p, (uint32_t)arg) : -EINVAL;
}

static const struct file_ops pipe_ops = {
	.kind = "pipe",
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.poll_source = pipe_source,
	.ioctl = pipe_ioctl,
	.fcntl = pipe_fcntl,
	.release = pipe_release,
	.name = pipe_name,
};

bool pipe_is(const struct file *f)
{
	return f->ops == &pipe_ops;
}

/* An end; takes a reference of its own. */
static err_t end_new(struct pipe *p, uint32_t mode, uint32_t flags, struct file **out)
{
	err_t err = file_new(&pipe_ops, mode | FILE_NOWAIT_OK, flags, p, out);

	if (err)
		return err;
	p->refs++;
	end_add(p, mode, 1);
	return 0;
}

err_t pipe_open_pair(uint32_t flags, struct file **rd, struct file **wr)
{
	struct pipe *p;
	err_t err = pipe_new(&p);

	if (err)
		return err;
	flags &= LX_O_NONBLOCK | LX_O_DIRECT;
	err = end_new(p, FILE_READ, (flags & LX_O_NONBLOCK) | LX_O_RDONLY, rd);
	if (err)
		goto out_put;
	err = end_new(p, FILE_WRITE, flags | LX_O_WRONLY, wr);
	if (err)
		file_put(*rd);
out_put:
	pipe_put(p);
	return err;
}

/* fifo(7): wait for a first or a newer opener of the other end. */
static err_t wait_other_end(struct pipe *p, uint32_t mode)
{
	const unsigned *opened = mode == FILE_READ ? &p->writes_opened : &p->reads_opened;
	const unsigned *there = mode == FILE_READ ? &p->writers : &p->readers;
	unsigned before;
	err_t err = 0;

	spin_lock(&p->lock);
	before = *opened;
	while (!*there && *opened == before && !err)
		err = waitq_wait(&p->open, WAIT_FOREVER);
	spin_unlock(&p->lock);
	return err ? -ERESTARTSYS : 0;
}

err_t pipe_open(struct pipe *p, uint32_t mode, uint32_t flags, struct file **out)
{
	bool nonblock = flags & LX_O_NONBLOCK, both = mode == (FILE_READ | FILE_WRITE);
	err_t err;

	if (mode == FILE_WRITE && nonblock && !p->readers)
		return -ENXIO;
	err = end_new(p, mode, flags, out);
	if (err || both || nonblock)
		return err;
	err = wait_other_end(p, mode);
	if (err)
		file_put(*out);
	return err;
}
