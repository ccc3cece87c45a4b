/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_timer.c: what happens when time passes: retransmission timeouts (RFC 6298 5.4-5.7), tail loss
 * probes (RFC 8985 7.3), zero-window probes (RFC 9293 3.8.6.1), keepalive (3.8.4), delayed ACKs.  One
 * wheel timer a connection is armed for the earliest deadline or before it.
 */
#include "net/tcp_int.h"

enum {
	RETRIES_R1 = 3,	 /* RFC 9293 3.8.3: then tell IP to look for another way */
	RETRIES_R2 = 15, /* about a quarter of an hour */
	ORPHAN_RETRIES = 8,
	BLACKHOLE_RETRIES = 3,
};
#define NS_A_SECOND 1000000000ULL

static void give_up(struct tcp_conn *c)
{
	MIB_INC(c->st, TcpExt_TCPAbortOnTimeout);
	tcp_conn_done(c, c->soft_err ? c->soft_err : ETIMEDOUT);
}

/* RFC 793's user timeout, as TCP_USER_TIMEOUT sets it. */
static bool user_timed_out(const struct tcp_conn *c)
{
	uint32_t ms = tcp_opt(c, TCP_OPT_USER_TIMEOUT);

	return ms && c->user_since_us && tcp_us(c->st) - c->user_since_us >= ms * 1000ULL;
}

static void syn_timeout(struct tcp_conn *c)
{
	uint32_t limit = c->state == TCP_SYN_SENT ? tcp_opt(c, TCP_OPT_SYNCNT) : 5;

	if (c->retries >= limit || user_timed_out(c)) {
		MIB_INC(c->st, Tcp_AttemptFails);
		give_up(c);
		return;
	}
	if (c->fo_syn_len)
		tcp_fo_forget(c);
	c->retries++;
	c->backoff++;
	MIB_INC(c->st, Tcp_RetransSegs);
	MIB_INC(c->st, TcpExt_TCPTimeouts);
	tcp_send_syn(c);
	tcp_tm_set(c, TM_RTX, c->st->now + tcp_rto_now_us(c) * 1000);
}

/* Large segments vanish and small ones do not: a router that drops without a word (RFC 2923 2.1). */
static void blackhole_check(struct tcp_conn *c)
{
	if (c->retries < BLACKHOLE_RETRIES || c->mtu_probing || c->mss <= 536)
		return;
	c->mtu_probing = true;
	MIB_INC(c->st, TcpExt_TCPMTUPFail);
	tcp_mss_update(c);
}

/*
 * RFC 9293 3.8.6: the window has closed over what is in flight.  What is sent again is a probe then, and while those
 * are answered the peer is there (MUST-37).
 */
static bool answered_closed(const struct tcp_conn *c)
{
	return c->snd_wnd == 0 && !c->orphan &&
	       tcp_us(c->st) - c->last_ack_us <= 2ULL * tcp_rto_now_us(c);
}

static void rto(struct tcp_conn *c)
{
	struct tcp_rec *r;
	uint32_t limit = c->orphan ? ORPHAN_RETRIES : RETRIES_R2;

	if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RECEIVED) {
		syn_timeout(c);
		return;
	}
	if (list_empty(&c->recs))
		return;
	if (answered_closed(c))
		c->retries = 0;
	/* Timeouts since the last progress; the backoff may be older (RFC 6298 5.7). */
	if (c->retries >= limit || user_timed_out(c)) {
		give_up(c);
		return;
	}
	MIB_INC(c->st, TcpExt_TCPTimeouts);
	/* RFC 2018 8: the head SACKed and yet not acknowledged for so long: it was dropped again. */
	if (list_first(&c->recs, struct tcp_rec, link)->flags & REC_SACKED)
		tcp_sack_renege(c);
	tcp_enter_loss(c);
	c->backoff = (uint8_t)MIN(c->backoff + 1, 20);
	c->retries++;
	if (c->retries == RETRIES_R1)
		c->dst.gen--; /* look for another way */
	blackhole_check(c);
	r = list_first(&c->recs, struct tcp_rec, link);
	if (seq_dist(r->seq, r->end) > c->mss)
		(void)tcp_rec_split(c, r, seq_add(r->seq, c->mss));
	(void)tcp_retransmit(c, r);
	c->rtx_kind = RTX_RTO;
	tcp_tm_set(c, TM_RTX, c->st->now + tcp_rto_now_us(c) * 1000);
}

