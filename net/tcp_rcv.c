/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_rcv.c: the receiver: payload in order goes to rq by reference, beyond a gap to ofo; the window
 * that we offer; when an ACK is due; how the buffer grows with what the reader takes.
 */
#include "net/tcp_int.h"

enum {
	RCVBUF_MAX = 6 << 20,
	DELACK_NS = 40 * 1000 * 1000, /* RFC 9293 3.8.6.3: less than 0.5 s */
	QUICK_ACKS = 8,
	COALESCE_MAX = 512, /* payloads up to this are copied behind their predecessor */
	OFO_PKTS_MAX = 4096,
	RCVBUF_TIGHT = 32 << 10,   /* while packet memory is tight */
	RCVBUF_SCARCE = PBUF_ROOM, /* and while it is scarce */
	OFO_TIGHT = 64 << 10,
};

/* A queued packet's place in the sequence. */
struct rx_cb {
	struct seq seq, end;
};
_Static_assert(sizeof(struct rx_cb) <= PKT_SCRATCH, "fits the scratch");

static struct rx_cb *cb(struct pkt *p)
{
	return (struct rx_cb *)(void *)p->scratch;
}

void tcp_rcv_init(struct tcp_conn *c)
{
	c->copied = c->space_seq = c->rcv_wup = c->rcv_nxt;
	c->rcv_adv = c->rcv_nxt;
	c->space_us = tcp_us(c->st);
	c->space = 10U * c->advmss;
	c->quick = QUICK_ACKS;
}

void tcp_rcv_free(struct tcp_conn *c)
{
	pkt_list_free(&c->rq);
	pkt_list_free(&c->ofo);
	c->rq_bytes = c->rq_mem = c->ofo_bytes = c->ofo_mem = 0;
	c->nsack = 0;
}

/* --- the window ----------------------------------------------------------------------------------- */

/* What the reader may leave waiting now.  Nothing at last: the peer's probes find out when that is over. */
static uint32_t rcvbuf_now(const struct tcp_conn *c)
{
	switch (pkt_pool_scarce(&c->st->pool)) {
	case PKT_PLENTY:
		return c->rcvbuf;
	case PKT_TIGHT:
		return MIN(c->rcvbuf, (uint32_t)RCVBUF_TIGHT);
	case PKT_SCARCE:
		return MIN(c->rcvbuf, (uint32_t)RCVBUF_SCARCE);
	default:
		return 0;
	}
}

/* The window was offered when there was memory. */
static bool no_memory_for(const struct tcp_conn *c)
{
	enum pkt_scarce level = pkt_pool_scarce(&c->st->pool);

	return unlikely(level >= PKT_SCARCE) && (level == PKT_LAST || c->rq_bytes >= RCVBUF_SCARCE);
}

/* RFC 9293 3.8.6.2.2: never move the right edge left; move it right in worthwhile steps. */
uint32_t tcp_rcv_window(struct tcp_conn *c)
{
	uint32_t used = c->rq_bytes, room = rcvbuf_now(c), space = room > used ? room - used : 0;
	uint32_t offered = seq_lt(c->rcv_nxt, c->rcv_adv) ? seq_dist(c->rcv_nxt, c->rcv_adv) : 0;
	uint32_t step = MIN(c->rcvbuf / 2, (uint32_t)c->rcv_mss), unit = 1U << c->rcv_ws;
	uint32_t clamp, limit = 65535U << c->rcv_ws;

	if (unlikely(c->refused)) {
		if (no_memory_for(c))
			return 0;
		c->refused = false;
	}
	/* Not yet worth a step, as most of the time. */
	if (likely(space < offered + step && offered <= limit)) {
		space = MIN(ALIGN_UP(offered, unit), limit);
		goto out;
	}
	clamp = tcp_opt(c, TCP_OPT_WINDOW_CLAMP);
	if (clamp)
		limit = MIN(limit, MAX(clamp, 256U));
	/* Packets may hold much more memory than payload. */
	if (c->rq_mem > 4 * c->rcvbuf)
		space = 0;
	space = MIN(space, limit);
	if (space < offered + step)
		space = offered;
	space = ALIGN_DOWN(space, unit);
	space = MAX(space, MIN(ALIGN_UP(offered, unit), limit));
out:
	c->rcv_adv = seq_max(c->rcv_adv, seq_add(c->rcv_nxt, space));
	return space;
}

