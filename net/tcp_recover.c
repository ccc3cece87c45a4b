/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_recover.c: the states of congestion: open, disorder, reduced, recovery, loss.  Decides when the
 * window falls and when it was wrong to; how far is the congestion control's.
 * RFC 5681, 6582 (NewReno without SACK), 6675, 6937 (PRR), 5682 (F-RTO), 8985.
 */
#include "net/tcp_int.h"

enum { DUP_THRESH = 3 };

static void prr_begin(struct tcp_conn *c)
{
	c->prr_base = MAX(seq_dist(c->snd_una, c->snd_nxt), 1U);
	c->prr_delivered = c->prr_out = 0;
}

/* Remember what to go back to if this turns out needless. */
static void undo_begin(struct tcp_conn *c)
{
	c->prior_cwnd = c->cwnd;
	c->prior_ssthresh = c->ssthresh;
	c->undo_marker = c->snd_una;
	c->undo_retrans = 0;
	c->had_retrans = false;
}

static void undo_forget(struct tcp_conn *c)
{
	c->undo_retrans = -1;
}

void tcp_undo(struct tcp_conn *c)
{
	struct tcp_rec *r;

	list_for_each_entry (r, &c->recs, link)
		if ((r->flags & (REC_LOST | REC_RETRANS)) == REC_LOST) {
			c->lost -= seq_dist(r->seq, r->end);
			r->flags &= (uint8_t)~REC_LOST;
			list_del(&r->tlink);
			list_add_tail(&c->trecs, &r->tlink);
		}
	c->cwnd = MAX(c->cwnd, c->prior_cwnd);
	c->ssthresh = MAX(c->ssthresh, c->prior_ssthresh);
	c->cc->on_undo(c);
	undo_forget(c);
	c->frto = 0;
	c->backoff = 0;
}

/* RFC 3168 6.1.2, and after a repaired tail (RFC 8985 7.4.2): as a loss, without one. */
void tcp_enter_cwr(struct tcp_conn *c)
{
	if (c->ca_state >= CA_CWR)
		return;
	undo_forget(c);
	c->high_seq = c->snd_nxt;
	c->ssthresh = c->cc->ssthresh(c);
	c->ca_state = CA_CWR;
	prr_begin(c);
}

static void enter_recovery(struct tcp_conn *c)
{
	if (c->ca_state < CA_CWR) {
		undo_begin(c);
		c->ssthresh = c->cc->ssthresh(c);
	}
	prr_begin(c);
	c->high_seq = c->snd_nxt;
	c->ca_state = CA_RECOVERY;
	c->tlp_active = false;
	if (c->reo_persist && --c->reo_persist == 0)
		c->reo_mult = 1;
	if (c->sack_on)
		MIB_INC(c->st, TcpExt_TCPSackRecovery);
	else
		MIB_INC(c->st, TcpExt_TCPRenoRecovery);
	MIB_INC(c->st, TcpExt_TCPFastRetrans);
}

/* RFC 5681 3.1, RFC 6298 5.4-6: the timer has run out. */
void tcp_enter_loss(struct tcp_conn *c)
{
	struct tcp_rec *r, *next;
	bool fresh = c->ca_state < CA_RECOVERY || !seq_lt(c->snd_una, c->high_seq);

	if (fresh && !(c->ca_state == CA_LOSS)) {
		undo_begin(c);
		c->ssthresh = c->cc->ssthresh(c);
		c->cc->on_rto(c);
	}
	/* RFC 5682 2.1 step 1; not when an earlier loss is still being repaired. */
	if (!c->sack_on)
		c->sacked = 0; /* what duplicate ACKs stood for is not known any more */
	c->frto = c->sack_on && fresh && c->ca_state != CA_LOSS && c->backoff == 0;
	list_for_each_entry_safe (r, next, &c->recs, link)
		tcp_rec_mark_lost(c, r);
	c->cwnd = c->mss;
	c->cwnd_cnt = 0;
	c->ca_state = CA_LOSS;
	c->high_seq = c->snd_nxt;
	c->dupacks = 0;
	c->tlp_active = false;
	c->ecn_cwr = c->ecn_on;
}

