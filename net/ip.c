/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/ip.c: what both IP versions share: delivery to the transports, and the output path.
 */
#include "net/net_int.h"

#include "net/csum.h"

enum { DEFAULT_TTL = 64 };

/* --- flows of other shards -------------------------------------------------------------------------- */

/* What goes along with the packet, in its scratch. */
struct stray {
	struct ip_addr src, dst;
	uint32_t ifindex;
	uint8_t proto, ttl, tos;
	bool v6, multi;
};
_Static_assert(sizeof(struct stray) <= PKT_SCRATCH, "fits the scratch");

/* True: it is another shard's, and was given to it. */
static bool given_away(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	struct net_flow f = { .local = rx->dst, .remote = rx->src, .proto = rx->proto };
	const struct wire_udp *h; /* TCP's ports lie in the same place */

	p->flags &= (uint16_t)~PKT_STRAY;
	if ((rx->proto != IP_P_TCP && rx->proto != IP_P_UDP) || !pkt_pull_up(p, sizeof(*h)))
		return false;
	h = (const struct wire_udp *)p->data;
	f.lport = be16_get(h->dport);
	f.rport = be16_get(h->sport);
	if (st->ops.flow_here(st->ctx, &f))
		return false;
	p->flags |= PKT_STRAY;
	p->l4 = p->data;
	pkt_push(p, (uint32_t)(p->data - p->l3)); /* a copy takes the header along */
	*(struct stray *)(void *)p->scratch = (struct stray){ .src = rx->src,
							      .dst = rx->dst,
							      .ifindex = rx->ifc->dev->index,
							      .proto = rx->proto,
							      .ttl = rx->ttl,
							      .tos = rx->tos,
							      .v6 = rx->v6,
							      .multi = rx->multi };
	st->ops.give(st->ctx, p, &f);
	return true;
}

void net_input_stray(struct net_stack *st, struct pkt *p, uint64_t now)
{
	const struct stray *s = (const struct stray *)(const void *)p->scratch;
	struct ip_rx rx = { .src = s->src,
			    .dst = s->dst,
			    .ifc = net_if_by_index(st, s->ifindex),
			    .proto = s->proto,
			    .ttl = s->ttl,
			    .tos = s->tos,
			    .v6 = s->v6,
			    .multi = s->multi };

	net_at(st, now);
	if (!rx.ifc) {
		net_drop(st, p, DROP_IF_DOWN);
		return;
	}
	p->flags &= (uint16_t)~PKT_STRAY;
	p->l3 = p->data;
	pkt_pull(p, (uint32_t)(p->l4 - p->data));
	ip_deliver(st, p, &rx);
}

/* --- delivery --------------------------------------------------------------------------------------- */

void ip_deliver(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	if (unlikely(p->flags & PKT_STRAY) && given_away(st, p, rx))
		return;
	if (likely(rx->proto == IP_P_TCP)) {
		tcp_input(st, p, rx);
		return;
	}
	switch (rx->proto) {
	case IP_P_UDP:
		udp_input(st, p, rx);
		return;
	case IP_P_ICMP:
		if (rx->v6)
			break;
		icmp4_input(st, p, rx);
		return;
	case IP_P_ICMPV6:
		if (!rx->v6)
			break;
		icmp6_input(st, p, rx);
		return;
	case IP_P_IGMP:
		if (rx->v6)
			break;
		igmp_input(st, p, rx);
		return;
	}
	if (raw_input(st, p, rx))
		return;
	if (rx->v6) {
		MIB_INC(st, Ip6_InUnknownProtos);
		if (!rx->multi) /* RFC 4443 3.4: unrecognized next header, at the field that named it */
			icmp_error(st, p, rx, ICMP6_PARAM, 1, 6);
	} else {
		MIB_INC(st, Ip_InUnknownProtos);
		icmp_error(st, p, rx, ICMP4_UNREACH, ICMP4_UNREACH_PROTO, 0);
	}
	net_drop(st, p, DROP_IP_PROTO);
}

static uint16_t header_csum(const struct wire_ip4 *h, size_t len)
{
	return csum_fold(len == sizeof(*h) ? csum_ip4_header(h) : csum_add(0, h, len));
}

