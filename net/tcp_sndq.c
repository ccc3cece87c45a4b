/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_sndq.c: the send queue: buffers in a list, the first sq_skip bytes of the first one already
 * acknowledged.  Bytes once queued never move and never change, so that packets refer to them; they go
 * when they are acknowledged and the device has let go of them.
 */
#include "net/tcp_int.h"

enum {
	SNDBUF_MAX = 4 << 20,
	SNDBUF_TIGHT = 64 << 10,   /* while packet memory is tight */
	SNDBUF_SCARCE = PBUF_ROOM, /* and while it is scarce */
	NOMEM_NS = 20 * 1000 * 1000,
};

static void queue_add(struct tcp_conn *c, struct pbuf *b)
{
	b->next = NULL;
	if (c->sq_tail)
		c->sq_tail->next = b;
	else
		c->sq = b;
	/* The place of the next byte to send was past the end. */
	if (!c->sq_cur) {
		c->sq_cur = b;
		c->sq_cur_off = 0;
	}
	c->sq_tail = b;
}

void tcp_sndq_ack(struct tcp_conn *c, uint32_t n)
{
	c->sq_bytes -= n;
	c->sq_skip += n;
	while (c->sq && c->sq_skip >= c->sq->len) {
		struct pbuf *b = c->sq;

		c->sq_skip -= b->len;
		c->sq = b->next;
		if (!c->sq)
			c->sq_tail = NULL;
		if (c->sq_cur == b) {
			c->sq_cur = c->sq;
			c->sq_cur_off = 0;
		}
		pbuf_put(b);
	}
}

void tcp_sndq_free(struct tcp_conn *c)
{
	while (c->sq) {
		struct pbuf *b = c->sq;

		c->sq = b->next;
		pbuf_put(b);
	}
	c->sq_tail = c->sq_cur = NULL;
	c->sq_bytes = c->sq_skip = c->sq_cur_off = 0;
}

void tcp_sndq_sent(struct tcp_conn *c, uint32_t n)
{
	c->sq_cur_off += n;
	while (c->sq_cur && c->sq_cur_off >= c->sq_cur->len && c->sq_cur->next) {
		c->sq_cur_off -= c->sq_cur->len;
		c->sq_cur = c->sq_cur->next;
	}
}

struct pbuf *tcp_sndq_seek(struct tcp_conn *c, uint32_t off, uint32_t *in)
{
	struct pbuf *b = c->sq;

	off += c->sq_skip;
	while (b && off >= b->len) {
		off -= b->len;
		b = b->next;
	}
	*in = off;
	return b;
}

uint32_t tcp_sndq_attach(struct pbuf *b, uint32_t in, uint32_t len, struct pkt *p)
{
	uint32_t done = 0;

	for (; b && done < len; b = b->next, in = 0) {
		uint32_t n = MIN(len - done, b->len - in);

		if (n == 0)
			continue;
		if (!pkt_add_frag(p, pbuf_get(b), b->off + in, n)) {
			b->refs--; /* the queue still holds one */
			break;
		}
		done += n;
	}
	return done;
}

void tcp_sndbuf_tune(struct tcp_conn *c)
{
	uint32_t want = (uint32_t)MIN(4ULL * c->cwnd, (uint64_t)SNDBUF_MAX);

	/* Room for what is in flight and as much again to refill it while ACKs are on their way. */
	if (!c->sndbuf_fixed && want > c->sndbuf && pkt_pool_scarce(&c->st->pool) == PKT_PLENTY)
		c->sndbuf = want;
}

/* What the queue may hold now.  Never nothing: an empty queue has no ACK coming to wake its writer. */
static uint32_t sndbuf_now(const struct tcp_conn *c)
{
	switch (pkt_pool_scarce(&c->st->pool)) {
	case PKT_PLENTY:
		return c->sndbuf;
	case PKT_TIGHT:
		return MIN(c->sndbuf, (uint32_t)SNDBUF_TIGHT);
	default:
		return MIN(c->sndbuf, (uint32_t)SNDBUF_SCARCE);
	}
}

static inline size_t writable(const struct tcp_conn *c)
{
	uint32_t room;

	if (c->fin_queued ||
	    !(c->state == TCP_ESTABLISHED || c->state == TCP_CLOSE_WAIT || c->fo_lazy))
		return 0;
	room = sndbuf_now(c);
	return c->sq_bytes < room ? room - c->sq_bytes : 0;
}

size_t tcp_writable(const struct tcp_conn *c)
{
	return writable(c);
}

size_t tcp_unsent(const struct tcp_conn *c)
{
	uint32_t flight = seq_dist(c->snd_una, c->snd_nxt);

	if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RECEIVED || c->state == TCP_CLOSED)
		return c->sq_bytes;
	return c->sq_bytes > flight ? c->sq_bytes - flight : 0;
}

size_t tcp_unacked(const struct tcp_conn *c)
{
	return c->sq_bytes;
}

bool tcp_write_space_ok(const struct tcp_conn *c)
{
	uint32_t lowat = tcp_opt(c, TCP_OPT_NOTSENT_LOWAT), room = sndbuf_now(c);

	return c->sq_bytes <= room - room / 3 && (lowat == UINT32_MAX || tcp_unsent(c) < lowat) &&
	       tcp_writable(c);
}

void tcp_write_space(struct tcp_conn *c)
{
	if (c->nospace && tcp_write_space_ok(c)) {
		c->nospace = false;
		net_ep_raise(&c->ep, NET_OUT);
	}
}

