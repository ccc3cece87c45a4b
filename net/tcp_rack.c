/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_rack.c: RACK (RFC 8985 6): a record is lost when one sent sufficiently later has been
 * delivered.  trecs holds what is in flight in the order of transmission, so that the search ends early.
 */
#include "net/tcp_int.h"

/* 6.2 step 1, and at each transmission. */
void tcp_rack_stamp(struct tcp_conn *c, struct tcp_rec *r)
{
	r->sent_us = tcp_us(c->st);
	r->delivered = c->delivered;
	r->delivered_us = c->delivered_us;
}

void tcp_rack_sent(struct tcp_conn *c, struct tcp_rec *r)
{
	tcp_rack_stamp(c, r);
	list_del(&r->tlink);
	list_add_tail(&c->trecs, &r->tlink);
}

/* RACK_sent_after() of 6.2. */
static bool sent_after(uint64_t t1, struct seq e1, uint64_t t2, struct seq e2)
{
	return t1 > t2 || (t1 == t2 && seq_lt(e2, e1));
}

/* 6.2 step 2 */
void tcp_rack_update(struct tcp_conn *c, const struct tcp_rec *r)
{
	uint64_t rtt = tcp_us(c->st) - r->sent_us;

	/* The ACK may be for the first copy: too soon after the second to be its. */
	if ((r->flags & REC_EVER) && c->min_rtt_us && rtt < c->min_rtt_us)
		return;
	if (sent_after(r->sent_us, r->end, c->rack_us, c->rack_end)) {
		c->rack_us = r->sent_us;
		c->rack_end = r->end;
	}
	c->rack_rtt_us = (uint32_t)MIN(rtt, (uint64_t)UINT32_MAX);
}

/* 6.2 step 4: how much lateness is reordering and not loss. */
static uint32_t reo_wnd_us(const struct tcp_conn *c)
{
	/* No reordering seen: three delivered behind a gap, or recovery under way, is enough. */
	if (!c->reord_seen && (c->ca_state >= CA_RECOVERY || c->sacked >= 3U * c->mss))
		return 0;
	return MIN((c->min_rtt_us / 4) * c->reo_mult, c->srtt_us);
}

/* 6.2 step 5 */
void tcp_rack_detect(struct tcp_conn *c)
{
	uint64_t now = tcp_us(c->st), wait = 0;
	uint32_t wnd = reo_wnd_us(c);
	struct tcp_rec *r, *next;

	if (c->rack_us == 0)
		return;
	list_for_each_entry_safe (r, next, &c->trecs, tlink) {
		uint64_t due;

		if (!sent_after(c->rack_us, c->rack_end, r->sent_us, r->end))
			break;
		if ((r->flags & REC_LOST) && !(r->flags & REC_RETRANS))
			continue;
		due = r->sent_us + c->rack_rtt_us + wnd;
		if (due <= now)
			tcp_rec_mark_lost(c, r);
		else
			wait = MAX(wait, due - now);
	}
	if (wait)
		tcp_tm_set(c, TM_REO, c->st->now + wait * 1000);
	else
		tcp_tm_off(c, TM_REO);
}

/* 6.2 step 4: RACK_update_reo_wnd: DSACKs widen the window, 16 recoveries without one restore it. */
void tcp_rack_reo_dsack(struct tcp_conn *c, bool dsack)
{
	if (!dsack || !seq_lt(c->dsack_round, c->snd_una))
		return;
	c->dsack_round = c->snd_nxt;
	c->reo_mult = (uint8_t)MIN(c->reo_mult + 1, 255);
	c->reo_persist = 16;
}