/* RFC 6937 3: spread the fall of the window over the round trip. */
static void prr_ack(struct tcp_conn *c, const struct tcp_acked *a)
{
	uint32_t pipe = tcp_pipe(c);
	int64_t send;

	c->prr_delivered += a->delivered;
	if (pipe > c->ssthresh) {
		uint64_t n = (uint64_t)c->prr_delivered * c->ssthresh + c->prr_base - 1;

		send = (int64_t)(n / c->prr_base) - c->prr_out;
	} else {
		/* PRR-SSRB: slow start back, as long as the data comes through. */
		int64_t limit = MAX((int64_t)c->prr_delivered - c->prr_out, (int64_t)a->delivered);

		if (a->una_moved && a->lost == 0)
			limit += c->mss;
		send = MIN((int64_t)c->ssthresh - pipe, limit);
	}
	if (c->prr_out == 0 && c->ca_state == CA_RECOVERY)
		send = MAX(send, (int64_t)c->mss); /* the fast retransmit itself */
	c->cwnd = pipe + (uint32_t)MAX(send, (int64_t)0);
	c->cwnd = MAX(c->cwnd, (uint32_t)c->mss);
}

static void recovery_end(struct tcp_conn *c)
{
	/* RFC 6937 / 6582 3.2: the window is where it was meant to fall to. */
	if (c->ca_state != CA_LOSS && c->ssthresh != UINT32_MAX)
		c->cwnd = MAX(c->ssthresh, (uint32_t)c->mss);
	c->ca_state = CA_OPEN;
	c->dupacks = 0;
	c->frto = 0;
}

/* Without SACK a duplicate ACK stands for one segment that has left (RFC 5681 3.2, RFC 6582). */
static void reno_dupack(struct tcp_conn *c, struct tcp_acked *a)
{
	struct tcp_rec *r = list_first(&c->recs, struct tcp_rec, link);

	if (!a->dupack || !r)
		return;
	c->dupacks++;
	a->delivered += c->mss;
	/* Counted as if SACKed, so that pipe falls; never more than there can be. */
	if (c->sacked + c->mss <= seq_dist(c->snd_una, c->snd_nxt) - c->lost)
		c->sacked += c->mss;
	if (c->dupacks == DUP_THRESH && c->ca_state < CA_RECOVERY) {
		if (seq_dist(r->seq, r->end) > c->mss)
			(void)tcp_rec_split(c, r, seq_add(r->seq, c->mss));
		tcp_rec_mark_lost(c, r);
	}
}

/* RFC 6582 3.2 step 3: a partial ACK says that the next segment is lost too. */
static void reno_partial(struct tcp_conn *c)
{
	struct tcp_rec *r = list_first(&c->recs, struct tcp_rec, link);

	if (r && !(r->flags & REC_LOST)) {
		if (seq_dist(r->seq, r->end) > c->mss)
			(void)tcp_rec_split(c, r, seq_add(r->seq, c->mss));
		tcp_rec_mark_lost(c, r);
	}
}

/* The imagined SACKs end with the ACK that covers them. */
static void reno_una_moved(struct tcp_conn *c)
{
	uint32_t flight = seq_dist(c->snd_una, c->snd_nxt);

	c->dupacks = 0;
	c->sacked = c->ca_state == CA_RECOVERY ? MIN(c->sacked, flight - MIN(flight, c->lost)) : 0;
}

/* RFC 5682 2.2 as SACK lets it be told: something sent before the timeout has just arrived. */
static bool frto_spurious(struct tcp_conn *c, const struct tcp_acked *a)
{
	return c->frto && a->orig_delivered && seq_lt(a->prior_una, c->high_seq);
}

