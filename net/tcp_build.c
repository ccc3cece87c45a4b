/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_build.c: segments as packets: headers, options, checksum or the request for it, the way out.
 */
#include "net/tcp_int.h"

#include "net/csum.h"

enum { TS_LEN = 12 };

static uint8_t *put32(uint8_t *o, uint32_t v)
{
	be32 x = be32_of(v);

	memcpy(o, x.b, 4);
	return o + 4;
}

uint32_t tcp_ts_now(const struct tcp_conn *c)
{
	return (uint32_t)(tcp_us(c->st) / 1000) + c->ts_off; /* RFC 7323 5.4: 1 ms a tick */
}

static uint8_t *put_ts(uint8_t *o, uint32_t val, uint32_t ecr)
{
	static const uint8_t head[4] = { TCPO_NOP, TCPO_NOP, TCPO_TS, 10 };

	memcpy(o, head, 4);
	return put32(put32(o + 4, val), ecr);
}

/* RFC 2018 4: the block that the latest segment is in goes first; RFC 2883: a duplicate before it. */
static uint8_t *put_sacks(struct tcp_conn *c, uint8_t *o)
{
	unsigned room = c->ts_on ? 3 : 4, n = MIN(c->nsack + (c->has_dsack ? 1U : 0U), room);
	unsigned i = 0;

	if (n == 0)
		return o;
	*o++ = TCPO_NOP;
	*o++ = TCPO_NOP;
	*o++ = TCPO_SACK;
	*o++ = (uint8_t)(2 + 8 * n);
	if (c->has_dsack) {
		o = put32(put32(o, c->dsack.start.v), c->dsack.end.v);
		c->has_dsack = false;
		n--;
	}
	for (; n; n--, i++)
		o = put32(put32(o, c->rsack[i].start.v), c->rsack[i].end.v);
	return o;
}

uint32_t tcp_syn_options(uint8_t out[40], const struct tcp_syn_opts *s)
{
	uint8_t *o = out;

	*o++ = TCPO_MSS;
	*o++ = 4;
	*o++ = (uint8_t)(s->mss >> 8);
	*o++ = (uint8_t)s->mss;
	if (s->has_ts) {
		*o++ = s->sack_ok ? TCPO_SACK_OK : TCPO_NOP;
		*o++ = s->sack_ok ? 2 : TCPO_NOP;
		*o++ = TCPO_TS;
		*o++ = 10;
		o = put32(put32(o, s->tsval), s->tsecr);
	} else if (s->sack_ok) {
		*o++ = TCPO_NOP;
		*o++ = TCPO_NOP;
		*o++ = TCPO_SACK_OK;
		*o++ = 2;
	}
	if (s->wscale >= 0) {
		*o++ = TCPO_NOP;
		*o++ = TCPO_WSCALE;
		*o++ = 3;
		*o++ = (uint8_t)s->wscale;
	}
	if (s->fo_len >= 0) {
		*o++ = TCPO_FASTOPEN;
		*o++ = (uint8_t)(2 + s->fo_len);
		if (s->fo_len)
			memcpy(o, s->fo, (size_t)s->fo_len);
		o += s->fo_len;
		while ((o - out) % 4)
			*o++ = TCPO_NOP;
	}
	return (uint32_t)(o - out);
}

/* --- the way -------------------------------------------------------------------------------------- */

static uint32_t tso_max(const struct tcp_conn *c)
{
	bool v4 = ip_is_v4(c->addr.remote);
	uint32_t need = v4 ? NETIF_TSO4 : NETIF_TSO6;
	uint32_t most = c->dst.ifc->dev->gso_max ? c->dst.ifc->dev->gso_max : 65535;
	uint32_t n = most - ETH_HLEN - (v4 ? 20U : 40U) - 60U;

	/* Without the device's help software cuts the packet up; large ones still save the upper half. */
	if (!(c->dst.ifc->features & need))
		n = MIN(n, 16U * c->mss);
	n = MIN(n, 65535U - 120U);
	return MAX(n - n % c->mss, (uint32_t)c->mss);
}

