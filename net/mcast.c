/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/mcast.c: groups that an interface is a member of, and telling routers so: IGMPv3 with v2 and v1 for
 * older queriers (RFC 3376, 2236), MLDv2 (RFC 3810).  Only any-source membership is reported; sources are
 * sorted out by the endpoints.
 */
#include "net/net_int.h"

#include "net/csum.h"

enum {
	ROBUSTNESS = 2,
	IGMP_QUERY = 0x11,
	IGMP_V1_REPORT = 0x12,
	IGMP_V2_REPORT = 0x16,
	IGMP_LEAVE = 0x17,
	IGMP_V3_REPORT = 0x22,
	/* record types of both version 3 of IGMP and version 2 of MLD */
	MODE_IS_EXCLUDE = 2,
	TO_INCLUDE = 3,
	TO_EXCLUDE = 4,
};
#define MS		 1000000ULL
#define OLDER_QUERIER_NS (400ULL * 1000 * MS) /* RFC 3376 8.12: 2 * 125 s + 10 s, rounded up */

static const struct ip_addr all_nodes6 = { .b = { 0xff, 2, [15] = 1 } };
static const struct ip_addr mld2_routers = { .b = { 0xff, 2, [15] = 0x16 } };

struct eth_addr mcast_mac(struct ip_addr g)
{
	/* RFC 1112 6.4, RFC 2464 7 */
	if (ip_is_v4(g))
		return (struct eth_addr){ { 1, 0, 0x5e, g.b[13] & 0x7f, g.b[14], g.b[15] } };
	return (struct eth_addr){ { 0x33, 0x33, g.b[12], g.b[13], g.b[14], g.b[15] } };
}

static struct mcast_group *find(const struct net_if *ifc, struct ip_addr g)
{
	struct mcast_group *m;

	list_for_each_entry (m, &ifc->groups, link)
		if (ip_eq(m->addr, g))
			return m;
	return NULL;
}

/* Everybody is in these, and nobody reports them (RFC 1112, RFC 4291 2.8). */
static bool implicit(struct ip_addr g)
{
	return ip_is_v4(g) ? ip4_num(g) == 0xe0000001 : ip_eq(g, all_nodes6) || (g.b[1] & 15) <= 1;
}

bool mcast_member(const struct net_if *ifc, struct ip_addr g)
{
	return implicit(g) || find(ifc, g) != NULL;
}

/* --- reports -------------------------------------------------------------------------------------- */

static struct pkt *message(struct net_if *ifc, uint32_t len)
{
	struct pkt *p = pkt_alloc_lin(&ifc->st->pool, PKT_HEADROOM, len);

	if (p)
		memset(pkt_put(p, len), 0, len);
	return p;
}

static void send(struct net_if *ifc, struct pkt *p, struct ip_addr dst)
{
	struct net_stack *st = ifc->st;
	bool v4 = ip_is_v4(dst);
	struct ip_tx tx = { .dst = dst,
			    .proto = v4 ? IP_P_IGMP : IP_P_ICMPV6,
			    .ttl = 1,
			    .tos = v4 ? 0xc0 : 0,
			    .router_alert = true,
			    .src = v4 ? ip4(0) : (struct ip_addr){ .b = { 0 } } };
	struct net_dst d;
	uint64_t sum = 0;

	/* RFC 3376 4.2.13, RFC 3810 5.2.13: the unspecified address while there is none. */
	for (unsigned i = 0; i < ifc->naddrs; i++) {
		const struct net_ifaddr *a = &ifc->addr[i].a;

		if (ip_is_v4(a->addr) == v4 &&
		    !(a->flags & (NET_ADDR_TENTATIVE | NET_ADDR_DUPLICATE)) &&
		    (v4 || ip6_is_link_local(a->addr))) {
			tx.src = a->addr;
			break;
		}
	}
	if (dst_resolve(st, dst, ifc, &d) != 0) {
		net_drop(st, p, DROP_IP_NO_ROUTE);
		return;
	}
	p->l4 = p->data;
	p->flags |= PKT_NOLOOP;
	if (!v4)
		sum = csum_pseudo(tx.src, dst, IP_P_ICMPV6, p->len);
	csum_store(&((struct wire_icmp *)p->data)->csum, csum_fold(csum_pkt(sum, p, 0)));
	if (ip_output(st, p, &tx, &d) != 0)
		MIB_INC(st, Ip_OutDiscards);
}

