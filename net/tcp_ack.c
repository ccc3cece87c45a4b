/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_ack.c: an acceptable ACK: the window it opens, the bytes it frees, what it says about the path.
 * RFC 9293 3.10.7.4 step 5, RFC 5961 5.
 */
#include "net/tcp_int.h"

/* RFC 9293 3.10.7.4: a window update only from a segment newer than the last one used. */
static void window_in(struct tcp_conn *c, const struct tcp_seg *s, struct tcp_acked *a)
{
	uint32_t wnd = (uint32_t)s->win << c->snd_ws;

	if (!(seq_lt(c->snd_wl1, s->seq) ||
	      (seq_eq(c->snd_wl1, s->seq) && seq_le(c->snd_wl2, s->ack)) ||
	      (seq_eq(c->snd_wl2, s->ack) && wnd > c->snd_wnd)))
		return;
	a->wnd_moved = wnd != c->snd_wnd;
	if (unlikely(c->snd_wnd == 0) && wnd)
		c->retries = c->backoff = 0; /* what timed out was refused, not lost */
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
	c->snd_wnd = wnd;
	c->max_wnd = MAX(c->max_wnd, wnd);
}

/* A sample from the timestamps when no record gives one (RFC 7323 4.1: any that moves una). */
static int64_t ts_rtt_us(const struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t ms;

	if (!c->ts_on || !s->has_ts || s->tsecr == 0)
		return -1;
	ms = tcp_ts_now(c) - s->tsecr;
	return ms < 600000 ? (int64_t)ms * 1000 + 500 : -1;
}

/*
 * Is the echoed timestamp that of what this ACK answers?  When retransmissions were acknowledged: yes if it is
 * theirs; if it is older, the original may be late, or it came long ago and only its ACK was lost, which a
 * DSACK tells from the other.
 */
static bool echo_tells(const struct tcp_conn *c, const struct tcp_seg *s, const struct tcp_acked *a)
{
	uint32_t copy = (uint32_t)(a->copy_sent_us / 1000) + c->ts_off;

	return !a->copy_delivered || (int32_t)(s->tsecr - copy) >= 0 || (c->sack_on && !a->dsack);
}

static void rtt_in(struct tcp_conn *c, const struct tcp_seg *s, const struct tcp_acked *a)
{
	/* Beside a retransmission an original may have waited for it: its age is no round trip (Karn). */
	int64_t rtt = a->copy_delivered ? -1 : a->rtt_us;

	if (rtt < 0 && a->una_moved && echo_tells(c, s, a))
		rtt = ts_rtt_us(c, s);
	if (rtt < 0)
		return;
	tcp_rtt_sample(c, (uint64_t)rtt);
	c->backoff = 0; /* RFC 6298 5.7: a fresh sample ends the backoff */
}

/* Bytes delivered since there were `before`, at `before_us`, over the time they took: TCP_INFO and pacing. */
static inline void rate_sample(struct tcp_conn *c, uint64_t before, uint64_t before_us)
{
	uint64_t us = c->delivered_us - before_us;

	if (us && us >= c->min_rtt_us)
		c->rate = (c->delivered - before) * 1000000 / us;
}

/* The peer has `data` bytes more, all up to `ack`: whatever counted attempts begins anew. */
static inline void progress(struct tcp_conn *c, struct seq ack, uint32_t data)
{
	c->snd_una = ack;
	tcp_sndq_ack(c, data);
	c->bytes_acked += data;
	c->retries = 0;
	c->probes = 0;
	c->user_since_us = tcp_us(c->st);
	if (c->dst.neigh && dst_valid(c->st, &c->dst))
		neigh_confirm(c->dst.neigh);
}

static void una_moves(struct tcp_conn *c, const struct tcp_seg *s, struct tcp_acked *a)
{
	uint32_t data = seq_dist(c->snd_una, s->ack);
	bool fin_acked = c->fin_sent && seq_eq(s->ack, c->snd_nxt);

	a->una_moved = true;
	if (!list_empty(&c->recs) && list_first(&c->recs, struct tcp_rec, link)->flags & REC_SYN)
		data--;
	tcp_recs_ack(c, s->ack, a);
	data -= fin_acked;
	progress(c, s->ack, MIN(data, c->sq_bytes));
	if (c->urg_snd && seq_le(c->snd_up, c->snd_una))
		c->urg_snd = false;
	MIB_ADD(c->st, TcpExt_TCPDelivered, a->delivered / c->mss);
}

/* RFC 5961 5.2: an ACK from far in the past, or of the future, was never ours. */
static enum drop ack_plausible(struct tcp_conn *c, const struct tcp_seg *s)
{
	if (seq_lt(c->snd_nxt, s->ack)) {
		tcp_challenge_ack(c);
		return DROP_TCP_BAD_ACK;
	}
	if (seq_lt(seq_add(s->ack, c->max_wnd), c->snd_una)) {
		tcp_challenge_ack(c);
		return DROP_TCP_OLD_ACK;
	}
	return DROP_NONE;
}

static bool is_dupack(const struct tcp_conn *c, const struct tcp_seg *s, const struct tcp_acked *a)
{
	/* RFC 5681 2 */
	return !a->una_moved && !a->wnd_moved && s->len == 0 && !list_empty(&c->recs) &&
	       !(s->flags & (TCPF_SYN | TCPF_FIN)) && seq_eq(s->ack, c->snd_una);
}