void tcp_mss_update(struct tcp_conn *c)
{
	bool v4 = ip_is_v4(c->addr.remote);
	uint32_t head = (v4 ? 20U : 40U) + 20U, mss = c->dst.mtu - head;
	uint32_t peer = c->mss_peer ? c->mss_peer : v4 ? 536U : 1220U; /* RFC 9293 3.7.1: MUST-15 */
	uint32_t user = tcp_opt(c, TCP_OPT_MAXSEG);

	mss = MIN(mss, peer);
	if (user)
		mss = MIN(mss, user);
	if (c->mtu_probing)
		mss = MIN(mss, v4 ? 536U : 1220U);
	if (c->ts_on)
		mss -= TS_LEN; /* RFC 6691: options come out of what we put in, not of what we say */
	c->mss = (uint16_t)MAX(mss, 48U);
	if (c->cwnd && c->cwnd < c->mss)
		c->cwnd = c->mss;
	c->tso_max = tso_max(c);
}

/* Look the way up again if anything has changed. */
err_t tcp_dst_check(struct tcp_conn *c)
{
	err_t err;

	if (likely(dst_valid(c->st, &c->dst)))
		return 0;
	err = dst_resolve(c->st, c->addr.remote, c->addr.ifc, &c->dst);
	if (err)
		return err;
	c->head_gen = c->st->gen - 1;
	c->psum = (uint32_t)(uint16_t)~csum_fold(
		csum_pseudo(c->addr.local, c->addr.remote, IP_P_TCP, 0));
	tcp_mss_update(c);
	return 0;
}

/* As it lies in memory, for sums. */
static inline uint32_t raw16(be16 v)
{
	uint16_t raw;

	memcpy(&raw, v.b, sizeof(raw));
	return raw;
}

/* DF: the path's mtu is looked for, and not known to be as small as we are ready to believe. */
static bool keep_whole(const struct tcp_conn *c)
{
	return tcp_opt(c, TCP_OPT_PMTUDISC) && c->dst.mtu > PMTU_MIN4;
}

/* Ethernet and IPv4 header of the connection's segments: what is the same in all, and the sum of that. */
static noinline void head_make(struct tcp_conn *c)
{
	struct wire_eth *eth = (struct wire_eth *)c->head;
	struct wire_ip4 *h = (struct wire_ip4 *)(eth + 1);
	uint8_t ttl = (uint8_t)tcp_opt(c, TCP_OPT_TTL);

	memcpy(eth->dst, c->dst.neigh->mac.b, 6);
	memcpy(eth->src, c->dst.ifc->mac.b, 6);
	eth->type = be16_of(ETH_P_IPV4);
	*h = (struct wire_ip4){
		.ver_ihl = 0x45,
		.tos = (uint8_t)(tcp_opt(c, TCP_OPT_TOS) & ~(uint32_t)ECN_MASK),
		.frag = be16_of(keep_whole(c) ? IP4_DF : 0),
		.ttl = ttl ? ttl : 64,
		.proto = IP_P_TCP,
		.src = ip4_to_wire(c->addr.local),
		.dst = ip4_to_wire(c->addr.remote),
	};
	c->head_sum = (uint16_t)~csum_fold(csum_ip4_header(h));
	c->head_gen = c->st->gen;
}

/* The header at `h` came from c->head: what is its own. */
static inline void head_fill(const struct tcp_conn *c, struct wire_ip4 *h, uint32_t len,
			     uint16_t id, bool ect)
{
	uint32_t sum = c->head_sum;

	h->len = be16_of((uint16_t)len);
	h->id = be16_of(id);
	sum += raw16(h->len) + raw16(h->id);
	if (unlikely(ect)) {
		h->tos |= ECN_ECT0;
		sum += raw16(be16_of(ECN_ECT0));
	}
	sum = (sum & 0xffff) + (sum >> 16);
	csum_store(&h->csum, (uint16_t) ~(sum + (sum >> 16)));
}

static void output_slow(struct tcp_conn *c, struct pkt *p)
{
	struct ip_tx tx = {
		.src = c->addr.local,
		.dst = c->addr.remote,
		.proto = IP_P_TCP,
		.ttl = (uint8_t)tcp_opt(c, TCP_OPT_TTL),
		.tos = (uint8_t)(tcp_opt(c, TCP_OPT_TOS) & ~(uint32_t)ECN_MASK),
		.df = keep_whole(c),
		.flow = c->hash,
	};

	if (p->scratch[0])
		tx.tos |= ECN_ECT0;
	if (ip_output(c->st, p, &tx, &c->dst) == -EMSGSIZE)
		c->dst.gen--; /* the way has become narrower: look again */
}

/*
 * IPv4, to a neighbour that is known to be there: what ip_output() and those below it would do, without
 * asking at each floor.  Nearly every segment of a server goes this way.
 */
