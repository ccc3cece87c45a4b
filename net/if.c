/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/if.c: interfaces of a shard and their addresses.  Every change that could make a cached way wrong
 * moves st->gen on, so that holders look again.
 */
#include "net/net_int.h"

enum { TXQ_MAX = 4096 };

static bool if_name_taken(struct net_stack *st, const struct netif *nif)
{
	struct net_if *ifc;

	list_for_each_entry (ifc, &st->ifs, link)
		if (ifc->dev->index == nif->index || strcmp(ifc->dev->name, nif->name) == 0)
			return true;
	return false;
}

err_t net_if_add(struct net_stack *st, struct netif *nif, struct net_if **out)
{
	bool loopback = nif->features & NETIF_LOOPBACK;
	struct net_if *ifc;

	if (if_name_taken(st, nif) || (loopback && st->lo))
		return -EEXIST;
	if (nif->mtu < 68 || nif->mtu > 65535 || (!loopback && st->queue >= netif_users(nif)))
		return -EINVAL;
	ifc = st->mem.alloc(st->mem.ctx, sizeof(*ifc));
	if (!ifc)
		return -ENOMEM;
	ifc->st = st;
	ifc->dev = nif;
	ifc->features = nif->features;
	ifc->mtu = nif->mtu;
	ifc->loopback = loopback;
	ifc->txq_max = TXQ_MAX;
	ifc->ip6_hops = 64;
	ifc->nd_reachable_ms = 30000;
	ifc->nd_retrans_ms = 1000;
	memcpy(ifc->mac.b, nif->mac, 6);
	pkt_list_init(&ifc->txq);
	list_init(&ifc->groups);
	list_init(&ifc->vlans);
	list_init(&ifc->vlan_link);
	if (loopback) {
		ifc->features |= NETIF_TX_CSUM | NETIF_SG | NETIF_TSO4 | NETIF_TSO6 |
				 NETIF_TSO_ECN | NETIF_USO | NETIF_NOARP;
		st->lo = ifc;
	}
	list_add_tail(&st->ifs, &ifc->link);
	*out = ifc;
	return 0;
}

err_t net_if_add_vlan(struct net_stack *st, struct net_if *lower, uint16_t vid, struct netif *nif,
		      struct net_if **out)
{
	struct net_if *v;
	err_t err;

	if (vid == 0 || vid > 4094 || lower->lower)
		return -EINVAL;
	list_for_each_entry (v, &lower->vlans, vlan_link)
		if (v->vid == vid)
			return -EEXIST;
	nif->mtu = lower->mtu;
	nif->features = lower->features;
	nif->queues = lower->dev->queues;
	memcpy(nif->mac, lower->mac.b, 6);
	err = net_if_add(st, nif, out);
	if (err)
		return err;
	(*out)->lower = lower;
	(*out)->vid = vid;
	list_add_tail(&lower->vlans, &(*out)->vlan_link);
	return 0;
}

void net_if_del(struct net_if *ifc)
{
	struct net_stack *st = ifc->st;

	while (!list_empty(&ifc->vlans))
		net_if_del(list_first(&ifc->vlans, struct net_if, vlan_link));
	list_del(&ifc->vlan_link);
	net_if_up(ifc, false, st->now);
	net_dhcp4_stop(ifc, st->now);
	dhcp6_stop(ifc);
	auto6_stop(ifc);
	while (ifc->naddrs)
		if (net_addr_del(ifc, ifc->addr[0].a.addr, st->now) != 0)
			break;
	mcast_if_fini(ifc);
	routes_flush_if(ifc);
	neigh_flush_if(ifc);
	pkt_list_free(&ifc->txq);
	if (st->lo == ifc)
		st->lo = NULL;
	if (st->txq_one == ifc)
		st->txq_one = NULL;
	list_del(&ifc->link);
	st->gen++;
	st->mem.free(st->mem.ctx, ifc, sizeof(*ifc));
}

void net_if_up(struct net_if *ifc, bool up, uint64_t now)
{
	struct net_stack *st = ifc->st;

	net_at(st, now);
	if (ifc->up == up)
		return;
	ifc->up = up;
	st->gen++;
	if (up) {
		for (unsigned i = 0; i < ifc->naddrs; i++)
			nd_dad_start(&ifc->addr[i]);
	} else {
		neigh_flush_if(ifc);
		pkt_list_free(&ifc->txq);
	}
	net_changed(ifc, NET_CHG_LINK);
}

void net_if_link(struct net_if *ifc, uint64_t now)
{
	struct net_stack *st = ifc->st;

	net_at(st, now);
	ifc->mtu = MIN(ifc->mtu, ifc->dev->mtu);
	st->gen++;
	if (ifc->dev->link_up) {
		/* Neighbours may have moved while we were away: ask again before relying on them. */
		neigh_flush_if(ifc);
		auto6_link(ifc);
		for (unsigned i = 0; i < ifc->naddrs; i++)
			if (ip_is_v4(ifc->addr[i].a.addr))
				acd_start(&ifc->addr[i]);
	}
	net_changed(ifc, NET_CHG_LINK);
}

