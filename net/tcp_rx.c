/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_rx.c: RFC 9293 3.10.7, a row a state.  Each row takes a segment whose header is checked and
 * returns DROP_NONE or why the segment was of no use; what is to be said in return is left in the
 * connection (ack_now) for tcp_output(), or sent bare.
 */
#include "net/tcp_int.h"

#define CHALLENGES_A_SECOND 1000U
#define OOW_INTERVAL_US	    500000U

/* RFC 5961 7 (limits in all) and per connection, against ACK loops. */
bool tcp_oow_ack_ok(struct net_stack *st, uint64_t *last_us)
{
	uint64_t now = tcp_us(st);

	if (*last_us && now - *last_us < OOW_INTERVAL_US)
		return false;
	*last_us = now ? now : 1;
	return true;
}

void tcp_challenge_ack(struct tcp_conn *c)
{
	struct tcp_table *t = c->st->tcp;
	uint64_t second = tcp_us(c->st) / 1000000;

	if (!tcp_oow_ack_ok(c->st, &c->oow_ack_us))
		return;
	if (t->challenge_second != second) {
		t->challenge_second = second;
		/* A secret offset: the limit must not tell an attacker who else is challenged. */
		t->challenge_count =
			CHALLENGES_A_SECOND / 2 + net_random(c->st) % CHALLENGES_A_SECOND;
	}
	if (t->challenge_count == 0)
		return;
	t->challenge_count--;
	MIB_INC(c->st, TcpExt_TCPChallengeACK);
	c->ack_now = true;
}

/* --- step by step --------------------------------------------------------------------------------- */

/* RFC 7323 5.3 R1 */
static enum drop check_paws(struct tcp_conn *c, const struct tcp_seg *s)
{
	const uint64_t idle =
		24ULL * 24 * 3600 * 1000000; /* 5.5: then ts_recent may have wrapped */

	if (!c->ts_on || (s->flags & TCPF_RST))
		return DROP_NONE;
	if (!s->has_ts)
		return DROP_TCP_PAWS; /* 3.2: SHOULD silently drop */
	if ((int32_t)(s->tsval - c->ts_recent) >= 0 || tcp_us(c->st) - c->ts_recent_us > idle)
		return DROP_NONE;
	MIB_INC(c->st, TcpExt_PAWSEstab);
	if (s->len || tcp_oow_ack_ok(c->st, &c->oow_ack_us))
		c->ack_now = true;
	return DROP_TCP_PAWS;
}

/* 3.10.7.4 first: may the segment lie in the window?  A little more is let through than Table 6 does: what
 * touches the edge is cut later, and its ACK counts (MUST-66). */
static enum drop check_seq(struct tcp_conn *c, const struct tcp_seg *s)
{
	struct seq edge = seq_max(c->rcv_adv, c->rcv_nxt);

	if (seq_le(c->rcv_wup, s->end) && seq_le(s->seq, edge) &&
	    (seq_le(c->rcv_nxt, s->end) || s->len == 0 || seq_eq(s->end, s->seq)))
		return DROP_NONE;
	if (s->flags & TCPF_RST)
		return DROP_TCP_BAD_RST;
	if (s->len && seq_le(s->end, c->rcv_nxt)) {
		tcp_dsack_set(c, s->seq, seq_add(s->seq, s->len));
		c->ack_now = true; /* a retransmission: our ACK was lost */
	} else if ((s->flags & TCPF_FIN) || tcp_oow_ack_ok(c->st, &c->oow_ack_us)) {
		c->ack_now = true;
	}
	return seq_le(s->end, c->rcv_nxt) ? DROP_TCP_OLD_DUP : DROP_TCP_BAD_SEQ;
}

/* Second: RST.  RFC 5961 3.2: only the exact next number resets; others in the window are challenged. */
static enum drop check_rst(struct tcp_conn *c, const struct tcp_seg *s)
{
	bool at_sack_edge = c->nsack && seq_eq(s->seq, c->rsack[0].end);

