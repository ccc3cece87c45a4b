/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_out.c: what may be sent now, and when not: windows, Nagle, silly windows, pacing; and
 * retransmission of what is marked lost.
 */
#include "net/tcp_int.h"

enum { RETRY_NS = 10000000 }; /* after there was no memory */

/* --- records of what is in flight ----------------------------------------------------------------- */

struct tcp_rec *tcp_rec_new(struct tcp_conn *c, struct seq seq, struct seq end, uint8_t flags)
{
	struct tcp_rec *r = objcache_alloc(&c->st->tcp->recs);

	if (!r)
		return NULL;
	if (list_empty(&c->recs)) {
		/* RFC 6298: idle until now; the delivery rate's clock starts here too. */
		c->delivered_us = tcp_us(c->st);
		c->user_since_us = tcp_us(c->st);
	}
	r->seq = seq;
	r->end = end;
	r->flags = flags;
	r->tries = 0;
	list_add_tail(&c->recs, &r->link);
	list_add_tail(&c->trecs, &r->tlink);
	c->nrecs++;
	tcp_rack_stamp(c, r);
	return r;
}

void tcp_rec_free(struct tcp_conn *c, struct tcp_rec *r)
{
	list_del(&r->link);
	list_del(&r->tlink);
	c->nrecs--;
	objcache_free(&c->st->tcp->recs, r);
}

/* Cut `r` at `at`; returns the later part, or NULL without memory. */
struct tcp_rec *tcp_rec_split(struct tcp_conn *c, struct tcp_rec *r, struct seq at)
{
	struct tcp_rec *n = objcache_alloc(&c->st->tcp->recs);

	if (!n)
		return NULL;
	*n = *r;
	n->seq = at;
	r->end = at;
	r->flags &= (uint8_t)~REC_FIN;
	n->flags &= (uint8_t)~REC_SYN;
	list_add(&r->link, &n->link);
	if (list_empty(&r->tlink))
		list_init(&n->tlink);
	else
		list_add(&r->tlink, &n->tlink);
	c->nrecs++;
	return n;
}

/* --- windows -------------------------------------------------------------------------------------- */

static uint32_t rwnd_left(const struct tcp_conn *c)
{
	struct seq edge = seq_add(c->snd_una, c->snd_wnd);

	return seq_lt(c->snd_nxt, edge) ? seq_dist(c->snd_nxt, edge) : 0;
}

static uint32_t cwnd_left(const struct tcp_conn *c)
{
	uint32_t pipe = tcp_pipe(c);

	return c->cwnd > pipe ? c->cwnd - pipe : 0;
}

/*
 * May the last, partial segment go?  RFC 9293 3.7.4 (Nagle) as Minshall put it: only one partial segment
 * in flight; 3.8.6.2.1 (silly windows) is in new_len().
 */
static bool partial_ok(const struct tcp_conn *c)
{
	if (c->fin_queued)
		return true;
	if (tcp_opt(c, TCP_OPT_CORK) || c->tm[TM_CORK] != UINT64_MAX)
		return c->tm[TM_CORK] <= c->st->now;
	if (tcp_opt(c, TCP_OPT_NODELAY))
		return true;
	return seq_le(c->snd_sml, c->snd_una) || seq_lt(c->snd_nxt, c->snd_sml);
}

/* Is it better to wait for another ACK and send a larger packet?  The ACK clock must be running. */
static bool defer_for_tso(const struct tcp_conn *c, uint32_t n)
{
	uint32_t goal = MIN(MIN(c->tso_max, tcp_pace_quantum(c)), c->cwnd / 4);

	return n < goal && c->ca_state <= CA_DISORDER && tcp_pipe(c) >= 2U * c->mss &&
	       c->lost == 0 && c->rtx_kind != RTX_NONE;
}

/* Bytes of new data that may go now in one packet; 0: wait. */
static uint32_t new_len(struct tcp_conn *c, uint32_t unsent)
{
	uint32_t rwnd = rwnd_left(c), cwnd = cwnd_left(c), mss = c->mss;
	uint32_t most = MIN(c->tso_max, tcp_pace_quantum(c));
	uint32_t n = MIN(MIN(unsent, rwnd), MIN(cwnd, most));

	c->cwnd_limited |= cwnd < unsent && cwnd <= rwnd;
	if (n == unsent) {
		uint32_t tail = n % mss;

		if (tail && !partial_ok(c))
			n -= tail;
		return n;
	}
	if (n >= mss) {
		n -= n % mss;
		return cwnd < rwnd && defer_for_tso(c, n) ? 0 : n;
	}
	/* Less than a segment.  By the peer's window: RFC 9293 3.8.6.2.1 (3), half of its largest. */
	if (rwnd <= cwnd)
		return n && n >= c->max_wnd / 2 && seq_eq(c->snd_una, c->snd_nxt) ? n : 0;
	/* By ours: one segment may always be in flight. */
	return tcp_pipe(c) == 0 ? MIN(MIN(mss, unsent), rwnd) : 0;
}

