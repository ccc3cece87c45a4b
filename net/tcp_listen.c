/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_listen.c: listeners: RFC 9293 3.10.7.2.  A SYN makes a connection in SYN-RECEIVED while the
 * SYN queue has room; beyond that it is answered with a cookie and forgotten (RFC 4987).
 */
#include "net/tcp_int.h"

enum { SYN_QUEUE_MIN = 64, SYN_QUEUE_MAX = 4096 };
#define COOKIE_TRUST_US 180000000ULL /* how long after an overflow cookies are looked for */

static struct list *bucket(struct net_stack *st, uint16_t port)
{
	return &st->tcp->listeners[port % TCP_LISTEN_BUCKETS];
}

/* --- finding -------------------------------------------------------------------------------------- */

/* How well a listener fits: 0 not at all; the more exact the higher. */
static unsigned fit(const struct tcp_listener *l, const struct ip_rx *rx, uint16_t port)
{
	unsigned score = 1;

	if (l->addr.lport != port || (l->addr.ifc && l->addr.ifc != rx->ifc))
		return 0;
	if (ip_is_any(l->addr.local)) {
		bool v6 = l->flags & TCP_L_BIND_V6;

		if (rx->v6 ? !v6 : v6 && (l->flags & TCP_L_V6ONLY))
			return 0;
		score += rx->v6 == v6;
	} else {
		if (!ip_eq(l->addr.local, rx->dst))
			return 0;
		score += 4;
	}
	return score + (l->addr.ifc ? 8 : 0);
}

struct tcp_listener *tcp_listener_find(struct net_stack *st, const struct ip_rx *rx,
				       const struct tcp_seg *s)
{
	struct tcp_listener *l, *best = NULL;
	unsigned best_score = 0, same = 0;
	uint32_t hash = 0;

	list_for_each_entry (l, bucket(st, s->dport), link) {
		unsigned score = fit(l, rx, s->dport);

		if (score == 0 || score < best_score)
			continue;
		if (score > best_score) {
			best = l;
			best_score = score;
			same = 1;
			continue;
		}
		/* SO_REUSEPORT: the k-th of equals takes its share by the flow's hash. */
		if (same++ == 1)
			hash = net_hash(st, rx->dst, rx->src, s->dport, s->sport);
		hash = hash * 1664525 + 1013904223;
		if (((uint64_t)hash * same) >> 32 == 0)
			best = l;
	}
	return best;
}

/* --- queues --------------------------------------------------------------------------------------- */

static void off_queue(struct tcp_conn *c)
{
	struct tcp_listener *l = c->listener;

	if (c->state == TCP_SYN_RECEIVED)
		l->nsyn--;
	else
		l->naccept--;
	list_del(&c->accept_link);
	c->listener = NULL;
}

void tcp_syn_failed(struct tcp_conn *c)
{
	off_queue(c);
	if (!c->hashed)
		list_add(&c->st->tcp->loose, &c->accept_link);
}

void tcp_syn_done(struct tcp_conn *c)
{
	struct tcp_listener *l = c->listener;

	list_del(&c->accept_link);
	list_add_tail(&l->accept, &c->accept_link);
	l->nsyn--;
	l->naccept++;
	net_ep_raise(&l->ep, NET_IN);
}

struct tcp_conn *tcp_accept(struct tcp_listener *l, void *owner)
{
	struct tcp_conn *c = list_first(&l->accept, struct tcp_conn, accept_link);

	if (!c)
		return NULL;
	off_queue(c);
	if (!c->hashed)
		list_add(&c->st->tcp->loose, &c->accept_link);
	c->ep.owner = owner;
	if (c->rq_bytes || c->fin_rcvd)
		net_ep_raise(&c->ep, NET_IN);
	return c;
}

unsigned tcp_listener_pending(const struct tcp_listener *l)
{
	return l->naccept;
}

unsigned tcp_listener_backlog(const struct tcp_listener *l)
{
	return l->backlog;
}

struct net_ep *tcp_listener_ep(struct tcp_listener *l)
{
	return &l->ep;
}

void tcp_listener_set_backlog(struct tcp_listener *l, unsigned backlog)
{
	l->backlog = backlog;
}