static void loss_ack(struct tcp_conn *c, struct tcp_acked *a)
{
	if (frto_spurious(c, a)) {
		MIB_INC(c->st, TcpExt_TCPSpuriousRTOs);
		tcp_undo(c);
		recovery_end(c);
		return;
	}
	/*
	 * Step 2b: the first ACK that advances proves nothing yet; new data goes out and the next ACK decides.
	 * Without new data, or at a duplicate, the loss is taken for real (2a, 3a).
	 */
	if (c->frto &&
	    (a->sacked || a->dupack || (a->una_moved && (c->frto == 2 || !tcp_unsent(c)))))
		c->frto = 0;
	else if (c->frto && a->una_moved)
		c->frto = 2;
	if (seq_le(c->high_seq, c->snd_una)) {
		recovery_end(c);
		return;
	}
	if (a->delivered)
		(void)tcp_slow_start(c, a->delivered);
}

/* May the window grow?  RFC 9293 3.8.2, RFC 7661: only if it is what holds us back. */
static void grow(struct tcp_conn *c, const struct tcp_acked *a)
{
	if (c->cwnd_limited)
		c->cc->on_ack(c, a->delivered);
}

static void dsack_undo(struct tcp_conn *c)
{
	/* Every retransmission of this episode was needless. */
	if (c->undo_retrans == 0 && c->had_retrans && c->ca_state >= CA_RECOVERY) {
		MIB_INC(c->st, TcpExt_TCPDSACKUndo);
		tcp_undo(c);
		recovery_end(c);
	}
}

void tcp_recovery_ack(struct tcp_conn *c, struct tcp_acked *a)
{
	uint32_t lost = c->lost;

	if (!c->sack_on) {
		if (a->una_moved)
			reno_una_moved(c);
		else
			reno_dupack(c, a);
		if (a->una_moved && c->ca_state == CA_RECOVERY && seq_lt(c->snd_una, c->high_seq))
			reno_partial(c);
	} else if (a->sacked || a->una_moved) {
		if (c->sacked || c->lost || c->reord_seen || c->ca_state != CA_OPEN)
			tcp_rack_detect(c);
	}
	a->lost = c->lost > lost ? c->lost - lost : 0;
	if (a->dsack)
		dsack_undo(c);
	if ((c->ca_state == CA_RECOVERY || c->ca_state == CA_CWR) &&
	    seq_le(c->high_seq, c->snd_una))
		recovery_end(c);
	if (c->ca_state == CA_LOSS)
		loss_ack(c, a);
	if (c->lost && c->ca_state < CA_RECOVERY)
		enter_recovery(c);
	if (a->ece)
		tcp_enter_cwr(c);
	switch (c->ca_state) {
	case CA_OPEN:
	case CA_DISORDER:
		c->ca_state = c->sacked ? CA_DISORDER : CA_OPEN;
		if (a->delivered)
			grow(c, a);
		break;
	case CA_CWR:
	case CA_RECOVERY:
		prr_ack(c, a);
		break;
	}
}

/* RFC 8985 6.3: what was waited for has not come. */
void tcp_reo_timeout(struct tcp_conn *c)
{
	uint32_t lost = c->lost;
	struct tcp_acked none = { .rtt_us = -1, .prior_una = c->snd_una };

	tcp_rack_detect(c);
	if (c->lost == lost)
		return;
	if (c->ca_state < CA_RECOVERY)
		enter_recovery(c);
	if (c->ca_state == CA_RECOVERY) {
		none.lost = c->lost - lost;
		prr_ack(c, &none);
	}
	tcp_rto_arm(c);
}

/* RFC 8985 7.4: did the probe repair a loss that we would not have noticed? */
void tcp_tlp_ack(struct tcp_conn *c, const struct tcp_seg *s, const struct tcp_acked *a)
{
	if (!c->tlp_active || seq_lt(s->ack, c->tlp_high))
		return;
	if (!c->tlp_retrans || a->dsack) {
		c->tlp_active = false; /* new data, or the original had arrived too */
		return;
	}
	if (seq_lt(c->tlp_high, s->ack) || (!a->una_moved && !s->nsack)) {
		c->tlp_active = false;
		if (seq_lt(c->tlp_high, s->ack) && c->ca_state < CA_CWR) {
			MIB_INC(c->st, TcpExt_TCPLossProbeRecovery);
			tcp_enter_cwr(c);
			c->ca_state = CA_OPEN;
			c->cwnd = c->ssthresh;
		}
	}
}
