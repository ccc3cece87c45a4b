/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/auto6.c: stateless configuration: the link-local address, router solicitation, router
 * advertisements (RFC 4861 6.3, 4862, 4191 preference, 8106 DNS), stable opaque addresses (RFC 7217) and
 * temporary ones (RFC 8981).
 */
#include "net/net_int.h"

enum {
	RS_MAX = 3,
	RS_SECONDS = 4,
	OPT_PREFIX = 3,
	OPT_MTU = 5,
	OPT_RDNSS = 25,
	OPT_DNSSL = 31,
	PREFIX_ONLINK = 0x80,
	PREFIX_AUTO = 0x40,
	RA_MANAGED = 0x80,
	RA_OTHER = 0x40,
	TEMP_PREFERRED_S = 86400,
	TEMP_VALID_S = 2 * 86400,
	DAD_TRIES = 3, /* RFC 7217 6: IDGEN_RETRIES */
};
#define SECOND 1000000000ULL

struct auto6 {
	struct wheel_timer timer; /* router solicitations */
	struct net_if *ifc;
	uint8_t rs_sent;
	uint8_t dad_count;
	bool privacy;
	bool heard; /* a router */
	struct siphash_key secret;
};

static const struct ip_addr all_routers = { .b = { 0xff, 2, [15] = 2 } };

static uint32_t get32(const uint8_t *p)
{
	be32 x;

	memcpy(x.b, p, 4);
	return be32_get(x);
}

/* RFC 7217 5: F(prefix, interface, network, DAD count, secret). */
static struct ip_addr stable(const struct net_if *ifc, struct ip_addr prefix, uint8_t dad)
{
	struct {
		uint64_t prefix;
		uint8_t mac[6], dad, zero;
	} in = { prefix.q[0], { 0 }, dad, 0 };

	memcpy(in.mac, ifc->mac.b, 6);
	prefix.q[1] = siphash(&ifc->auto6->secret, &in, sizeof(in));
	return prefix;
}

static uint64_t seconds_from(const struct net_stack *st, uint32_t s)
{
	return s == UINT32_MAX ? UINT64_MAX : st->now + s * SECOND;
}

static void add_address(struct net_if *ifc, struct ip_addr a, enum net_addr_origin origin,
			uint32_t valid, uint32_t preferred)
{
	struct net_ifaddr n = { .addr = a,
				.bits = 64,
				.origin = (uint8_t)origin,
				.valid_ns = seconds_from(ifc->st, valid),
				.preferred_ns = seconds_from(ifc->st, preferred) };
	err_t err = net_addr_add(ifc, &n, ifc->st->now);

	if (err && err != -EEXIST)
		ifc->st->count.drops[DROP_NOMEM]++;
}

/* --- soliciting ----------------------------------------------------------------------------------- */

static void solicit(struct auto6 *a)
{
	struct net_if *ifc = a->ifc;
	struct net_stack *st = ifc->st;
	struct ip_addr src = { 0 };
	struct pkt *p;
	uint8_t *b;

	if (a->heard || a->rs_sent >= RS_MAX || !ifc->up || !st->primary)
		return;
	for (unsigned i = 0; i < ifc->naddrs; i++)
		if (ip6_is_link_local(ifc->addr[i].a.addr) &&
		    !(ifc->addr[i].a.flags & NET_ADDR_TENTATIVE))
			src = ifc->addr[i].a.addr;
	p = pkt_alloc_lin(&st->pool, PKT_HEADROOM, 16);
	if (!p)
		return;
	b = pkt_put(p, ip_is_any(src) ? 8 : 16);
	memset(b, 0, 8);
	b[0] = ICMP6_RS;
	if (!ip_is_any(src)) {
		b[8] = 1;
		b[9] = 1;
		memcpy(b + 10, ifc->mac.b, 6);
	}
	nd_send(ifc, p, src, all_routers, NULL);
	a->rs_sent++;
	wheel_timer_set(&st->wheel, &a->timer, st->now + RS_SECONDS * SECOND);
}

static void rs_timer(struct wheel_timer *t, uint64_t now)
{
	(void)now;
	solicit(container_of(t, struct auto6, timer));
}