/* RFC 9293 3.8.1 / RFC 5681 4.1: after an idle time of an RTO the window starts over. */
static inline void restart_after_idle(struct tcp_conn *c)
{
	uint32_t iw = 10U * c->mss;

	if (seq_eq(c->snd_una, c->snd_nxt) && c->last_snd_us && c->cwnd > iw &&
	    tcp_us(c->st) - c->last_snd_us > c->rto_us) {
		c->ssthresh = MAX(c->ssthresh, c->cwnd / 4 * 3);
		c->cwnd = iw;
	}
}

static void sent_fin(struct tcp_conn *c)
{
	c->fin_sent = true;
	c->snd_nxt = seq_add(c->snd_nxt, 1);
}

/* Bytes that were never sent, of a connection that may send. */
static inline uint32_t fresh_bytes(const struct tcp_conn *c)
{
	uint32_t flight = seq_dist(c->snd_una, c->snd_nxt);

	return c->sq_bytes > flight ? c->sq_bytes - flight : 0;
}

static inline bool something_fresh(const struct tcp_conn *c)
{
	return fresh_bytes(c) || (c->fin_queued && !c->fin_sent);
}

/* One packet of new data or the FIN.  False: nothing may go now. */
static bool send_new(struct tcp_conn *c)
{
	uint32_t unsent = c->fin_sent ? 0 : fresh_bytes(c);
	uint32_t n = unsent ? new_len(c, unsent) : 0;
	bool fin = c->fin_queued && !c->fin_sent && n == unsent;
	uint8_t flags = TCPF_ACK;
	struct tcp_rec *r;
	long got;

	if ((n == 0 && !fin) || tcp_paced(c))
		return false;
	if (n && n == unsent)
		flags |= TCPF_PSH; /* RFC 9293 3.9.1.2 (MUST-61) */
	if (fin)
		flags |= TCPF_FIN;
	r = tcp_rec_new(c, c->snd_nxt, seq_add(c->snd_nxt, n + fin), fin ? REC_FIN : 0);
	if (!r) {
		tcp_tm_set(c, TM_PACE, c->st->now + RETRY_NS);
		return false;
	}
	got = tcp_xmit(c, c->snd_nxt, n, flags, c->sq_cur, c->sq_cur_off, true);
	if (got < 0 || (got == 0 && n)) {
		tcp_rec_free(c, r);
		tcp_tm_set(c, TM_PACE, c->st->now + RETRY_NS);
		return false;
	}
	if ((uint32_t)got < n) {
		r->end = seq_add(r->seq, (uint32_t)got);
		r->flags &= (uint8_t)~REC_FIN;
		fin = false;
		n = (uint32_t)got;
	}
	if (n < c->mss || n % c->mss)
		c->snd_sml = seq_add(c->snd_nxt, n);
	tcp_sndq_sent(c, n);
	c->snd_nxt = seq_add(c->snd_nxt, n);
	if (fin)
		sent_fin(c);
	if (c->urg_snd && seq_le(c->snd_up, c->snd_nxt))
		c->urg_snd = seq_lt(c->snd_una, c->snd_up);
	c->bytes_sent += n;
	c->data_segs_out += n <= c->mss ? 1 : DIV_UP(n, (uint32_t)c->mss);
	if (c->ca_state == CA_RECOVERY || c->ca_state == CA_CWR)
		c->prr_out += n;
	tcp_pace_spend(c, n);
	return true;
}

/* --- retransmission ------------------------------------------------------------------------------- */

/* Send the range of `r` again (all of it; the caller cut it to what may go). */
bool tcp_retransmit(struct tcp_conn *c, struct tcp_rec *r)
{
	uint32_t len = seq_dist(r->seq, r->end) - !!(r->flags & REC_FIN), in = 0;
	uint8_t flags = TCPF_ACK;
	struct pbuf *b;
	long got;

	if (tcp_dst_check(c) != 0)
		return false;
	b = len ? tcp_sndq_seek(c, seq_dist(c->snd_una, r->seq), &in) : NULL;
	if (r->flags & REC_FIN)
		flags |= TCPF_FIN;
	if (len && r->link.next == &c->recs && !tcp_unsent(c))
		flags |= TCPF_PSH;
	got = tcp_xmit(c, r->seq, len, flags, b, in, false);
	if (got < 0 || (got == 0 && len))
		return false;
	if ((uint32_t)got < len && !tcp_rec_split(c, r, seq_add(r->seq, (uint32_t)got)))
		return true; /* the rest counts as sent; RACK or the timer will find it */
	if (!(r->flags & REC_RETRANS))
		c->retrans += seq_dist(r->seq, r->end);
	r->flags |= REC_RETRANS | REC_EVER;
	r->tries = (uint8_t)MIN(r->tries + 1, 255);
	tcp_rack_sent(c, r);
	if (c->undo_retrans >= 0) {
		c->undo_retrans++;
		c->had_retrans = true;
	}
	c->total_retrans++;
	c->bytes_retrans += (uint64_t)got;
	MIB_ADD(c->st, Tcp_RetransSegs, MAX(1U, DIV_UP((uint32_t)got, (uint32_t)c->mss)));
	if (c->ca_state == CA_RECOVERY || c->ca_state == CA_CWR)
		c->prr_out += (uint32_t)got;
	return true;
}

