/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/neigh.c: the neighbour cache of both families, with the states of RFC 4861 7.3.2.  ARP and ND only
 * differ in how they ask; a neighbour that TCP hears from is not asked again.
 *
 * A neighbour is only freed together with a step of st->gen: no net_dst keeps a stale pointer.
 */
#include "net/net_int.h"

enum {
	NEIGH_WAIT_MAX =
		128, /* packets held for an unknown neighbour; RFC 1122 2.3.2.2 asks for one */
	NEIGH_WAIT_TIGHT = 1, /* the same while packet memory is tight */
	NEIGH_PROBES = 3,     /* MAX_UNICAST_SOLICIT, MAX_MULTICAST_SOLICIT */
	NEIGH_FAILED_HOLD_S = 3,
};
#define NEIGH_DELAY_NS 5000000000ULL /* DELAY_FIRST_PROBE_TIME */

static unsigned bucket(const struct net_if *ifc, struct ip_addr a)
{
	return net_hash(ifc->st, a, a, (uint16_t)ifc->dev->index, 0) % NET_NEIGH_BUCKETS;
}

static void solicit(struct neigh *n, const struct eth_addr *to)
{
	struct ip_addr src;

	n->probes++;
	if (!ip_is_v4(n->addr)) {
		nd_solicit(n->ifc, n->addr, to);
		return;
	}
	if (net_source_for(n->ifc->st, n->addr, n->ifc, &src) != 0)
		src = ip4(0);
	arp_request(n->ifc, n->addr, src, to);
}

static void arm(struct neigh *n, uint64_t delay_ns)
{
	wheel_timer_set(&n->ifc->st->wheel, &n->timer, n->ifc->st->now + delay_ns);
}

static uint64_t retrans_ns(const struct neigh *n)
{
	return n->ifc->nd_retrans_ms * 1000000ULL;
}

/* Senders hear of it as if a router had said so. */
static void fail(struct neigh *n)
{
	struct net_stack *st = n->ifc->st;
	struct pkt *p;

	n->state = NEIGH_FAILED;
	net_changed(n->ifc, NET_CHG_NEIGH);
	while ((p = pkt_list_pop(&n->wait)) != NULL) {
		icmp_local_unreach(st, p, EHOSTUNREACH);
		net_drop(st, p, DROP_NEIGH_FAILED);
	}
	arm(n, NEIGH_FAILED_HOLD_S * 1000000000ULL);
}

static void neigh_free(struct neigh *n)
{
	struct net_stack *st = n->ifc->st;

	wheel_timer_cancel(&st->wheel, &n->timer);
	pkt_list_free(&n->wait);
	list_del(&n->link);
	st->nneighs--;
	st->gen++;
	net_obj_free(st, n);
}

static void neigh_timer(struct wheel_timer *t, uint64_t now)
{
	struct neigh *n = container_of(t, struct neigh, timer);

	(void)now;
	switch (n->state) {
	case NEIGH_INCOMPLETE:
		if (n->probes >= NEIGH_PROBES) {
			fail(n);
			return;
		}
		solicit(n, NULL);
		arm(n, retrans_ns(n));
		return;
	case NEIGH_DELAY:
		n->state = NEIGH_PROBE;
		n->probes = 0;
		__attribute__((fallthrough));
	case NEIGH_PROBE:
		if (n->probes >= NEIGH_PROBES) {
			fail(n);
			return;
		}
		solicit(n, &n->mac);
		arm(n, retrans_ns(n));
		return;
	case NEIGH_FAILED:
		neigh_free(n);
		return;
	default:
		return;
	}
}

/* Room for one more: forget what has been quiet longest. */
static void evict(struct net_stack *st)
{
	struct neigh *n, *old = NULL;

	for (unsigned i = 0; i < NET_NEIGH_BUCKETS; i++)
		list_for_each_entry (n, &st->neighs[i], link)
			if (n->state != NEIGH_PERMANENT && (!old || n->used_ns < old->used_ns))
				old = n;
	if (old)
		neigh_free(old);
}

struct neigh *neigh_get(struct net_if *ifc, struct ip_addr a, bool make)
{
	struct net_stack *st = ifc->st;
	struct list *head = &st->neighs[bucket(ifc, a)];
	struct neigh *n;

	list_for_each_entry (n, head, link)
		if (n->ifc == ifc && ip_eq(n->addr, a))
			return n;
	if (!make)
		return NULL;
	if (st->nneighs >= NET_NEIGHS_MAX)
		evict(st);
	n = net_obj_alloc(st);
	if (!n)
		return NULL;
	n->ifc = ifc;
	n->addr = a;
	n->state = NEIGH_INCOMPLETE;
	n->used_ns = st->now;
	pkt_list_init(&n->wait);
	wheel_timer_init(&n->timer, neigh_timer);
	list_add(head, &n->link);
	st->nneighs++;
	return n;
}

