/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/pipe_splice.c: splice(2) and tee(2).  The other side reads into a slot's page or writes out of it, so that bytes are
 * copied once; between pipes pages are shared.  The ring is locked meanwhile, as on Linux, also while the other side
 * waits.
 */
#include "lib/mem.h"
#include "vfs/pipe_int.h"

enum { VECS = 16 };

/* Pages for up to len bytes, as many as there are slots. */
static unsigned take_pages(struct pipe *p, size_t len, struct page **page, struct uvec *vec)
{
	unsigned most = MIN((unsigned)VECS, p->nslots - pipe_used(p)), n = 0;

	for (; n < most && len; n++) {
		page[n] = pipe_page_take(p);
		if (!page[n])
			break;
		vec[n].base = (uintptr_t)page_va(page[n]);
		vec[n].len = MIN(len, PAGE_SIZE);
		len -= vec[n].len;
	}
	return n;
}

/* The first `bytes` of the pages become slots; the other pages go back. */
static void put_slots(struct pipe *p, struct page **page, unsigned n, size_t bytes)
{
	unsigned slots = 0;

	for (unsigned i = 0; i < n; i++) {
		size_t part = MIN(bytes, PAGE_SIZE);

		if (!part) {
			pipe_page_give(p, page[i]);
			continue;
		}
		*pipe_slot_at(p, p->head + slots++) =
			(struct pipe_slot){ .page = page[i], .len = (uint16_t)part };
		bytes -= part;
	}
	if (slots)
		pipe_moved(p, &p->head, slots, &p->rd, POLL_IN | POLL_RDNORM);
}

static long read_into(struct pipe *p, struct file *from, uint64_t *pos, size_t len)
{
	struct page *page[VECS];
	struct uvec vec[VECS];
	unsigned n = take_pages(p, len, page, vec);
	struct uio u;
	long r;

	if (!n)
		return -ENOMEM;
	uio_vec(&u, vec, n, (n - 1) * PAGE_SIZE + vec[n - 1].len);
	u.kernel = true;
	r = pos ? file_pread(from, &u, *pos) : file_read(from, &u);
	put_slots(p, page, n, r > 0 ? (size_t)r : 0);
	return r;
}

/* One try. *full: there was no room in the ring. */
static long try_in(struct pipe *p, struct file *from, uint64_t *pos, size_t len, bool *full)
{
	long r;

	mutex_lock(&p->mtx);
	*full = pipe_full(p);
	if (!p->readers)
		r = -EPIPE;
	else
		r = *full ? -EAGAIN : read_into(p, from, pos, len);
	mutex_unlock(&p->mtx);
	return r;
}

long pipe_splice_in(struct file *pipe, struct file *from, uint64_t *pos, size_t len, bool nowait)
{
	struct pipe *p = pipe->data;

	for (;;) {
		bool full;
		long r = try_in(p, from, pos, len, &full);

		if (r > 0 && pos)
			*pos += (uint64_t)r;
		if (r != -EAGAIN || !full || nowait || file_nonblock(pipe))
			return r;
		r = pipe_wait_room(p);
		if (r)
			return r;
	}
}

/* `bytes` of the oldest slots are gone. */
static void consume(struct pipe *p, size_t bytes)
{
	while (bytes) {
		struct pipe_slot *s = pipe_slot_at(p, p->tail);
		size_t part = MIN(bytes, (size_t)s->len);

		s->off += (uint16_t)part;
		s->len = (uint16_t)(s->len - part);
		bytes -= part;
		if (!s->len)
			pipe_drop_slot(p);
	}
}

