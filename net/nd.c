/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/nd.c: neighbour discovery (RFC 4861) and duplicate address detection (RFC 4862 5.4).  Redirects are
 * not obeyed.  Every message must have hop limit 255: nobody off the link can send it.
 */
#include "net/net_int.h"

#include "net/csum.h"

enum {
	OPT_SLLA = 1,
	OPT_TLLA = 2,
	NA_ROUTER = 0x80,
	NA_SOLICITED = 0x40,
	NA_OVERRIDE = 0x20,
};

static const struct ip_addr all_nodes = { .b = { 0xff, 2, [15] = 1 } };

/* RFC 4291 2.7.1 */
static struct ip_addr solicited_node(struct ip_addr a)
{
	struct ip_addr g = { .b = { 0xff, 2, [11] = 1, [12] = 0xff } };

	memcpy(&g.b[13], &a.b[13], 3);
	return g;
}

void nd_send(struct net_if *ifc, struct pkt *p, struct ip_addr src, struct ip_addr dst,
	     const struct eth_addr *to)
{
	struct net_stack *st = ifc->st;
	struct ip_tx tx = { .src = src, .dst = dst, .proto = IP_P_ICMPV6, .ttl = 255 };
	struct net_dst d;

	p->l4 = p->data;
	p->flags |= PKT_NOLOOP;
	csum_store(&((struct wire_icmp *)p->data)->csum,
		   csum_fold(csum_pkt(csum_pseudo(src, dst, IP_P_ICMPV6, p->len), p, 0)));
	MIB_INC(st, Icmp6_OutMsgs);
	/* Always to the link itself, whatever the routes say. */
	d = (struct net_dst){ .ifc = ifc, .mtu = ifc->mtu, .gen = st->gen };
	if (to) {
		d.mac = *to;
	} else if (ip_is_multicast(dst)) {
		d.mac = mcast_mac(dst);
	} else {
		d.neigh = neigh_get(ifc, dst, true);
		if (!d.neigh) {
			net_drop(st, p, DROP_NOMEM);
			return;
		}
	}
	if (ip_output(st, p, &tx, &d) != 0)
		MIB_INC(st, Icmp6_OutErrors);
}

/* NS and NA: header of 8, target, perhaps our link address in an option. */
static struct pkt *message(struct net_if *ifc, uint8_t type, struct ip_addr target, uint8_t opt)
{
	uint32_t len = 24 + (opt ? 8 : 0);
	struct pkt *p = pkt_alloc_lin(&ifc->st->pool, PKT_HEADROOM, len);
	uint8_t *b;

	if (!p)
		return NULL;
	b = pkt_put(p, len);
	memset(b, 0, len);
	b[0] = type;
	memcpy(b + 8, target.b, 16);
	if (opt) {
		b[24] = opt;
		b[25] = 1;
		memcpy(b + 26, ifc->mac.b, 6);
	}
	return p;
}

void nd_solicit(struct net_if *ifc, struct ip_addr target, const struct eth_addr *to)
{
	struct ip_addr src;
	struct pkt *p;

	if (net_source_for(ifc->st, target, ifc, &src) != 0)
		return;
	p = message(ifc, ICMP6_NS, target, OPT_SLLA);
	if (p)
		nd_send(ifc, p, src, to ? target : solicited_node(target), to);
}

static void advertise(struct net_if *ifc, struct ip_addr target, struct ip_addr to, uint8_t flags)
{
	struct pkt *p = message(ifc, ICMP6_NA, target, OPT_TLLA);

	if (!p)
		return;
	p->data[4] = flags;
	nd_send(ifc, p, target, to, NULL);
}

/* --- duplicate address detection ------------------------------------------------------------------ */

static void dad_failed(struct if_addr *a)
{
	wheel_timer_cancel(&a->ifc->st->wheel, &a->timer);
	a->a.flags = (uint8_t)((a->a.flags & ~NET_ADDR_TENTATIVE) | NET_ADDR_DUPLICATE);
	a->ifc->st->gen++;
	net_changed(a->ifc, NET_CHG_ADDR);
	if (a->a.origin == NET_ADDR_DHCP)
		dhcp6_conflict(a->ifc, a->a.addr);
	else
		auto6_addr_dup(a);
}

static void dad_done(struct if_addr *a)
{
	struct net_if *ifc = a->ifc;

	a->a.flags &= (uint8_t)~NET_ADDR_TENTATIVE;
	ifc->st->gen++;
	if_addr_lifetimes(a);
	if (ifc->st->primary)
		advertise(ifc, a->a.addr, all_nodes, NA_OVERRIDE);
	net_changed(ifc, NET_CHG_ADDR);
	if (ip6_is_link_local(a->a.addr))
		auto6_link(ifc);
}

void nd_addr_group(struct if_addr *a)
{
	if (!ip_is_v4(a->a.addr) && !a->used)
		a->used = net_mcast_join(a->ifc, solicited_node(a->a.addr), a->ifc->st->now) == 0;
}

/* Called when an address appears, when the interface comes up, and by the address's timer. */
void nd_dad_start(struct if_addr *a)
{
	struct net_if *ifc = a->ifc;
	struct net_stack *st = ifc->st;
	struct pkt *p;

	if (ip_is_v4(a->a.addr) || !ifc->up)
		return;
	nd_addr_group(a);
	if (!(a->a.flags & NET_ADDR_TENTATIVE))
		return;
	if (a->dad_left == 0 || !st->primary || (ifc->features & NETIF_NOARP)) {
		dad_done(a);
		return;
	}
	a->dad_left--;
	p = message(ifc, ICMP6_NS, a->a.addr, 0); /* 5.4.2: from ::, without our address */
	if (p)
		nd_send(ifc, p, (struct ip_addr){ 0 }, solicited_node(a->a.addr), NULL);
	wheel_timer_set(&st->wheel, &a->timer, st->now + ifc->nd_retrans_ms * 1000000ULL);
}

