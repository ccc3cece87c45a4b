/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_cookie.c: SYN cookies (RFC 4987 3.6) and the fast open cookies that we give out (RFC 7413 4.1.2).
 *
 * The ISN holds a minute counter (5 bits), an index of the mss (3) and a hash (24).  What else the SYN offered
 * lies in the low six bits of the timestamp that the peer will echo: window scale (4 bits, 15: none), SACK, ECN.
 * Nothing guards them: a peer that changes them harms only its own connection.
 */
#include "net/tcp_int.h"

struct tuple {
	struct ip_addr local, remote;
	uint16_t lport, rport;
	uint32_t salt;
};

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

/* --- what else was offered ------------------------------------------------------------------------ */

enum { TS_WSCALE = 15, TS_SACK = 16, TS_ECN = 32, TS_BITS = 63 };

uint32_t tcp_cookie_ts(struct net_stack *st, const struct ip_rx *rx, const struct tcp_seg *s,
		       bool ecn)
{
	struct tcp_conn_addr a = addr_of(rx, s);
	uint32_t now = (uint32_t)(tcp_us(st) / 1000) + tcp_ts_offset(st, &a);
	uint32_t bits = s->has_ws ? s->wscale : TS_WSCALE;
	uint32_t ts;

	bits |= (s->sack_ok ? TS_SACK : 0U) | (ecn ? TS_ECN : 0U);
	ts = (now & ~(uint32_t)TS_BITS) | bits;
	/* Never ahead of the clock: what the connection sends next must not look older (RFC 7323 5.3). */
	return (int32_t)(ts - now) > 0 ? ts - (TS_BITS + 1) : ts;
}

bool tcp_cookie_options(const struct tcp_seg *ack, struct tcp_seg *syn)
{
	uint8_t wscale = ack->tsecr & TS_WSCALE;

	if (!ack->has_ts)
		return false;
	syn->has_ts = true;
	syn->tsval = ack->tsval;
	syn->has_ws = wscale != TS_WSCALE;
	syn->wscale = syn->has_ws ? wscale : 0;
	syn->sack_ok = ack->tsecr & TS_SACK;
	return ack->tsecr & TS_ECN;
}

/* --- fast open ------------------------------------------------------------------------------------ */

/* RFC 7413 4.1.2: a MAC of the client's address. */
uint32_t tcp_fo_cookie(struct net_stack *st, const struct ip_rx *rx, uint8_t out[8])
{
	struct tuple t = { rx->dst, rx->src, 0, 0, 3 };
	uint64_t h = siphash(&st->tcp->key_cookie, &t, sizeof(t));

	memcpy(out, &h, 8);
	return 8;
}