/* RFC 8985 7.3: new data if there is any, else the last segment again. */
static void tlp(struct tcp_conn *c)
{
	struct seq before = c->snd_nxt;
	struct tcp_rec *r;

	MIB_INC(c->st, TcpExt_TCPLossProbes);
	c->tlp_active = true;
	c->tlp_retrans = false;
	if (tcp_unsent(c)) {
		c->cwnd += c->mss;
		tcp_output(c);
		c->cwnd -= c->mss;
	}
	r = list_last(&c->recs, struct tcp_rec, link);
	if (seq_eq(before, c->snd_nxt) && r) {
		uint32_t len = seq_dist(r->seq, r->end);

		if (len > c->mss) {
			struct tcp_rec *tail =
				tcp_rec_split(c, r, seq_add(r->seq, (len - 1) / c->mss * c->mss));

			r = tail ? tail : r;
		}
		c->tlp_retrans = true;
		if (!(r->flags & REC_SACKED))
			(void)tcp_retransmit(c, r);
	}
	c->tlp_high = c->snd_nxt;
	c->rtx_kind = RTX_RTO;
	tcp_tm_set(c, TM_RTX, c->st->now + tcp_rto_now_us(c) * 1000);
}

/* --- the closed window ---------------------------------------------------------------------------- */

void tcp_persist_arm(struct tcp_conn *c)
{
	if (c->rtx_kind == RTX_PERSIST && c->tm[TM_RTX] != UINT64_MAX)
		return;
	c->rtx_kind = RTX_PERSIST;
	tcp_tm_set(c, TM_RTX, c->st->now + tcp_rto_now_us(c) * 1000);
}

/* RFC 9293 3.8.6.1: go on probing for as long as the peer answers (MUST-37). */
static void persist(struct tcp_conn *c)
{
	uint32_t room = seq_dist(c->snd_nxt, seq_add(c->snd_una, c->snd_wnd));

	c->rtx_kind = RTX_NONE;
	if (!tcp_unsent(c))
		return;
	if (c->probes >= RETRIES_R2 || (c->orphan && c->probes >= ORPHAN_RETRIES) ||
	    user_timed_out(c)) {
		give_up(c);
		return;
	}
	c->probes++;
	if (c->snd_wnd && (int32_t)room > 0) {
		/* A window smaller than a segment: after this long it is used all the same (3.8.6.2.1 (4)). */
		uint32_t n = MIN((uint32_t)tcp_unsent(c), MIN(room, (uint32_t)c->mss));
		struct tcp_rec *r = tcp_rec_new(c, c->snd_nxt, seq_add(c->snd_nxt, n), 0);
		uint32_t in;
		struct pbuf *b = tcp_sndq_seek(c, seq_dist(c->snd_una, c->snd_nxt), &in);

		if (r && tcp_xmit(c, c->snd_nxt, n, TCPF_ACK | TCPF_PSH, b, in, true) == (long)n) {
			tcp_sndq_sent(c, n);
			c->snd_nxt = seq_add(c->snd_nxt, n);
			c->snd_sml = c->snd_nxt;
			tcp_rto_arm(c);
			return;
		}
		if (r)
			tcp_rec_free(c, r);
	}
	MIB_INC(c->st, TcpExt_TCPWinProbe);
	tcp_send_probe(c, false);
	c->backoff = (uint8_t)MIN(c->backoff + 1, 20);
	tcp_persist_arm(c);
}

/* --- keepalive, and other long waits -------------------------------------------------------------- */

void tcp_keep_arm(struct tcp_conn *c)
{
	if (tcp_opt(c, TCP_OPT_KEEPALIVE) && tcp_established(c) && !c->orphan)
		tcp_tm_set(c, TM_KEEP, c->st->now + tcp_opt(c, TCP_OPT_KEEPIDLE) * NS_A_SECOND);
	else if (!(c->orphan && c->state == TCP_FIN_WAIT_2))
		tcp_tm_off(c, TM_KEEP);
}