	if (!(s->flags & TCPF_RST))
		return DROP_NONE;
	if (!seq_eq(s->seq, c->rcv_nxt) && !at_sack_edge) {
		tcp_challenge_ack(c);
		return DROP_TCP_BAD_RST;
	}
	switch (c->state) {
	case TCP_SYN_RECEIVED:
		MIB_INC(c->st, Tcp_AttemptFails);
		tcp_conn_done(c, ECONNREFUSED);
		break;
	case TCP_CLOSE_WAIT:
		MIB_INC(c->st, Tcp_EstabResets);
		tcp_conn_done(c, EPIPE);
		break;
	case TCP_CLOSING:
	case TCP_LAST_ACK:
		tcp_conn_done(c, 0);
		break;
	default:
		MIB_INC(c->st, Tcp_EstabResets);
		tcp_conn_done(c, ECONNRESET);
	}
	return DROP_TCP_RST;
}

/* Fourth: SYN (RFC 5961 4.2). */
static enum drop check_syn(struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!(s->flags & TCPF_SYN))
		return DROP_NONE;
	MIB_INC(c->st, TcpExt_TCPSYNChallenge);
	tcp_challenge_ack(c);
	return DROP_TCP_SYN_IN_WINDOW;
}

/* Everything before the ACK field, in a synchronized state. */
static enum drop check_before_ack(struct tcp_conn *c, const struct tcp_seg *s)
{
	enum drop why = check_paws(c, s);

	if (!why)
		why = check_seq(c, s);
	if (!why)
		why = check_rst(c, s);
	if (!why)
		why = check_syn(c, s);
	if (!why && !(s->flags & TCPF_ACK))
		why = DROP_TCP_NO_ACK; /* fifth: "if the ACK bit is off, drop the segment" */
	return why;
}

static enum drop check_through_ack(struct tcp_conn *c, const struct tcp_seg *s)
{
	enum drop why = check_before_ack(c, s);

	if (!why)
		why = tcp_ack_in(c, s);
	if (!why)
		tcp_ts_recent_update(c, s);
	return why;
}

/* Sixth: URG.  The byte before the pointer is the urgent one (RFC 6093 3). */
static void urgent(struct tcp_conn *c, const struct tcp_seg *s, const struct pkt *p)
{
	struct seq at = seq_add(s->seq, s->urp - 1U);
	uint32_t off;

	if (!(s->flags & TCPF_URG) || s->urp == 0)
		return;
	if (seq_lt(at, c->copied) || (c->urg_rcv && seq_le(at, c->rcv_up)))
		return;
	if (!c->urg_rcv || seq_lt(c->rcv_up, at)) {
		c->rcv_up = at;
		c->urg_rcv = true;
		c->urg_have = c->urg_taken = false;
		net_ep_raise(&c->ep, NET_PRI);
	}
	off = seq_dist(s->seq, at);
	if (off < p->len) {
		pkt_copy_out(p, off, &c->urg_byte, 1);
		c->urg_have = true;
	}
}

/* The urgent byte may come in a later segment than its announcement. */
static void urgent_byte(struct tcp_conn *c, const struct tcp_seg *s, const struct pkt *p)
{
	if (!c->urg_rcv || c->urg_have || seq_lt(c->rcv_up, s->seq) ||
	    !seq_lt(c->rcv_up, seq_add(s->seq, s->len)))
		return;
	pkt_copy_out(p, seq_dist(s->seq, c->rcv_up), &c->urg_byte, 1);
	c->urg_have = true;
	net_ep_raise(&c->ep, NET_PRI);
}

/* RFC 3168 6.1.3: echo a mark until the sender says that it has reacted. */
static void ecn(struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!c->ecn_on)
		return;
	if (s->flags & TCPF_CWR)
		c->ecn_echo = false;
	if (s->ce) {
		c->ecn_echo = true;
		c->ack_now = true;
	}
}

/* Seventh: the text. */
static enum drop text(struct tcp_conn *c, struct tcp_rx *r)
{
	struct pkt *p = r->p;