err_t net_if_set_mtu(struct net_if *ifc, uint32_t mtu)
{
	if (mtu < 68 || mtu > ifc->dev->max_mtu)
		return -EINVAL;
	ifc->mtu = mtu;
	ifc->st->gen++;
	net_changed(ifc, NET_CHG_LINK);
	return 0;
}

struct net_if *net_if_by_index(struct net_stack *st, uint32_t index)
{
	struct net_if *ifc;

	list_for_each_entry (ifc, &st->ifs, link)
		if (ifc->dev->index == index)
			return ifc;
	return NULL;
}

struct net_if *net_if_by_name(struct net_stack *st, const char *name)
{
	struct net_if *ifc;

	list_for_each_entry (ifc, &st->ifs, link)
		if (strncmp(ifc->dev->name, name, NETIF_NAME) == 0)
			return ifc;
	return NULL;
}

struct net_if *net_if_next(struct net_stack *st, struct net_if *prev)
{
	struct list *next = prev ? prev->link.next : st->ifs.next;

	return next == &st->ifs ? NULL : list_entry(next, struct net_if, link);
}

struct netif *net_if_dev(struct net_if *ifc)
{
	return ifc->dev;
}

bool net_if_is_up(const struct net_if *ifc)
{
	return ifc->up;
}

uint32_t net_if_mtu(const struct net_if *ifc)
{
	return ifc->mtu;
}

const struct net_lease *net_if_lease(const struct net_if *ifc)
{
	return &ifc->lease;
}

void net_changed(struct net_if *ifc, unsigned what)
{
	if (ifc->st->ops.changed)
		ifc->st->ops.changed(ifc->st->ctx, ifc, what);
}

/* --- addresses ------------------------------------------------------------------------------------ */

static struct if_addr *find(struct net_if *ifc, struct ip_addr a)
{
	for (unsigned i = 0; i < ifc->naddrs; i++)
		if (ip_eq(ifc->addr[i].a.addr, a))
			return &ifc->addr[i];
	return NULL;
}

const struct net_ifaddr *if_addr_find(const struct net_if *ifc, struct ip_addr a)
{
	for (unsigned i = 0; i < ifc->naddrs; i++)
		if (ip_eq(ifc->addr[i].a.addr, a))
			return &ifc->addr[i].a;
	return NULL;
}

bool net_addr_at(const struct net_if *ifc, unsigned i, struct net_ifaddr *out)
{
	if (i >= ifc->naddrs)
		return false;
	*out = ifc->addr[i].a;
	return true;
}

static void addr_expired(struct wheel_timer *t, uint64_t now)
{
	struct if_addr *a = container_of(t, struct if_addr, timer);
	struct net_if *ifc = a->ifc;

	if (a->a.flags & NET_ADDR_TENTATIVE) {
		nd_dad_start(a);
		return;
	}
	if (now >= a->a.valid_ns) {
		if (net_addr_del(ifc, a->a.addr, now) != 0)
			return;
		return;
	}
	if (a->a.origin == NET_ADDR_TEMP && !a->replaced) {
		a->replaced = true;
		auto6_temp_next(ifc, a->a.addr);
		if (now < a->a.preferred_ns) {
			wheel_timer_set(&ifc->st->wheel, &a->timer, a->a.preferred_ns);
			return;
		}
	}
	if (now >= a->a.preferred_ns)
		a->a.flags |= NET_ADDR_DEPRECATED; /* RFC 4862 5.5.4 */
	if (a->a.valid_ns != UINT64_MAX)
		wheel_timer_set(&ifc->st->wheel, &a->timer, a->a.valid_ns);
	net_changed(ifc, NET_CHG_ADDR);
}

void if_addr_lifetimes(struct if_addr *a)
{
	uint64_t at = MIN(a->a.preferred_ns, a->a.valid_ns);

	if (a->a.preferred_ns <= a->ifc->st->now)
		at = a->a.valid_ns;
	else if (a->a.origin == NET_ADDR_TEMP && !a->replaced)
		at -= NET_REGEN_S * 1000000000ULL;
	if (at != UINT64_MAX)
		wheel_timer_set(&a->ifc->st->wheel, &a->timer, at);
	else
		wheel_timer_cancel(&a->ifc->st->wheel, &a->timer);
}

static err_t onlink_route(struct net_if *ifc, const struct net_ifaddr *a, bool add)
{
	struct net_route r = {
		.dst = a->addr,
		.bits = a->bits,
		.v6 = !ip_is_v4(a->addr),
		.src = a->addr,
		.ifc = ifc,
		.proto = 2, /* RTPROT_KERNEL */
		.metric = ip_is_v4(a->addr) ? 0 : 256,
		.expires_ns = UINT64_MAX,
	};
	unsigned keep = r.v6 ? a->bits : 96U + a->bits;

	/* Clear what lies past the prefix. */
	for (unsigned bit = keep; bit < 128; bit++)
		r.dst.b[bit / 8] &= (uint8_t) ~(0x80U >> (bit % 8));
	if (ip_is_multicast(a->addr) || ifc->loopback)
		return 0;
	if (r.v6)
		r.src = (struct ip_addr){ 0 }; /* chosen for each destination */
	return add ? net_route_add(ifc->st, &r) : net_route_del(ifc->st, &r);
}