/* Type 0x22 or 143: header of 8 with the count of records in its last word, then records. */
static void report_v3(struct net_if *ifc, struct ip_addr g, uint8_t record)
{
	bool v4 = ip_is_v4(g);
	struct pkt *p = message(ifc, 8 + 4 + (v4 ? 4 : 16));

	if (!p)
		return;
	p->data[0] = v4 ? IGMP_V3_REPORT : ICMP6_MLD2_REPORT;
	p->data[7] = 1;
	p->data[8] = record;
	memcpy(p->data + 12, v4 ? &g.b[12] : g.b, v4 ? 4 : 16);
	send(ifc, p, v4 ? ip4(0xe0000016) : mld2_routers);
}

static void report_old(struct net_if *ifc, struct ip_addr g, uint8_t type, struct ip_addr to)
{
	struct pkt *p = message(ifc, 8);

	if (!p)
		return;
	p->data[0] = type;
	memcpy(p->data + 4, &g.b[12], 4);
	send(ifc, p, to);
}

static void report(struct mcast_group *m, uint8_t record)
{
	struct net_if *ifc = m->ifc;
	uint64_t now = ifc->st->now;

	if (!ifc->up || ifc->loopback || !ifc->st->primary)
		return;
	if (!ip_is_v4(m->addr) || (now >= ifc->igmp_v1_until && now >= ifc->igmp_v2_until)) {
		report_v3(ifc, m->addr, record);
		return;
	}
	if (record == TO_INCLUDE) {
		if (now >= ifc->igmp_v1_until && m->last)
			report_old(ifc, m->addr, IGMP_LEAVE, ip4(0xe0000002));
		return;
	}
	m->last = true;
	report_old(ifc, m->addr, now < ifc->igmp_v1_until ? IGMP_V1_REPORT : IGMP_V2_REPORT,
		   m->addr);
}

static void group_timer(struct wheel_timer *t, uint64_t now)
{
	struct mcast_group *m = container_of(t, struct mcast_group, timer);
	struct net_stack *st = m->ifc->st;

	report(m, m->reports ? TO_EXCLUDE : MODE_IS_EXCLUDE);
	if (m->reports && --m->reports)
		wheel_timer_set(&st->wheel, &m->timer, now + (1 + net_random(st) % 1000) * MS);
}

/* --- joining -------------------------------------------------------------------------------------- */

static bool tell_primary(struct net_if *ifc, struct ip_addr g, bool join)
{
	const struct net_stack *st = ifc->st;

	return st->primary || ifc->loopback || implicit(g) || !st->ops.group ||
	       st->ops.group(st->ctx, ifc, g, join) == 0;
}

err_t net_mcast_join(struct net_if *ifc, struct ip_addr g, uint64_t now)
{
	struct net_stack *st = ifc->st;
	struct mcast_group *m;

	net_at(st, now);
	if (!ip_is_multicast(g))
		return -EINVAL;
	m = find(ifc, g);
	if (m) {
		m->users++;
		return 0;
	}
	if (ifc->ngroups >= NET_MCAST_MAX)
		return -ENOBUFS;
	m = net_obj_alloc(st);
	if (!m || !tell_primary(ifc, g, true)) {
		if (m)
			net_obj_free(st, m);
		return -ENOBUFS;
	}
	m->ifc = ifc;
	m->addr = g;
	m->users = 1;
	wheel_timer_init(&m->timer, group_timer);
	list_add_tail(&ifc->groups, &m->link);
	ifc->ngroups++;
	if (implicit(g))
		return 0;
	report(m, TO_EXCLUDE);
	m->reports = ROBUSTNESS - 1;
	wheel_timer_set(&st->wheel, &m->timer, now + (1 + net_random(st) % 1000) * MS);
	return 0;
}

static void group_free(struct mcast_group *m)
{
	wheel_timer_cancel(&m->ifc->st->wheel, &m->timer);
	list_del(&m->link);
	m->ifc->ngroups--;
	net_obj_free(m->ifc->st, m);
}