static void hold(struct neigh *n, struct pkt *p)
{
	struct net_stack *st = n->ifc->st;

	if (n->state == NEIGH_FAILED) {
		n->state = NEIGH_INCOMPLETE;
		n->probes = 0;
		wheel_timer_cancel(&st->wheel, &n->timer);
	}
	if (n->wait.count >=
	    (pkt_pool_scarce(&st->pool) == PKT_PLENTY ? NEIGH_WAIT_MAX : NEIGH_WAIT_TIGHT))
		net_drop(st, pkt_list_pop(&n->wait), DROP_NEIGH_QUEUE);
	pkt_list_add(&n->wait, p);
	if (!n->timer.armed) {
		n->probes = 0;
		solicit(n, NULL);
		arm(n, retrans_ns(n));
	}
}

void neigh_output(struct neigh *n, struct pkt *p, uint16_t type)
{
	struct net_stack *st = n->ifc->st;

	n->used_ns = st->now;
	if (n->state == NEIGH_REACHABLE &&
	    st->now - n->confirmed_ns > n->ifc->nd_reachable_ms * 1000000ULL)
		n->state = NEIGH_STALE;
	if (n->state == NEIGH_STALE) {
		n->state = NEIGH_DELAY;
		arm(n, NEIGH_DELAY_NS);
	}
	if (unlikely(n->state & (NEIGH_INCOMPLETE | NEIGH_FAILED)))
		hold(n, p);
	else
		eth_output(n->ifc, p, n->mac, type);
}

void neigh_learned(struct neigh *n, struct eth_addr mac, bool solicited, bool override)
{
	struct net_stack *st = n->ifc->st;
	bool same = eth_eq(n->mac, mac),
	     was_known = !(n->state & (NEIGH_INCOMPLETE | NEIGH_FAILED));
	uint8_t was = n->state;
	struct pkt *p;

	if (n->state == NEIGH_PERMANENT)
		return;
	/* RFC 4861 7.2.5: a different address without Override only makes us doubt. */
	if (was_known && !same && !override) {
		if (n->state == NEIGH_REACHABLE)
			n->state = NEIGH_STALE;
		return;
	}
	n->mac = mac;
	if (!same)
		st->gen++; /* headers that were made before name another station */
	if (solicited) {
		n->state = NEIGH_REACHABLE;
		n->confirmed_ns = st->now;
	} else if (!was_known || !same) {
		n->state = NEIGH_STALE;
	}
	if (n->state != was || !same)
		net_changed(n->ifc, NET_CHG_NEIGH);
	wheel_timer_cancel(&st->wheel, &n->timer);
	while ((p = pkt_list_pop(&n->wait)) != NULL)
		neigh_output(n, p, ip_is_v4(n->addr) ? ETH_P_IPV4 : ETH_P_IPV6);
}

void neigh_confirm(struct neigh *n)
{
	if (n->state & (NEIGH_INCOMPLETE | NEIGH_FAILED | NEIGH_PERMANENT))
		return;
	n->confirmed_ns = n->ifc->st->now;
	if (n->state != NEIGH_REACHABLE) {
		n->state = NEIGH_REACHABLE;
		wheel_timer_cancel(&n->ifc->st->wheel, &n->timer);
	}
}

void neigh_flush_if(struct net_if *ifc)
{
	struct net_stack *st = ifc->st;
	struct neigh *n, *tmp;

	for (unsigned i = 0; i < NET_NEIGH_BUCKETS; i++)
		list_for_each_entry_safe (n, tmp, &st->neighs[i], link)
			if (n->ifc == ifc)
				neigh_free(n);
}

bool net_neigh_at(const struct net_stack *st, unsigned i, struct net_neigh *out)
{
	const struct neigh *n;

	for (unsigned b = 0; b < NET_NEIGH_BUCKETS; b++)
		list_for_each_entry (n, &st->neighs[b], link)
			if (i-- == 0) {
				*out = (struct net_neigh){ .addr = n->addr,
							   .mac = n->mac,
							   .ifc = n->ifc,
							   .state = n->state };
				return true;
			}
	return false;
}

err_t net_neigh_set(struct net_stack *st, const struct net_neigh *want, uint64_t now)
{
	struct neigh *n;

	net_at(st, now);
	n = neigh_get(want->ifc, want->addr, true);
	if (!n)
		return -ENOMEM;
	n->state = NEIGH_STALE;
	neigh_learned(n, want->mac, true, true);
	n->state = want->state ? want->state : NEIGH_PERMANENT;
	return 0;
}

err_t net_neigh_del(struct net_stack *st, struct net_if *ifc, struct ip_addr a)
{
	struct neigh *n = neigh_get(ifc, a, false);

	(void)st;
	if (!n)
		return -ENOENT;
	neigh_free(n);
	return 0;
}