/* --- acknowledgements ----------------------------------------------------------------------------- */

static void ack_now(struct tcp_conn *c)
{
	c->ack_now = true;
}

/* In-order data came: RFC 9293 3.8.6.3, RFC 5681 4.2: at least for every second full segment. */
void tcp_ack_schedule(struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t pending = seq_dist(c->rcv_wup, c->rcv_nxt);

	if (s->len > c->rcv_mss && s->len <= 1460)
		c->rcv_mss = (uint16_t)s->len;
	else if (s->len > 1460)
		c->rcv_mss = c->advmss;
	if (pending >= 2U * c->rcv_mss || c->nsack || c->ofo.count) {
		ack_now(c);
		return;
	}
	if (c->quick && !c->pingpong && tcp_opt(c, TCP_OPT_QUICKACK)) {
		c->quick--;
		ack_now(c);
		return;
	}
	if (c->tm[TM_DELACK] == UINT64_MAX)
		tcp_tm_set(c, TM_DELACK, c->st->now + DELACK_NS);
}

void tcp_dsack_set(struct tcp_conn *c, struct seq start, struct seq end)
{
	if (!c->sack_on)
		return;
	c->has_dsack = true;
	c->dsack = (struct sack_block){ start, end };
	MIB_INC(c->st, TcpExt_TCPDSACKOldSent);
}

/* --- SACK blocks to report ------------------------------------------------------------------------ */

static void sack_remove(struct tcp_conn *c, unsigned i)
{
	c->nsack--;
	for (; i < c->nsack; i++)
		c->rsack[i] = c->rsack[i + 1];
}

/* [start, end) has arrived out of order: merge with what it touches, put it first (RFC 2018 4). */
static void sack_add(struct tcp_conn *c, struct seq start, struct seq end)
{
	for (unsigned i = 0; i < c->nsack;) {
		struct sack_block *b = &c->rsack[i];

		if (seq_lt(end, b->start) || seq_lt(b->end, start)) {
			i++;
			continue;
		}
		start = seq_min(start, b->start);
		end = seq_max(end, b->end);
		sack_remove(c, i);
	}
	if (c->nsack == TCP_SACKS)
		c->nsack--;
	for (unsigned i = c->nsack; i > 0; i--)
		c->rsack[i] = c->rsack[i - 1];
	c->rsack[0] = (struct sack_block){ start, end };
	c->nsack++;
}

/* rcv_nxt has moved: blocks below it are no news. */
static void sack_prune(struct tcp_conn *c)
{
	for (unsigned i = 0; i < c->nsack;) {
		if (seq_le(c->rsack[i].end, c->rcv_nxt))
			sack_remove(c, i);
		else
			i++;
	}
}

/* --- queues --------------------------------------------------------------------------------------- */

/* Small payloads share their predecessor's page, so that a slow reader costs bytes and not pages. */
static bool coalesce(struct tcp_conn *c, struct pkt *p)
{
	struct pkt *last;

	if (p->len > COALESCE_MAX || !c->rq.first)
		return false;
	last = container_of(c->rq.last, struct pkt, next);
	if (last->nfrags || !last->buf || last->buf->refs != 1 || pkt_tailroom(last) < p->len)
		return false;
	pkt_copy_out(p, 0, pkt_put(last, p->len), p->len);
	cb(last)->end = seq_add(cb(last)->end, p->len);
	MIB_INC(c->st, TcpExt_TCPRcvCoalesce);
	pkt_free(p);
	return true;
}

static void rq_add(struct tcp_conn *c, struct pkt *p)
{
	c->rq_bytes += p->len;
	c->bytes_received += p->len;
	c->rcv_nxt = seq_add(c->rcv_nxt, p->len);
	if (coalesce(c, p))
		return;
	c->rq_mem += pkt_truesize(p);
	pkt_list_add(&c->rq, p);
}