void nd_addr_gone(struct net_if *ifc, struct ip_addr a)
{
	if (net_mcast_leave(ifc, solicited_node(a), ifc->st->now) != 0)
		ifc->st->gen++; /* it was never joined */
}

static struct if_addr *own(struct net_if *ifc, struct ip_addr a)
{
	for (unsigned i = 0; i < ifc->naddrs; i++)
		if (ip_eq(ifc->addr[i].a.addr, a))
			return &ifc->addr[i];
	return NULL;
}

/* --- input ---------------------------------------------------------------------------------------- */

/* Find an option; *len gets its bytes.  NULL: absent.  Options were checked before. */
const uint8_t *nd_option(const uint8_t *o, uint32_t n, uint8_t type, uint32_t *len)
{
	while (n >= 8) {
		*len = o[1] * 8U;
		if (*len == 0 || *len > n)
			return NULL;
		if (o[0] == type)
			return o;
		n -= *len;
		o += *len;
	}
	return NULL;
}

static bool options_ok(const uint8_t *o, uint32_t n)
{
	while (n) {
		if (n < 8 || o[1] == 0 || o[1] * 8U > n)
			return false;
		n -= o[1] * 8U;
		o += o[1] * 8U;
	}
	return true;
}

static bool link_address(const uint8_t *o, uint32_t n, uint8_t type, struct eth_addr *mac)
{
	uint32_t len;
	const uint8_t *x = nd_option(o, n, type, &len);

	if (!x || len != 8 || (x[2] & 1))
		return false;
	memcpy(mac->b, x + 2, 6);
	return true;
}

/* 7.2.3 */
static void ns_in(struct net_if *ifc, const uint8_t *b, uint32_t n, const struct ip_rx *rx)
{
	struct ip_addr target = ip6_from_wire(b + 8);
	struct if_addr *a = own(ifc, target);
	bool dad = ip_is_any(rx->src);
	struct eth_addr mac;
	struct neigh *ne;

	if (!a || (a->a.flags & NET_ADDR_DUPLICATE))
		return;
	if (a->a.flags & NET_ADDR_TENTATIVE) {
		if (dad && !ifc->st->in_shared)
			dad_failed(a); /* RFC 4862 5.4.3: somebody else is trying it too */
		return;
	}
	if (!dad && link_address(b + 24, n - 24, OPT_SLLA, &mac)) {
		ne = neigh_get(ifc, rx->src, true);
		if (ne)
			neigh_learned(ne, mac, false, true);
	}
	if (ifc->st->in_shared || !ifc->st->primary)
		return;
	advertise(ifc, target, dad ? all_nodes : rx->src,
		  (uint8_t)(NA_OVERRIDE | (dad ? 0 : NA_SOLICITED)));
}

/* 7.2.5 */
static void na_in(struct net_if *ifc, const uint8_t *b, uint32_t n, const struct ip_rx *rx)
{
	struct ip_addr target = ip6_from_wire(b + 8);
	struct if_addr *a = own(ifc, target);
	uint8_t flags = b[4];
	struct eth_addr mac;
	struct neigh *ne;

	if (a) {
		if (a->a.flags & NET_ADDR_TENTATIVE)
			dad_failed(a);
		return;
	}
	if (rx->multi && (flags & NA_SOLICITED))
		return; /* 7.1.2 */
	ne = neigh_get(ifc, target, false);
	if (!ne)
		return;
	if (!link_address(b + 24, n - 24, OPT_TLLA, &mac)) {
		if (ne->state == NEIGH_INCOMPLETE)
			return;
		mac = ne->mac;
	}
	ne->router = flags & NA_ROUTER;
	neigh_learned(ne, mac, flags & NA_SOLICITED, flags & NA_OVERRIDE);
}

/* The router's own link address comes with its advertisement. */
static void ra_in(struct net_if *ifc, const uint8_t *b, uint32_t n, const struct ip_rx *rx)
{
	struct eth_addr mac;
	struct neigh *ne;

	if (!ip6_is_link_local(rx->src))
		return; /* 6.1.2 */
	if (link_address(b + 16, n - 16, OPT_SLLA, &mac)) {
		ne = neigh_get(ifc, rx->src, true);
		if (ne) {
			ne->router = true;
			neigh_learned(ne, mac, false, true);
		}
	}
	auto6_input_ra(ifc, rx, b, n);
}

/* Least length of each message, and where its options begin (4.1 to 4.5). */
static uint32_t fixed_len(uint8_t type)
{
	switch (type) {
	case ICMP6_RA:
		return 16;
	case ICMP6_NS:
	case ICMP6_NA:
		return 24;
	case ICMP6_REDIRECT:
		return 40;
	default:
		return 8;
	}
}

void nd_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx,
	      const struct wire_icmp *h)
{
	uint32_t fixed = fixed_len(h->type), n = p->len;
	uint8_t type = h->type;

	if (rx->ttl != 255 || h->code != 0 || n < fixed || !pkt_pull_up(p, n) ||
	    !options_ok(p->data + fixed, n - fixed) ||
	    ((type == ICMP6_NS || type == ICMP6_NA) &&
	     ip_is_multicast(ip6_from_wire(p->data + 8)))) {
		net_drop(st, p, DROP_ND_BAD);
		return;
	}
	switch (type) {
	case ICMP6_NS:
		ns_in(rx->ifc, p->data, n, rx);
		break;
	case ICMP6_NA:
		na_in(rx->ifc, p->data, n, rx);
		break;
	case ICMP6_RA:
		ra_in(rx->ifc, p->data, n, rx);
		break;
	}
	pkt_free(p);
}