static bool output_fast(struct tcp_conn *c, struct pkt *p)
{
	struct net_stack *st = c->st;
	struct net_if *ifc = c->dst.ifc;
	struct neigh *n = c->dst.neigh;
	uint32_t len = p->len + (uint32_t)sizeof(struct wire_ip4);

	if (!n || n->state != NEIGH_REACHABLE || st->now - n->confirmed_ns > 20000000000ULL ||
	    ifc->lower || !ip_is_v4(c->addr.remote) ||
	    (len > c->dst.mtu && p->gso_type == PKT_GSO_NONE))
		return false;
	if (unlikely(c->head_gen != st->gen))
		head_make(c);
	memcpy(pkt_push(p, sizeof(c->head)), c->head, sizeof(c->head));
	p->l3 = p->data + ETH_HLEN;
	head_fill(c, (struct wire_ip4 *)p->l3, len,
		  p->gso_type == PKT_GSO_NONE ? 0 : (uint16_t)st->ip_id++, p->scratch[0] != 0);
	n->used_ns = st->now;
	MIB_INC(st, Ip_OutRequests);
	eth_queue(ifc, p);
	return true;
}

/* scratch[0]: may carry ECT (RFC 3168 6.1.4-5: new data only; never retransmissions or pure ACKs). */
static void output(struct tcp_conn *c, struct pkt *p)
{
	c->segs_out++;
	MIB_INC(c->st, Tcp_OutSegs);
	if (!output_fast(c, p))
		output_slow(c, p);
}

/* --- segments ------------------------------------------------------------------------------------- */

/* What every segment with ACK says about us; updates what the peer now knows. */
static void ack_sent(struct tcp_conn *c)
{
	c->rcv_wup = c->rcv_nxt;
	c->ack_now = false;
	tcp_tm_off(c, TM_DELACK);
}

static inline uint8_t *put_header(struct tcp_conn *c, struct pkt *p, struct seq seq, uint8_t flags,
				  uint32_t optlen)
{
	struct wire_tcp *h = (struct wire_tcp *)pkt_put(p, (uint32_t)sizeof(*h) + optlen);
	uint32_t win = tcp_rcv_window(c) >> c->rcv_ws;

	p->l4 = (uint8_t *)h;
	h->sport = be16_of(c->addr.lport);
	h->dport = be16_of(c->addr.rport);
	h->seq = be32_of(seq.v);
	h->ack = be32_of(c->rcv_nxt.v);
	h->off = (uint8_t)((sizeof(*h) + optlen) << 2);
	h->flags = flags;
	h->win = be16_of((uint16_t)MIN(win, 65535U));
	h->urp = be16_of(0);
	return (uint8_t *)(h + 1);
}

/* Leave the checksum to the device: the pseudo-header's sum goes where the result will. */
static void want_csum(struct tcp_conn *c, struct pkt *p)
{
	struct wire_tcp *h = (struct wire_tcp *)p->l4;
	uint32_t sum = c->psum + raw16(be16_of((uint16_t)p->len));

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	csum_store(&h->csum, (uint16_t)sum);
	p->csum_off = offsetof(struct wire_tcp, csum);
	p->flags |= PKT_CSUM_NEEDED;
}

static void put_urgent(struct tcp_conn *c, struct pkt *p, struct seq seq)
{
	struct wire_tcp *h = (struct wire_tcp *)p->l4;
	uint32_t ahead = seq_dist(seq, c->snd_up);

	if (seq_lt(seq, c->snd_up) && ahead <= 65535) {
		h->urp = be16_of((uint16_t)ahead);
		h->flags |= TCPF_URG;
	}
}

static inline uint32_t opt_len(const struct tcp_conn *c)
{
	unsigned n = MIN(c->nsack + (c->has_dsack ? 1U : 0U), c->ts_on ? 3U : 4U);

	return (c->ts_on ? (uint32_t)TS_LEN : 0) + (n ? 4 + 8 * n : 0);
}

static inline void put_options(struct tcp_conn *c, uint8_t *o)
{
	if (likely(c->ts_on))
		o = put_ts(o, tcp_ts_now(c), c->ts_recent);
	if (unlikely(c->nsack || c->has_dsack))
		put_sacks(c, o);
}

