/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/eth.c: frames in and out: addresses, VLAN tags, the type that says who is next.  Loopback has
 * frames too, with zero addresses, so that taps and drivers see one format.
 */
#include "net/net_int.h"

#include "net/csum.h"

static void rx_classify(const struct net_if *ifc, struct pkt *p, const struct wire_eth *h)
{
	if (h->dst[0] & 1) {
		static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

		p->flags |= memcmp(h->dst, all, 6) == 0 ? PKT_BCAST : PKT_MCAST;
	} else if (memcmp(h->dst, ifc->mac.b, 6) != 0) {
		p->flags |= PKT_OTHER;
	}
}

/* The upper interface of a tag; id 0 is a priority tag only and changes nothing (802.1Q 9.6). */
static struct net_if *vlan_find(struct net_if *ifc, uint16_t tci)
{
	uint16_t vid = tci & 0xfff;
	struct net_if *up;

	if (vid == 0)
		return ifc;
	list_for_each_entry (up, &ifc->vlans, vlan_link)
		if (up->vid == vid)
			return up;
	return NULL;
}

/* Take a tag out of the bytes. */
static bool vlan_untag(struct pkt *p, uint16_t *type)
{
	struct wire_vlan tag;

	if (!pkt_pull_up(p, sizeof(tag)))
		return false;
	memcpy(&tag, p->data, sizeof(tag));
	pkt_pull(p, sizeof(tag));
	p->vlan_tci = be16_get(tag.tci);
	p->flags |= PKT_VLAN;
	*type = be16_get(tag.type);
	return true;
}

/* ICMP that tells of a flow of ours, which may be another shard's. Echoes concern nobody else. */
static bool tells4(const uint8_t *l3, uint32_t n)
{
	uint32_t hlen = (l3[0] & 15U) * 4;

	return l3[offsetof(struct wire_ip4, proto)] == IP_P_ICMP && n > hlen &&
	       l3[hlen] != ICMP4_ECHO && l3[hlen] != ICMP4_ECHO_REPLY;
}

/* Errors, and neighbours (RFC 4861). */
static bool tells6(const uint8_t *l3, uint32_t n)
{
	return l3[offsetof(struct wire_ip6, next)] == IP_P_ICMPV6 && n > 40 &&
	       (l3[40] < ICMP6_ECHO || (l3[40] >= ICMP6_RS && l3[40] <= ICMP6_REDIRECT));
}

/* What one shard answers and all shards learn from. */
static void share(struct net_if *ifc, const struct pkt *p, uint16_t type)
{
	const uint8_t *l3 = p->data + ETH_HLEN;
	uint32_t n = p->lin - ETH_HLEN;

	if (type == ETH_P_ARP || (type == ETH_P_IPV4 && n >= 20 && tells4(l3, n)) ||
	    (type == ETH_P_IPV6 && n >= 40 && tells6(l3, n)))
		ifc->st->ops.share(ifc->st->ctx, ifc, p);
}

void eth_input(struct net_if *ifc, struct pkt *p)
{
	struct net_stack *st = ifc->st;
	const struct wire_eth *h = (const struct wire_eth *)p->data;
	uint16_t type;

	if (unlikely(!ifc->up)) {
		net_drop(st, p, DROP_IF_DOWN);
		return;
	}
	if (unlikely(p->lin < ETH_HLEN)) {
		if (!pkt_pull_up(p, ETH_HLEN)) {
			net_drop(st, p, DROP_ETH_SHORT);
			return;
		}
		h = (const struct wire_eth *)p->data;
	}
	rx_classify(ifc, p, h);
	if (unlikely(raw_has_taps(st)))
		tap_deliver(ifc, p, false);
	if (unlikely(p->flags & PKT_OTHER)) {
		net_drop(st, p, DROP_ETH_OTHER);
		return;
	}
	type = be16_get(h->type);
	if (st->ops.share && !st->in_shared)
		share(ifc, p, type);
	pkt_pull(p, ETH_HLEN);
	if (unlikely(type == ETH_P_VLAN) && !vlan_untag(p, &type)) {
		net_drop(st, p, DROP_ETH_SHORT);
		return;
	}
	if (unlikely(p->flags & PKT_VLAN)) {
		ifc = vlan_find(ifc, p->vlan_tci);
		if (!ifc || !ifc->up) {
			net_drop(st, p, DROP_VLAN_UNKNOWN);
			return;
		}
	}
	switch (type) {
	case ETH_P_IPV4:
		ip4_input(ifc, p);
		break;
	case ETH_P_IPV6:
		ip6_input(ifc, p);
		break;
	case ETH_P_ARP:
		arp_input(ifc, p);
		break;
	default:
		net_drop(st, p, DROP_ETH_TYPE);
	}
}

