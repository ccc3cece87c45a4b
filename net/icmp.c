/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/icmp.c: errors that we send, for both families, and the way of an error to the socket that it is
 * about.  Errors are sent at a limited rate (RFC 1812 4.3.2.8, RFC 4443 2.4 (f)) and never about errors.
 */
#include "net/net_int.h"

#include "net/csum.h"

#define ICMP_INTERVAL_NS 1000000ULL /* 1000 a second ... */
enum { ICMP_BURST = 50 };	    /* ... and so many at once */

static bool rate_ok(struct net_stack *st)
{
	uint64_t floor = st->now > ICMP_BURST * ICMP_INTERVAL_NS
				 ? st->now - ICMP_BURST * ICMP_INTERVAL_NS
				 : 0;

	if (st->icmp_tokens_ns < floor)
		st->icmp_tokens_ns = floor;
	if (st->icmp_tokens_ns + ICMP_INTERVAL_NS > st->now)
		return false;
	st->icmp_tokens_ns += ICMP_INTERVAL_NS;
	return true;
}

/* RFC 1122 3.2.2, RFC 4443 2.4 (e): to whom and about what no error is sent. */
static bool may_answer(const struct pkt *p, const struct ip_rx *rx, uint8_t type)
{
	const uint8_t *l4 = p->l4;
	bool too_big = rx->v6 && type == ICMP6_TOO_BIG;

	if ((rx->multi && !too_big) || !ip_is_unicast(rx->src) || (p->flags & PKT_SHARED))
		return false;
	if (!rx->v6 && rx->proto == IP_P_ICMP)
		return l4 && (l4[0] == ICMP4_ECHO || l4[0] == ICMP4_TIMESTAMP);
	if (rx->v6 && rx->proto == IP_P_ICMPV6)
		return l4 && l4[0] >= 128 && l4[0] != ICMP6_REDIRECT;
	return true;
}

/* How much of the offending packet is quoted: RFC 1812 4.3.2.3, RFC 4443 2.4 (c). */
static uint32_t quote_len(const struct pkt *p, const struct ip_rx *rx, uint32_t whole)
{
	uint32_t lin = (uint32_t)(p->data - p->l3) + p->len;

	return MIN(MIN(lin, whole), rx->v6 ? 1280U - 48U : 576U - 28U);
}

void icmp_error(struct net_stack *st, const struct pkt *p, const struct ip_rx *rx, uint8_t type,
		uint8_t code, uint32_t info)
{
	uint32_t quote, head, back = (uint32_t)(p->data - p->l3);
	struct wire_icmp *h;
	struct net_dst d;
	struct ip_tx tx;
	struct pkt *q;

	if (!may_answer(p, rx, type))
		return;
	if (!rate_ok(st)) {
		st->count.drops[DROP_ICMP_RATE]++;
		return;
	}
	if (dst_resolve(st, rx->src, ip6_is_link_local(rx->src) ? rx->ifc : NULL, &d) != 0)
		return;
	quote = quote_len(p, rx, UINT32_MAX);
	q = pkt_alloc_lin(&st->pool, PKT_HEADROOM, (uint32_t)sizeof(*h) + quote);
	if (!q)
		return;
	h = (struct wire_icmp *)pkt_put(q, sizeof(*h));
	*h = (struct wire_icmp){ .type = type, .code = code, .rest = be32_of(info) };
	head = MIN(quote, back);
	memcpy(pkt_put(q, head), p->l3, head);
	pkt_copy_out(p, 0, pkt_put(q, quote - head), quote - head);
	q->l4 = q->data;
	tx = (struct ip_tx){ .src = rx->dst, .dst = rx->src, .tos = rx->v6 ? 0 : 0xc0 };
	if ((rx->multi || !ip_is_local(st, rx->dst)) &&
	    net_source_for(st, rx->src, NULL, &tx.src) != 0) {
		pkt_free(q);
		return;
	}
	tx.proto = rx->v6 ? IP_P_ICMPV6 : IP_P_ICMP;
	csum_store(&h->csum,
		   csum_fold(csum_pkt(rx->v6 ? csum_pseudo(tx.src, tx.dst, tx.proto, q->len) : 0, q,
				      0)));
	if (rx->v6) {
		MIB_INC(st, Icmp6_OutMsgs);
	} else {
		MIB_INC(st, Icmp_OutMsgs);
		if (type == ICMP4_UNREACH)
			MIB_INC(st, Icmp_OutDestUnreachs);
	}
	if (ip_output(st, q, &tx, &d) != 0)
		MIB_INC(st, Icmp_OutErrors);
}

/* --- errors received ------------------------------------------------------------------------------ */

void icmp_err_deliver(struct net_stack *st, const struct icmp_err *e)
{
	switch (e->proto) {
	case IP_P_TCP:
		if (e->l4_len >= 8)
			tcp_icmp(st, e);
		break;
	case IP_P_UDP:
		if (e->l4_len >= 8)
			udp_icmp(st, e);
		break;
	}
	raw_icmp(st, e);
}

/* Find addresses and transport header in a quoted (or held) packet of ours. */
bool icmp_quote_parse(struct icmp_err *e, const uint8_t *b, uint32_t n, bool v6)
{
	uint32_t hlen;

	e->v6 = v6;
	if (v6) {
		const struct wire_ip6 *h = (const struct wire_ip6 *)b;
		uint8_t next;
		bool frag;

		if (n < sizeof(*h) || b[0] >> 4 != 6)
			return false;
		e->src = ip6_from_wire(h->src);
		e->dst = ip6_from_wire(h->dst);
		next = h->next;
		hlen = sizeof(*h);
		while (next == IP_P_HOPOPTS || next == IP_P_DSTOPTS || next == IP_P_ROUTING ||
		       next == IP_P_FRAGMENT) {
			if (n < hlen + 8)
				return false;
			/* Only a first fragment says what it was part of. */
			if (next == IP_P_FRAGMENT && (b[hlen + 2] || b[hlen + 3] & 0xf8))
				return false;
			frag = next == IP_P_FRAGMENT;
			next = b[hlen];
			hlen += frag ? 8U : 8U * (1U + b[hlen + 1]);
			if (n < hlen)
				return false;
		}
		e->proto = next;
	} else {
		const struct wire_ip4 *h = (const struct wire_ip4 *)b;

		if (n < sizeof(*h) || b[0] >> 4 != 4)
			return false;
		hlen = (b[0] & 15U) * 4;
		if (hlen < sizeof(*h) || n < hlen || be16_get(h->frag) & IP4_OFFSET)
			return false;
		e->src = ip4_from_wire(h->src);
		e->dst = ip4_from_wire(h->dst);
		e->proto = h->proto;
	}
	e->l4 = b + hlen;
	e->l4_len = n - hlen;
	return true;
}

void icmp_local_unreach(struct net_stack *st, const struct pkt *p, int err)
{
	struct icmp_err e = { .err = err, .hard = true };
	bool v6 = p->lin && p->data[0] >> 4 == 6;

	e.type = v6 ? ICMP6_UNREACH : ICMP4_UNREACH;
	e.code = v6 ? 3 : ICMP4_UNREACH_HOST;
	if (!icmp_quote_parse(&e, p->data, p->lin, v6))
		return;
	e.offender = e.src;
	icmp_err_deliver(st, &e);
}