static long write_from(struct pipe *p, struct file *to, uint64_t *pos, size_t len)
{
	struct uvec vec[VECS];
	size_t total = 0;
	unsigned n = 0;
	struct uio u;
	long r;

	for (; n < MIN((unsigned)VECS, pipe_used(p)) && total < len; n++) {
		const struct pipe_slot *s = pipe_slot_at(p, p->tail + n);

		vec[n].base = (uintptr_t)page_va(s->page) + s->off;
		vec[n].len = MIN((size_t)s->len, len - total);
		total += vec[n].len;
	}
	uio_vec(&u, vec, n, total);
	u.kernel = true;
	r = pos ? file_pwrite(to, &u, *pos) : file_write(to, &u);
	if (r > 0)
		consume(p, (size_t)r);
	return r;
}

/* One try. *empty: there was nothing in the ring. */
static long try_out(struct pipe *p, struct file *to, uint64_t *pos, size_t len, bool *empty)
{
	long r;

	mutex_lock(&p->mtx);
	*empty = !pipe_used(p);
	if (*empty)
		r = p->writers ? -EAGAIN : 0;
	else
		r = write_from(p, to, pos, len);
	mutex_unlock(&p->mtx);
	return r;
}

long pipe_splice_out(struct file *pipe, struct file *to, uint64_t *pos, size_t len, bool nowait)
{
	struct pipe *p = pipe->data;
	long done = 0;

	while ((size_t)done < len) {
		bool empty;
		long r = try_out(p, to, pos, len - (size_t)done, &empty);

		if (r > 0 && pos)
			*pos += (uint64_t)r;
		if (r > 0)
			done += r;
		else if (done || !empty || r == 0)
			return done ? done : r;
		else if (nowait || file_nonblock(pipe))
			return -EAGAIN;
		else if ((r = pipe_wait_bytes(p)) != 0)
			return r;
	}
	return done;
}

/* --- between pipes -------------------------------------------------------------------------------------- */

static void lock_both(struct pipe *a, struct pipe *b) no_lock_analysis
{
	mutex_lock(&MIN(a, b)->mtx);
	mutex_lock(&MAX(a, b)->mtx);
}

static void unlock_both(struct pipe *a, struct pipe *b) no_lock_analysis
{
	mutex_unlock(&a->mtx);
	mutex_unlock(&b->mtx);
}

/* Slots of the first become slots of the second, which share their pages. Bytes. */
static long share_slots(struct pipe *from, struct pipe *to, size_t len)
{
	size_t done = 0;
	unsigned n = 0;

	for (; n < pipe_used(from) && pipe_used(to) + n < to->nslots && done < len; n++) {
		struct pipe_slot *s = pipe_slot_at(from, from->tail + n),
				 *t = pipe_slot_at(to, to->head + n);

		s->shared = true;
		page_get(s->page);
		*t = *s;
		t->len = (uint16_t)MIN((size_t)s->len, len - done);
		done += t->len;
	}
	pipe_moved(to, &to->head, n, &to->rd, POLL_IN | POLL_RDNORM);
	return (long)done;
}

static long share(struct pipe *from, struct pipe *to, size_t len, bool keep)
{
	long n = share_slots(from, to, len);

	if (!keep)
		consume(from, (size_t)n);
	return n;
}

/* Sleep for what was missing: bytes in the first, or room in the second. */
static err_t wait_either(struct pipe *from, struct pipe *to)
{
	return pipe_used(from) ? pipe_wait_room(to) : pipe_wait_bytes(from);
}

long pipe_tee(struct file *from_end, struct file *to_end, size_t len, bool nowait, bool keep)
{
	struct pipe *from = from_end->data, *to = to_end->data;

	if (from == to)
		return -EINVAL;
	for (;;) {
		long r;

		lock_both(from, to);
		if (!pipe_used(from))
			r = from->writers ? -EAGAIN : 0;
		else if (!to->readers)
			r = -EPIPE;
		else
			r = pipe_full(to) ? -EAGAIN : share(from, to, len, keep);
		unlock_both(from, to);
		if (r != -EAGAIN || nowait || file_nonblock(from_end) || file_nonblock(to_end))
			return r;
		r = wait_either(from, to);
		if (r)
			return r;
	}
}