	ecn(c, r->s);
	if (r->s->len == 0)
		return DROP_NONE;
	urgent(c, r->s, p);
	urgent_byte(c, r->s, p);
	if (c->orphan && seq_lt(c->rcv_nxt, seq_add(r->s->seq, r->s->len))) {
		/* RFC 1122 4.2.2.13: nobody will read it; say so. */
		MIB_INC(c->st, TcpExt_TCPAbortOnData);
		tcp_send_rst(c);
		tcp_conn_done(c, ECONNRESET);
		return DROP_TCP_CLOSED_DATA;
	}
	r->p = NULL;
	(void)tcp_data_in(c, p, r->s);
	return DROP_NONE;
}

/* Eighth: FIN, in order or remembered.  True: the peer's direction has just ended. */
static bool fin(struct tcp_conn *c, const struct tcp_seg *s)
{
	if (c->fin_rcvd)
		return false;
	if (s->flags & TCPF_FIN) {
		c->fin_ofo = true;
		c->fin_seq = seq_add(s->seq, s->len);
	}
	if (!c->fin_ofo || !seq_eq(c->fin_seq, c->rcv_nxt))
		return false;
	tcp_fin_in(c);
	return true;
}

static bool our_fin_acked(const struct tcp_conn *c)
{
	return c->fin_sent && seq_eq(c->snd_una, c->snd_nxt);
}

static void time_wait(struct tcp_conn *c)
{
	if (c->ack_now)
		tcp_send_ack(c);
	tcp_tw_enter(c, false, TCP_TIMEWAIT_S * 1000000000ULL);
}

/* --- the rows ------------------------------------------------------------------------------------- */

static enum drop rx_established(struct tcp_conn *c, struct tcp_rx *r)
{
	enum drop why = check_through_ack(c, r->s);

	if (why)
		return why;
	why = text(c, r);
	if (!why && fin(c, r->s))
		c->state = TCP_CLOSE_WAIT;
	return why;
}

/* FIN-WAIT-2 begins; without an owner it does not last for ever (Linux and BSD, against dead peers). */
static void enter_fin_wait_2(struct tcp_conn *c)
{
	c->state = TCP_FIN_WAIT_2;
	if (c->orphan && !c->rq.first)
		tcp_tm_set(c, TM_KEEP, c->st->now + tcp_opt(c, TCP_OPT_LINGER2) * 1000000000ULL);
	net_ep_raise(&c->ep, NET_OUT);
}

static enum drop rx_fin_wait_1(struct tcp_conn *c, struct tcp_rx *r)
{
	enum drop why = check_through_ack(c, r->s);
	bool ended;

	if (why)
		return why;
	if (our_fin_acked(c))
		enter_fin_wait_2(c);
	why = text(c, r);
	if (why)
		return why;
	ended = fin(c, r->s);
	if (ended && c->state == TCP_FIN_WAIT_2)
		time_wait(c);
	else if (ended)
		c->state = TCP_CLOSING;
	return DROP_NONE;
}

static enum drop rx_fin_wait_2(struct tcp_conn *c, struct tcp_rx *r)
{
	enum drop why = check_through_ack(c, r->s);

	if (!why)
		why = text(c, r);
	if (!why && fin(c, r->s))
		time_wait(c);
	return why;
}

static enum drop rx_close_wait(struct tcp_conn *c, struct tcp_rx *r)
{
	/* The peer's direction is over: text after its FIN cannot be (seventh), nor another FIN. */
	return check_through_ack(c, r->s);
}

static enum drop rx_closing(struct tcp_conn *c, struct tcp_rx *r)
{
	enum drop why = check_through_ack(c, r->s);

	if (!why && our_fin_acked(c))
		time_wait(c);
	return why;
}

static enum drop rx_last_ack(struct tcp_conn *c, struct tcp_rx *r)
{
	enum drop why = check_through_ack(c, r->s);

	if (!why && our_fin_acked(c))
		tcp_conn_done(c, 0);
	return why;
}

/* --- opening -------------------------------------------------------------------------------------- */

