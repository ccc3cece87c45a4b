/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/pipe.c: see pipe.h.
 *
 * head and tail count bytes for ever; their difference is what the pipe holds.  p->mtx (sleeping, since user
 * memory is touched under it) serialises moves of bytes; p->lock guards what sleepers wait for.
 */
#include "vfs/pipe.h"

#include "abi/linux_fcntl.h"
#include "abi/linux_ioctl.h"
#include "kern/page.h"
#include "kern/slab.h"
#include "lib/fmt.h"
#include "lib/mem.h"

struct pipe {
	_Atomic uint32_t refs;
	struct mutex mtx;
	struct spinlock lock;	   /* RANK_FILE */
	struct waitq rd, wr, open; /* [lock] bytes came, room came, an end was opened */
	struct poll_source source;
	uint64_t head, tail;		      /* [mtx + lock to change, lock to read] */
	unsigned readers, writers;	      /* [lock] */
	unsigned reads_opened, writes_opened; /* [lock] ever; what a blocking open waits for */
	size_t size;			      /* [mtx] bytes, whole pages */
	struct page **page;		      /* [mtx] size / PAGE_SIZE, made when first written */
	uint64_t ino;			      /* [I] shown in /proc/self/fd */
};

static _Atomic uint64_t last_ino = 1000;

static size_t used(const struct pipe *p)
{
	return p->head - p->tail;
}

static size_t room(const struct pipe *p)
{
	return p->size - used(p);
}