void tcp_listener_addr(const struct tcp_listener *l, struct tcp_conn_addr *out)
{
	*out = l->addr;
}

/* --- making and ending ---------------------------------------------------------------------------- */

err_t tcp_listen(struct tcp_conn *like, struct ip_addr addr, uint16_t port, unsigned flags,
		 unsigned backlog, void *owner, struct tcp_listener **out)
{
	struct net_stack *st = like->st;
	struct tcp_listener *l, *other;

	if (port == 0 || (!ip_is_any(addr) && !ip_is_local(st, addr)))
		return port ? -EADDRNOTAVAIL : -EINVAL;
	list_for_each_entry (other, bucket(st, port), link)
		if (other->addr.lport == port && ip_eq(other->addr.local, addr) &&
		    other->addr.ifc == like->addr.ifc &&
		    !(flags & other->flags & TCP_L_REUSEPORT) &&
		    ((flags ^ other->flags) & TCP_L_BIND_V6) == 0)
			return -EADDRINUSE;
	l = objcache_alloc(&st->tcp->lists);
	if (!l)
		return -ENOMEM;
	memset(l, 0, sizeof(*l));
	net_ep_init(&l->ep, st, NET_LISTENER, owner);
	l->st = st;
	l->addr = (struct tcp_conn_addr){ .local = addr, .lport = port, .ifc = like->addr.ifc };
	l->flags = flags;
	l->backlog = backlog;
	l->opt = *like->opt;
	l->cc = like->cc;
	list_init(&l->accept);
	list_init(&l->syn);
	list_add(bucket(st, port), &l->link);
	*out = l;
	return 0;
}

static void reset_all(struct list *q)
{
	while (!list_empty(q)) {
		struct tcp_conn *c = list_first(q, struct tcp_conn, accept_link);

		tcp_send_rst(c);
		tcp_conn_done(c, ECONNRESET);
	}
}

void tcp_listener_close(struct tcp_listener *l, uint64_t now)
{
	struct net_stack *st = l->st;

	net_at(st, now);
	reset_all(&l->syn);
	reset_all(&l->accept);
	list_del(&l->link);
	net_ep_fini(&l->ep);
	objcache_free(&st->tcp->lists, l);
	tcp_reap(st);
}

/* --- SYN ------------------------------------------------------------------------------------------ */

static unsigned syn_limit(const struct tcp_listener *l)
{
	return MIN(MAX(l->backlog, (unsigned)SYN_QUEUE_MIN), (unsigned)SYN_QUEUE_MAX);
}

static uint8_t window_scale(void)
{
	return 7; /* 8 MB at most: room for the buffer to grow to its limit */
}

/* RFC 3168 6.1.1 */
static bool ecn_wanted(const struct tcp_listener *l, const struct tcp_seg *s)
{
	return l->opt.v[TCP_OPT_ECN] && (s->flags & (TCPF_ECE | TCPF_CWR)) == (TCPF_ECE | TCPF_CWR);
}

