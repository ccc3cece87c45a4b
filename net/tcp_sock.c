/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_sock.c: TCP's user calls but for data: open, close, options (RFC 9293 3.9.1).
 */
#include "net/tcp_int.h"

err_t tcp_new(struct net_stack *st, void *owner, struct tcp_conn **out)
{
	struct tcp_conn *c = tcp_conn_alloc(st, owner);

	if (!c)
		return -ENOMEM;
	*out = c;
	return 0;
}

/* RFC 9293 3.7.1: what we are ready to receive: the interface's, not the path's. */
uint16_t tcp_advmss(const struct tcp_conn *c)
{
	uint32_t mss = c->dst.ifc->mtu - (ip_is_v4(c->addr.remote) ? 40U : 60U);
	uint32_t user = tcp_opt(c, TCP_OPT_MAXSEG);

	if (user)
		mss = MIN(mss, user);
	return (uint16_t)MAX(MIN(mss, 65535U - 60U), 48U);
}

static err_t connect_address(struct tcp_conn *c, struct tcp_conn_addr *a)
{
	struct net_stack *st = c->st;

	if (a->rport == 0 || ip_is_multicast(a->remote) || ip_is_bcast_all(a->remote))
		return -ENETUNREACH;
	if (ip_is_any(a->remote)) /* Linux and BSD: this host */
		a->remote = ip_is_v4(a->remote) ? ip4(0x7f000001)
						: (struct ip_addr){ .b = { [15] = 1 } };
	if (ip_is_any(a->local)) {
		err_t err = net_source_for(st, a->remote, a->ifc, &a->local);

		if (err)
			return err;
	} else if (!ip_is_local(st, a->local)) {
		return -EADDRNOTAVAIL;
	}
	if (a->lport == 0)
		return tcp_port_pick(st, a);
	return tcp_conn_taken(st, a) || tcp_tw_taken(st, a, true) ? -EADDRINUSE : 0;
}

void tcp_syn_begin(struct tcp_conn *c)
{
	c->last_snd_us = c->user_since_us = tcp_us(c->st);
	tcp_send_syn(c);
	c->rtx_kind = RTX_RTO;
	tcp_tm_set(c, TM_RTX, c->st->now + tcp_rto_now_us(c) * 1000);
}

static err_t open(struct tcp_conn *c, const struct tcp_conn_addr *want, bool fast, uint64_t now)
{
	struct tcp_conn_addr a = *want;
	err_t err;

	net_at(c->st, now);
	if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RECEIVED)
		return -EALREADY;
	if (c->state != TCP_CLOSED || c->hashed)
		return -EISCONN;
	err = connect_address(c, &a);
	if (err)
		return err;
	c->addr = a;
	c->dst.gen = c->st->gen - 1;
	err = tcp_dst_check(c);
	if (err)
		return err;
	c->advmss = tcp_advmss(c);
	c->rcv_ws = 7;
	c->ts_off = tcp_ts_offset(c->st, &c->addr);
	c->iss = c->snd_una = c->snd_sml = tcp_isn(c->st, &c->addr);
	c->snd_nxt = seq_add(c->iss, 1);
	c->rcv_nxt = c->rcv_wup = c->rcv_adv = (struct seq){ 0 };
	c->state = TCP_SYN_SENT;
	c->ep.err = 0;
	tcp_conn_hash(c);
	c->fo_asked = fast;
	c->fo_lazy = fast && tcp_fo_find(c->st, c->addr.remote);
	if (!c->fo_lazy)
		tcp_syn_begin(c);
	return 0;
}

err_t tcp_connect(struct tcp_conn *c, const struct tcp_conn_addr *a, uint64_t now)
{
	return open(c, a, tcp_opt(c, TCP_OPT_FASTOPEN_CONNECT), now);
}

err_t tcp_connect_fast(struct tcp_conn *c, const struct tcp_conn_addr *a, uint64_t now)
{
	return open(c, a, true, now);
}

bool tcp_lazy(const struct tcp_conn *c)
{
	return c->fo_lazy;
}

/* --- closing -------------------------------------------------------------------------------------- */