static void keepalive(struct tcp_conn *c)
{
	uint64_t idle_ns, heard = MAX(c->last_rcv_us, c->last_ack_us) * 1000;
	uint64_t keepidle = tcp_opt(c, TCP_OPT_KEEPIDLE) * NS_A_SECOND;

	if (c->orphan && c->state == TCP_FIN_WAIT_2) {
		tcp_conn_done(c, 0);
		return;
	}
	if (!tcp_opt(c, TCP_OPT_KEEPALIVE) || !tcp_established(c))
		return;
	idle_ns = c->st->now - heard;
	/* Data in flight or waiting has timers of its own. */
	if (!list_empty(&c->recs) || tcp_unsent(c) || (idle_ns < keepidle && c->probes == 0)) {
		tcp_tm_set(c, TM_KEEP, MAX(heard + keepidle, c->st->now + NS_A_SECOND));
		return;
	}
	if (idle_ns < keepidle) {
		c->probes = 0;
		tcp_tm_set(c, TM_KEEP, heard + keepidle);
		return;
	}
	if (c->probes >= tcp_opt(c, TCP_OPT_KEEPCNT) ||
	    (tcp_opt(c, TCP_OPT_USER_TIMEOUT) && c->probes &&
	     idle_ns >= tcp_opt(c, TCP_OPT_USER_TIMEOUT) * 1000000ULL)) {
		tcp_send_rst(c);
		give_up(c);
		return;
	}
	c->probes++;
	MIB_INC(c->st, TcpExt_TCPKeepAlive);
	tcp_send_probe(c, false);
	tcp_tm_set(c, TM_KEEP, c->st->now + tcp_opt(c, TCP_OPT_KEEPINTVL) * NS_A_SECOND);
}

static void delack(struct tcp_conn *c)
{
	/* The answer did not come in time: this is not a conversation. */
	c->pingpong = false;
	MIB_INC(c->st, TcpExt_DelayedACKs);
	tcp_send_ack(c);
}

static void fire(struct tcp_conn *c, enum tcp_timer t)
{
	switch (t) {
	case TM_RTX:
		if (c->rtx_kind == RTX_TLP)
			tlp(c);
		else if (c->rtx_kind == RTX_PERSIST)
			persist(c);
		else if (c->rtx_kind == RTX_RTO)
			rto(c);
		break;
	case TM_REO:
		tcp_reo_timeout(c);
		tcp_output(c);
		break;
	case TM_DELACK:
		delack(c);
		break;
	case TM_KEEP:
		keepalive(c);
		break;
	case TM_CORK:
		tcp_output(c);
		tcp_write_space(c); /* the writer may have found no memory */
		break;
	case TM_PACE:
		tcp_output(c);
		break;
	case TM_COUNT:
		break;
	}
}

void tcp_timer_fire(struct wheel_timer *timer, uint64_t now)
{
	struct tcp_conn *c = container_of(timer, struct tcp_conn, timer);
	struct net_stack *st = c->st;
	uint64_t next = UINT64_MAX;

	c->timer_at = UINT64_MAX;
	for (unsigned t = 0; t < TM_COUNT && c->state != TCP_CLOSED; t++) {
		if (c->tm[t] > now)
			continue;
		/* The cork's deadline is what tells partial_ok() that it has passed. */
		if (t != TM_CORK)
			tcp_tm_off(c, (enum tcp_timer)t);
		fire(c, (enum tcp_timer)t);
		if (t == TM_CORK && c->tm[t] <= now)
			tcp_tm_off(c, TM_CORK);
	}
	if (c->state != TCP_CLOSED) {
		for (unsigned t = 0; t < TM_COUNT; t++)
			next = MIN(next, c->tm[t]);
		if (next != UINT64_MAX && next < c->timer_at) {
			c->timer_at = next;
			wheel_timer_set(&st->wheel, &c->timer, next);
		}
	}
	tcp_reap(st);
}