/* What both SYNs agreed on. */
static void options_agree(struct tcp_conn *c, const struct tcp_seg *s)
{
	c->mss_peer = (uint16_t)(s->mss ? MAX(s->mss, (uint16_t)48) : 0);
	c->ws_on = s->has_ws;
	c->snd_ws = s->has_ws ? s->wscale : 0;
	if (!s->has_ws)
		c->rcv_ws = 0;
	c->sack_on = s->sack_ok;
	c->ts_on = s->has_ts;
	if (s->has_ts) {
		c->ts_recent = s->tsval;
		c->ts_recent_us = tcp_us(c->st);
	}
	tcp_mss_update(c);
}

void tcp_enter_established(struct tcp_conn *c, const struct tcp_seg *s)
{
	c->state = TCP_ESTABLISHED;
	/* RFC 7323 2.3: after the SYNs every window is scaled; this one came without SYN or is a SYN-ACK. */
	c->snd_wnd = s->flags & TCPF_SYN ? s->win : (uint32_t)s->win << c->snd_ws;
	c->max_wnd = c->snd_wnd;
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
	c->cwnd = c->retries > 1 ? c->mss
				 : 10U * c->mss; /* RFC 6928; RFC 5681 3.1: 1 after a lost SYN */
	c->cc->init(c);
	c->retries = c->backoff = 0;
	c->probes = 0;
	c->last_rcv_us = c->last_snd_us = tcp_us(c->st);
	c->fack = c->rack_end = c->high_seq = c->dsack_round = c->snd_una;
	tcp_tm_off(c, TM_RTX);
	c->rtx_kind = RTX_NONE;
	MIB_INC(c->st, Tcp_CurrEstab);
	tcp_keep_arm(c);
}

/* The SYN is acknowledged: its time is the first sample. */
static void syn_rtt(struct tcp_conn *c)
{
	if (c->retries == 0)
		tcp_rtt_sample(c, tcp_us(c->st) - c->last_snd_us);
	else
		c->rto_us = MAX(c->rto_us, 3000000U); /* RFC 6298 5.7 */
}

/* RFC 9293 3.5.1, Figure 8: both sides sent a SYN. */
static enum drop simultaneous_open(struct tcp_conn *c)
{
	c->state = TCP_SYN_RECEIVED;
	c->snd_nxt = seq_add(c->iss, 1); /* data of a fast open is sent again */
	c->fo_syn_len = 0;
	tcp_send_syn(c);
	return DROP_NONE;
}

static enum drop rx_syn_sent(struct tcp_conn *c, struct tcp_rx *r)
{
	const struct tcp_seg *s = r->s;
	bool acked = s->flags & TCPF_ACK;

	if (unlikely(c->fo_lazy))
		return DROP_TCP_NO_SYN; /* nothing was sent yet: there is no answer to it */
	if (acked && (seq_le(s->ack, c->iss) || seq_lt(c->snd_nxt, s->ack))) { /* first */
		tcp_reply_rst(c->st, r->ip, s);
		return DROP_TCP_BAD_ACK;
	}
	if (s->flags & TCPF_RST) { /* second */
		if (!acked)
			return DROP_TCP_BAD_RST;
		MIB_INC(c->st, Tcp_AttemptFails);
		tcp_conn_done(c, ECONNREFUSED);
		return DROP_TCP_RST;
	}
	if (!(s->flags & TCPF_SYN)) /* fifth */
		return DROP_TCP_NO_SYN;
	c->irs = s->seq; /* fourth */
	c->rcv_nxt = seq_add(s->seq, 1);
	options_agree(c, s);
	tcp_rcv_init(c);
	if (!acked)
		return simultaneous_open(c);
	c->ecn_on = tcp_opt(c, TCP_OPT_ECN) && (s->flags & (TCPF_ECE | TCPF_CWR)) == TCPF_ECE;
	c->snd_una = s->ack;
	syn_rtt(c);
	if (unlikely(c->fo_asked))
		tcp_fo_answered(c, s);
	tcp_enter_established(c, s);
	MIB_INC(c->st, Tcp_ActiveOpens);
	net_ep_raise(&c->ep, NET_CONN | NET_OUT);
	c->ack_now = true;
	/* A SYN-ACK with data or FIN is legal if rare: what was not kept is sent again. */
	return DROP_NONE;
}

