/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_in.c: a segment arrives: checked, its connection found, and the short way for the segment that
 * nearly all are: the next in order of an established connection.
 */
#include "net/tcp_int.h"

#include "net/csum.h"

struct tcp_conn *tcp_conn_find(struct net_stack *st, const struct ip_rx *rx,
			       const struct tcp_seg *s)
{
	const struct tcp_table *t = st->tcp;
	uint32_t hash = net_hash(st, rx->dst, rx->src, s->dport, s->sport);
	struct tcp_conn *c;

	for (c = t->hash[hash & t->mask]; c; c = c->hash_next)
		if (c->hash == hash && c->addr.rport == s->sport && c->addr.lport == s->dport &&
		    ip_eq(c->addr.remote, rx->src) && ip_eq(c->addr.local, rx->dst) &&
		    (!c->addr.ifc || c->addr.ifc == rx->ifc))
			return c;
	return NULL;
}

/* RFC 7323 4.3: the echo is of the last segment that advanced the left edge of the window. */
void tcp_ts_recent_update(struct tcp_conn *c, const struct tcp_seg *s)
{
	if (s->has_ts && seq_le(s->seq, c->rcv_wup) && (int32_t)(s->tsval - c->ts_recent) >= 0) {
		c->ts_recent = s->tsval;
		c->ts_recent_us = tcp_us(c->st);
	}
}

/* Nothing but ACK (and PSH), the next byte, no news in the options, room for it. */
static bool is_expected(const struct tcp_conn *c, const struct tcp_seg *s)
{
	return c->state == TCP_ESTABLISHED && s->fast && (s->flags & ~TCPF_PSH) == TCPF_ACK &&
	       !s->ce && seq_eq(s->seq, c->rcv_nxt) && s->has_ts == c->ts_on &&
	       seq_le(s->end, c->rcv_adv) && pkt_pool_scarce(&c->st->pool) == PKT_PLENTY &&
	       (!c->ts_on || (int32_t)(s->tsval - c->ts_recent) >= 0) && !c->orphan &&
	       !c->urg_rcv && !c->fin_ofo;
}

static void rx_expected(struct tcp_conn *c, struct pkt *p, const struct tcp_seg *s)
{
	enum drop why;

	MIB_INC(c->st, TcpExt_TCPHPHits);
	tcp_ts_recent_update(c, s);
	why = tcp_ack_in(c, s);
	if (unlikely(why)) {
		net_drop(c->st, p, why);
	} else if (s->len) {
		tcp_data_next(c, p, s);
	} else {
		MIB_INC(c->st, TcpExt_TCPPureAcks);
		pkt_free(p);
	}
}

void tcp_conn_input(struct tcp_conn *c, struct pkt *p, const struct ip_rx *rx,
		    const struct tcp_seg *s)
{
	struct tcp_rx r = { .p = p, .ip = rx, .s = s };
	enum drop why;

	c->segs_in++;
	pkt_pull(p, s->hlen);
	if (likely(is_expected(c, s))) {
		rx_expected(c, p, s);
	} else {
		why = tcp_rx_state[c->state](c, &r);
		if (why && r.p)
			net_drop(c->st, r.p, why);
		else if (r.p)
			pkt_free(r.p);
	}
	if (c->ack_now || c->sq_bytes || c->fin_queued)
		tcp_output(c);
}

/* No connection has this 4-tuple: TIME-WAIT, a listener, or nobody. */
static void rx_other(struct net_stack *st, struct pkt *p, const struct ip_rx *rx,
		     const struct tcp_seg *s)
{
	struct tcp_tw *tw = tcp_tw_find(st, rx, s);
	struct tcp_listener *l;
	struct seq isn;

	if (tw && !tcp_tw_input(tw, p, rx, s, &isn))
		return;
	l = tcp_listener_find(st, rx, s);
	if (l) {
		tcp_listen_input(l, p, rx, s);
		return;
	}
	if (!rx->multi)
		tcp_reply_rst(st, rx, s);
	net_drop(st, p, DROP_TCP_NO_CONN);
}