static void push_ip4(struct net_stack *st, struct pkt *p, const struct ip_tx *tx)
{
	/* RFC 2113: the router alert option, for IGMP. */
	static const uint8_t alert[4] = { 0x94, 0x04, 0x00, 0x00 };
	uint32_t hlen = tx->router_alert ? 24 : 20;
	struct wire_ip4 *h = (struct wire_ip4 *)pkt_push(p, hlen);
	/* RFC 6864 4.1: an atomic datagram's ID means nothing; TSO counts up from it. */
	uint16_t id = tx->df && p->gso_type == PKT_GSO_NONE ? 0 : (uint16_t)st->ip_id++;

	*h = (struct wire_ip4){
		.ver_ihl = (uint8_t)(0x40 | hlen / 4),
		.tos = tx->tos,
		.len = be16_of((uint16_t)p->len),
		.id = be16_of(id),
		.frag = be16_of(tx->df ? IP4_DF : 0),
		.ttl = tx->ttl ? tx->ttl : DEFAULT_TTL,
		.proto = tx->proto,
		.src = ip4_to_wire(tx->src),
		.dst = ip4_to_wire(tx->dst),
	};
	if (tx->router_alert)
		memcpy(h + 1, alert, sizeof(alert));
	csum_store(&h->csum, header_csum(h, hlen));
	p->l3 = p->data;
}

static void push_ip6(struct pkt *p, const struct ip_tx *tx, uint8_t hops)
{
	uint32_t payload, ext = tx->router_alert ? 8 : 0;
	struct wire_ip6 *h;

	if (ext) {
		/* RFC 2711: hop-by-hop with router alert 0 (MLD), and PadN. */
		uint8_t opt[8] = { tx->proto, 0, 5, 2, 0, 0, 1, 0 };

		memcpy(pkt_push(p, ext), opt, ext);
	}
	payload = p->len;
	h = (struct wire_ip6 *)pkt_push(p, sizeof(*h));
	h->vtf = be32_of(6U << 28 | (uint32_t)tx->tos << 20 | (tx->flow & 0xfffff));
	h->plen = be16_of((uint16_t)payload);
	h->next = ext ? IP_P_HOPOPTS : tx->proto;
	h->hops = tx->ttl ? tx->ttl : hops;
	memcpy(h->src, tx->src.b, 16);
	memcpy(h->dst, tx->dst.b, 16);
	p->l3 = p->data;
}

err_t ip_link_output(struct net_stack *st, struct pkt *p, const struct net_dst *d, bool v6)
{
	uint16_t type = v6 ? ETH_P_IPV6 : ETH_P_IPV4;

	if (!d->ifc->up) {
		net_drop(st, p, DROP_TX_DOWN);
		return -ENETDOWN;
	}
	if (d->neigh)
		neigh_output(d->neigh, p, type);
	else
		eth_output(d->ifc, p, d->mac, type);
	return 0;
}

/* A group that we are a member of hears us too (RFC 1112 7.1); so does a broadcaster. */
static void copy_to_self(struct net_stack *st, const struct pkt *p, const struct ip_tx *tx,
			 const struct net_dst *d)
{
	bool heard = ip_is_multicast(tx->dst) ? mcast_member(d->ifc, tx->dst)
		     : !ip_is_v4(tx->dst)     ? false
					      : ip_is_if_bcast(d->ifc, tx->dst);
	struct pkt *q;

	if (!heard || !st->lo || !st->lo->up || (p->flags & PKT_NOLOOP))
		return;
	q = pkt_copy(&st->pool, p);
	if (!q)
		return;
	q->flags |= PKT_LOOPED;
	if (q->flags & PKT_CSUM_NEEDED)
		csum_finish(q);
	/* It comes in by the interface that it left by. */
	q->loop_ifindex = (uint16_t)d->ifc->dev->index;
	eth_output(st->lo, q, (struct eth_addr){ 0 }, ip_is_v4(tx->dst) ? ETH_P_IPV4 : ETH_P_IPV6);
}

err_t ip_output(struct net_stack *st, struct pkt *p, const struct ip_tx *tx,
		const struct net_dst *d)
{
	bool v6 = !ip_is_v4(tx->dst);
	uint32_t mtu = d->mtu;

	if (v6) {
		push_ip6(p, tx, d->ifc->ip6_hops);
		MIB_INC(st, Ip6_OutRequests);
	} else {
		push_ip4(st, p, tx);
		MIB_INC(st, Ip_OutRequests);
	}
	if (unlikely(d->neigh == NULL) && !d->ifc->loopback)
		copy_to_self(st, p, tx, d);
	if (likely(p->len <= mtu || p->gso_type != PKT_GSO_NONE))
		return ip_link_output(st, p, d, v6);
	if (tx->df) {
		net_drop(st, p, DROP_IP_TOO_BIG);
		return -EMSGSIZE;
	}
	return ip_fragment(st, p, d, v6);
}