/* Move the slots after a removed one; timers are re-armed because their place moves. */
static void addr_slot_remove(struct net_if *ifc, unsigned at)
{
	struct wheel *w = &ifc->st->wheel;

	wheel_timer_cancel(w, &ifc->addr[at].timer);
	for (unsigned i = at; i + 1 < ifc->naddrs; i++) {
		struct if_addr *to = &ifc->addr[i], *from = &ifc->addr[i + 1];
		uint64_t tick = from->timer.tick;
		bool armed = from->timer.armed;

		wheel_timer_cancel(w, &from->timer);
		to->a = from->a;
		to->dad_left = from->dad_left;
		to->used = from->used;
		to->replaced = from->replaced;
		to->defended_ns = from->defended_ns;
		wheel_timer_init(&to->timer, from->timer.fn);
		if (armed)
			wheel_timer_set(w, &to->timer, (tick - 1) << WHEEL_TICK_SHIFT);
	}
	ifc->naddrs--;
}

err_t net_addr_add(struct net_if *ifc, const struct net_ifaddr *a, uint64_t now)
{
	struct net_stack *st = ifc->st;
	bool v4 = ip_is_v4(a->addr);
	struct if_addr *slot;
	err_t err;

	net_at(st, now);
	if (ip_is_any(a->addr) || ip_is_multicast(a->addr) || a->bits > (v4 ? 32 : 128))
		return -EINVAL;
	if (find(ifc, a->addr))
		return -EEXIST;
	if (ifc->naddrs == NET_MAX_IF_ADDRS)
		return -ENOMEM;
	err = onlink_route(ifc, a, true);
	if (err && err != -EEXIST)
		return err;
	slot = &ifc->addr[ifc->naddrs++];
	*slot = (struct if_addr){ .a = *a, .ifc = ifc };
	wheel_timer_init(&slot->timer, addr_expired);
	if (slot->a.valid_ns == 0)
		slot->a.valid_ns = slot->a.preferred_ns = UINT64_MAX;
	st->gen++;
	if (!v4 && !ifc->loopback && !(a->flags & NET_ADDR_NODAD)) {
		slot->a.flags |= NET_ADDR_TENTATIVE;
		slot->dad_left = 1;
		if (ifc->up)
			nd_dad_start(slot);
	} else {
		if_addr_lifetimes(slot);
		nd_dad_start(slot); /* its group */
	}
	if (v4 && ifc->up && !ifc->loopback)
		acd_start(slot);
	net_changed(ifc, NET_CHG_ADDR);
	return 0;
}

/* As the primary shard has it: its flags and lifetimes are looked after there. */
void if_addr_mirror(struct net_if *ifc, const struct net_ifaddr *a)
{
	struct if_addr *slot = &ifc->addr[ifc->naddrs];

	if (ifc->naddrs == NET_MAX_IF_ADDRS)
		return;
	ifc->naddrs++;
	*slot = (struct if_addr){ .a = *a, .ifc = ifc };
	wheel_timer_init(&slot->timer, addr_expired);
	nd_addr_group(slot);
}

err_t net_addr_del(struct net_if *ifc, struct ip_addr addr, uint64_t now)
{
	struct if_addr *slot = find(ifc, addr);
	struct net_ifaddr a;

	net_at(ifc->st, now);
	if (!slot)
		return -EADDRNOTAVAIL;
	a = slot->a;
	if (slot->used)
		nd_addr_gone(ifc, addr);
	addr_slot_remove(ifc, (unsigned)(slot - ifc->addr));
	if (onlink_route(ifc, &a, false) != 0)
		ifc->st->gen++; /* another address keeps the route, or it was taken away before */
	ifc->st->gen++;
	net_changed(ifc, NET_CHG_ADDR);
	return 0;
}

bool ip_is_local(const struct net_stack *st, struct ip_addr a)
{
	const struct net_if *ifc;

	if (ip_is_v4(a) && a.b[12] == 127)
		return true;
	list_for_each_entry (ifc, &st->ifs, link) {
		const struct net_ifaddr *f = if_addr_find(ifc, a);

		if (f && !(f->flags & (NET_ADDR_TENTATIVE | NET_ADDR_DUPLICATE)))
			return true;
	}
	return false;
}

bool net_addr_is_local(const struct net_stack *st, struct ip_addr a)
{
	return ip_is_local(st, a);
}

bool ip_is_if_bcast(const struct net_if *ifc, struct ip_addr a)
{
	if (!ip_is_v4(a))
		return false;
	if (ip_is_bcast_all(a))
		return true;
	for (unsigned i = 0; i < ifc->naddrs; i++) {
		const struct net_ifaddr *f = &ifc->addr[i].a;
		uint32_t host;

		if (!ip_is_v4(f->addr) || f->bits >= 31)
			continue;
		host = UINT32_MAX >> f->bits;
		if ((ip4_num(f->addr) | host) == ip4_num(a))
			return true;
	}
	return false;
}