/* May the owner write at all?  0, or the error of send(). */
static long send_check(struct tcp_conn *c, uint64_t now)
{
	net_at(c->st, now);
	if (c->ep.err)
		return -net_ep_error(&c->ep);
	if (likely(c->state == TCP_ESTABLISHED && !c->fin_queued))
		return 0;
	switch (c->state) {
	case TCP_ESTABLISHED:
	case TCP_CLOSE_WAIT:
		return c->fin_queued ? -EPIPE : 0;
	case TCP_SYN_SENT:
		if (c->fo_lazy)
			return 0;
		c->nospace = true;
		return -EAGAIN;
	case TCP_SYN_RECEIVED:
		c->nospace = true;
		return -EAGAIN;
	case TCP_CLOSED:
		return c->snd_nxt.v == c->iss.v && !c->addr.rport ? -ENOTCONN : -EPIPE;
	default:
		return -EPIPE;
	}
}

static void pushed(struct tcp_conn *c, size_t n, unsigned flags)
{
	if (flags & TCP_MSG_OOB) {
		/* RFC 6093: the pointer is just past the urgent byte. */
		c->snd_up = seq_add(c->snd_una, c->sq_bytes);
		c->urg_snd = true;
	}
	if (n)
		c->pingpong = true;
	if ((flags & TCP_MSG_MORE) && c->sq_bytes < c->mss && !c->fo_lazy) {
		tcp_tm_set(c, TM_CORK, c->st->now + 200000000);
		return;
	}
	tcp_tm_off(c, TM_CORK);
	if (unlikely(c->fo_lazy))
		tcp_fo_open(c);
	else
		tcp_output(c);
}

/* The tail's free room, or a fresh page. */
static struct pbuf *tail_room(struct tcp_conn *c, uint32_t *room)
{
	struct pbuf *b = c->sq_tail;

	if (b && !b->release && b->off + b->len < b->size) {
		*room = b->size - b->off - b->len;
		return b;
	}
	b = pbuf_alloc(&c->st->pool);
	if (b) {
		*room = b->size;
		queue_add(c, b);
	}
	return b;
}

/*
 * There is no page for the first byte.  As Linux's writers do under tcp_mem, this one waits; no ACK will tell it of
 * memory, so it is told to try again.
 */
static long no_page(struct tcp_conn *c)
{
	if (!c->sq_bytes)
		tcp_tm_set(c, TM_CORK, c->st->now + NOMEM_NS);
	c->nospace = true;
	return -EAGAIN;
}

static void drop_empty_tail(struct tcp_conn *c)
{
	struct pbuf **at = &c->sq, *prev = NULL, *b = c->sq_tail;

	if (!b || b->len)
		return;
	while (*at != b) {
		prev = *at;
		at = &prev->next;
	}
	*at = NULL;
	c->sq_tail = prev;
	if (c->sq_cur == b)
		c->sq_cur = NULL;
	pbuf_put(b);
}

/* Nothing is queued, and all fits one buffer. */
static inline size_t first_bytes(struct tcp_conn *c, const struct net_iov *src, size_t len,
				 long *err)
{
	struct pbuf *b = pbuf_alloc(&c->st->pool);
	size_t got;

	if (unlikely(!b)) {
		*err = no_page(c);
		return 0;
	}
	got = src->copy(src->ctx, b->base, len);
	b->len = (uint32_t)got;
	c->sq = c->sq_tail = c->sq_cur = b;
	c->sq_cur_off = 0;
	c->sq_bytes = (uint32_t)got;
	if (unlikely(got < len))
		*err = -EFAULT;
	return got;
}

long tcp_send(struct tcp_conn *c, const struct net_iov *src, size_t len, unsigned flags,
	      uint64_t now)
{
	long err = send_check(c, now);
	size_t done = 0, room;

	if (err)
		return err;
	room = writable(c);
	if (room == 0 && len) {
		c->nospace = true;
		return -EAGAIN;
	}
	if (len > room)
		c->nospace = true;
	len = MIN(len, room);
	if (likely(!c->sq && len && len <= PBUF_ROOM))
		done = first_bytes(c, src, len, &err);
	while (done < len && !err) {
		uint32_t space, n, got;
		struct pbuf *b = tail_room(c, &space);

		if (!b) {
			err = no_page(c);
			break;
		}
		n = (uint32_t)MIN(len - done, (size_t)space);
		got = (uint32_t)src->copy(src->ctx, b->base + b->off + b->len, n);
		b->len += got;
		c->sq_bytes += got;
		done += got;
		if (got < n) {
			err = -EFAULT;
			break;
		}
	}
	if (unlikely(err)) {
		drop_empty_tail(c);
		if (done == 0)
			return err;
	}
	pushed(c, done, flags);
	tcp_reap(c->st);
	return (long)done;
}

long tcp_send_ref(struct tcp_conn *c, struct pbuf *b, uint32_t off, uint32_t len, unsigned flags,
		  uint64_t now)
{
	long err = send_check(c, now);

	if (err)
		return err;
	if (tcp_writable(c) == 0) {
		c->nospace = true;
		return -EAGAIN;
	}
	if (len == 0)
		return 0;
	len = (uint32_t)MIN((size_t)len, tcp_writable(c));
	b->off = off;
	b->len = len;
	queue_add(c, pbuf_get(b));
	c->sq_bytes += len;
	pushed(c, len, flags);
	tcp_reap(c->st);
	return (long)len;
}
