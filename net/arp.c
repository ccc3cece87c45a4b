/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/arp.c: ARP for IPv4 over Ethernet (RFC 826), with RFC 5227's announcements.  Only the primary shard
 * answers; every shard learns, but only about neighbours that it already wants or that talk to us.
 */
#include "net/net_int.h"

enum { ARP_REQUEST = 1, ARP_REPLY = 2 };

static void arp_send(struct net_if *ifc, uint16_t op, struct ip_addr spa, struct ip_addr tpa,
		     struct eth_addr tha, struct eth_addr to)
{
	struct pkt *p = pkt_alloc(&ifc->st->pool);
	struct wire_arp *a;

	if (!p)
		return;
	a = (struct wire_arp *)pkt_put(p, sizeof(*a));
	*a = (struct wire_arp){
		.htype = be16_of(1),
		.ptype = be16_of(ETH_P_IPV4),
		.hlen = 6,
		.plen = 4,
		.op = be16_of(op),
		.spa = ip4_to_wire(spa),
		.tpa = ip4_to_wire(tpa),
	};
	memcpy(a->sha, ifc->mac.b, 6);
	memcpy(a->tha, tha.b, 6);
	eth_output(ifc, p, to, ETH_P_ARP);
}

static const struct eth_addr all = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

void arp_request(struct net_if *ifc, struct ip_addr target, struct ip_addr from,
		 const struct eth_addr *to)
{
	static const struct eth_addr none;

	arp_send(ifc, ARP_REQUEST, from, target, none, to ? *to : all);
}

void arp_announce(struct net_if *ifc, struct ip_addr addr)
{
	static const struct eth_addr none;

	if (ifc->up && ifc->st->primary && !(ifc->features & NETIF_NOARP))
		arp_send(ifc, ARP_REQUEST, addr, addr, none, all); /* RFC 5227 2.3 */
}

/* RFC 5227 2.1.1: asks without saying that we have it. */
void arp_probe(struct net_if *ifc, struct ip_addr addr)
{
	static const struct eth_addr none;

	arp_send(ifc, ARP_REQUEST, ip4(0), addr, none, all);
}

/* The checked packet; false: malformed. */
static bool arp_parse(struct pkt *p, struct wire_arp *a)
{
	if (!pkt_pull_up(p, sizeof(*a)))
		return false;
	memcpy(a, p->data, sizeof(*a));
	return be16_get(a->htype) == 1 && be16_get(a->ptype) == ETH_P_IPV4 && a->hlen == 6 &&
	       a->plen == 4 && !(a->sha[0] & 1);
}

static bool is_ours(const struct net_if *ifc, struct ip_addr a)
{
	return if_addr_find(ifc, a) != NULL;
}

void arp_input(struct net_if *ifc, struct pkt *p)
{
	struct net_stack *st = ifc->st;
	struct ip_addr spa, tpa;
	struct eth_addr sha;
	struct wire_arp a;
	struct neigh *n;
	bool for_us;

	if ((ifc->features & NETIF_NOARP) || !arp_parse(p, &a)) {
		net_drop(st, p, DROP_ARP_BAD);
		return;
	}
	spa = ip4_from_wire(a.spa);
	tpa = ip4_from_wire(a.tpa);
	memcpy(sha.b, a.sha, 6);
	for_us = is_ours(ifc, tpa);
	if (unlikely(is_ours(ifc, spa) || (for_us && ip_is_any(spa))) &&
	    memcmp(sha.b, ifc->mac.b, 6) != 0)
		acd_conflict(ifc, ip_is_any(spa) ? tpa : spa, ip_is_any(spa));
	/* RFC 826: merge first; make an entry only if we are the target.  A probe (RFC 5227) has no spa. */
	if (ip_is_unicast(spa) && !is_ours(ifc, spa)) {
		n = neigh_get(ifc, spa, for_us);
		if (n)
			neigh_learned(n, sha, for_us && be16_get(a.op) == ARP_REPLY, true);
	}
	if (!for_us) {
		net_drop(st, p, DROP_ARP_IGNORED);
		return;
	}
	if (be16_get(a.op) == ARP_REQUEST && st->primary && !st->in_shared && !is_ours(ifc, spa))
		arp_send(ifc, ARP_REPLY, tpa, spa, sha, sha);
	pkt_free(p);
}
