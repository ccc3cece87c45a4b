/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_secret.c: what others must not guess: initial sequence numbers (RFC 6528), timestamp offsets
 * (RFC 7323 7.1), local ports (RFC 6056), SYN cookies (RFC 4987 3.6) and fast open cookies (RFC 7413).
 * All are SipHash under keys made when the stack began.
 */
#include "net/tcp_int.h"

enum { PORT_LOW = 32768, PORT_HIGH = 60999 };

struct tuple {
	struct ip_addr local, remote;
	uint16_t lport, rport;
	uint32_t salt;
};

static uint64_t hash_tuple(const struct siphash_key *k, const struct tcp_conn_addr *a,
			   uint32_t salt)
{
	struct tuple t = { a->local, a->remote, a->lport, a->rport, salt };

	return siphash(k, &t, sizeof(t));
}

/* ISN = M + F(4-tuple, secret), M a clock of 4 us (RFC 9293 3.4.1). */
struct seq tcp_isn(struct net_stack *st, const struct tcp_conn_addr *a)
{
	return (struct seq){ (uint32_t)(st->now / 4000) +
			     (uint32_t)hash_tuple(&st->key_isn, a, 0) };
}

uint32_t tcp_ts_offset(struct net_stack *st, const struct tcp_conn_addr *a)
{
	return (uint32_t)hash_tuple(&st->key_isn, a, 1);
}

/* --- local ports: RFC 6056 3.3.3, algorithm 3, with a random step so that it does not count ---------- */

static bool port_usable(struct net_stack *st, struct tcp_conn_addr *a, uint16_t port, bool reuse_tw)
{
	struct net_flow f = {
		.local = a->local, .remote = a->remote, .rport = a->rport, .proto = IP_P_TCP
	};

	a->lport = f.lport = port;
	if (st->ops.flow_here && !st->ops.flow_here(st->ctx, &f))
		return false;
	return !tcp_conn_taken(st, a) && !tcp_tw_taken(st, a, reuse_tw);
}

err_t tcp_port_pick(struct net_stack *st, struct tcp_conn_addr *a)
{
	uint32_t span = PORT_HIGH - PORT_LOW + 1, offset;

	a->lport = 0;
	offset = (uint32_t)hash_tuple(&st->key_port, a, 0) + st->tcp->port_offset;
	st->tcp->port_offset += 1 + net_random(st) % 8;
	for (int reuse = 0; reuse < 2; reuse++)
		for (uint32_t i = 0; i < span; i++)
			if (port_usable(st, a, (uint16_t)(PORT_LOW + (offset + i) % span), reuse))
				return 0;
	a->lport = 0;
	return -EADDRNOTAVAIL;
}

/* --- SYN cookies: the ISN holds a minute counter (5 bits), an index of the mss (3) and a hash (24) ---- */

static const uint16_t cookie_mss[8] = { 216, 536, 1024, 1220, 1280, 1360, 1440, 1460 };

static uint32_t minutes(const struct net_stack *st)
{
	return (uint32_t)(st->now / 60000000000ULL);
}

static uint32_t cookie_hash(struct net_stack *st, const struct tcp_conn_addr *a, struct seq irs,
			    uint32_t minute, uint32_t index)
{
	struct {
		struct tuple t;
		uint32_t irs, minute, index, zero;
	} in = { { a->local, a->remote, a->lport, a->rport, 2 }, irs.v, minute, index, 0 };

	return (uint32_t)siphash(&st->tcp->key_cookie, &in, sizeof(in)) & 0xffffff;
}

static struct tcp_conn_addr addr_of(const struct ip_rx *rx, const struct tcp_seg *s)
{
	return (struct tcp_conn_addr){
		.local = rx->dst, .remote = rx->src, .lport = s->dport, .rport = s->sport
	};
}

struct seq tcp_cookie_make(struct net_stack *st, const struct ip_rx *rx, const struct tcp_seg *s,
			   uint16_t *mss)
{
	struct tcp_conn_addr a = addr_of(rx, s);
	uint32_t i = ARRAY_LEN(cookie_mss) - 1, m = minutes(st);

	while (i > 0 && cookie_mss[i] > (s->mss ? s->mss : 536))
		i--;
	*mss = cookie_mss[i];
	return (struct seq){ (m & 31) << 27 | i << 24 | cookie_hash(st, &a, s->seq, m, i) };
}

uint16_t tcp_cookie_check(struct net_stack *st, const struct ip_rx *rx, const struct tcp_seg *s)
{
	struct tcp_conn_addr a = addr_of(rx, s);
	uint32_t c = s->ack.v - 1, m = minutes(st), age = (m - (c >> 27)) & 31, i = c >> 24 & 7;
	struct seq irs = seq_add(s->seq, UINT32_MAX);

	if (age > 2 || cookie_hash(st, &a, irs, m - age, i) != (c & 0xffffff))
		return 0;
	return cookie_mss[i];
}

/* RFC 7413 4.1.2: a MAC of the client's address. */
uint32_t tcp_fo_cookie(struct net_stack *st, const struct ip_rx *rx, uint8_t out[8])
{
	struct tuple t = { rx->dst, rx->src, 0, 0, 3 };
	uint64_t h = siphash(&st->tcp->key_cookie, &t, sizeof(t));

	memcpy(out, &h, 8);
	return 8;
}