/* A connection from the options of a SYN, without having sent anything. */
static struct tcp_conn *conn_from_syn(struct tcp_listener *l, const struct ip_rx *rx,
				      const struct tcp_seg *s, struct seq iss)
{
	struct net_stack *st = l->st;
	struct tcp_conn *c = tcp_conn_alloc(st, NULL);

	if (!c)
		return NULL;
	c->addr = (struct tcp_conn_addr){
		.local = rx->dst,
		.remote = rx->src,
		.lport = s->dport,
		.rport = s->sport,
		.ifc = ip6_is_link_local(rx->src) ? rx->ifc : l->addr.ifc,
	};
	if (memcmp(&l->opt, &st->tcp->defaults, sizeof(l->opt)) != 0) {
		if (!tcp_opts_own(c)) {
			tcp_conn_free(c);
			return NULL;
		}
		*c->opt = l->opt;
		tcp_pace_update(c);
		c->rcvbuf = l->opt.v[TCP_OPT_RCVBUF];
		c->sndbuf = l->opt.v[TCP_OPT_SNDBUF];
		c->rcvbuf_fixed = c->rcvbuf != st->tcp->defaults.v[TCP_OPT_RCVBUF];
		c->sndbuf_fixed = c->sndbuf != st->tcp->defaults.v[TCP_OPT_SNDBUF];
	}
	c->cc = l->cc;
	c->ts_off = tcp_ts_offset(st, &c->addr);
	c->iss = c->snd_una = c->snd_sml = iss;
	c->snd_nxt = seq_add(iss, 1);
	c->irs = s->seq;
	c->rcv_nxt = seq_add(s->seq, 1);
	c->mss_peer = (uint16_t)(s->mss ? MAX(s->mss, (uint16_t)48) : 0);
	c->ws_on = s->has_ws;
	c->snd_ws = s->wscale;
	c->rcv_ws = s->has_ws ? window_scale() : 0;
	c->sack_on = s->sack_ok;
	c->ts_on = s->has_ts;
	c->ts_recent = s->tsval;
	c->ts_recent_us = tcp_us(st);
	if (tcp_dst_check(c) != 0) {
		tcp_conn_free(c);
		return NULL;
	}
	c->advmss = tcp_advmss(c);
	tcp_rcv_init(c);
	tcp_conn_hash(c);
	return c;
}

static void send_cookie(struct tcp_listener *l, const struct ip_rx *rx, const struct tcp_seg *s)
{
	struct net_stack *st = l->st;
	struct tcp_bare b = {
		.src = rx->dst,
		.dst = rx->src,
		.sport = s->dport,
		.dport = s->sport,
		.ack = seq_add(s->seq, 1),
		.flags = TCPF_SYN | TCPF_ACK,
		.win = 65535,
	};
	uint8_t opts[40];
	struct tcp_syn_opts o = { .wscale = -1, .fo_len = -1 };
	uint16_t mss;
	bool ecn = s->has_ts && ecn_wanted(l, s);

	b.seq = tcp_cookie_make(st, rx, s, &mss);
	o.mss = (uint16_t)(MIN(rx->ifc->mtu, 65535U) - (rx->v6 ? 60 : 40));
	if (s->has_ts) {
		o.has_ts = true;
		o.tsval = tcp_cookie_ts(st, rx, s, ecn);
		o.tsecr = s->tsval;
		o.sack_ok = s->sack_ok;
		o.wscale = s->has_ws ? window_scale() : -1;
		b.flags |= ecn ? TCPF_ECE : 0;
	}
	b.optlen = (uint8_t)tcp_syn_options(opts, &o);
	memcpy(b.opt, opts, b.optlen);
	l->overflow_us = tcp_us(st) + 1;
	MIB_INC(st, TcpExt_SyncookiesSent);
	tcp_send_bare(st, &b);
}

/* TCP_FASTOPEN: data in the SYN of a client that has shown its address before (RFC 7413 4.2). */
static bool fast_open(struct tcp_conn *c, struct tcp_listener *l, struct pkt *p,
		      const struct ip_rx *rx, const struct tcp_seg *s)
{
	struct tcp_seg body = *s;
	uint8_t want[8];
	uint32_t n = tcp_fo_cookie(l->st, rx, want);

	if (!l->opt.v[TCP_OPT_FASTOPEN] || s->fo_len < 0)
		return false;
	if (s->fo_len != (int8_t)n || memcmp(s->fo, want, n) != 0) {
		MIB_INC(l->st, TcpExt_TCPFastOpenCookieReqd);
		c->fo_send_cookie = true;
		return false;
	}
	if (s->len == 0 || l->naccept > l->backlog)
		return false;
	MIB_INC(l->st, TcpExt_TCPFastOpenPassive);
	(void)tcp_rcv_window(c); /* open it, so that the data has a place */
	body.seq = seq_add(s->seq, 1);
	pkt_pull(p, s->hlen);
	(void)tcp_data_in(c, p, &body);
	return true;
}