/* What was beyond the gap and now is not. */
static void ofo_drain(struct tcp_conn *c)
{
	struct pkt *p;

	while ((p = c->ofo.first) != NULL && seq_le(cb(p)->seq, c->rcv_nxt)) {
		pkt_list_pop(&c->ofo);
		c->ofo_bytes -= p->len;
		c->ofo_mem -= pkt_truesize(p);
		if (seq_le(cb(p)->end, c->rcv_nxt)) {
			pkt_free(p);
			continue;
		}
		pkt_advance(p, seq_dist(cb(p)->seq, c->rcv_nxt));
		cb(p)->seq = c->rcv_nxt;
		rq_add(c, p);
	}
	if (c->nsack)
		sack_prune(c);
}

static uint32_t ofo_most(const struct tcp_conn *c)
{
	enum pkt_scarce level = pkt_pool_scarce(&c->st->pool);

	if (likely(level == PKT_PLENTY))
		return 2 * c->rcvbuf + (256U << 10);
	return level == PKT_TIGHT ? OFO_TIGHT : 0;
}

/* Put a packet in its place; what is there already stays, so overlaps are cut from the new one. */
static enum drop ofo_insert(struct tcp_conn *c, struct pkt *p)
{
	struct pkt **at = &c->ofo.first, *last = NULL;
	struct seq seq = cb(p)->seq, end = cb(p)->end;

	if (c->ofo.count >= OFO_PKTS_MAX || c->ofo_mem > ofo_most(c)) {
		MIB_INC(c->st, TcpExt_TCPOFODrop);
		return DROP_TCP_OFO_LIMIT;
	}
	/* The usual case: after all that is there. */
	if (c->ofo.first) {
		last = container_of(c->ofo.last, struct pkt, next);
		if (seq_le(cb(last)->end, seq))
			at = c->ofo.last;
	}
	while (*at && seq_le(cb(*at)->end, seq))
		at = &(*at)->next;
	if (*at && seq_le(cb(*at)->seq, seq)) {
		if (seq_le(end, cb(*at)->end)) {
			tcp_dsack_set(c, seq, end);
			return DROP_TCP_OLD_DUP;
		}
		pkt_advance(p, seq_dist(seq, cb(*at)->end));
		seq = cb(p)->seq = cb(*at)->end;
		at = &(*at)->next;
	}
	while (*at && seq_le(cb(*at)->end, end)) {
		struct pkt *old = *at; /* wholly covered by the new one */

		*at = old->next;
		if (!*at)
			c->ofo.last = at;
		c->ofo.count--;
		c->ofo_bytes -= old->len;
		c->ofo_mem -= pkt_truesize(old);
		pkt_free(old);
	}
	if (*at && seq_lt(cb(*at)->seq, end)) {
		pkt_trim(p, seq_dist(seq, cb(*at)->seq));
		cb(p)->end = cb(*at)->seq;
	}
	p->next = *at;
	*at = p;
	if (!p->next)
		c->ofo.last = &p->next;
	c->ofo.count++;
	c->ofo_bytes += p->len;
	c->ofo_mem += pkt_truesize(p);
	c->ofo_pkts++;
	MIB_INC(c->st, TcpExt_TCPOFOQueue);
	return DROP_NONE;
}

/* Cut what lies before rcv_nxt and past the window. */
static enum drop trim(struct tcp_conn *c, struct pkt *p)
{
	struct rx_cb *x = cb(p);
	struct seq edge = c->rcv_adv;

	if (seq_le(x->end, c->rcv_nxt)) {
		tcp_dsack_set(c, x->seq, x->end);
		return DROP_TCP_OLD_DUP;
	}
	if (seq_lt(x->seq, c->rcv_nxt)) {
		tcp_dsack_set(c, x->seq, c->rcv_nxt);
		pkt_advance(p, seq_dist(x->seq, c->rcv_nxt));
		x->seq = c->rcv_nxt;
	}
	if (seq_le(edge, x->seq)) {
		MIB_INC(c->st, TcpExt_TCPZeroWindowDrop);
		return DROP_TCP_ZERO_WINDOW;
	}
	if (seq_lt(edge, x->end)) {
		pkt_trim(p, seq_dist(x->seq, edge));
		x->end = edge;
	}
	return DROP_NONE;
}