/* RFC 9293 3.10.4: queue the FIN behind what is to be sent. */
static void queue_fin(struct tcp_conn *c)
{
	if (c->fin_queued)
		return;
	switch (c->state) {
	case TCP_SYN_RECEIVED:
		c->shut_wr_early = true;
		c->fin_queued = true;
		return;
	case TCP_ESTABLISHED:
		c->state = TCP_FIN_WAIT_1;
		break;
	case TCP_CLOSE_WAIT:
		c->state = TCP_LAST_ACK;
		break;
	default:
		return;
	}
	c->fin_queued = true;
	tcp_tm_off(c, TM_CORK);
	tcp_output(c);
}

err_t tcp_shutdown(struct tcp_conn *c, unsigned how, uint64_t now)
{
	net_at(c->st, now);
	if (c->state == TCP_CLOSED)
		return -ENOTCONN;
	if (how & TCP_SHUT_RD) {
		c->shut_rd = true;
		net_ep_raise(&c->ep, NET_IN | NET_RDHUP);
	}
	if (how & TCP_SHUT_WR) {
		if (c->state == TCP_SYN_SENT)
			tcp_conn_done(c, 0);
		else
			queue_fin(c);
	}
	tcp_reap(c->st);
	return 0;
}

static void reset(struct tcp_conn *c)
{
	if (tcp_established(c) || c->state == TCP_SYN_RECEIVED)
		tcp_send_rst(c);
	tcp_conn_done(c, ECONNRESET);
}

/* Take the connection from its owner. */
static void orphan(struct tcp_conn *c)
{
	net_ep_fini(&c->ep);
	if (!c->orphan) {
		c->orphan = true;
		c->st->tcp->orphans++;
	}
	if (c->state == TCP_CLOSED) {
		list_del(&c->accept_link);
		list_add(&c->st->tcp->dead, &c->accept_link);
	}
}

void tcp_abort(struct tcp_conn *c, uint64_t now)
{
	struct net_stack *st = c->st;

	net_at(st, now);
	orphan(c);
	if (c->state != TCP_CLOSED)
		reset(c);
	tcp_reap(st);
}

void tcp_close(struct tcp_conn *c, uint64_t now)
{
	struct net_stack *st = c->st;

	net_at(st, now);
	/* RFC 2525 2.17, RFC 1122 4.2.2.13: unread data must not vanish silently. */
	if (c->rq_bytes && tcp_established(c)) {
		MIB_INC(st, TcpExt_TCPAbortOnClose);
		tcp_abort(c, now);
		return;
	}
	orphan(c);
	switch (c->state) {
	case TCP_SYN_SENT:
		tcp_conn_done(c, 0);
		break;
	case TCP_FIN_WAIT_2:
		if (tcp_opt(c, TCP_OPT_LINGER2) == UINT32_MAX)
			tcp_conn_done(c, 0);
		else
			tcp_tm_set(c, TM_KEEP, now + tcp_opt(c, TCP_OPT_LINGER2) * 1000000000ULL);
		break;
	default:
		queue_fin(c);
	}
	tcp_reap(st);
}

void tcp_disconnect(struct tcp_conn *c, uint64_t now)
{
	struct net_stack *st = c->st;
	void *owner = c->ep.owner;

	net_at(st, now);
	if (c->state != TCP_CLOSED)
		reset(c);
	tcp_rcv_free(c);
	net_ep_fini(&c->ep);
	net_ep_init(&c->ep, st, NET_TCP, owner);
	c->addr = (struct tcp_conn_addr){ .ifc = c->addr.ifc };
	c->fin_queued = c->fin_sent = c->fin_rcvd = c->fin_ofo = c->shut_rd = false;
	c->ts_on = c->ws_on = c->sack_on = c->ecn_on = c->ecn_echo = c->ecn_cwr = false;
	c->fo_asked = c->fo_lazy = c->fo_taken = false;
	c->fo_syn_len = 0;
	c->urg_have = c->urg_taken = c->urg_rcv = c->urg_snd = c->pingpong = c->mtu_probing = false;
	c->srtt_us = c->rttvar_us = c->min_rtt_us = 0;
	c->rto_us = 1000000;
	c->retries = c->backoff = c->probes = 0;
	c->ca_state = CA_OPEN;
	c->ssthresh = UINT32_MAX;
	c->soft_err = 0;
}