err_t net_mcast_leave(struct net_if *ifc, struct ip_addr g, uint64_t now)
{
	struct mcast_group *m = find(ifc, g);

	net_at(ifc->st, now);
	if (!m)
		return -EADDRNOTAVAIL;
	if (--m->users)
		return 0;
	if (!implicit(g))
		report(m, TO_INCLUDE);
	(void)tell_primary(ifc, g, false); /* if not, it stays a member: no harm */
	group_free(m);
	return 0;
}

void mcast_if_fini(struct net_if *ifc)
{
	while (!list_empty(&ifc->groups))
		group_free(list_first(&ifc->groups, struct mcast_group, link));
}

/* --- queries -------------------------------------------------------------------------------------- */

/* Answer for one group or all, each after a random part of `max_ms`. */
static void query(struct net_if *ifc, struct ip_addr g, bool v4, uint32_t max_ms)
{
	struct net_stack *st = ifc->st;
	struct mcast_group *m;

	list_for_each_entry (m, &ifc->groups, link) {
		uint64_t at = st->now + (1 + net_random(st) % MAX(max_ms, 1U)) * MS;

		if (ip_is_v4(m->addr) != v4 || implicit(m->addr) ||
		    (!ip_is_any(g) && !ip_eq(g, m->addr)))
			continue;
		if (!m->timer.armed || (at >> WHEEL_TICK_SHIFT) < m->timer.tick)
			wheel_timer_set(&st->wheel, &m->timer, at);
	}
}

/* RFC 3376 4.1.1: above 127 a floating-point code, in tenths of a second; MLD's alike in ms. */
static uint32_t code_value(uint32_t code, unsigned mant_bits)
{
	uint32_t top = 1U << (mant_bits + 3);

	if (code < top)
		return code;
	return ((code & ((1U << mant_bits) - 1)) | 1U << mant_bits)
	       << ((code >> mant_bits & 7) + 3);
}

void igmp_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	struct net_if *ifc = rx->ifc;
	struct mcast_group *m;
	struct ip_addr g;
	be32 w;

	raw_copy(st, p, rx);
	if (!pkt_pull_up(p, 8) || (!(p->flags & PKT_LOOPED) && csum_fold(csum_pkt(0, p, 0)) != 0)) {
		net_drop(st, p, DROP_ICMP_BAD);
		return;
	}
	memcpy(w.b, p->data + 4, 4);
	g = ip4_from_wire(w);
	if (p->data[0] == IGMP_QUERY && st->primary) {
		uint32_t max_ms = code_value(p->data[1], 4) * 100;

		/* RFC 3376 7.1: the length and the code tell the querier's version. */
		if (p->len == 8 && p->data[1] == 0) {
			ifc->igmp_v1_until = st->now + OLDER_QUERIER_NS;
			max_ms = 10000;
		} else if (p->len == 8) {
			ifc->igmp_v2_until = st->now + OLDER_QUERIER_NS;
		}
		query(ifc, g, true, max_ms);
	} else if (p->data[0] == IGMP_V1_REPORT || p->data[0] == IGMP_V2_REPORT) {
		m = find(ifc, g);
		/* RFC 2236 3: another member has answered. */
		if (m && m->reports == 0 && st->now < ifc->igmp_v2_until) {
			wheel_timer_cancel(&st->wheel, &m->timer);
			m->last = false;
		}
	}
	pkt_free(p);
}

void mld_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	struct ip_addr g;

	/* RFC 3810 6.2: from a link-local address with hop limit 1. */
	if (p->data[0] == ICMP6_MLD_QUERY && st->primary && rx->ttl == 1 &&
	    ip6_is_link_local(rx->src) && pkt_pull_up(p, 24)) {
		g = ip6_from_wire(p->data + 8);
		query(rx->ifc, g, false, code_value((uint32_t)p->data[4] << 8 | p->data[5], 12));
	}
	pkt_free(p);
}

bool net_mcast_at(const struct net_if *ifc, unsigned i, struct ip_addr *group, uint32_t *users)
{
	const struct mcast_group *m;

	list_for_each_entry (m, &ifc->groups, link) {
		if (i--)
			continue;
		*group = m->addr;
		*users = m->users;
		return true;
	}
	return false;
}