/* The receiver's own estimate of the round trip: a window's worth of data takes one. */
static void rcv_rtt_measure(struct tcp_conn *c, const struct tcp_seg *s)
{
	uint64_t now = tcp_us(c->st);
	uint32_t m;

	if (c->ts_on && s->has_ts && s->tsecr && s->len >= c->rcv_mss) {
		m = (tcp_ts_now(c) - s->tsecr) * 1000 + 500;
		if (m < 10000000U)
			c->rcv_rtt_us =
				c->rcv_rtt_us ? c->rcv_rtt_us - c->rcv_rtt_us / 8 + m / 8 : m;
		return;
	}
	if (c->rcv_rtt_at_us && seq_lt(c->rcv_nxt, c->rcv_rtt_seq))
		return;
	if (c->rcv_rtt_at_us) {
		m = (uint32_t)MIN(now - c->rcv_rtt_at_us, (uint64_t)10000000);
		c->rcv_rtt_us = c->rcv_rtt_us ? MIN(c->rcv_rtt_us, m) : m;
	}
	c->rcv_rtt_seq = c->rcv_adv;
	c->rcv_rtt_at_us = now;
}

static inline void arrived(struct tcp_conn *c, struct pkt *p, const struct tcp_seg *s)
{
	*cb(p) = (struct rx_cb){ s->seq, seq_add(s->seq, s->len) };
	c->data_segs_in += s->len > c->advmss ? DIV_UP(s->len, (uint32_t)c->advmss) : 1;
	c->last_rcv_us = tcp_us(c->st);
}

static void in_order(struct tcp_conn *c, struct pkt *p, const struct tcp_seg *s)
{
	rq_add(c, p);
	if (unlikely(c->ofo.first))
		ofo_drain(c);
	rcv_rtt_measure(c, s);
	tcp_ack_schedule(c, s);
	if (c->rq_bytes >= tcp_opt(c, TCP_OPT_RCVLOWAT))
		net_ep_raise(&c->ep, NET_IN);
}

void tcp_data_next(struct tcp_conn *c, struct pkt *p, const struct tcp_seg *s)
{
	arrived(c, p, s);
	in_order(c, p, s);
}

enum drop tcp_data_in(struct tcp_conn *c, struct pkt *p, const struct tcp_seg *s)
{
	enum drop why;

	arrived(c, p, s);
	why = trim(c, p);
	if (unlikely(why)) {
		ack_now(c); /* RFC 9293 3.10.7.4 first: an unacceptable segment is answered */
		net_drop(c->st, p, why);
		return why;
	}
	if (no_memory_for(c)) {
		/*
		 * RFC 9293 3.8.6 would rather have the offer kept; but a peer that is told of a closed window
		 * probes it for as long as it takes, and one that hears nothing gives up in the end.  What is
		 * acceptable stays as offered, or a reset would not be.
		 */
		c->refused = true;
		ack_now(c);
		MIB_INC(c->st, TcpExt_TCPRcvQDrop);
		net_drop(c->st, p, DROP_TCP_MEMORY);
		return DROP_TCP_MEMORY;
	}
	if (likely(seq_eq(cb(p)->seq, c->rcv_nxt))) {
		in_order(c, p, s);
		return DROP_NONE;
	}
	ack_now(c); /* RFC 5681 4.2: at once, so that the sender sees the gap */
	c->quick = QUICK_ACKS;
	why = ofo_insert(c, p);
	if (why) {
		net_drop(c->st, p, why);
		return why;
	}
	if (c->sack_on)
		sack_add(c, cb(p)->seq, cb(p)->end);
	return DROP_NONE;
}

void tcp_fin_in(struct tcp_conn *c)
{
	c->rcv_nxt = seq_add(c->rcv_nxt, 1);
	c->fin_rcvd = true;
	ack_now(c);
	pkt_list_free(&c->ofo); /* nothing can follow a FIN */
	c->ofo_bytes = c->ofo_mem = 0;
	c->nsack = 0;
	net_ep_raise(&c->ep, NET_IN | NET_RDHUP);
}