/* Head of the queue SACKed and yet not acknowledged: RFC 2018 8. */
static bool reneged(const struct tcp_conn *c)
{
	const struct tcp_rec *r;

	if (list_empty(&c->recs))
		return false;
	r = list_entry(c->recs.next, struct tcp_rec, link);
	return r->flags & REC_SACKED && seq_eq(r->seq, c->snd_una);
}

static void ecn_in(struct tcp_conn *c, const struct tcp_seg *s, struct tcp_acked *a)
{
	/* RFC 3168 6.1.2: once for each window of data. */
	if (!(s->flags & TCPF_ECE) || (s->flags & TCPF_SYN))
		return;
	a->ece = a->una_moved;
	if (a->ece && c->ca_state < CA_CWR) {
		c->ecn_cwr = true;
		c->delivered_ce += a->delivered;
		MIB_INC(c->st, TcpExt_TCPDeliveredCE);
	}
}

/* Nothing unusual is going on: no loss, no SACK, a plain step forward. */
static bool quiet(const struct tcp_conn *c, const struct tcp_acked *a)
{
	return c->ca_state == CA_OPEN && c->sacked == 0 && c->lost == 0 && !a->ece &&
	       !c->tlp_active && !a->dsack && c->dupacks == 0;
}

/*
 * What an ACK is for an answer that went out in one packet: it is for all that is in flight, one record sent once,
 * and nothing unusual is going on.  Does what the long way would do.
 */
static inline bool is_whole(const struct tcp_conn *c, const struct tcp_seg *s)
{
	return c->nrecs == 1 && seq_eq(s->ack, c->snd_nxt) && s->nsack == 0 &&
	       c->ca_state == CA_OPEN && c->dupacks == 0 && !c->ecn_on && !c->tlp_active &&
	       !c->cwnd_limited && !c->urg_snd && c->rtx_kind != RTX_PERSIST &&
	       list_first(&c->recs, struct tcp_rec, link)->flags == 0;
}

static void ack_whole(struct tcp_conn *c, const struct tcp_seg *s)
{
	struct tcp_rec *r = list_first(&c->recs, struct tcp_rec, link);
	uint64_t now = tcp_us(c->st), before = r->delivered, before_us = r->delivered_us;
	uint32_t data = seq_dist(c->snd_una, s->ack);
	struct tcp_acked a;

	window_in(c, s, &a);
	c->delivered += data;
	c->delivered_us = now;
	c->fack = seq_max(c->fack, r->end);
	tcp_rtt_sample(c, now - r->sent_us);
	tcp_rack_update(c, r);
	tcp_rec_free(c, r);
	progress(c, s->ack, data);
	MIB_ADD(c->st, TcpExt_TCPDelivered, data / c->mss);
	c->backoff = 0;
	rate_sample(c, before, before_us);
	c->rtx_kind = RTX_NONE;
	tcp_tm_off(c, TM_RTX);
	tcp_sndbuf_tune(c);
	if (unlikely(c->nospace))
		tcp_write_space(c);
}

static noinline enum drop ack_any(struct tcp_conn *c, const struct tcp_seg *s)
{
	struct tcp_acked a = { .rtt_us = -1, .prior_una = c->snd_una };
	enum drop why = ack_plausible(c, s);

	if (unlikely(why))
		return why;
	c->last_ack_us = tcp_us(c->st);
	if (seq_lt(s->ack, c->snd_una)) {
		/* Old, but its SACKs may be news. */
		if (c->sack_on && s->nsack)
			tcp_sack_in(c, s, &a);
		return DROP_NONE;
	}
	window_in(c, s, &a);
	if (seq_lt(c->snd_una, s->ack))
		una_moves(c, s, &a);
	if (unlikely(c->sack_on && s->nsack))
		tcp_sack_in(c, s, &a);
	if (unlikely(reneged(c)))
		tcp_sack_renege(c);
	a.dupack = is_dupack(c, s, &a);
	if (unlikely(c->ecn_on))
		ecn_in(c, s, &a);
	rtt_in(c, s, &a);
	if (a.delivered && a.rec_sent_us)
		rate_sample(c, a.rec_delivered, a.rec_delivered_us);
	if (unlikely(c->tlp_active))
		tcp_tlp_ack(c, s, &a);
	tcp_rack_reo_dsack(c, a.dsack);
	if (!quiet(c, &a) || a.sacked || a.dupack)
		tcp_recovery_ack(c, &a);
	else if (a.delivered && c->cwnd_limited)
		tcp_recovery_ack(
			c, &a); /* the window may grow; otherwise an ACK changes nothing there */
	if (a.una_moved || a.sacked || a.wnd_moved) {
		if (c->rtx_kind == RTX_PERSIST && c->snd_wnd) {
			c->rtx_kind = RTX_NONE;
			c->backoff = 0;
		}
		tcp_rto_arm(c);
	}
	if (a.una_moved) {
		tcp_sndbuf_tune(c);
		tcp_write_space(c);
	}
	if (c->probes && c->rtx_kind != RTX_PERSIST)
		c->probes = 0;
	return DROP_NONE;
}

enum drop tcp_ack_in(struct tcp_conn *c, const struct tcp_seg *s)
{
	if (unlikely(!is_whole(c, s)))
		return ack_any(c, s);
	c->last_ack_us = tcp_us(c->st);
	ack_whole(c, s);
	return DROP_NONE;
}
