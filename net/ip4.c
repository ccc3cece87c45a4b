/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/ip4.c: IPv4 input (RFC 791, 1122 3.2).  A host, not a router: what is not ours is dropped.
 */
#include "net/net_int.h"

#include "net/csum.h"

enum { OPT_END = 0, OPT_NOP = 1, OPT_LSRR = 0x83, OPT_SSRR = 0x89 };

/* Options are well formed and order nothing that a host should refuse: source routes (RFC 7126). */
static bool options_ok(const uint8_t *o, uint32_t n)
{
	while (n) {
		if (*o == OPT_END)
			return true;
		if (*o == OPT_NOP) {
			o++;
			n--;
			continue;
		}
		if (n < 2 || o[1] < 2 || o[1] > n || *o == OPT_LSRR || *o == OPT_SSRR)
			return false;
		n -= o[1];
		o += o[1];
	}
	return true;
}

/* Bytes become a checked header, or a reason. */
static enum drop ip4_check(struct pkt *p, uint32_t *hlen, uint32_t *len)
{
	const struct wire_ip4 *h;

	if (unlikely(p->lin < sizeof(*h)) && !pkt_pull_up(p, sizeof(*h)))
		return DROP_IP_SHORT;
	h = (const struct wire_ip4 *)p->data;
	if (unlikely(h->ver_ihl >> 4 != 4))
		return DROP_IP_VERSION;
	*hlen = (h->ver_ihl & 15U) * 4;
	*len = be16_get(h->len);
	if (unlikely(*hlen < sizeof(*h) || *hlen > *len || *len > p->len))
		return DROP_IP_LENGTH;
	if (unlikely(*hlen > sizeof(*h))) {
		if (!pkt_pull_up(p, *hlen))
			return DROP_IP_SHORT;
		h = (const struct wire_ip4 *)p->data;
	}
	if (unlikely(!(p->flags & PKT_LOOPED) &&
		     !csum_right(*hlen == 20 ? csum_ip4_header(h) : csum_add(0, h, *hlen))))
		return DROP_IP_CSUM;
	if (unlikely(*hlen > sizeof(*h)) &&
	    !options_ok((const uint8_t *)(h + 1), *hlen - (uint32_t)sizeof(*h)))
		return DROP_IP_OPTION;
	return DROP_NONE;
}

/* RFC 1122 3.2.1.3: where a datagram may come from and go to. */
static enum drop addresses_check(struct net_if *ifc, const struct pkt *p, struct ip_rx *rx)
{
	if (likely(if_addr_find(ifc, rx->dst) != NULL)) {
		/* the usual case */
	} else if (ip_is_multicast(rx->dst)) {
		rx->multi = true;
		if (!mcast_member(ifc, rx->dst))
			return DROP_IP_NOT_OURS;
	} else if (ip_is_if_bcast(ifc, rx->dst)) {
		rx->multi = true;
	} else if (!ip_is_local(ifc->st, rx->dst)) {
		return DROP_IP_NOT_OURS;
	}
	/* (g): 127/8 never appears outside a host. */
	if (unlikely((rx->dst.b[12] == 127 || rx->src.b[12] == 127) && !(p->flags & PKT_LOOPED)))
		return DROP_IP_SRC;
	if (unlikely(!ip_is_unicast(rx->src)) &&
	    !(ip_is_any(rx->src) && (rx->multi || rx->proto == IP_P_IGMP)))
		return DROP_IP_SRC;
	/* RFC 1122 3.3.6: a unicast address in a link-level broadcast is an error. */
	if (unlikely((p->flags & (PKT_BCAST | PKT_MCAST)) && !rx->multi))
		return DROP_IP_NOT_OURS;
	return DROP_NONE;
}

static void count_drop(struct net_stack *st, enum drop why)
{
	switch (why) {
	case DROP_IP_NOT_OURS:
	case DROP_IP_SRC:
		MIB_INC(st, Ip_InAddrErrors);
		break;
	default:
		MIB_INC(st, Ip_InHdrErrors);
	}
}

void ip4_input(struct net_if *ifc, struct pkt *p)
{
	struct net_stack *st = ifc->st;
	const struct wire_ip4 *h;
	uint32_t hlen, len;
	struct ip_rx rx;
	enum drop why;

	MIB_INC(st, Ip_InReceives);
	why = ip4_check(p, &hlen, &len);
	if (unlikely(why))
		goto drop;
	if (unlikely((p->flags & PKT_LOOPED) && p->loop_ifindex)) {
		struct net_if *from = net_if_by_index(st, p->loop_ifindex);

		ifc = from ? from : ifc;
	}
	h = (const struct wire_ip4 *)p->data;
	rx = (struct ip_rx){
		.src = ip4_from_wire(h->src),
		.dst = ip4_from_wire(h->dst),
		.ifc = ifc,
		.proto = h->proto,
		.ttl = h->ttl,
		.tos = h->tos,
	};
	why = addresses_check(ifc, p, &rx);
	if (unlikely(why))
		goto drop;
	if (p->len > len)
		pkt_trim(p, len);
	p->l3 = p->data;
	if (unlikely(be16_get(h->frag) & (IP4_MF | IP4_OFFSET))) {
		p = frag4_input(st, p, &rx);
		if (!p)
			return;
		hlen = (*p->data & 15U) * 4;
		p->l3 = p->data;
	}
	MIB_INC(st, Ip_InDelivers);
	pkt_pull(p, hlen);
	p->l4 = p->data;
	ip_deliver(st, p, &rx);
	return;
drop:
	count_drop(st, why);
	net_drop(st, p, why);
}