/* --- state ---------------------------------------------------------------------------------------- */

struct net_ep *tcp_ep(struct tcp_conn *c)
{
	return &c->ep;
}

enum tcp_state tcp_conn_state(const struct tcp_conn *c)
{
	return (enum tcp_state)c->state;
}

void tcp_conn_addr(const struct tcp_conn *c, struct tcp_conn_addr *out)
{
	*out = c->addr;
}

/* An established connection with no end, no error and no urgent byte in sight. */
static inline bool is_plain(const struct tcp_conn *c)
{
	return c->state == TCP_ESTABLISHED && !c->ep.err && !c->fin_queued && !c->fin_rcvd &&
	       !c->shut_rd && !c->urg_rcv && !c->urg_have;
}

unsigned tcp_level(struct tcp_conn *c)
{
	unsigned ev = 0;

	if (likely(is_plain(c) && c->sq_bytes <= c->sndbuf / 2 &&
		   tcp_opt(c, TCP_OPT_NOTSENT_LOWAT) == UINT32_MAX))
		return NET_OUT | (c->rq_bytes >= tcp_opt(c, TCP_OPT_RCVLOWAT) ? NET_IN : 0u);
	if (c->ep.err)
		ev |= NET_ERR;
	if (c->state == TCP_CLOSED)
		return ev | NET_HUP | (c->addr.rport ? NET_IN | NET_OUT | NET_RDHUP : NET_OUT);
	if (c->fo_lazy)
		return ev | NET_OUT; /* writing is what opens it */
	if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RECEIVED)
		return ev;
	if (c->rq_bytes >= tcp_opt(c, TCP_OPT_RCVLOWAT) || c->fin_rcvd || c->shut_rd)
		ev |= NET_IN;
	if (c->fin_rcvd || c->shut_rd)
		ev |= NET_RDHUP;
	if (c->fin_queued && (c->fin_rcvd || c->shut_rd))
		ev |= NET_HUP;
	if (c->fin_queued || tcp_write_space_ok(c))
		ev |= NET_OUT;
	else
		c->nospace = true; /* who has seen that there is none may wait for it */
	if ((c->urg_rcv && !c->urg_taken) || c->urg_have)
		ev |= NET_PRI;
	return ev;
}

/* --- options -------------------------------------------------------------------------------------- */

static err_t opt_check(enum tcp_opt o, uint32_t v)
{
	static const struct {
		uint32_t min, max;
	} range[TCP_OPT_COUNT] = {
		[TCP_OPT_NODELAY] = { 0, 1 },
		[TCP_OPT_CORK] = { 0, 1 },
		[TCP_OPT_QUICKACK] = { 0, 1 },
		[TCP_OPT_KEEPALIVE] = { 0, 1 },
		[TCP_OPT_KEEPIDLE] = { 1, 32767 },
		[TCP_OPT_KEEPINTVL] = { 1, 32767 },
		[TCP_OPT_KEEPCNT] = { 1, 127 },
		[TCP_OPT_USER_TIMEOUT] = { 0, INT32_MAX },
		[TCP_OPT_SYNCNT] = { 1, 127 },
		[TCP_OPT_LINGER2] = { 0, UINT32_MAX },
		[TCP_OPT_DEFER_ACCEPT] = { 0, INT32_MAX },
		[TCP_OPT_MAXSEG] = { 0, 32767 },
		[TCP_OPT_WINDOW_CLAMP] = { 0, INT32_MAX },
		[TCP_OPT_NOTSENT_LOWAT] = { 0, UINT32_MAX },
		[TCP_OPT_SNDBUF] = { 2048, 256 << 20 },
		[TCP_OPT_RCVBUF] = { 2048, 256 << 20 },
		[TCP_OPT_RCVLOWAT] = { 1, INT32_MAX },
		[TCP_OPT_OOBINLINE] = { 0, 1 },
		[TCP_OPT_CONGESTION] = { 0, 1 },
		[TCP_OPT_FASTOPEN] = { 0, INT32_MAX },
		[TCP_OPT_FASTOPEN_CONNECT] = { 0, 1 },
		[TCP_OPT_TTL] = { 0, 255 },
		[TCP_OPT_TOS] = { 0, 255 },
		[TCP_OPT_PMTUDISC] = { 0, 5 },
		[TCP_OPT_MAX_PACING] = { 1, UINT32_MAX },
		[TCP_OPT_ECN] = { 0, 1 },
	};

	if ((unsigned)o >= TCP_OPT_COUNT)
		return -ENOPROTOOPT;
	return v < range[o].min || v > range[o].max ? -EINVAL : 0;
}

