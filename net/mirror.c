/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/mirror.c: what a shard knows of the machine's configuration (links up, mtus, addresses, routes), as a value
 * that another shard takes over whole.  The primary shard makes and ages all of it; the others only mirror, so
 * nothing of theirs has a timer.
 *
 * Not mirrored: neighbours that were learned and path MTUs, which each shard learns from the same packets
 * (net_ops.share).
 */
#include "net/net_int.h"

struct mirror_if {
	struct net_ifaddr addr[NET_MAX_IF_ADDRS];
	uint32_t index, mtu, nd_reachable_ms, nd_retrans_ms;
	bool up;
	uint8_t naddrs, ip6_hops;
};

struct mirror_route {
	struct net_route r; /* ifc: not valid */
	uint32_t ifindex;
};

struct mirror_neigh { /* set by hand */
	struct ip_addr addr;
	struct eth_addr mac;
	uint32_t ifindex;
};

struct net_mirror {
	size_t bytes;
	unsigned nifs, nroutes, nneighs;
	struct mirror_if *ifs;	    /* behind this */
	struct mirror_route *route; /* behind those */
	struct mirror_neigh *neigh; /* and behind those */
};

static unsigned list_length(const struct list *head)
{
	unsigned n = 0;

	for (const struct list *l = head->next; l != head; l = l->next)
		n++;
	return n;
}

static void copy_if(struct mirror_if *m, const struct net_if *ifc)
{
	m->index = ifc->dev->index;
	m->mtu = ifc->mtu;
	m->up = ifc->up;
	m->ip6_hops = ifc->ip6_hops;
	m->nd_reachable_ms = ifc->nd_reachable_ms;
	m->nd_retrans_ms = ifc->nd_retrans_ms;
	for (m->naddrs = 0; m->naddrs < ifc->naddrs; m->naddrs++)
		m->addr[m->naddrs] = ifc->addr[m->naddrs].a;
}

/* Into `out`, or with NULL only counted. */
static unsigned permanent(const struct net_stack *st, struct mirror_neigh *out)
{
	const struct neigh *n;
	unsigned k = 0;

	for (unsigned b = 0; b < NET_NEIGH_BUCKETS; b++)
		list_for_each_entry (n, &st->neighs[b], link) {
			if (n->state != NEIGH_PERMANENT)
				continue;
			if (out)
				out[k] = (struct mirror_neigh){ n->addr, n->mac,
								n->ifc->dev->index };
			k++;
		}
	return k;
}

struct net_mirror *net_mirror_make(const struct net_stack *st)
{
	unsigned nifs = list_length(&st->ifs), nroutes = list_length(&st->routes),
		 nneighs = permanent(st, NULL);
	size_t bytes = sizeof(struct net_mirror) + nifs * sizeof(struct mirror_if) +
		       nroutes * sizeof(struct mirror_route) +
		       nneighs * sizeof(struct mirror_neigh);
	struct net_mirror *m = st->mem.alloc(st->mem.ctx, bytes);
	const struct net_if *ifc;
	const struct route *r;

	if (!m)
		return NULL;
	m->bytes = bytes;
	m->ifs = (struct mirror_if *)(m + 1);
	m->route = (struct mirror_route *)(void *)(m->ifs + nifs);
	m->neigh = (struct mirror_neigh *)(void *)(m->route + nroutes);
	m->nneighs = permanent(st, m->neigh);
	list_for_each_entry (ifc, &st->ifs, link)
		copy_if(&m->ifs[m->nifs++], ifc);
	list_for_each_entry (r, &st->routes, link)
		m->route[m->nroutes++] =
			(struct mirror_route){ .r = r->r, .ifindex = r->r.ifc->dev->index };
	return m;
}

void net_mirror_free(const struct net_stack *st, struct net_mirror *m)
{
	st->mem.free(st->mem.ctx, m, m->bytes);
}

/* --- taking over ------------------------------------------------------------------------------------ */

static const struct net_ifaddr *address_in(const struct mirror_if *m, struct ip_addr a)
{
	for (unsigned i = 0; i < m->naddrs; i++)
		if (ip_eq(m->addr[i].addr, a))
			return &m->addr[i];
	return NULL;
}

static void take_addresses(struct net_if *ifc, const struct mirror_if *m)
{
	for (unsigned i = ifc->naddrs; i-- > 0;) {
		const struct net_ifaddr *a = address_in(m, ifc->addr[i].a.addr);

		if (a)
			ifc->addr[i].a = *a;
		else if (net_addr_del(ifc, ifc->addr[i].a.addr, ifc->st->now) != 0)
			return;
	}
	for (unsigned i = 0; i < m->naddrs; i++)
		if (!if_addr_find(ifc, m->addr[i].addr))
			if_addr_mirror(ifc, &m->addr[i]);
}

static void take_if(struct net_if *ifc, const struct mirror_if *m, uint64_t now)
{
	ifc->mtu = m->mtu;
	ifc->ip6_hops = m->ip6_hops;
	ifc->nd_reachable_ms = m->nd_reachable_ms;
	ifc->nd_retrans_ms = m->nd_retrans_ms;
	net_if_up(ifc, m->up, now);
	take_addresses(ifc, m);
}

static err_t take_routes(struct net_stack *st, const struct net_mirror *m)
{
	err_t err = 0;

	while (!list_empty(&st->routes)) {
		struct route *r = list_first(&st->routes, struct route, link);

		list_del(&r->link);
		net_obj_free(st, r);
	}
	for (unsigned i = 0; i < m->nroutes && !err; i++) {
		struct net_route r = m->route[i].r;

		r.ifc = net_if_by_index(st, m->route[i].ifindex);
		if (r.ifc)
			err = net_route_add(st, &r);
	}
	return err;
}

static bool still_there(const struct net_mirror *m, const struct neigh *n)
{
	for (unsigned i = 0; i < m->nneighs; i++)
		if (ip_eq(m->neigh[i].addr, n->addr) && m->neigh[i].ifindex == n->ifc->dev->index)
			return true;
	return false;
}

static err_t take_neighs(struct net_stack *st, const struct net_mirror *m, uint64_t now)
{
	struct neigh *n, *tmp;
	err_t err = 0;

	for (unsigned b = 0; b < NET_NEIGH_BUCKETS; b++)
		list_for_each_entry_safe (n, tmp, &st->neighs[b], link)
			if (n->state == NEIGH_PERMANENT && !still_there(m, n) && !err)
				err = net_neigh_del(st, n->ifc, n->addr);
	for (unsigned i = 0; i < m->nneighs && !err; i++) {
		struct net_neigh want = { .addr = m->neigh[i].addr,
					  .mac = m->neigh[i].mac,
					  .ifc = net_if_by_index(st, m->neigh[i].ifindex) };

		if (want.ifc)
			err = net_neigh_set(st, &want, now);
	}
	return err;
}

err_t net_mirror_take(struct net_stack *st, const struct net_mirror *m, uint64_t now)
{
	err_t err;

	net_at(st, now);
	for (unsigned i = 0; i < m->nifs; i++) {
		struct net_if *ifc = net_if_by_index(st, m->ifs[i].index);

		if (ifc)
			take_if(ifc, &m->ifs[i], now);
	}
	st->gen++;
	err = take_routes(st, m);
	return err ? err : take_neighs(st, m, now);
}
