/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/acd.c: IPv4 address conflict detection (RFC 5227).  An address from DHCP is probed three times and
 * then announced twice; unlike the RFC we use it meanwhile, as RFC 4429 does for IPv6: a machine that starts in
 * milliseconds does not wait seven seconds for what its DHCP server has just said.  A static address is
 * announced at once: nothing could be done about a conflict.
 */
#include "net/net_int.h"

enum {
	ANNOUNCES = 2,	     /* ANNOUNCE_NUM */
	PROBES = 3,	     /* PROBE_NUM */
	PROBE_MIN_S = 1,     /* and up to PROBE_MAX, 2 s */
	ANNOUNCE_WAIT_S = 2, /* and ANNOUNCE_INTERVAL */
	DEFEND_S = 10,	     /* DEFEND_INTERVAL */
};
#define SECOND 1000000000ULL

/* dad_left counts down: probes while it is above ANNOUNCES, then announcements. */
static void step(struct if_addr *a)
{
	struct net_stack *st = a->ifc->st;
	uint64_t wait = ANNOUNCE_WAIT_S * SECOND;

	if (!a->dad_left || !a->ifc->up)
		return;
	if (a->dad_left > ANNOUNCES)
		arp_probe(a->ifc, a->a.addr);
	else
		arp_announce(a->ifc, a->a.addr);
	a->dad_left--;
	if (a->dad_left > ANNOUNCES)
		wait = PROBE_MIN_S * SECOND + net_random(st) % SECOND;
	if (a->dad_left)
		wheel_timer_set(&st->wheel, &a->timer, st->now + wait);
}

static void acd_timer(struct wheel_timer *t, uint64_t now)
{
	(void)now;
	step(container_of(t, struct if_addr, timer));
}

void acd_start(struct if_addr *a)
{
	struct net_if *ifc = a->ifc;

	if (a->a.origin != NET_ADDR_DHCP) {
		arp_announce(ifc, a->a.addr);
		return;
	}
	if (!ifc->st->primary || (ifc->features & NETIF_NOARP))
		return;
	wheel_timer_cancel(&ifc->st->wheel, &a->timer);
	wheel_timer_init(&a->timer, acd_timer);
	a->dad_left = PROBES + ANNOUNCES;
	step(a);
}

static struct if_addr *find(struct net_if *ifc, struct ip_addr addr)
{
	for (unsigned i = 0; i < ifc->naddrs; i++)
		if (ip_eq(ifc->addr[i].a.addr, addr))
			return &ifc->addr[i];
	return NULL;
}

void acd_conflict(struct net_if *ifc, struct ip_addr addr, bool wants)
{
	struct if_addr *a = find(ifc, addr);
	uint64_t now = ifc->st->now;
	bool probing;

	if (!a || !ifc->st->primary || ifc->loopback || !ip_is_v4(addr))
		return;
	probing = a->dad_left > ANNOUNCES;
	/* A probe for what we hold is simply answered; while we probe too, neither may have it (2.1.1). */
	if (wants && !probing)
		return;
	/* 2.4 (b): defend it once; a second claim soon after and it is given up, if it can be. */
	if (!probing && (!a->defended_ns || now - a->defended_ns > DEFEND_S * SECOND ||
			 a->a.origin != NET_ADDR_DHCP)) {
		if (!a->defended_ns || now - a->defended_ns > DEFEND_S * SECOND)
			arp_announce(ifc, addr);
		a->defended_ns = now;
		return;
	}
	dhcp4_conflict(ifc, addr);
}
