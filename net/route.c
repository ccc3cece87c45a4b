/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/route.c: the routing table (a sorted list: a unikernel has a handful), source addresses, path MTUs,
 * and the resolution of a destination into a way that connections keep.
 */
#include "net/net_int.h"

static unsigned full_bits(const struct net_route *r)
{
	return r->v6 ? r->bits : 96U + r->bits;
}

static bool same(const struct net_route *a, const struct net_route *b)
{
	return a->v6 == b->v6 && a->bits == b->bits && ip_eq(a->dst, b->dst) && a->ifc == b->ifc &&
	       a->metric == b->metric && ip_eq(a->gateway, b->gateway);
}

static struct ip_addr family_any(bool v6)
{
	return v6 ? (struct ip_addr){ 0 } : ip4(0);
}

static struct net_route normal(const struct net_route *r)
{
	struct net_route n = *r;

	if (ip_is_any(n.gateway))
		n.gateway = family_any(n.v6);
	if (n.bits == 0)
		n.dst = family_any(n.v6);
	if (n.expires_ns == 0)
		n.expires_ns = UINT64_MAX;
	return n;
}

err_t net_route_add(struct net_stack *st, const struct net_route *want)
{
	struct net_route n = normal(want);
	struct route *r, *pos;
	struct list *before = &st->routes;

	if (!n.ifc || n.bits > (n.v6 ? 128 : 32) || n.v6 == ip_is_v4(n.dst))
		return -EINVAL;
	list_for_each_entry (pos, &st->routes, link)
		if (same(&pos->r, &n)) {
			pos->r = n;
			return -EEXIST;
		}
	list_for_each_entry (pos, &st->routes, link) {
		if (full_bits(&pos->r) < full_bits(&n) ||
		    (full_bits(&pos->r) == full_bits(&n) && pos->r.metric > n.metric)) {
			before = &pos->link;
			break;
		}
	}
	r = net_obj_alloc(st);
	if (!r)
		return -ENOMEM;
	r->r = n;
	list_add_tail(before, &r->link);
	st->gen++;
	net_changed(n.ifc, NET_CHG_ROUTE);
	return 0;
}

static void route_free(struct net_stack *st, struct route *r)
{
	struct net_if *ifc = r->r.ifc;

	list_del(&r->link);
	net_obj_free(st, r);
	st->gen++;
	net_changed(ifc, NET_CHG_ROUTE);
}

err_t net_route_del(struct net_stack *st, const struct net_route *want)
{
	struct net_route n = normal(want);
	struct route *pos;

	list_for_each_entry (pos, &st->routes, link)
		if (same(&pos->r, &n)) {
			route_free(st, pos);
			return 0;
		}
	return -ESRCH;
}

void routes_flush_if(struct net_if *ifc)
{
	struct route *pos, *tmp;

	list_for_each_entry_safe (pos, tmp, &ifc->st->routes, link)
		if (pos->r.ifc == ifc)
			route_free(ifc->st, pos);
}

bool net_route_at(const struct net_stack *st, unsigned i, struct net_route *out)
{
	const struct route *pos;

	list_for_each_entry (pos, &st->routes, link)
		if (i-- == 0) {
			*out = pos->r;
			return true;
		}
	return false;
}

static const struct net_route *lookup(const struct net_stack *st, struct ip_addr dst,
				      const struct net_if *ifc)
{
	bool v6 = !ip_is_v4(dst);
	const struct route *pos;

	list_for_each_entry (pos, &st->routes, link) {
		const struct net_route *r = &pos->r;

		if (r->v6 != v6 || (ifc && r->ifc != ifc) || !r->ifc->up ||
		    r->expires_ns <= st->now)
			continue;
		if (ip_prefix_eq(r->dst, dst, full_bits(r)))
			return r->flags & NET_ROUTE_REJECT ? NULL : r;
	}
	return NULL;
}

err_t net_route_lookup(struct net_stack *st, struct ip_addr dst, struct net_if *ifc,
		       struct net_route *out)
{
	const struct net_route *r = lookup(st, dst, ifc);

	if (!r)
		return -ENETUNREACH;
	*out = *r;
	return 0;
}

/* --- ways ----------------------------------------------------------------------------------------- */

static struct net_if *default_if(struct net_stack *st, bool v6)
{
	const struct net_route *r =
		lookup(st, v6 ? (struct ip_addr){ .b = { 0x20 } } : ip4(0x08080808), NULL);
	struct net_if *ifc;

	if (r)
		return r->ifc;
	list_for_each_entry (ifc, &st->ifs, link)
		if (ifc->up && !ifc->loopback)
			return ifc;
	return st->lo;
}

static void dst_set(struct net_stack *st, struct net_dst *d, struct net_if *ifc, struct neigh *n,
		    struct eth_addr mac, uint32_t mtu)
{
	*d = (struct net_dst){ .ifc = ifc, .neigh = n, .gen = st->gen, .mac = mac, .mtu = mtu };
}