static const struct tcp_cc_ops *cc_at(uint32_t i)
{
	return i == 0 ? &tcp_cc_cubic : &tcp_cc_reno;
}

/* Options that change something at once. */
static void opt_apply(struct tcp_conn *c, enum tcp_opt o, uint32_t v)
{
	switch (o) {
	case TCP_OPT_SNDBUF:
		c->sndbuf = v;
		c->sndbuf_fixed = true;
		tcp_write_space(c);
		break;
	case TCP_OPT_RCVBUF:
		c->rcvbuf = v;
		c->rcvbuf_fixed = true;
		break;
	case TCP_OPT_CONGESTION:
		c->cc = cc_at(v);
		c->cc->init(c);
		break;
	case TCP_OPT_NODELAY:
	case TCP_OPT_CORK:
		if (c->state != TCP_CLOSED && (o == TCP_OPT_NODELAY) == (v != 0))
			tcp_output(c);
		break;
	case TCP_OPT_QUICKACK:
		c->pingpong = !v;
		if (v && c->tm[TM_DELACK] != UINT64_MAX)
			tcp_send_ack(c);
		break;
	case TCP_OPT_KEEPALIVE:
	case TCP_OPT_KEEPIDLE:
		tcp_keep_arm(c);
		break;
	case TCP_OPT_MAX_PACING:
		tcp_pace_update(c);
		break;
	case TCP_OPT_MAXSEG:
		if (c->state != TCP_CLOSED)
			tcp_mss_update(c);
		break;
	case TCP_OPT_TTL:
	case TCP_OPT_TOS:
	case TCP_OPT_PMTUDISC:
		c->head_gen = c->st->gen - 1;
		break;
	default:
		break;
	}
}

err_t tcp_opt_set(struct tcp_conn *c, enum tcp_opt o, uint32_t v, uint64_t now)
{
	err_t err = opt_check(o, v);
	struct tcp_opts *own;

	if (err)
		return err;
	net_at(c->st, now);
	if (c->opt->v[o] != v) {
		own = tcp_opts_own(c);
		if (!own)
			return -ENOMEM;
		own->v[o] = v;
	}
	opt_apply(c, o, v);
	tcp_reap(c->st);
	return 0;
}

uint32_t tcp_opt_get(const struct tcp_conn *c, enum tcp_opt o)
{
	switch (o) {
	case TCP_OPT_SNDBUF:
		return c->sndbuf;
	case TCP_OPT_RCVBUF:
		return c->rcvbuf;
	case TCP_OPT_MAXSEG:
		return c->state == TCP_CLOSED ? c->opt->v[o] : c->mss;
	default:
		return (unsigned)o < TCP_OPT_COUNT ? c->opt->v[o] : 0;
	}
}

err_t tcp_listener_opt_set(struct tcp_listener *l, enum tcp_opt o, uint32_t v)
{
	err_t err = opt_check(o, v);

	if (err)
		return err;
	l->opt.v[o] = v;
	if (o == TCP_OPT_CONGESTION)
		l->cc = cc_at(v);
	return 0;
}

uint32_t tcp_listener_opt_get(const struct tcp_listener *l, enum tcp_opt o)
{
	return (unsigned)o < TCP_OPT_COUNT ? l->opt.v[o] : 0;
}