void tcp_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	struct tcp_conn *c;
	struct tcp_seg s;
	enum drop why;

	MIB_INC(st, Tcp_InSegs);
	why = DROP_TCP_SHORT;
	/* The header is all that must be in one piece. */
	if (unlikely(p->lin < 60 && p->lin < p->len) && !pkt_pull_up(p, MIN(p->len, 60U)))
		goto bad;
	why = tcp_seg_parse(p->data, p->lin, p->len, &s);
	if (unlikely(why))
		goto bad;
	if (unlikely(!(p->flags & (PKT_CSUM_OK | PKT_CSUM_NEEDED))) &&
	    csum_fold(csum_pkt(csum_pseudo(rx->src, rx->dst, IP_P_TCP, p->len), p, 0)) != 0) {
		MIB_INC(st, Tcp_InCsumErrors);
		why = DROP_TCP_CSUM;
		goto bad;
	}
	if (unlikely(rx->multi)) { /* RFC 9293 3.9.2.3 (MUST-57): never to a group */
		why = DROP_IP_SRC;
		goto bad;
	}
	s.ce = (rx->tos & ECN_MASK) == ECN_CE;
	if (unlikely(st->nraw))
		raw_copy(st, p, rx);
	c = tcp_conn_find(st, rx, &s);
	if (likely(c != NULL))
		tcp_conn_input(c, p, rx, &s);
	else
		rx_other(st, p, rx, &s);
	tcp_reap(st);
	return;
bad:
	MIB_INC(st, Tcp_InErrs);
	net_drop(st, p, why);
}

/* --- ICMP ----------------------------------------------------------------------------------------- */

static void too_big(struct tcp_conn *c, uint32_t mtu)
{
	uint32_t before = c->mss;
	struct tcp_rec *r, *next;

	if (mtu < (ip_is_v4(c->addr.remote) ? 68U : (uint32_t)PMTU_MIN6) || mtu >= c->dst.mtu)
		return;
	pmtu_set(c->st, c->addr.remote, mtu);
	if (tcp_dst_check(c) != 0 || c->mss >= before)
		return;
	/* RFC 1191 6.4: what did not fit is lost, without congestion. */
	list_for_each_entry_safe (r, next, &c->recs, link)
		if (seq_dist(r->seq, r->end) > c->mss)
			tcp_rec_mark_lost(c, r);
	tcp_output(c);
}

/* RFC 5927 4: an error must quote a sequence number that is in flight. */
static bool quote_plausible(const struct tcp_conn *c, struct seq seq)
{
	return seq_le(c->snd_una, seq) && seq_le(seq, c->snd_nxt);
}

void tcp_icmp(struct net_stack *st, const struct icmp_err *e)
{
	const struct wire_tcp *h = (const struct wire_tcp *)e->l4;
	struct ip_rx rx = { .src = e->dst, .dst = e->src };
	struct tcp_seg s = { .sport = be16_get(h->dport), .dport = be16_get(h->sport) };
	struct seq seq = { be32_get(h->seq) };
	struct tcp_conn *c = NULL;

	for (struct net_if *ifc = net_if_next(st, NULL); ifc && !c; ifc = net_if_next(st, ifc)) {
		rx.ifc = ifc;
		c = tcp_conn_find(st, &rx, &s);
	}
	if (!c || !quote_plausible(c, seq)) {
		st->count.drops[DROP_ICMP_STALE]++;
		return;
	}
	if (e->err == EMSGSIZE) {
		too_big(c, e->mtu);
	} else if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RECEIVED) {
		/* RFC 1122 4.2.3.9: hard errors abort; before a connection stands, every unreachable does
		 * (RFC 5461 4.1). */
		if (e->hard || e->err == EHOSTUNREACH || e->err == ENETUNREACH) {
			MIB_INC(st, Tcp_AttemptFails);
			tcp_conn_done(c, e->err);
		}
	} else {
		/* RFC 5461: an established connection lives on; its timer has the last word. */
		c->soft_err = e->err;
	}
	tcp_reap(st);
}