err_t dst_resolve(struct net_stack *st, struct ip_addr dst, struct net_if *ifc, struct net_dst *out)
{
	static const struct eth_addr bcast = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } }, none;
	const struct net_route *r;
	struct ip_addr hop;
	struct neigh *n;
	uint32_t mtu;

	if (ip_is_local(st, dst)) {
		if (!st->lo || !st->lo->up)
			return -ENETUNREACH;
		dst_set(st, out, st->lo, NULL, none, st->lo->mtu);
		return 0;
	}
	if (ip_is_multicast(dst) || ip_is_bcast_all(dst)) {
		if (!ifc)
			ifc = default_if(st, !ip_is_v4(dst));
		if (!ifc)
			return -ENETUNREACH;
		dst_set(st, out, ifc, NULL, ip_is_multicast(dst) ? mcast_mac(dst) : bcast,
			ifc->mtu);
		return 0;
	}
	r = lookup(st, dst, ifc);
	if (!r)
		return -ENETUNREACH;
	mtu = r->mtu ? MIN(r->mtu, r->ifc->mtu) : r->ifc->mtu;
	mtu = pmtu_get(st, dst, mtu);
	if ((r->ifc->features & NETIF_NOARP) || ip_is_if_bcast(r->ifc, dst)) {
		dst_set(st, out, r->ifc, NULL, ip_is_if_bcast(r->ifc, dst) ? bcast : none, mtu);
		return 0;
	}
	hop = ip_is_any(r->gateway) ? dst : r->gateway;
	ifc = r->ifc;
	n = neigh_get(ifc, hop, true);
	if (!n)
		return -ENOMEM;
	dst_set(st, out, ifc, n, none, mtu);
	return 0;
}

/* --- source addresses ----------------------------------------------------------------------------- */

static int scope_of(struct ip_addr a)
{
	if (ip_is_v4(a))
		return a.b[12] == 127 ? 1 : a.b[12] == 169 && a.b[13] == 254 ? 2 : 14;
	if (ip_is_multicast(a))
		return a.b[1] & 0xf;
	return ip_is_loopback(a) ? 1 : ip6_is_link_local(a) ? 2 : 14;
}

static unsigned common_prefix(struct ip_addr a, struct ip_addr b)
{
	unsigned n = 0;

	while (n < 128 && ip_prefix_eq(a, b, n + 1))
		n++;
	return n;
}

/* Is `a` a better source than `b` for dst?  RFC 6724 5, rules 1 to 8 as far as they can differ here. */
static bool better(const struct net_ifaddr *a, const struct net_ifaddr *b, struct ip_addr dst)
{
	int sa = scope_of(a->addr), sb = scope_of(b->addr), sd = scope_of(dst);
	bool da = a->flags & NET_ADDR_DEPRECATED, db = b->flags & NET_ADDR_DEPRECATED;

	if (ip_eq(a->addr, dst) != ip_eq(b->addr, dst))
		return ip_eq(a->addr, dst); /* rule 1 */
	if (sa != sb)
		return sa < sb ? sa >= sd : sb < sd; /* rule 2 */
	if (da != db)
		return db; /* rule 3 */
	if ((a->origin == NET_ADDR_TEMP) != (b->origin == NET_ADDR_TEMP))
		return a->origin == NET_ADDR_TEMP;			  /* rule 7 */
	return common_prefix(a->addr, dst) > common_prefix(b->addr, dst); /* rule 8 */
}

static const struct net_ifaddr *source_on(const struct net_if *ifc, struct ip_addr dst)
{
	const struct net_ifaddr *best = NULL;

	for (unsigned i = 0; i < ifc->naddrs; i++) {
		const struct net_ifaddr *a = &ifc->addr[i].a;

		if (ip_is_v4(a->addr) != ip_is_v4(dst) ||
		    (a->flags & (NET_ADDR_TENTATIVE | NET_ADDR_DUPLICATE)))
			continue;
		if (!best || better(a, best, dst))
			best = a;
	}
	return best;
}

err_t net_source_for(struct net_stack *st, struct ip_addr dst, struct net_if *ifc,
		     struct ip_addr *src)
{
	const struct net_ifaddr *a;
	const struct net_route *r;

	if (ip_is_local(st, dst)) {
		*src = dst;
		return 0;
	}
	if (!ifc && (ip_is_multicast(dst) || ip_is_bcast_all(dst)))
		ifc = default_if(st, !ip_is_v4(dst));
	if (!ip_is_multicast(dst) && !ip_is_bcast_all(dst)) {
		r = lookup(st, dst, ifc);
		if (!r)
			return -ENETUNREACH;
		if (!ip_is_any(r->src)) {
			*src = r->src;
			return 0;
		}
		ifc = r->ifc;
	}
	a = ifc ? source_on(ifc, dst) : NULL;
	/* RFC 1122 3.3.4.3 (weak hosts): any of ours is better than none. */
	if (!a)
		list_for_each_entry (ifc, &st->ifs, link)
			if (!a && ifc->up && !ifc->loopback)
				a = source_on(ifc, dst);
	if (!a)
		return -EADDRNOTAVAIL;
	*src = a->addr;
	return 0;
}

/* --- path MTU: RFC 1191, 8201 --------------------------------------------------------------------- */

enum { PMTU_AGE_S = 600 }; /* RFC 1191 6.3: try a larger one after ten minutes */

void pmtu_set(struct net_stack *st, struct ip_addr dst, uint32_t mtu)
{
	struct pmtu *victim = &st->pmtu[0];

	mtu = MAX(mtu, (uint32_t)(ip_is_v4(dst) ? PMTU_MIN4 : PMTU_MIN6));
	for (unsigned i = 0; i < NET_PMTUS; i++) {
		struct pmtu *e = &st->pmtu[i];

		if (e->mtu && ip_eq(e->dst, dst)) {
			victim = e;
			break;
		}
		if (e->expires_ns < victim->expires_ns)
			victim = e;
	}
	*victim = (struct pmtu){ .dst = dst,
				 .mtu = mtu,
				 .expires_ns = st->now + PMTU_AGE_S * 1000000000ULL };
	st->gen++;
}

uint32_t pmtu_get(const struct net_stack *st, struct ip_addr dst, uint32_t mtu)
{
	for (unsigned i = 0; i < NET_PMTUS; i++) {
		const struct pmtu *e = &st->pmtu[i];

		if (e->mtu && e->expires_ns > st->now && ip_eq(e->dst, dst))
			return MIN(mtu, e->mtu);
	}
	return mtu;
}