err_t net_auto6_start(struct net_if *ifc, const uint8_t secret[NET_SECRET], bool privacy,
		      uint64_t now)
{
	struct net_stack *st = ifc->st;
	struct ip_addr ll = { .b = { 0xfe, 0x80 } };
	struct auto6 *a;

	net_at(st, now);
	if (ifc->auto6)
		return -EALREADY;
	a = st->mem.alloc(st->mem.ctx, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->ifc = ifc;
	a->privacy = privacy;
	memcpy(&a->secret, secret, sizeof(a->secret));
	wheel_timer_init(&a->timer, rs_timer);
	ifc->auto6 = a;
	add_address(ifc, stable(ifc, ll, 0), NET_ADDR_LINK, UINT32_MAX, UINT32_MAX);
	return 0;
}

void auto6_stop(struct net_if *ifc)
{
	struct net_stack *st = ifc->st;

	if (!ifc->auto6)
		return;
	wheel_timer_cancel(&st->wheel, &ifc->auto6->timer);
	st->mem.free(st->mem.ctx, ifc->auto6, sizeof(*ifc->auto6));
	ifc->auto6 = NULL;
}

/* The link is there (again), or the link-local address is usable now. */
void auto6_link(struct net_if *ifc)
{
	if (!ifc->auto6)
		return;
	ifc->auto6->rs_sent = 0;
	ifc->auto6->heard = false;
	solicit(ifc->auto6);
	dhcp6_link(ifc);
}

/* RFC 7217 6: another try, a few times. */
void auto6_addr_dup(struct if_addr *dup)
{
	struct net_if *ifc = dup->ifc;
	struct auto6 *a = ifc->auto6;
	struct ip_addr prefix = dup->a.addr;
	struct net_ifaddr old = dup->a;

	if (!a || a->dad_count >= DAD_TRIES || old.origin == NET_ADDR_STATIC)
		return;
	a->dad_count++;
	if (old.origin == NET_ADDR_TEMP) {
		auto6_temp_next(ifc, prefix);
		return;
	}
	prefix.q[1] = 0;
	add_address(ifc, stable(ifc, prefix, a->dad_count), (enum net_addr_origin)old.origin,
		    UINT32_MAX, UINT32_MAX);
}

/* --- router advertisements ------------------------------------------------------------------------ */

static void default_route(struct net_if *ifc, struct ip_addr router, uint32_t life_s, uint8_t pref)
{
	/* RFC 4191 2.1: 01 high, 00 medium, 11 low. */
	static const uint16_t metric[4] = { 1024, 512, 1024, 2048 };
	struct net_route r = { .ifc = ifc,
			       .gateway = router,
			       .v6 = true,
			       .proto = 9, /* RTPROT_RA */
			       .metric = metric[pref & 3],
			       .expires_ns = seconds_from(ifc->st, life_s) };
	err_t err = life_s ? net_route_add(ifc->st, &r) : net_route_del(ifc->st, &r);

	if (err && err != -EEXIST)
		ifc->st->gen++;
}

/* RFC 8981 3.4 (1): a temporary address lives no longer than its prefix, and not longer for its sake. */
static void shorten(struct if_addr *a, uint64_t valid, uint64_t preferred)
{
	if (preferred >= a->a.preferred_ns && valid >= a->a.valid_ns)
		return;
	a->a.preferred_ns = MIN(a->a.preferred_ns, preferred);
	a->a.valid_ns = MIN(a->a.valid_ns, MAX(valid, a->ifc->st->now + 7200 * SECOND));
	if (a->a.preferred_ns <= a->ifc->st->now)
		a->a.flags |= NET_ADDR_DEPRECATED;
	if (!(a->a.flags & NET_ADDR_TENTATIVE))
		if_addr_lifetimes(a);
}

/* RFC 4862 5.5.3 (e): an address of the prefix is there: only its lifetimes move. */
static bool refresh(struct net_if *ifc, struct ip_addr prefix, uint32_t valid, uint32_t preferred)
{
	struct net_stack *st = ifc->st;
	bool found = false;

	for (unsigned i = 0; i < ifc->naddrs; i++) {
		struct if_addr *a = &ifc->addr[i];
		uint64_t v = seconds_from(st, valid);

		if (a->a.addr.q[0] != prefix.q[0])
			continue;
		if (a->a.origin == NET_ADDR_TEMP)
			shorten(a, v, seconds_from(st, preferred));
		if (a->a.origin != NET_ADDR_SLAAC)
			continue;
		found = true;
		/* Two hours at least, unless it was less already: nobody may switch us off at once. */
		if (v > st->now + 7200 * SECOND || v > a->a.valid_ns)
			a->a.valid_ns = v;
		else if (a->a.valid_ns > st->now + 7200 * SECOND)
			a->a.valid_ns = st->now + 7200 * SECOND;
		a->a.preferred_ns = seconds_from(st, preferred);
		if (preferred)
			a->a.flags &= (uint8_t)~NET_ADDR_DEPRECATED;
		if (!(a->a.flags & NET_ADDR_TENTATIVE))
			if_addr_lifetimes(a);
	}
	return found;
}

static uint32_t seconds_left(const struct net_stack *st, uint64_t until)
{
	if (until == UINT64_MAX)
		return UINT32_MAX;
	return until > st->now ? (uint32_t)MIN((until - st->now) / SECOND, UINT32_MAX - 1ULL) : 0;
}

/* RFC 8981 3.3, 3.8: preferred for a day less up to two fifths, so that hosts do not change together. */
static void add_temporary(struct net_if *ifc, struct ip_addr prefix, uint32_t valid,
			  uint32_t preferred)
{
	uint32_t desync = net_random(ifc->st) % (TEMP_PREFERRED_S / 5 * 2);

	preferred = MIN(preferred, TEMP_PREFERRED_S - desync);
	if (preferred <= NET_REGEN_S)
		return; /* 3.4 (5): it would have to be replaced at once */
	prefix.q[1] = net_random64(ifc->st);
	add_address(ifc, prefix, NET_ADDR_TEMP, MIN(valid, (uint32_t)TEMP_VALID_S), preferred);
}

/* 3.5: a temporary address is about to be deprecated: the next one, from what is left of the public one. */
void auto6_temp_next(struct net_if *ifc, struct ip_addr old)
{
	for (unsigned i = 0; ifc->auto6 && i < ifc->naddrs; i++) {
		const struct net_ifaddr *a = &ifc->addr[i].a;

		if (a->origin != NET_ADDR_SLAAC || a->addr.q[0] != old.q[0])
			continue;
		add_temporary(ifc, old, seconds_left(ifc->st, a->valid_ns),
			      seconds_left(ifc->st, a->preferred_ns));
		return;
	}
}

static void prefix_in(struct net_if *ifc, const uint8_t *o)
{
	struct net_stack *st = ifc->st;
	uint32_t valid = get32(o + 4), preferred = get32(o + 8);
	struct ip_addr prefix = ip6_from_wire(o + 16);
	struct net_route r = { .dst = prefix,
			       .bits = o[2],
			       .v6 = true,
			       .ifc = ifc,
			       .metric = 256,
			       .proto = 2,
			       .expires_ns = seconds_from(st, valid) };

	if (o[2] > 128 || ip6_is_link_local(prefix) || ip_is_multicast(prefix) || preferred > valid)
		return;
	if (o[3] & PREFIX_ONLINK) {
		err_t err = valid ? net_route_add(st, &r) : net_route_del(st, &r);

		if (err && err != -EEXIST)
			st->gen++;
	}
	if (!(o[3] & PREFIX_AUTO) || o[2] != 64 || !ifc->auto6 ||
	    refresh(ifc, prefix, valid, preferred) || valid == 0)
		return;
	add_address(ifc, stable(ifc, prefix, 0), NET_ADDR_SLAAC, valid, preferred);
	if (ifc->auto6->privacy)
		add_temporary(ifc, prefix, valid, preferred);
}

/* RFC 8106 5.1: added to what other options said, or with lifetime 0 taken away. */
static void rdnss_in(struct net_if *ifc, const uint8_t *o, uint32_t len)
{
	struct dns_list l = ifc->dns[DNS_RA];
	bool add = get32(o + 4) != 0;

	for (uint32_t at = 8; at + 16 <= len; at += 16) {
		struct ip_addr a = ip6_from_wire(o + at);
		unsigned i = 0;

		while (i < l.n && !ip_eq(l.addr[i], a))
			i++;
		if (i == l.n && add && l.n < NET_DNS_MAX)
			l.addr[l.n++] = a;
		else if (i < l.n && !add)
			l.addr[i] = l.addr[--l.n];
	}
	lease_dns(ifc, DNS_RA, l.addr, l.n);
}

/* RFC 8106 5.2; a name that DHCP gave stays. */
static void dnssl_in(struct net_if *ifc, const uint8_t *o, uint32_t len)
{
	struct net_lease *l = &ifc->lease;

	if (l->domain[0] || get32(o + 4) == 0)
		return;
	lease_domains(l->domain, sizeof(l->domain), o + 8, len - 8);
	if (l->domain[0])
		net_changed(ifc, NET_CHG_DNS);
}

static void option_in(struct net_if *ifc, const uint8_t *o, uint32_t len)
{
	uint32_t mtu;

	switch (o[0]) {
	case OPT_PREFIX:
		if (len == 32)
			prefix_in(ifc, o);
		break;
	case OPT_MTU:
		mtu = get32(o + 4);
		/* RFC 4861 6.3.4: between the least and what the link can do. */
		if (len == 8 && mtu >= 1280 && mtu <= ifc->dev->mtu && mtu != ifc->mtu &&
		    net_if_set_mtu(ifc, mtu) != 0)
			ifc->st->gen++;
		break;
	case OPT_RDNSS:
		if (len >= 24)
			rdnss_in(ifc, o, len);
		break;
	case OPT_DNSSL:
		if (len >= 16)
			dnssl_in(ifc, o, len);
		break;
	}
}

void auto6_input_ra(struct net_if *ifc, const struct ip_rx *rx, const uint8_t *m, uint32_t n)
{
	uint32_t reachable = get32(m + 8), retrans = get32(m + 12);
	uint16_t life = (uint16_t)(m[6] << 8 | m[7]);

	if (!ifc->auto6)
		return;
	ifc->auto6->heard = true;
	if (m[4])
		ifc->ip6_hops = m[4];
	if (reachable && reachable <= 3600000)
		ifc->nd_reachable_ms = reachable;
	if (retrans && retrans <= 60000)
		ifc->nd_retrans_ms = retrans;
	default_route(ifc, rx->src, life, m[5] >> 3 & 3);
	for (uint32_t at = 16; at + 8 <= n;) {
		uint32_t len = m[at + 1] * 8U;

		if (len == 0 || at + len > n)
			break;
		option_in(ifc, m + at, len);
		at += len;
	}
	dhcp6_wanted(ifc, m[5] & RA_MANAGED, m[5] & RA_OTHER);
}