/*
 * The reader took bytes.  Once a round trip: if it took more than ever before in one, the buffer is made
 * large enough for the sender to double its window (dynamic right-sizing).
 */
void tcp_rcv_space_adjust(struct tcp_conn *c)
{
	uint64_t now = tcp_us(c->st);
	uint32_t took, want;

	if (c->rcv_rtt_us == 0 || now - c->space_us < c->rcv_rtt_us)
		return;
	took = seq_dist(c->space_seq, c->copied);
	if (took > c->space) {
		want = (uint32_t)MIN(2ULL * took + 16U * c->advmss, (uint64_t)RCVBUF_MAX);
		if (!c->rcvbuf_fixed && want > c->rcvbuf &&
		    pkt_pool_scarce(&c->st->pool) == PKT_PLENTY)
			c->rcvbuf = want;
		c->space = took;
	}
	c->space_seq = c->copied;
	c->space_us = now;
}

/* --- reading -------------------------------------------------------------------------------------- */

/* The reader made room: say so if the peer can use it (RFC 9293 3.8.6.2.2). */
static void window_update(struct tcp_conn *c)
{
	uint32_t offered = seq_lt(c->rcv_nxt, c->rcv_adv) ? seq_dist(c->rcv_nxt, c->rcv_adv) : 0;
	uint32_t room = rcvbuf_now(c), space = room > c->rq_bytes ? room - c->rq_bytes : 0;
	uint32_t limit = 65535U << c->rcv_ws;

	if (c->fin_rcvd || !tcp_established(c))
		return;
	if (unlikely(c->refused) && !no_memory_for(c))
		c->ack_now = true;
	space = MIN(space, limit);
	if (space >= 2 * offered && space - offered >= MIN(2U * c->rcv_mss, c->rcvbuf / 2))
		c->ack_now = true;
	/* The reader is done with what has come: an ACK that still waits may as well wait for its answer. */
}

static size_t copy_frags(struct pkt *p, uint32_t off, const struct net_iov *dst, size_t n)
{
	size_t done = 0;

	if (off < p->lin) {
		size_t take = MIN(n, (size_t)p->lin - off), got;

		got = dst->copy(dst->ctx, p->data + off, take);
		done += got;
		if (got < take)
			return done;
		off = 0;
	} else {
		off -= p->lin;
	}
	for (unsigned i = 0; done < n && i < p->nfrags; i++) {
		struct pkt_frag *f = &p->frag[i];
		size_t take, got;

		if (off >= f->len) {
			off -= f->len;
			continue;
		}
		take = MIN(n - done, (size_t)f->len - off);
		got = dst->copy(dst->ctx, f->buf->base + f->off + off, take);
		done += got;
		if (got < take)
			break;
		off = 0;
	}
	return done;
}

static void rq_consume(struct tcp_conn *c, size_t n)
{
	c->rq_bytes -= (uint32_t)n;
	c->copied = seq_add(c->copied, (uint32_t)n);
	while (n) {
		struct pkt *p = c->rq.first;
		uint32_t before = pkt_truesize(p);

		if (n >= p->len) {
			n -= p->len;
			c->rq_mem -= before;
			pkt_free(pkt_list_pop(&c->rq));
			continue;
		}
		pkt_advance(p, (uint32_t)n);
		cb(p)->seq = seq_add(cb(p)->seq, (uint32_t)n);
		c->rq_mem -= before - pkt_truesize(p);
		n = 0;
	}
}

/* Nothing to read: why. */
static long recv_empty(struct tcp_conn *c)
{
	if (c->ep.err)
		return -net_ep_error(&c->ep);
	if (c->fin_rcvd || c->shut_rd)
		return 0;
	if (c->state == TCP_CLOSED)
		return c->addr.rport ? 0 : -ENOTCONN;
	return -EAGAIN;
}

static long recv_urgent(struct tcp_conn *c, const struct net_iov *dst, unsigned flags)
{
	if (tcp_opt(c, TCP_OPT_OOBINLINE) || !(c->urg_rcv || c->urg_have) || c->urg_taken)
		return -EINVAL;
	if (!c->urg_have)
		return -EAGAIN;
	if (dst->copy(dst->ctx, &c->urg_byte, 1) != 1)
		return -EFAULT;
	if (!(flags & TCP_MSG_PEEK)) {
		c->urg_have = false;
		c->urg_taken = true;
	}
	return 1;
}