void tcp_send_ack(struct tcp_conn *c)
{
	struct pkt *p;
	uint8_t flags = TCPF_ACK;

	if (tcp_dst_check(c) != 0)
		return;
	p = pkt_alloc(&c->st->pool);
	if (!p) {
		tcp_tm_set(c, TM_DELACK, c->st->now + 10000000);
		return;
	}
	p->scratch[0] = 0;
	if (c->ecn_echo)
		flags |= TCPF_ECE;
	put_options(c, put_header(c, p, c->snd_nxt, flags, opt_len(c)));
	want_csum(c, p);
	ack_sent(c);
	output(c, p);
}

void tcp_send_probe(struct tcp_conn *c, bool urgent)
{
	struct pkt *p;

	if (tcp_dst_check(c) != 0 || !(p = pkt_alloc(&c->st->pool)))
		return;
	p->scratch[0] = 0;
	put_options(c, put_header(c, p, seq_add(c->snd_una, urgent ? 0 : UINT32_MAX), TCPF_ACK,
				  opt_len(c)));
	if (urgent)
		put_urgent(c, p, c->snd_una);
	want_csum(c, p);
	output(c, p);
}

/* A few bytes go beside their headers: copying them costs less than a fragment, here and in the device. */
static inline uint32_t attach(struct pkt *p, struct pbuf *b, uint32_t in, uint32_t len,
			      uint32_t mss)
{
	if (len <= pkt_tailroom(p) && in + len <= b->len && len <= mss) {
		memcpy(pkt_put(p, len), b->base + b->off + in, len);
		return len;
	}
	return tcp_sndq_attach(b, in, len, p);
}

/*
 * One segment, or one packet of many, with `len` bytes from `off` bytes into the send queue (`b`, `in`: where
 * that is).  Returns the bytes that it holds: fewer when the fragments ran out; negative: no memory.
 */
long tcp_xmit(struct tcp_conn *c, struct seq seq, uint32_t len, uint8_t flags, struct pbuf *b,
	      uint32_t in, bool fresh)
{
	uint32_t optlen = opt_len(c), mss = c->mss, got;
	struct pkt *p = pkt_alloc(&c->st->pool);

	if (unlikely(!p))
		return -ENOMEM;
	if (unlikely(c->ecn_echo))
		flags |= TCPF_ECE;
	if (unlikely(c->ecn_cwr && fresh && len)) {
		flags |= TCPF_CWR;
		c->ecn_cwr = false;
		p->gso_ecn = 1;
	}
	p->scratch[0] = c->ecn_on && fresh && len;
	put_options(c, put_header(c, p, seq, flags, optlen));
	/* SACK blocks leave less room in each segment. */
	mss -= optlen - (c->ts_on ? (uint32_t)TS_LEN : 0);
	got = len ? attach(p, b, in, len, mss) : 0;
	if (unlikely(got < len)) {
		uint32_t whole = got - got % mss;

		if (whole && whole < got) {
			pkt_trim(p, p->lin + whole);
			got = whole;
		}
		((struct wire_tcp *)p->l4)->flags &= (uint8_t) ~(TCPF_FIN | TCPF_PSH);
	}
	if (got > mss) {
		p->gso_type = ip_is_v4(c->addr.remote) ? PKT_GSO_TCP4 : PKT_GSO_TCP6;
		p->gso_size = (uint16_t)mss;
	} else {
		p->gso_ecn = 0;
	}
	if (unlikely(c->urg_snd))
		put_urgent(c, p, seq);
	want_csum(c, p);
	ack_sent(c);
	output(c, p);
	return (long)got;
}

/* --- SYN ------------------------------------------------------------------------------------------ */

