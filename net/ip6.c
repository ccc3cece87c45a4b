/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/ip6.c: IPv6 input (RFC 8200): the header, the chain of extension headers, fragments.
 */
#include "net/net_int.h"

enum { EXT_MAX = 8 }; /* headers in a chain: more is an attack (RFC 8504 5.3) */

static void param_problem(struct net_stack *st, const struct pkt *p, const struct ip_rx *rx,
			  uint8_t code, uint32_t at)
{
	icmp_error(st, p, rx, ICMP6_PARAM, code, at);
}

/* RFC 8200 4.2: what an option that we do not know asks for is in its first two bits. */
static enum drop option_unknown(struct net_stack *st, const struct pkt *p, const struct ip_rx *rx,
				uint8_t type, uint32_t at)
{
	switch (type >> 6) {
	case 0:
		return DROP_NONE;
	case 3:
		if (rx->multi)
			return DROP_IP6_OPTION;
		__attribute__((fallthrough));
	case 2:
		param_problem(st, p, rx, 2, at);
		return DROP_IP6_OPTION;
	default:
		return DROP_IP6_OPTION;
	}
}

/* Hop-by-hop or destination options of `len` bytes at p->data. */
static enum drop options(struct net_stack *st, struct pkt *p, const struct ip_rx *rx, uint32_t len)
{
	const uint8_t *o = p->data + 2, *end = p->data + len;

	while (o < end) {
		enum drop why;

		if (*o == 0) { /* Pad1 */
			o++;
			continue;
		}
		if (end - o < 2 || o[1] > end - o - 2)
			return DROP_IP6_EXT;
		if (*o != 1 && *o != 5) { /* PadN, router alert */
			why = option_unknown(st, p, rx, *o, (uint32_t)(o - p->l3));
			if (why)
				return why;
		}
		o += 2 + o[1];
	}
	return DROP_NONE;
}

/* RFC 8200 4.4, RFC 5095: routing headers with segments left are refused. */
static enum drop routing(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	if (p->data[3] == 0)
		return DROP_NONE;
	param_problem(st, p, rx, 0, (uint32_t)(p->data + 2 - p->l3));
	return DROP_IP6_EXT;
}

/* One extension header: checked and taken off; *next moves on.  `at`: where *next was read. */
static enum drop ext_header(struct net_stack *st, struct pkt *p, const struct ip_rx *rx,
			    uint8_t *next, uint32_t *at)
{
	uint32_t len;
	enum drop why;

	if (!pkt_pull_up(p, 8))
		return DROP_IP6_EXT;
	len = 8U * (1U + p->data[1]);
	if (!pkt_pull_up(p, len))
		return DROP_IP6_EXT;
	why = *next == IP_P_ROUTING ? routing(st, p, rx) : options(st, p, rx, len);
	if (why)
		return why;
	*at = (uint32_t)(p->data - p->l3);
	*next = p->data[0];
	pkt_pull(p, len);
	return DROP_NONE;
}

/* The fragment header: NULL while the packet is not whole (p is taken). */
static struct pkt *frag_header(struct net_stack *st, struct pkt *p, const struct ip_rx *rx,
			       uint8_t *next, uint32_t at)
{
	struct wire_ip6_frag fh;
	uint32_t unfrag = (uint32_t)(p->data - p->l3);

	if (!pkt_pull_up(p, sizeof(fh))) {
		net_drop(st, p, DROP_IP6_EXT);
		return NULL;
	}
	memcpy(&fh, p->data, sizeof(fh));
	pkt_pull(p, sizeof(fh));
	*next = fh.next;
	if ((be16_get(fh.off) & 0xfff9) == 0)
		return p; /* RFC 6946: an atomic fragment is whole */
	/* RFC 8200 4.5: the length of all but the last is a multiple of 8; RFC 7112: the first has all headers. */
	if ((be16_get(fh.off) & 1) && p->len % 8) {
		param_problem(st, p, rx, 0, 4);
		net_drop(st, p, DROP_FRAG_BAD);
		return NULL;
	}
	p = frag6_input(st, p, rx, &fh, unfrag, at);
	if (!p)
		return NULL;
	p->l3 = p->data;
	*next = p->data[at];
	pkt_pull(p, unfrag);
	return p;
}