/* Bytes that may be read before the urgent mark; at the mark itself the byte is skipped if taken out. */
static size_t until_mark(struct tcp_conn *c, size_t len)
{
	uint32_t ahead;

	if (!c->urg_rcv)
		return len;
	ahead = seq_dist(c->copied, c->rcv_up);
	if (seq_lt(c->rcv_up, c->copied)) {
		c->urg_rcv = false;
		return len;
	}
	if (ahead == 0) {
		if (!tcp_opt(c, TCP_OPT_OOBINLINE) && c->rq_bytes)
			rq_consume(c, 1);
		c->urg_rcv = false;
		return len;
	}
	return MIN(len, (size_t)ahead);
}

/* All that is queued is one packet in one piece, and wanted whole: a small request mostly is. */
static inline bool one_piece(const struct tcp_conn *c, size_t len, unsigned flags)
{
	const struct pkt *p = c->rq.first;

	return !flags && p && c->rq.count == 1 && p->nfrags == 0 && len >= p->len && !c->urg_rcv;
}

static size_t take_piece(struct tcp_conn *c, const struct net_iov *dst)
{
	struct pkt *p = c->rq.first;
	size_t got = dst->copy(dst->ctx, p->data, p->len);

	if (unlikely(got < p->len)) {
		rq_consume(c, got);
		return got;
	}
	pkt_list_init(&c->rq);
	c->rq_bytes = c->rq_mem = 0;
	c->copied = seq_add(c->copied, (uint32_t)got);
	pkt_free(p);
	return got;
}

/* The reader took `done` bytes. */
static long after_read(struct tcp_conn *c, size_t done)
{
	tcp_rcv_space_adjust(c);
	window_update(c);
	if (c->ack_now) {
		tcp_output(c);
		tcp_reap(c->st);
	}
	return (long)done;
}

long tcp_recv(struct tcp_conn *c, const struct net_iov *dst, size_t len, unsigned flags,
	      uint64_t now)
{
	size_t done = 0;
	struct pkt *p;

	net_at(c->st, now);
	if (likely(one_piece(c, len, flags))) {
		done = take_piece(c, dst);
		return done ? after_read(c, done) : -EFAULT;
	}
	if (flags & TCP_MSG_OOB)
		return recv_urgent(c, dst, flags);
	len = until_mark(c, len);
	if (c->rq_bytes == 0)
		return len == 0 && c->rq_bytes ? 0 : recv_empty(c);
	len = MIN(len, (size_t)c->rq_bytes);
	if (flags & TCP_MSG_TRUNC) {
		done = len;
	} else {
		for (p = c->rq.first; p && done < len; p = p->next) {
			size_t want = MIN(len - done, (size_t)p->len), got;

			got = copy_frags(p, 0, dst, want);
			done += got;
			if (got < want)
				break;
		}
		if (done == 0 && len)
			return -EFAULT;
	}
	if (flags & TCP_MSG_PEEK)
		return (long)done;
	rq_consume(c, done);
	return after_read(c, done);
}

size_t tcp_recv_view(struct tcp_conn *c, const uint8_t **data)
{
	struct pkt *p = c->rq.first;

	if (!p || c->urg_rcv)
		return 0;
	if (p->lin) {
		*data = p->data;
		return p->lin;
	}
	*data = p->frag[0].buf->base + p->frag[0].off;
	return p->frag[0].len;
}

size_t tcp_readable(const struct tcp_conn *c)
{
	if (unlikely(c->urg_rcv) && !tcp_opt(c, TCP_OPT_OOBINLINE) && seq_le(c->copied, c->rcv_up))
		return MIN(c->rq_bytes, seq_dist(c->copied, c->rcv_up));
	return c->rq_bytes;
}

bool tcp_at_mark(const struct tcp_conn *c)
{
	return c->urg_rcv && seq_eq(c->copied, c->rcv_up);
}