void tcp_send_syn(struct tcp_conn *c)
{
	bool answer = c->state == TCP_SYN_RECEIVED;
	uint8_t flags = answer ? TCPF_SYN | TCPF_ACK : TCPF_SYN;
	struct tcp_syn_opts o = {
		.mss = c->advmss,
		.wscale = !answer || c->ws_on ? c->rcv_ws : -1,
		.sack_ok = !answer || c->sack_on,
		.has_ts = !answer || c->ts_on,
		.tsval = tcp_ts_now(c),
		.tsecr = answer ? c->ts_recent : 0,
		.fo_len = -1,
	};
	uint8_t opts[40], cookie[8];
	const struct fo_entry *e;
	struct pkt *p;
	uint32_t n, win;

	if (tcp_dst_check(c) != 0 || !(p = pkt_alloc(&c->st->pool)))
		return;
	p->scratch[0] = 0;
	if (!answer && tcp_opt(c, TCP_OPT_ECN) && c->retries == 0)
		flags |= TCPF_ECE | TCPF_CWR; /* RFC 3168 6.1.1: ask; not again after a timeout */
	else if (answer && c->ecn_on)
		flags |= TCPF_ECE;
	if (answer && c->fo_send_cookie) {
		struct ip_rx rx = { .src = c->addr.remote, .dst = c->addr.local };

		o.fo_len = (int)tcp_fo_cookie(c->st, &rx, cookie);
		o.fo = cookie;
	}
	if (!answer && c->fo_asked && c->retries == 0) {
		e = c->fo_syn_len ? tcp_fo_find(c->st, c->addr.remote) : NULL;
		o.fo_len = e ? e->len : 0;
		o.fo = e ? e->cookie : NULL;
	}
	n = tcp_syn_options(opts, &o);
	memcpy(put_header(c, p, c->iss, flags, n), opts, n);
	/* RFC 7323 2.2: the window of a SYN is never scaled. */
	win = MIN(tcp_rcv_window(c), 65535U);
	((struct wire_tcp *)p->l4)->win = be16_of((uint16_t)win);
	if (!answer)
		((struct wire_tcp *)p->l4)->ack = be32_of(0);
	if (o.fo_len > 0 && !answer)
		(void)tcp_sndq_attach(c->sq, 0, c->fo_syn_len,
				      p); /* what does not fit goes later */
	want_csum(c, p);
	ack_sent(c);
	output(c, p);
}

/* --- resets and other answers without a connection ------------------------------------------------ */

void tcp_send_bare(struct net_stack *st, const struct tcp_bare *b)
{
	struct ip_tx tx = {
		.src = b->src, .dst = b->dst, .proto = IP_P_TCP, .tos = b->tos, .df = true
	};
	uint32_t optlen = b->optlen + (b->has_ts ? (uint32_t)TS_LEN : 0);
	struct wire_tcp *h;
	struct net_dst d;
	struct pkt *p;
	uint8_t *o;

	if (st->in_shared || dst_resolve(st, b->dst, NULL, &d) != 0 || !(p = pkt_alloc(&st->pool)))
		return;
	h = (struct wire_tcp *)pkt_put(p, (uint32_t)sizeof(*h) + optlen);
	*h = (struct wire_tcp){
		.sport = be16_of(b->sport),
		.dport = be16_of(b->dport),
		.seq = be32_of(b->seq.v),
		.ack = be32_of(b->ack.v),
		.off = (uint8_t)((sizeof(*h) + optlen) << 2),
		.flags = b->flags,
		.win = be16_of(b->win),
	};
	o = (uint8_t *)(h + 1);
	if (b->has_ts)
		o = put_ts(o, b->tsval, b->tsecr);
	memcpy(o, b->opt, b->optlen);
	p->l4 = (uint8_t *)h;
	csum_store(&h->csum, (uint16_t)~csum_fold(csum_pseudo(b->src, b->dst, IP_P_TCP, p->len)));
	p->csum_off = offsetof(struct wire_tcp, csum);
	p->flags |= PKT_CSUM_NEEDED;
	MIB_INC(st, Tcp_OutSegs);
	if (b->flags & TCPF_RST)
		MIB_INC(st, Tcp_OutRsts);
	if (ip_output(st, p, &tx, &d) != 0)
		MIB_INC(st, Ip_OutDiscards);
}

void tcp_reply_rst(struct net_stack *st, const struct ip_rx *rx, const struct tcp_seg *s)
{
	struct tcp_bare b = { .src = rx->dst,
			      .dst = rx->src,
			      .sport = s->dport,
			      .dport = s->sport,
			      .flags = TCPF_RST };

	if (s->flags & TCPF_RST)
		return;
	/* RFC 9293 3.5.2 group 1: take the sequence number the other side would accept. */
	if (s->flags & TCPF_ACK) {
		b.seq = s->ack;
	} else {
		b.flags |= TCPF_ACK;
		b.ack = s->end;
	}
	tcp_send_bare(st, &b);
}

void tcp_send_rst(struct tcp_conn *c)
{
	struct tcp_bare b = {
		.src = c->addr.local,
		.dst = c->addr.remote,
		.sport = c->addr.lport,
		.dport = c->addr.rport,
		.seq = c->snd_nxt,
		.ack = c->rcv_nxt,
		.flags = TCPF_RST | TCPF_ACK,
		.has_ts = c->ts_on,
		.tsval = tcp_ts_now(c),
		.tsecr = c->ts_recent,
	};

	tcp_send_bare(c->st, &b);
}
