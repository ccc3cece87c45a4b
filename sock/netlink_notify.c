/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/netlink_notify.c: what changed, told to the groups of rtnetlink(7).  The stack says only that something did;
 * so what there was is kept while anybody listens, and compared with what there is.  What comes and goes between two
 * looks is not told, as with any listener that is late.
 *
 *   [w] watch_mtx, taken before any spinlock
 */
#include "kern/slab.h"
#include "lib/mem.h"
#include "sock/netlink_int.h"

enum kind { LINK, ADDR, ROUTE, NEIGH };

struct thing {
	uint8_t kind;	     /* enum kind */
	uint32_t index, mtu; /* LINK, ADDR: of the interface */
	bool up, running;    /* LINK */
	struct net_if *ifc;  /* LINK, ADDR: stays while the machine runs */
	union {
		struct net_ifaddr addr;
		struct net_route route;
		struct net_neigh neigh;
	};
};

struct snapshot {
	unsigned n, room;
	struct thing thing[];
};

static struct mutex watch_mtx;
static struct snapshot *last; /* [w] NULL: nobody listens */

/* --- what there is ------------------------------------------------------------------------------------ */

static void add(struct snapshot *s, const struct thing *t)
{
	if (s->n < s->room)
		s->thing[s->n] = *t;
	s->n++;
}

static void add_link(struct snapshot *s, struct net_if *ifc)
{
	struct thing t = { .kind = LINK,
			   .index = net_if_dev(ifc)->index,
			   .mtu = net_if_mtu(ifc),
			   .up = net_if_is_up(ifc),
			   .running = net_if_dev(ifc)->link_up,
			   .ifc = ifc };

	add(s, &t);
	t.kind = ADDR;
	for (unsigned k = 0; net_addr_at(ifc, k, &t.addr); k++)
		add(s, &t);
}

/* As much as finds room; s->n says how much there is. Shard locked. */
static void look(struct net_stack *st, struct snapshot *s)
{
	struct net_if *ifc = NULL;
	struct thing t = { .kind = ROUTE };

	s->n = 0;
	while ((ifc = net_if_next(st, ifc)) != NULL)
		add_link(s, ifc);
	for (unsigned k = 0; net_route_at(st, k, &t.route); k++)
		if (nl_route_shown(&t.route))
			add(s, &t);
	t.kind = NEIGH;
	for (unsigned k = 0; net_neigh_at(st, k, &t.neigh); k++)
		add(s, &t);
}

static struct snapshot *take_snapshot(void)
{
	struct shard *sh = shard_primary();

	for (unsigned room = 64;;) {
		struct snapshot *s = kmalloc(sizeof(*s) + room * sizeof(s->thing[0]));
		bool on;

		if (!s)
			return NULL;
		s->room = room;
		on = shard_lock(sh);
		look(sh->st, s);
		shard_unlock(sh, on);
		if (s->n <= room)
			return s;
		room = s->n + 16;
		kfree(s);
	}
}

/* --- what changed ------------------------------------------------------------------------------------- */

static bool same_route(const struct net_route *a, const struct net_route *b)
{
	return ip_eq(a->dst, b->dst) && a->bits == b->bits && a->v6 == b->v6 &&
	       a->metric == b->metric && a->ifc == b->ifc && ip_eq(a->gateway, b->gateway);
}

/* The same thing, though its state may differ. */
static bool same_thing(const struct thing *a, const struct thing *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case LINK:
		return a->index == b->index;
	case ADDR:
		return a->index == b->index && ip_eq(a->addr.addr, b->addr.addr);
	case ROUTE:
		return same_route(&a->route, &b->route);
	default:
		return a->neigh.ifc == b->neigh.ifc && ip_eq(a->neigh.addr, b->neigh.addr);
	}
}

/* Of the same thing: nothing to tell. */
static bool same_state(const struct thing *a, const struct thing *b)
{
	switch (a->kind) {
	case LINK:
		return a->up == b->up && a->running == b->running && a->mtu == b->mtu;
	case ADDR:
		return a->addr.bits == b->addr.bits && a->addr.flags == b->addr.flags;
	case ROUTE:
		return ip_eq(a->route.src, b->route.src) && a->route.flags == b->route.flags;
	default:
		return a->neigh.state == b->neigh.state &&
		       memcmp(&a->neigh.mac, &b->neigh.mac, sizeof(a->neigh.mac)) == 0;
	}
}

static const struct thing *find(const struct snapshot *s, const struct thing *t)
{
	for (unsigned i = 0; i < s->n; i++)
		if (same_thing(&s->thing[i], t))
			return &s->thing[i];
	return NULL;
}

static unsigned group_of(const struct thing *t)
{
	bool v6 = t->kind == ADDR ? !ip_is_v4(t->addr.addr) : t->route.v6;

	switch (t->kind) {
	case LINK:
		return LX_RTNLGRP_LINK;
	case ADDR:
		return v6 ? LX_RTNLGRP_IPV6_IFADDR : LX_RTNLGRP_IPV4_IFADDR;
	case ROUTE:
		return v6 ? LX_RTNLGRP_IPV6_ROUTE : LX_RTNLGRP_IPV4_ROUTE;
	default:
		return LX_RTNLGRP_NEIGH;
	}
}

static void tell(const struct thing *t, bool gone)
{
	struct nl_answer a = { .del = gone };
	struct shard *s = shard_primary();
	bool on;

	list_init(&a.done);
	on = shard_lock(s);
	if (t->kind == LINK)
		nl_put_link(&a, t->ifc, 0);
	else if (t->kind == ADDR)
		nl_put_addr(&a, t->ifc, &t->addr, 0);
	else if (t->kind == ROUTE)
		nl_put_route(&a, &t->route, 0);
	else
		nl_put_neigh(&a, &t->neigh, 0);
	shard_unlock(s, on);
	nl_multicast(&a, group_of(t));
}

static void compare(const struct snapshot *old, const struct snapshot *new)
{
	for (unsigned i = 0; i < old->n; i++)
		if (!find(new, &old->thing[i]))
			tell(&old->thing[i], true);
	for (unsigned i = 0; i < new->n; i++) {
		const struct thing *was = find(old, &new->thing[i]);

		if (!was || !same_state(was, &new->thing[i]))
			tell(&new->thing[i], false);
	}
}

void nl_notify(void)
{
	struct snapshot *new;

	mutex_lock(&watch_mtx);
	new = last ? take_snapshot() : NULL;
	if (new) {
		compare(last, new);
		kfree(last);
		last = new;
	}
	mutex_unlock(&watch_mtx);
}

void nl_join(struct nlsock *n, uint32_t groups)
{
	bool any;

	mutex_lock(&watch_mtx);
	any = nl_set_groups(n, groups);
	if (any && !last) {
		last = take_snapshot();
	} else if (!any) {
		kfree(last);
		last = NULL;
	}
	mutex_unlock(&watch_mtx);
}

void nl_notify_init(void)
{
	mutex_init(&watch_mtx);
}