/* What the device cannot do is done here: segments, checksums, one piece of memory. */
static struct pkt *flatten(struct net_stack *st, struct pkt *p)
{
	struct pkt *q;

	if (p->nfrags == 0)
		return p;
	q = pkt_alloc_lin(&st->pool, PKT_HEADROOM, p->len);
	if (!q)
		return NULL;
	pkt_copy_out(p, 0, pkt_put(q, p->len), p->len);
	q->nif = p->nif;
	q->flags = p->flags;
	q->csum_off = p->csum_off;
	q->l4 = p->l4 ? q->data + (p->l4 - p->data) : NULL;
	pkt_free(p);
	return q;
}

static bool gso_offered(const struct net_if *ifc, const struct pkt *p)
{
	static const uint32_t need[] = {
		[PKT_GSO_TCP4] = NETIF_TSO4,
		[PKT_GSO_TCP6] = NETIF_TSO6,
		[PKT_GSO_UDP] = NETIF_USO,
	};

	return (ifc->features & need[p->gso_type]) &&
	       (!p->gso_ecn || (ifc->features & NETIF_TSO_ECN));
}

static inline void queue_one(struct net_if *ifc, struct pkt *p)
{
	const uint32_t all = NETIF_TX_CSUM | NETIF_SG;
	struct net_stack *st = ifc->st;

	if (likely((ifc->features & all) == all))
		goto add;
	if ((p->flags & PKT_CSUM_NEEDED) && !(ifc->features & NETIF_TX_CSUM))
		csum_finish(p);
	if (p->nfrags && !(ifc->features & NETIF_SG)) {
		struct pkt *q = p->len <= PBUF_ROOM - PKT_HEADROOM ? flatten(st, p) : NULL;

		if (!q) {
			net_drop(st, p, DROP_NOMEM);
			return;
		}
		p = q;
	}
add:
	pkt_list_add(&ifc->txq, p);
}

void eth_queue(struct net_if *ifc, struct pkt *p)
{
	struct net_stack *st = ifc->st;
	struct pkt_list segs;

	if (unlikely(raw_has_taps(st)))
		tap_deliver(ifc, p, true);
	if (unlikely(!ifc->up)) {
		net_drop(st, p, DROP_TX_DOWN);
		return;
	}
	if (unlikely(ifc->txq.count >= ifc->txq_max)) {
		ifc->dev->stats[st->queue].tx_dropped++;
		net_drop(st, p, DROP_TX_QUEUE);
		return;
	}
	p->nif = ifc->dev;
	st->txq_one = !st->txq_some || st->txq_one == ifc ? ifc : NULL;
	st->txq_some = true;
	if (ifc->loopback) {
		st->txq_one = NULL;
		pkt_list_add(&ifc->txq, p);
		return;
	}
	if (likely(p->gso_type == PKT_GSO_NONE || gso_offered(ifc, p))) {
		queue_one(ifc, p);
		return;
	}
	pkt_list_init(&segs);
	gso_split(st, p, &segs);
	while ((p = pkt_list_pop(&segs)) != NULL)
		queue_one(ifc, p);
}

void eth_output(struct net_if *ifc, struct pkt *p, struct eth_addr dst, uint16_t type)
{
	struct wire_eth *h;

	if (ifc->lower) {
		struct wire_vlan *tag = (struct wire_vlan *)pkt_push(p, sizeof(*tag));

		*tag = (struct wire_vlan){ be16_of(ifc->vid), be16_of(type) };
		type = ETH_P_VLAN;
	}
	h = (struct wire_eth *)pkt_push(p, ETH_HLEN);
	memcpy(h->dst, dst.b, 6);
	memcpy(h->src, ifc->mac.b, 6);
	h->type = be16_of(type);
	eth_queue(ifc->lower ? ifc->lower : ifc, p);
}
