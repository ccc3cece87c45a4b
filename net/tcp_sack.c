/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_sack.c: the sender's scoreboard (RFC 2018, 6675): records are cut at the edges of SACK blocks
 * and marked; bytes are counted as their records change.
 */
#include "net/tcp_int.h"

static uint32_t rec_len(const struct tcp_rec *r)
{
	return seq_dist(r->seq, r->end);
}

/* The sums that `r`'s marks stand in, as it leaves them. */
static void unmark(struct tcp_conn *c, struct tcp_rec *r)
{
	if (r->flags & REC_SACKED)
		c->sacked -= rec_len(r);
	if (r->flags & REC_LOST)
		c->lost -= rec_len(r);
	if (r->flags & REC_RETRANS)
		c->retrans -= rec_len(r);
	r->flags &= (uint8_t) ~(REC_SACKED | REC_LOST | REC_RETRANS);
}

void tcp_rec_mark_lost(struct tcp_conn *c, struct tcp_rec *r)
{
	if (r->flags & REC_SACKED)
		return;
	if (r->flags & REC_RETRANS) {
		c->retrans -= rec_len(r);
		r->flags &= (uint8_t)~REC_RETRANS;
	}
	if (!(r->flags & REC_LOST)) {
		c->lost += rec_len(r);
		r->flags |= REC_LOST;
	}
	list_del(&r->tlink);
}

/* `r` has arrived at the peer: samples, RACK, the marks that end with it. */
void tcp_rec_delivered(struct tcp_conn *c, struct tcp_rec *r, struct tcp_acked *a)
{
	uint64_t now = tcp_us(c->st);

	if (r->flags & REC_SACKED)
		return; /* it was delivered when the SACK came */
	a->delivered += rec_len(r);
	c->delivered += rec_len(r);
	c->delivered_us = now;
	if (r->flags & REC_EVER) {
		a->copy_delivered = true;
		a->copy_sent_us = MAX(a->copy_sent_us, r->sent_us);
	} else {
		a->orig_delivered = true;
		/* RFC 6298 3 (Karn): only from what was sent once.  The earliest record counts. */
		a->rtt_us = MAX(a->rtt_us, (int64_t)(now - r->sent_us));
		if (seq_lt(r->seq, c->fack) && seq_lt(c->snd_una, r->seq) && !c->reord_seen) {
			/* An original beyond which others were delivered first: the path reorders. */
			c->reord_seen = true;
			c->reord_count++;
		}
	}
	if (r->sent_us >= a->rec_sent_us) {
		a->rec_sent_us = r->sent_us;
		a->rec_delivered = r->delivered;
		a->rec_delivered_us = r->delivered_us;
	}
	tcp_rack_update(c, r);
	c->fack = seq_max(c->fack, r->end);
}

static void sack_rec(struct tcp_conn *c, struct tcp_rec *r, struct tcp_acked *a)
{
	tcp_rec_delivered(c, r, a);
	unmark(c, r);
	r->flags |= REC_SACKED;
	c->sacked += rec_len(r);
	a->sacked += rec_len(r);
	list_del(&r->tlink);
}

static void sack_block(struct tcp_conn *c, const struct sack_block *b, struct tcp_acked *a)
{
	struct tcp_rec *r, *next;

	list_for_each_entry_safe (r, next, &c->recs, link) {
		if (seq_le(b->end, r->seq))
			break;
		if (seq_le(r->end, b->start) || (r->flags & REC_SACKED))
			continue;
		if (seq_lt(r->seq, b->start)) {
			if (!tcp_rec_split(c, r, b->start))
				return;
			next = list_entry(r->link.next, struct tcp_rec, link);
			continue;
		}
		if (seq_lt(b->end, r->end) && !tcp_rec_split(c, r, b->end))
			return;
		sack_rec(c, r, a);
		next = list_entry(r->link.next, struct tcp_rec, link);
	}
}

/* RFC 2883 4: the first block is below the ACK, or inside the second: it reports a duplicate. */
static bool is_dsack(const struct tcp_seg *s)
{
	if (seq_le(s->sack[0].end, s->ack))
		return true;
	return s->nsack > 1 && seq_le(s->sack[1].start, s->sack[0].start) &&
	       seq_le(s->sack[0].end, s->sack[1].end);
}

static void dsack_in(struct tcp_conn *c, const struct sack_block *b, struct tcp_acked *a)
{
	/* Only about what we sent in this recovery: old or invented ones mean nothing. */
	if (!seq_lt(b->start, b->end) || seq_lt(c->snd_nxt, b->end) ||
	    seq_dist(b->start, b->end) > MAX(c->max_wnd, 65535U))
		return;
	a->dsack = true;
	c->dsacks++;
	MIB_INC(c->st, TcpExt_TCPDSACKRecv);
	if (c->undo_retrans > 0 && seq_lt(c->undo_marker, b->end))
		c->undo_retrans--;
}

void tcp_sack_in(struct tcp_conn *c, const struct tcp_seg *s, struct tcp_acked *a)
{
	unsigned first = 0;

	if (is_dsack(s)) {
		dsack_in(c, &s->sack[0], a);
		first = 1;
	}
	for (unsigned i = first; i < s->nsack; i++) {
		const struct sack_block *b = &s->sack[i];

		/* Blocks must lie in what is in flight (RFC 2018 5 leaves the rest to us). */
		if (!seq_lt(b->start, b->end) || seq_lt(c->snd_nxt, b->end) ||
		    seq_lt(b->start, c->snd_una))
			continue;
		sack_block(c, b, a);
	}
}

/* Everything below `ack` has arrived: free its records. */
void tcp_recs_ack(struct tcp_conn *c, struct seq ack, struct tcp_acked *a)
{
	struct tcp_rec *r, *next;

	list_for_each_entry_safe (r, next, &c->recs, link) {
		if (seq_le(ack, r->seq))
			break;
		if (seq_lt(ack, r->end)) {
			/* Part of a large packet.  Without memory for the cut it stays whole: no harm. */
			if (!tcp_rec_split(c, r, ack))
				break;
			next = list_entry(r->link.next, struct tcp_rec, link);
		}
		tcp_rec_delivered(c, r, a);
		unmark(c, r);
		tcp_rec_free(c, r);
	}
}

/* RFC 2018 8: the peer dropped what it had SACKed; believe nothing of it any more. */
void tcp_sack_renege(struct tcp_conn *c)
{
	struct tcp_rec *r;

	list_for_each_entry (r, &c->recs, link)
		if (r->flags & REC_SACKED) {
			c->sacked -= rec_len(r);
			r->flags &= (uint8_t)~REC_SACKED;
			list_del(&r->tlink);
			list_add_tail(&c->trecs, &r->tlink);
		}
	MIB_INC(c->st, TcpExt_TCPSACKReneging);
}