static void walk(struct net_stack *st, struct pkt *p, struct ip_rx *rx, uint8_t next)
{
	uint32_t at = offsetof(struct wire_ip6, next);
	enum drop why = DROP_IP6_EXT;

	for (int i = 0; i < EXT_MAX; i++) {
		switch (next) {
		case IP_P_HOPOPTS:
			if (i) { /* RFC 8200 4.1: only right after the header */
				param_problem(st, p, rx, 1, at);
				goto drop;
			}
			__attribute__((fallthrough));
		case IP_P_DSTOPTS:
		case IP_P_ROUTING:
			why = ext_header(st, p, rx, &next, &at);
			if (why)
				goto drop;
			p->flags |= st->stray;
			continue;
		case IP_P_FRAGMENT:
			p = frag_header(st, p, rx, &next, at);
			if (!p)
				return;
			continue;
		case IP_P_NONE:
			pkt_free(p);
			return;
		default:
			MIB_INC(st, Ip6_InDelivers);
			rx->proto = next;
			p->l4 = p->data;
			ip_deliver(st, p, rx);
			return;
		}
	}
drop:
	MIB_INC(st, Ip6_InHdrErrors);
	net_drop(st, p, why);
}

static enum drop addresses_check(struct net_if *ifc, const struct pkt *p, struct ip_rx *rx)
{
	if (ip_is_multicast(rx->src))
		return DROP_IP_SRC;
	/* RFC 4291 2.5.3: ::1 never on a wire; mapped addresses neither (RFC 6890). */
	if ((ip_is_loopback(rx->src) || ip_is_loopback(rx->dst)) && !(p->flags & PKT_LOOPED))
		return DROP_IP_SRC;
	if (ip_is_v4(rx->src) || ip_is_v4(rx->dst))
		return DROP_IP_SRC;
	if (ip_is_multicast(rx->dst)) {
		rx->multi = true;
		return mcast_member(ifc, rx->dst) ? DROP_NONE : DROP_IP_NOT_OURS;
	}
	if (if_addr_find(ifc, rx->dst) || ip_is_local(ifc->st, rx->dst))
		return DROP_NONE;
	return DROP_IP_NOT_OURS;
}

void ip6_input(struct net_if *ifc, struct pkt *p)
{
	struct net_stack *st = ifc->st;
	const struct wire_ip6 *h;
	enum drop why = DROP_IP_SHORT;
	struct ip_rx rx;
	uint32_t len;
	uint8_t next;

	MIB_INC(st, Ip6_InReceives);
	if (unlikely(!pkt_pull_up(p, sizeof(*h))))
		goto drop;
	if (unlikely((p->flags & PKT_LOOPED) && p->loop_ifindex)) {
		struct net_if *from = net_if_by_index(st, p->loop_ifindex);

		ifc = from ? from : ifc;
	}
	h = (const struct wire_ip6 *)p->data;
	why = DROP_IP_VERSION;
	if (unlikely(be32_get(h->vtf) >> 28 != 6))
		goto drop;
	len = be16_get(h->plen) + (uint32_t)sizeof(*h);
	why = DROP_IP_LENGTH;
	if (unlikely(len > p->len))
		goto drop;
	rx = (struct ip_rx){
		.src = ip6_from_wire(h->src),
		.dst = ip6_from_wire(h->dst),
		.ifc = ifc,
		.proto = h->next,
		.ttl = h->hops,
		.tos = (uint8_t)(be32_get(h->vtf) >> 20),
		.v6 = true,
	};
	next = h->next;
	why = addresses_check(ifc, p, &rx);
	if (unlikely(why))
		goto drop;
	if (p->len > len)
		pkt_trim(p, len);
	p->l3 = p->data;
	pkt_pull(p, sizeof(*h));
	walk(st, p, &rx, next);
	return;
drop:
	if (why == DROP_IP_SRC || why == DROP_IP_NOT_OURS)
		MIB_INC(st, Ip6_InAddrErrors);
	else
		MIB_INC(st, Ip6_InHdrErrors);
	net_drop(st, p, why);
}