/* Retransmit what is lost, oldest first, as far as the window lets us.  False: it is full. */
static bool send_lost(struct tcp_conn *c)
{
	uint32_t left = c->lost - MIN(c->lost, c->retrans);
	struct tcp_rec *r, *next;

	if (c->frto)
		return true; /* RFC 5682: first see whether anything was lost at all */
	list_for_each_entry_safe (r, next, &c->recs, link) {
		uint32_t room, len = seq_dist(r->seq, r->end);

		if (left == 0)
			break;
		if ((r->flags & (REC_LOST | REC_RETRANS | REC_SACKED)) != REC_LOST)
			continue;
		room = cwnd_left(c);
		if (room < c->mss && tcp_pipe(c) > 0)
			return false;
		room = MAX(room - room % c->mss, (uint32_t)c->mss);
		if (len > room && tcp_rec_split(c, r, seq_add(r->seq, room)))
			len = room;
		if (tcp_paced(c) || !tcp_retransmit(c, r))
			return false;
		tcp_pace_spend(c, len);
		left -= MIN(left, len);
		next = list_entry(r->link.next, struct tcp_rec, link);
	}
	return true;
}

/* --- the decision --------------------------------------------------------------------------------- */

static bool may_send_data(const struct tcp_conn *c)
{
	return c->state == TCP_ESTABLISHED || c->state == TCP_CLOSE_WAIT ||
	       ((c->state == TCP_FIN_WAIT_1 || c->state == TCP_LAST_ACK ||
		 c->state == TCP_CLOSING));
}

/*
 * What an answer is between a client and a server: all that there is to send, less than a segment and in one buffer,
 * nothing in flight, nothing that could make it wait.
 */
static inline bool is_whole(const struct tcp_conn *c)
{
	uint32_t n = c->sq_bytes;

	return n && n < c->mss && seq_eq(c->snd_una, c->snd_nxt) && n <= c->snd_wnd &&
	       n <= c->cwnd && c->sq_cur && !c->sq_cur->next && !c->fin_queued && !c->urg_snd &&
	       c->state == TCP_ESTABLISHED && c->ca_state == CA_OPEN &&
	       c->tm[TM_CORK] == UINT64_MAX && !tcp_opt(c, TCP_OPT_CORK) &&
	       tcp_opt(c, TCP_OPT_MAX_PACING) == UINT32_MAX;
}

/* Does what the long way would do. */
static void send_whole(struct tcp_conn *c)
{
	uint32_t n = c->sq_bytes;
	struct seq end = seq_add(c->snd_nxt, n);
	struct tcp_rec *r;

	restart_after_idle(c);
	c->cwnd_limited = false;
	r = tcp_rec_new(c, c->snd_nxt, end, 0);
	if (unlikely(!r)) {
		tcp_tm_set(c, TM_PACE, c->st->now + RETRY_NS);
		return;
	}
	if (unlikely(tcp_xmit(c, c->snd_nxt, n, TCPF_ACK | TCPF_PSH, c->sq_cur, c->sq_cur_off,
			      true) < 0)) {
		tcp_rec_free(c, r);
		tcp_tm_set(c, TM_PACE, c->st->now + RETRY_NS);
		return;
	}
	c->sq_cur_off += n;
	c->snd_nxt = c->snd_sml = end;
	c->bytes_sent += n;
	c->data_segs_out++;
	c->last_snd_us = tcp_us(c->st);
	tcp_rto_arm(c);
}

void tcp_output(struct tcp_conn *c)
{
	bool was_idle = list_empty(&c->recs), sent = false, more;

	if (likely(is_whole(c) && tcp_dst_check(c) == 0)) {
		send_whole(c);
		return;
	}
	if (may_send_data(c) && tcp_dst_check(c) == 0) {
		if (unlikely(c->lost > c->retrans) && !send_lost(c))
			goto out;
		if (something_fresh(c)) {
			restart_after_idle(c);
			c->cwnd_limited = false;
			do {
				more = send_new(c);
				sent |= more;
			} while (more && something_fresh(c));
		}
	}
out:
	if (sent)
		c->last_snd_us = tcp_us(c->st);
	if (c->ack_now && c->state != TCP_CLOSED && c->state != TCP_SYN_SENT)
		tcp_send_ack(c);
	/* RFC 6298 5.1: start the timer if it is not running; a probe timeout is reckoned from the last. */
	if (sent && (was_idle || c->rtx_kind != RTX_RTO))
		tcp_rto_arm(c);
	if (list_empty(&c->recs) && tcp_unsent(c) && may_send_data(c))
		tcp_persist_arm(c);
}