static void pages_free(struct pipe *p)
{
	for (size_t i = 0; i < p->size / PAGE_SIZE; i++)
		if (p->page[i])
			page_put(p->page[i]);
	kfree(p->page);
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
	p->size = PIPE_DEFAULT;
	p->page = kzalloc(p->size / PAGE_SIZE * sizeof(struct page *));
	if (!p->page) {
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

/* Move up to n bytes between the ring at `at` and the uio, page by page. */
static long ring_move(struct pipe *p, struct uio *u, uint64_t at, size_t n, bool in)
{
	long done = 0;

	while ((size_t)done < n) {
		size_t off = (at + (uint64_t)done) % p->size, in_page = off & PAGE_MASK;
		struct page **slot = &p->page[off / PAGE_SIZE];
		size_t part = MIN(n - (size_t)done, PAGE_SIZE - in_page);
		long r;

		if (!*slot && !(*slot = page_alloc(0, PAGE_USER)))
			return done ? done : -ENOMEM;
		r = in ? uio_read(u, (char *)page_va(*slot) + in_page, part)
		       : uio_write(u, (char *)page_va(*slot) + in_page, part);
		if (r < 0)
			return done ? done : r;
		done += r;
		if ((size_t)r < part)
			break;
	}
	return done;
}

static void moved(struct pipe *p, uint64_t *count, long n, struct waitq *wake, uint32_t mask)
{
	spin_lock(&p->lock);
	*count += (uint64_t)n;
	waitq_wake(wake, 1);
	spin_unlock(&p->lock);
	poll_notify(&p->source, mask);
}

/* Sleep until there is something to read or nobody to write it. */
static err_t wait_bytes(struct pipe *p)
{
	err_t err = 0;

	spin_lock(&p->lock);
	while (!used(p) && p->writers && !err)
		err = waitq_wait(&p->rd, WAIT_FOREVER);
	spin_unlock(&p->lock);
	return err ? -ERESTARTSYS : 0;
}

static err_t wait_room(struct pipe *p, size_t need)
{
	err_t err = 0;

	spin_lock(&p->lock);
	while (room(p) < need && p->readers && !err)
		err = waitq_wait(&p->wr, WAIT_FOREVER);
	spin_unlock(&p->lock);
	return err ? -ERESTARTSYS : 0;
}

/* One try. 0: nothing there and nobody to write; -EAGAIN: nothing there yet. */
static long try_read(struct pipe *p, struct uio *u)
{
	size_t n;
	long r;

	mutex_lock(&p->mtx);
	n = MIN(used(p), u->left);
	if (n) {
		r = ring_move(p, u, p->tail, n, false);
		if (r > 0)
			moved(p, &p->tail, r, &p->wr, POLL_OUT | POLL_WRNORM);
	} else {
		r = p->writers ? -EAGAIN : 0;
	}
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
		err = wait_bytes(p);
		if (err)
			return err;
	}
	if (r > 0 && used(p) && !waitq_empty(&p->rd)) { /* enough for another reader */
		spin_lock(&p->lock);
		waitq_wake(&p->rd, 1);
		spin_unlock(&p->lock);
	}
	return r;
}

/* One try: what fits; a write of up to PIPE_ATOMIC bytes wholly or not at all. */
static long try_write(struct pipe *p, struct uio *u, size_t need)
{
	size_t n;
	long r;

	mutex_lock(&p->mtx);
	n = MIN(room(p), u->left);
	if (!p->readers)
		r = -EPIPE;
	else if (n < need)
		r = -EAGAIN;
	else
		r = ring_move(p, u, p->head, n, true);
	if (r > 0)
		moved(p, &p->head, r, &p->rd, POLL_IN | POLL_RDNORM);
	mutex_unlock(&p->mtx);
	return r;
}

static long pipe_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct pipe *p = f->data;
	long done = 0;

	(void)pos;
	while (u->left) {
		size_t need = !done && u->left <= PIPE_ATOMIC ? u->left : 1;
		long r = try_write(p, u, need);

		if (r == -EAGAIN && !file_nowait(f, u))
			r = wait_room(p, need);
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
		if (used(p))
			mask |= POLL_IN | POLL_RDNORM;
		if (!p->writers && p->writes_opened)
			mask |= POLL_HUP;
	}
	if (f->mode & FILE_WRITE) {
		if (room(p) >= PIPE_ATOMIC)
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
	int n = (int)used(p);

	return cmd == LX_FIONREAD ? user_write(arg, &n, sizeof(n)) : -ENOTTY;
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

/* A full ring whose oldest byte is not at the start of a page ends in the page that it began in. */
static err_t split_first_page(struct page **now, size_t old_pages, size_t n, size_t tail_bytes)
{
	struct page *copy;

	if (!tail_bytes)
		return 0;
	if (n <= old_pages)
		return -EBUSY;
	copy = page_alloc(0, PAGE_USER);
	if (!copy)
		return -ENOMEM;
	memcpy(page_va(copy), page_va(now[0]), tail_bytes);
	now[old_pages] = copy;
	return 0;
}

/* Into a new ring of n pages whose first page has the oldest byte: pages move, bytes do not. mtx held. */
static long ring_replace(struct pipe *p, size_t n)
{
	struct page **was = p->page, **now = kzalloc(n * sizeof(struct page *));
	size_t held = used(p), old_pages = p->size / PAGE_SIZE;
	size_t first = p->tail % p->size / PAGE_SIZE, shift = p->tail & PAGE_MASK;
	err_t err;

	if (!now)
		return -ENOMEM;
	for (size_t i = 0; i < MIN(n, old_pages); i++)
		now[i] = was[(first + i) % old_pages];
	if (DIV_UP(shift + held, PAGE_SIZE) > n)
		err = -EBUSY;
	else
		err = split_first_page(now, old_pages, n,
				       shift + held > p->size ? shift + held - p->size : 0);
	if (err) {
		kfree(now);
		return err;
	}
	for (size_t i = n; i < old_pages; i++)
		if (was[(first + i) % old_pages])
			page_put(was[(first + i) % old_pages]);
	spin_lock(&p->lock);
	p->page = now;
	p->size = n * PAGE_SIZE;
	p->tail = shift;
	p->head = shift + held;
	waitq_wake(&p->wr, UINT32_MAX);
	spin_unlock(&p->lock);
	kfree(was);
	return (long)p->size;
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
	r = size < used(p) ? -EBUSY : ring_replace(p, size / PAGE_SIZE);
	mutex_unlock(&p->mtx);
	return r;
}

static long pipe_fcntl(struct file *f, int cmd, uint64_t arg)
{
	struct pipe *p = f->data;

	if (cmd == LX_F_GETPIPE_SZ)
		return (long)p->size;
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
	flags &= LX_O_NONBLOCK;
	err = end_new(p, FILE_READ, flags | LX_O_RDONLY, rd);
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