static enum drop rx_syn_received(struct tcp_conn *c, struct tcp_rx *r)
{
	const struct tcp_seg *s = r->s;
	enum drop why;

	/* The peer's SYN again: our answer was lost. */
	if ((s->flags & (TCPF_SYN | TCPF_ACK | TCPF_RST)) == TCPF_SYN && seq_eq(s->seq, c->irs)) {
		if (tcp_oow_ack_ok(c->st, &c->oow_ack_us))
			tcp_send_syn(c);
		return DROP_TCP_OLD_DUP;
	}
	/* Simultaneous open: the peer's SYN-ACK is the ACK of our SYN. */
	if ((s->flags & (TCPF_SYN | TCPF_ACK)) == (TCPF_SYN | TCPF_ACK) && seq_eq(s->seq, c->irs) &&
	    !c->listener) {
		if (!seq_eq(s->ack, c->snd_nxt))
			return DROP_TCP_BAD_ACK;
		c->snd_una = s->ack;
		c->ack_now = true;
		tcp_enter_established(c, s);
		MIB_INC(c->st, Tcp_ActiveOpens);
		net_ep_raise(&c->ep, NET_CONN | NET_OUT);
		return DROP_NONE;
	}
	why = check_before_ack(c, s);
	if (why)
		return why;
	if (seq_le(s->ack, c->snd_una) || seq_lt(c->snd_nxt, s->ack)) { /* fifth */
		tcp_reply_rst(c->st, r->ip, s);
		return DROP_TCP_BAD_ACK;
	}
	if (c->deferred && s->len == 0 && !(s->flags & TCPF_FIN) &&
	    tcp_us(c->st) / 1000000 < c->defer_until_s)
		return DROP_NONE; /* TCP_DEFER_ACCEPT: the data will carry the ACK again */
	if (c->listener && c->listener->naccept > c->listener->backlog) {
		MIB_INC(c->st, TcpExt_ListenOverflows);
		return DROP_TCP_BACKLOG; /* the peer will try again */
	}
	c->snd_una = s->ack;
	syn_rtt(c);
	tcp_ts_recent_update(c, s);
	tcp_enter_established(c, s);
	if (c->listener) {
		MIB_INC(c->st, Tcp_PassiveOpens);
		tcp_syn_done(c);
	} else {
		MIB_INC(c->st, Tcp_ActiveOpens);
		net_ep_raise(&c->ep, NET_CONN | NET_OUT);
	}
	why = text(c, r);
	if (!why && fin(c, s))
		c->state = TCP_CLOSE_WAIT;
	if (c->shut_wr_early) {
		c->state = c->state == TCP_CLOSE_WAIT ? TCP_LAST_ACK : TCP_FIN_WAIT_1;
		c->shut_wr_early = false;
	}
	return why;
}

static enum drop rx_closed(struct tcp_conn *c, struct tcp_rx *r)
{
	tcp_reply_rst(c->st, r->ip, r->s);
	return DROP_TCP_NO_CONN;
}

enum drop (*const tcp_rx_state[TCP_NSTATES])(struct tcp_conn *, struct tcp_rx *) = {
	[0] = rx_closed,
	[TCP_ESTABLISHED] = rx_established,
	[TCP_SYN_SENT] = rx_syn_sent,
	[TCP_SYN_RECEIVED] = rx_syn_received,
	[TCP_FIN_WAIT_1] = rx_fin_wait_1,
	[TCP_FIN_WAIT_2] = rx_fin_wait_2,
	[TCP_TIME_WAIT] = rx_closed,
	[TCP_CLOSED] = rx_closed,
	[TCP_CLOSE_WAIT] = rx_close_wait,
	[TCP_LAST_ACK] = rx_last_ack,
	[TCP_LISTEN] = rx_closed,
	[TCP_CLOSING] = rx_closing,
};