static void syn_in(struct tcp_listener *l, struct pkt *p, const struct ip_rx *rx,
		   const struct tcp_seg *s)
{
	struct net_stack *st = l->st;
	struct tcp_conn_addr a = {
		.local = rx->dst, .remote = rx->src, .lport = s->dport, .rport = s->sport
	};
	struct tcp_conn *c;

	if (l->naccept > l->backlog) {
		MIB_INC(st, TcpExt_ListenOverflows);
		MIB_INC(st, TcpExt_ListenDrops);
		net_drop(st, p, DROP_TCP_BACKLOG);
		return;
	}
	if (l->nsyn >= syn_limit(l)) {
		send_cookie(l, rx, s);
		net_drop(st, p, DROP_TCP_SYN_QUEUE);
		return;
	}
	c = conn_from_syn(l, rx, s, tcp_isn(st, &a));
	if (!c) {
		MIB_INC(st, TcpExt_ListenDrops);
		net_drop(st, p, DROP_NOMEM);
		return;
	}
	c->state = TCP_SYN_RECEIVED;
	c->listener = l;
	list_add_tail(&l->syn, &c->accept_link);
	l->nsyn++;
	c->snd_wnd = s->win;
	c->deferred = l->opt.v[TCP_OPT_DEFER_ACCEPT];
	c->defer_until_s = (uint32_t)(tcp_us(st) / 1000000) + l->opt.v[TCP_OPT_DEFER_ACCEPT];
	c->ecn_on = ecn_wanted(l, s);
	if (!fast_open(c, l, p, rx, s))
		pkt_free(p);
	c->last_snd_us = tcp_us(st);
	tcp_send_syn(c);
	c->rtx_kind = RTX_RTO;
	tcp_tm_set(c, TM_RTX, st->now + tcp_rto_now_us(c) * 1000);
}

/* --- ACK: perhaps of a cookie --------------------------------------------------------------------- */

static bool cookie_in(struct tcp_listener *l, struct pkt *p, const struct ip_rx *rx,
		      const struct tcp_seg *s)
{
	struct net_stack *st = l->st;
	struct tcp_conn *c;
	struct tcp_seg syn;
	uint16_t mss;
	bool ecn;

	if (!l->overflow_us || tcp_us(st) + 1 - l->overflow_us > COOKIE_TRUST_US)
		return false;
	mss = tcp_cookie_check(st, rx, s);
	if (mss == 0) {
		MIB_INC(st, TcpExt_SyncookiesFailed);
		return false;
	}
	if (l->naccept > l->backlog) {
		MIB_INC(st, TcpExt_ListenOverflows);
		net_drop(st, p, DROP_TCP_BACKLOG);
		return true;
	}
	syn = (struct tcp_seg){
		.seq = seq_add(s->seq, UINT32_MAX), .sport = s->sport, .dport = s->dport, .mss = mss
	};
	ecn = tcp_cookie_options(s, &syn);
	c = conn_from_syn(l, rx, &syn, seq_add(s->ack, UINT32_MAX));
	if (!c) {
		net_drop(st, p, DROP_NOMEM);
		return true;
	}
	MIB_INC(st, TcpExt_SyncookiesRecv);
	c->ecn_on = ecn && l->opt.v[TCP_OPT_ECN];
	c->state = TCP_SYN_RECEIVED;
	c->listener = l;
	list_add_tail(&l->syn, &c->accept_link);
	l->nsyn++;
	c->retries = 1; /* nothing was measured */
	c->rcv_adv = seq_add(c->rcv_nxt, 65535);
	tcp_conn_input(c, p, rx, s);
	return true;
}

void tcp_listen_input(struct tcp_listener *l, struct pkt *p, const struct ip_rx *rx,
		      const struct tcp_seg *s)
{
	struct net_stack *st = l->st;

	if (s->flags & TCPF_RST) { /* first */
		net_drop(st, p, DROP_TCP_BAD_RST);
	} else if (s->flags & TCPF_ACK) { /* second */
		if (cookie_in(l, p, rx, s))
			return;
		tcp_reply_rst(st, rx, s);
		net_drop(st, p, DROP_TCP_BAD_ACK);
	} else if ((s->flags & (TCPF_SYN | TCPF_FIN)) == TCPF_SYN &&
		   ip_is_unicast(rx->src)) { /* third */
		syn_in(l, p, rx, s);
	} else { /* fourth */
		net_drop(st, p, DROP_TCP_FLAGS);
	}
}
