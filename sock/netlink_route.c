/* SPDX-License-Identifier: Apache-2.0 */
/* sock/netlink_route.c: rtnetlink(7): what the stack knows, as messages; and the changes that can be asked for. */
#include "lib/mem.h"
#include "sock/netlink_int.h"

enum {
	FLAG_UP = 1,
	FLAG_BROADCAST = 2,
	FLAG_LOOPBACK = 8,
	FLAG_RUNNING = 0x40,
	FLAG_MULTICAST = 0x1000,
	FLAG_LOWER_UP = 0x10000
};
enum { ARPHRD_ETHER = 1, ARPHRD_LOOPBACK = 772, OPER_UNKNOWN = 0, OPER_DOWN = 2, OPER_UP = 6 };
enum { SCOPE_UNIVERSE = 0, SCOPE_LINK = 253, SCOPE_HOST = 254 };
enum { NUD_INCOMPLETE = 1, NUD_FAILED = 0x20 };
enum { RTM_F_CLONED = 0x200 /* an answer about one destination */ };
enum {
	TABLE_MAIN = 254,
	TABLE_LOCAL = 255,
	TYPE_UNICAST = 1,
	TYPE_LOCAL = 2,
	TYPE_UNREACHABLE = 7
};
enum {
	IFA_F_PERMANENT = 0x80,
	IFA_F_TENTATIVE = 0x40,
	IFA_F_TEMPORARY = 1,
	IFA_F_DEPRECATED = 0x20
};

static void put_u32(struct nl_answer *a, uint16_t type, uint32_t v)
{
	nl_attr(a, type, &v, sizeof(v));
}

static void put_addr(struct nl_answer *a, uint16_t type, struct ip_addr ip)
{
	if (ip_is_v4(ip))
		nl_attr(a, type, &ip.b[12], 4);
	else
		nl_attr(a, type, ip.b, 16);
}

static uint8_t family_of(struct ip_addr ip)
{
	return ip_is_v4(ip) ? LX_AF_INET : LX_AF_INET6;
}

static bool wanted(uint8_t asked, uint8_t family)
{
	return asked == LX_AF_UNSPEC || asked == family;
}

/* --- links ------------------------------------------------------------------------------------------------ */

/* What is there already is no error to who asked for it to be replaced. */
static err_t replaced(const struct linux_nlmsghdr *h, err_t err)
{
	return err == -EEXIST && h->flags & LX_NLM_F_REPLACE && !(h->flags & LX_NLM_F_EXCL) ? 0
											    : err;
}

static void put_stats(struct nl_answer *a, const struct netif *nif)
{
	uint64_t s[24] = {
		0
	}; /* struct rtnl_link_stats64: packets, bytes, errors, dropped, multicast, ... */

	for (unsigned q = 0; q < netif_users(nif); q++) {
		const struct netif_stats *st = &nif->stats[q];

		s[0] += st->rx_packets;
		s[1] += st->tx_packets;
		s[2] += st->rx_bytes;
		s[3] += st->tx_bytes;
		s[4] += st->rx_errors;
		s[5] += st->tx_errors;
		s[6] += st->rx_dropped;
		s[7] += st->tx_dropped;
		s[8] += st->rx_multicast;
	}
	nl_attr(a, LX_IFLA_STATS64, s, sizeof(s));
}

void nl_put_link(struct nl_answer *a, struct net_if *ifc, uint16_t flags)
{
	static const uint8_t all_ones[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct netif *nif = net_if_dev(ifc);
	bool lo = nif->features & NETIF_LOOPBACK, up = net_if_is_up(ifc);
	bool running = up && nif->link_up;
	uint8_t oper = !running ? OPER_DOWN : lo ? OPER_UNKNOWN : OPER_UP, mode = 0;
	struct linux_ifinfomsg *m = nl_begin(a, LX_RTM_NEWLINK, flags, sizeof(*m));

	if (!m)
		return;
	m->type = lo ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
	m->index = (int32_t)nif->index;
	m->flags = (up ? FLAG_UP : 0) | (running ? FLAG_RUNNING | FLAG_LOWER_UP : 0) |
		   (lo ? FLAG_LOOPBACK : FLAG_BROADCAST | FLAG_MULTICAST);
	nl_attr(a, LX_IFLA_IFNAME, nif->name, strlen(nif->name) + 1);
	put_u32(a, LX_IFLA_MTU, net_if_mtu(ifc));
	put_u32(a, LX_IFLA_TXQLEN, 1000);
	put_u32(a, LX_IFLA_GROUP, 0);
	nl_attr(a, LX_IFLA_LINKMODE, &mode, 1);
	nl_attr(a, LX_IFLA_QDISC, "noqueue", sizeof("noqueue"));
	nl_attr(a, LX_IFLA_OPERSTATE, &oper, 1);
	nl_attr(a, LX_IFLA_ADDRESS, nif->mac, 6);
	nl_attr(a, LX_IFLA_BROADCAST, lo ? nif->mac : all_ones, 6);
	put_stats(a, nif);
	nl_end(a);
}

/* --- what a request says ------------------------------------------------------------------------------------ */

/* Attribute `type` behind a header of `fixed` bytes; NULL: absent. Lengths are the program's: checked. */
static const void *find_attr(const struct linux_nlmsghdr *h, size_t fixed, uint16_t type,
			     size_t *len)
{
	const uint8_t *at = (const uint8_t *)h + sizeof(*h) + ALIGN_UP(fixed, 4ul);
	const uint8_t *end = (const uint8_t *)h + h->len;
	struct linux_rtattr r;

	while (at < end && (size_t)(end - at) >= sizeof(r)) {
		memcpy(&r, at, sizeof(r));
		if (r.len < sizeof(r) || r.len > end - at)
			return NULL;
		if ((r.type & 0x3fff) == type) {
			*len = r.len - sizeof(r);
			return at + sizeof(r);
		}
		at += MIN(ALIGN_UP((size_t)r.len, 4ul), (size_t)(end - at));
	}
	return NULL;
}

static bool attr_addr(const struct linux_nlmsghdr *h, size_t fixed, uint16_t type,
		      struct ip_addr *out)
{
	size_t len;
	const uint8_t *b = find_attr(h, fixed, type, &len);

	if (!b || (len != 4 && len != 16))
		return false;
	if (len == 4)
		*out = ip4((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
			   b[3]);
	else
		*out = ip6_from_wire(b);
	return true;
}

static bool attr_u32(const struct linux_nlmsghdr *h, size_t fixed, uint16_t type, uint32_t *out)
{
	size_t len;
	const void *p = find_attr(h, fixed, type, &len);

	if (!p || len < sizeof(*out))
		return false;
	memcpy(out, p, sizeof(*out));
	return true;
}

static const void *payload(const struct linux_nlmsghdr *h)
{
	return h + 1;
}

static bool is_dump(const struct linux_nlmsghdr *h)
{
	return (h->flags & LX_NLM_F_DUMP) == LX_NLM_F_DUMP;
}

/* --- requests ------------------------------------------------------------------------------------------------- */

static struct net_if *named_link(struct shard *s, const struct linux_nlmsghdr *h)
{
	const struct linux_ifinfomsg *m = payload(h);
	size_t len;
	const char *name = find_attr(h, sizeof(*m), LX_IFLA_IFNAME, &len);

	if (m->index > 0)
		return shard_if(s, (uint32_t)m->index);
	return name && memchr(name, 0, len) ? net_if_by_name(s->st, name) : NULL;
}

static err_t get_link(struct shard *s, struct nl_answer *a, const struct linux_nlmsghdr *h)
{
	struct net_if *ifc = NULL;

	if (!is_dump(h)) {
		ifc = named_link(s, h);
		if (!ifc)
			return -ENODEV;
		nl_put_link(a, ifc, 0);
		return 0;
	}
	while ((ifc = net_if_next(s->st, ifc)) != NULL)
		nl_put_link(a, ifc, LX_NLM_F_MULTI);
	return 0;
}

/* Only up and down can be asked for. */
static err_t new_link(struct shard *s, struct nl_answer *a, const struct linux_nlmsghdr *h)
{
	const struct linux_ifinfomsg *m = payload(h);
	struct net_if *ifc = named_link(s, h);
	uint32_t mtu;
	err_t err = 0;

	(void)a;
	if (!ifc)
		return -ENODEV;
	if (attr_u32(h, sizeof(*m), LX_IFLA_MTU, &mtu))
		err = net_if_set_mtu(ifc, mtu);
	if (!err && (m->change & FLAG_UP))
		net_if_up(ifc, m->flags & FLAG_UP, s->now);
	return err;
}

/* struct ifa_cacheinfo: lifetimes in seconds, all ones for ever. */
static void put_cacheinfo(struct nl_answer *a, const struct net_ifaddr *na)
{
	uint64_t now = shard_primary()->now;
	uint32_t c[4] = { UINT32_MAX, UINT32_MAX };

	if (na->preferred_ns != UINT64_MAX)
		c[0] = na->preferred_ns > now ? (uint32_t)((na->preferred_ns - now) / 1000000000)
					      : 0;
	if (na->valid_ns != UINT64_MAX)
		c[1] = na->valid_ns > now ? (uint32_t)((na->valid_ns - now) / 1000000000) : 0;
	nl_attr(a, LX_IFA_CACHEINFO, c, sizeof(c));
}

void nl_put_addr(struct nl_answer *a, struct net_if *ifc, const struct net_ifaddr *na,
		 uint16_t msg_flags)
{
	struct netif *nif = net_if_dev(ifc);
	bool v4 = ip_is_v4(na->addr), lo = nif->features & NETIF_LOOPBACK;
	uint32_t flags = (na->valid_ns == UINT64_MAX ? IFA_F_PERMANENT : 0) |
			 (na->flags & NET_ADDR_TENTATIVE ? IFA_F_TENTATIVE : 0) |
			 (na->flags & NET_ADDR_DEPRECATED ? IFA_F_DEPRECATED : 0) |
			 (na->origin == NET_ADDR_TEMP ? IFA_F_TEMPORARY : 0);
	struct linux_ifaddrmsg *m = nl_begin(a, LX_RTM_NEWADDR, msg_flags, sizeof(*m));

	if (!m)
		return;
	m->family = family_of(na->addr);
	m->bits = na->bits;
	m->flags = (uint8_t)flags;
	m->scope = ip_is_loopback(na->addr)	 ? SCOPE_HOST
		   : ip6_is_link_local(na->addr) ? SCOPE_LINK
						 : SCOPE_UNIVERSE;
	m->index = nif->index;
	put_addr(a, LX_IFA_ADDRESS, na->addr);
	if (v4) {
		put_addr(a, LX_IFA_LOCAL, na->addr);
		if (!lo && na->bits < 31)
			put_addr(a, LX_IFA_BROADCAST,
				 ip4(ip4_num(na->addr) | (na->bits ? ~0u >> na->bits : ~0u)));
		nl_attr(a, LX_IFA_LABEL, nif->name, strlen(nif->name) + 1);
	}
	put_u32(a, LX_IFA_FLAGS, flags);
	put_cacheinfo(a, na);
	nl_end(a);
}

static err_t get_addr(struct shard *s, struct nl_answer *a, const struct linux_nlmsghdr *h)
{
	const struct linux_ifaddrmsg *m = payload(h);
	struct net_if *ifc = NULL;
	struct net_ifaddr na;

	if (!is_dump(h))
		return -EOPNOTSUPP;
	while ((ifc = net_if_next(s->st, ifc)) != NULL) {
		if (m->index && m->index != net_if_dev(ifc)->index)
			continue;
		for (unsigned k = 0; net_addr_at(ifc, k, &na); k++)
			if (wanted(m->family, family_of(na.addr)))
				nl_put_addr(a, ifc, &na, LX_NLM_F_MULTI);
	}
	return 0;
}

static err_t change_addr(struct shard *s, struct nl_answer *a, const struct linux_nlmsghdr *h)
{
	const struct linux_ifaddrmsg *m = payload(h);
	struct net_if *ifc = shard_if(s, m->index);
	struct net_ifaddr na = { .bits = m->bits,
				 .preferred_ns = UINT64_MAX,
				 .valid_ns = UINT64_MAX };

	(void)a;
	if (!ifc)
		return -ENODEV;
	if (!attr_addr(h, sizeof(*m), LX_IFA_LOCAL, &na.addr) &&
	    !attr_addr(h, sizeof(*m), LX_IFA_ADDRESS, &na.addr))
		return -EINVAL;
	if (m->bits > (ip_is_v4(na.addr) ? 32 : 128))
		return -EINVAL;
	return h->type == LX_RTM_NEWADDR ? replaced(h, net_addr_add(ifc, &na, s->now))
					 : net_addr_del(ifc, na.addr, s->now);
}

static struct linux_rtmsg *begin_route(struct nl_answer *a, const struct net_route *r,
				       uint16_t flags)
{
	struct linux_rtmsg *m = nl_begin(a, LX_RTM_NEWROUTE, flags, sizeof(*m));
	bool v6 = r->v6, local = r->bits && ip_eq(r->dst, r->src);

	if (!m)
		return NULL;
	m->family = v6 ? LX_AF_INET6 : LX_AF_INET;
	m->dst_len = r->bits;
	m->table = local ? TABLE_LOCAL : TABLE_MAIN;
	m->protocol = r->proto;
	m->scope = local ? SCOPE_HOST : ip_is_any(r->gateway) ? SCOPE_LINK : SCOPE_UNIVERSE;
	m->type = local				? TYPE_LOCAL
		  : r->flags & NET_ROUTE_REJECT ? TYPE_UNREACHABLE
						: TYPE_UNICAST;
	put_u32(a, LX_RTA_TABLE, m->table);
	if (r->bits)
		put_addr(a, LX_RTA_DST, r->dst);
	if (!ip_is_any(r->gateway))
		put_addr(a, LX_RTA_GATEWAY, r->gateway);
	if (!ip_is_any(r->src))
		put_addr(a, LX_RTA_PREFSRC, r->src);
	if (r->ifc)
		put_u32(a, LX_RTA_OIF, net_if_dev(r->ifc)->index);
	if (r->metric)
		put_u32(a, LX_RTA_PRIORITY, r->metric);
	return m;
}

void nl_put_route(struct nl_answer *a, const struct net_route *r, uint16_t flags)
{
	begin_route(a, r, flags);
	nl_end(a);
}

/* The ways of a link that is down are kept for when it is up again, but they are none meanwhile. */
bool nl_route_shown(const struct net_route *r)
{
	return !r->ifc || net_if_is_up(r->ifc);
}

/* Where would a packet go? */
static err_t route_to(struct shard *s, struct nl_answer *a, const struct linux_nlmsghdr *h)
{
	struct linux_rtmsg *m;
	struct net_route r;
	struct ip_addr dst;
	err_t err;

	if (!attr_addr(h, sizeof(struct linux_rtmsg), LX_RTA_DST, &dst))
		return -EINVAL;
	if (net_addr_is_local(s->st, dst)) {
		r = (struct net_route){ .v6 = !ip_is_v4(dst),
					.src = dst,
					.gateway = ip4(0),
					.ifc = net_if_by_name(s->st, "lo") };
	} else {
		err = net_route_lookup(s->st, dst, NULL, &r);
		if (err)
			return err;
	}
	r.dst = dst;
	r.bits = ip_is_v4(dst) ? 32 : 128;
	if (ip_is_any(r.src))
		(void)!net_source_for(s->st, dst, NULL, &r.src);
	m = begin_route(a, &r, 0);
	if (m)
		m->flags |= RTM_F_CLONED;
	put_u32(a, LX_RTA_UID, 0);
	nl_end(a);
	return 0;
}

static err_t get_route(struct shard *s, struct nl_answer *a, const struct linux_nlmsghdr *h)
{
	const struct linux_rtmsg *m = payload(h);
	struct net_route r;

	if (!is_dump(h))
		return route_to(s, a, h);
	for (unsigned k = 0; net_route_at(s->st, k, &r); k++)
		if (wanted(m->family, r.v6 ? LX_AF_INET6 : LX_AF_INET) && nl_route_shown(&r))
			nl_put_route(a, &r, LX_NLM_F_MULTI);
	return 0;
}

static bool fits(const struct net_route *r, const struct net_route *want)
{
	return r->v6 == want->v6 && r->bits == want->bits && ip_eq(r->dst, want->dst) &&
	       (!want->ifc || r->ifc == want->ifc) &&
	       (!want->metric || r->metric == want->metric) &&
	       (ip_is_any(want->gateway) || ip_eq(r->gateway, want->gateway));
}

/* The first route that is like what was said of it. */
static err_t delete_route(struct net_stack *st, const struct net_route *want)
{
	struct net_route r;

	for (unsigned k = 0; net_route_at(st, k, &r); k++)
		if (fits(&r, want))
			return net_route_del(st, &r);
	return -ESRCH;
}

/* A route is by the interface that leads to its gateway, unless it names one. */
static err_t add_route(struct net_stack *st, const struct linux_nlmsghdr *h, struct net_route *r)
{
	struct net_route way;

	if (!r->ifc && !ip_is_any(r->gateway)) {
		if (net_route_lookup(st, r->gateway, NULL, &way) != 0)
			return -ENETUNREACH;
		r->ifc = way.ifc;
	}
	return replaced(h, net_route_add(st, r));
}

static err_t change_route(struct shard *s, struct nl_answer *a, const struct linux_nlmsghdr *h)
{
	const struct linux_rtmsg *m = payload(h);
	bool v6 = m->family == LX_AF_INET6;
	struct ip_addr any = v6 ? (struct ip_addr){ .q = { 0, 0 } } : ip4(0);
	struct net_route r = { .dst = any,
			       .gateway = any,
			       .src = any,
			       .bits = m->dst_len,
			       .v6 = v6,
			       .proto = m->protocol,
			       .expires_ns = UINT64_MAX };
	uint32_t oif;

	(void)a;
	if (m->dst_len > (v6 ? 128 : 32) || (!v6 && m->family != LX_AF_INET))
		return -EINVAL;
	if (m->dst_len && !attr_addr(h, sizeof(*m), LX_RTA_DST, &r.dst))
		return -EINVAL;
	attr_addr(h, sizeof(*m), LX_RTA_GATEWAY, &r.gateway);
	attr_addr(h, sizeof(*m), LX_RTA_PREFSRC, &r.src);
	attr_u32(h, sizeof(*m), LX_RTA_PRIORITY, &r.metric);
	if (attr_u32(h, sizeof(*m), LX_RTA_OIF, &oif)) {
		r.ifc = shard_if(s, oif);
		if (!r.ifc)
			return -ENODEV;
	}
	return h->type == LX_RTM_NEWROUTE ? add_route(s->st, h, &r) : delete_route(s->st, &r);
}

void nl_put_neigh(struct nl_answer *a, const struct net_neigh *n, uint16_t flags)
{
	struct linux_ndmsg *m = nl_begin(a, LX_RTM_NEWNEIGH, flags, sizeof(*m));

	if (!m)
		return;
	m->family = family_of(n->addr);
	m->ifindex = (int32_t)net_if_dev(n->ifc)->index;
	m->state = n->state;
	m->type = TYPE_UNICAST;
	put_addr(a, LX_NDA_DST, n->addr);
	if (n->state & ~(NUD_INCOMPLETE | NUD_FAILED))
		nl_attr(a, LX_NDA_LLADDR, n->mac.b, 6);
	nl_end(a);
}

static err_t get_neigh(struct shard *s, struct nl_answer *a, const struct linux_nlmsghdr *h)
{
	const struct linux_ndmsg *q = payload(h);
	struct net_neigh n;

	if (!is_dump(h))
		return -EOPNOTSUPP;
	for (unsigned k = 0; net_neigh_at(s->st, k, &n); k++)
		if (wanted(q->family, family_of(n.addr)))
			nl_put_neigh(a, &n, LX_NLM_F_MULTI);
	return 0;
}

static err_t change_neigh(struct shard *s, struct nl_answer *a, const struct linux_nlmsghdr *h)
{
	const struct linux_ndmsg *m = payload(h);
	struct net_neigh n = { .ifc = shard_if(s, (uint32_t)m->ifindex),
			       .state = (uint8_t)m->state };
	const void *mac;
	size_t len;

	(void)a;
	if (!n.ifc)
		return -ENODEV;
	if (!attr_addr(h, sizeof(*m), LX_NDA_DST, &n.addr))
		return -EINVAL;
	if (h->type == LX_RTM_DELNEIGH)
		return net_neigh_del(s->st, n.ifc, n.addr);
	mac = find_attr(h, sizeof(*m), LX_NDA_LLADDR, &len);
	if (!mac || len != sizeof(n.mac))
		return -EINVAL;
	memcpy(&n.mac, mac, sizeof(n.mac));
	return net_neigh_set(s->st, &n, s->now);
}

static const struct request {
	uint16_t type;
	uint8_t fixed; /* bytes that must be there behind the header; shorter dumps (struct rtgenmsg) are padded */
	bool changes; /* the configuration */
	err_t (*answer)(struct shard *s, struct nl_answer *a, const struct linux_nlmsghdr *h);
} requests[] = {
	{ LX_RTM_GETLINK, sizeof(struct linux_ifinfomsg), false, get_link },
	{ LX_RTM_NEWLINK, sizeof(struct linux_ifinfomsg), true, new_link },
	{ LX_RTM_GETADDR, sizeof(struct linux_ifaddrmsg), false, get_addr },
	{ LX_RTM_NEWADDR, sizeof(struct linux_ifaddrmsg), true, change_addr },
	{ LX_RTM_DELADDR, sizeof(struct linux_ifaddrmsg), true, change_addr },
	{ LX_RTM_GETROUTE, sizeof(struct linux_rtmsg), false, get_route },
	{ LX_RTM_NEWROUTE, sizeof(struct linux_rtmsg), true, change_route },
	{ LX_RTM_DELROUTE, sizeof(struct linux_rtmsg), true, change_route },
	{ LX_RTM_GETNEIGH, sizeof(struct linux_ndmsg), false, get_neigh },
	{ LX_RTM_NEWNEIGH, sizeof(struct linux_ndmsg), true, change_neigh },
	{ LX_RTM_DELNEIGH, sizeof(struct linux_ndmsg), true, change_neigh },
};

/* The request with its fixed part whole, zeroes where the program sent less (a dump by struct rtgenmsg). */
struct whole {
	struct linux_nlmsghdr h;
	uint8_t fixed[16];
};

err_t netlink_route(struct nl_answer *a, const struct linux_nlmsghdr *h, size_t len)
{
	struct shard *s = shard_primary();
	struct whole padded = { .h = *h };
	err_t err;
	bool on;

	for (size_t k = 0; k < ARRAY_LEN(requests); k++) {
		const struct request *r = &requests[k];

		if (r->type != h->type)
			continue;
		if (len < sizeof(*h) + r->fixed) {
			if (!is_dump(h) || len < sizeof(*h) + 1)
				return -EINVAL;
			memcpy(padded.fixed, h + 1, len - sizeof(*h));
			padded.h.len = (uint32_t)sizeof(*h) + r->fixed;
			h = &padded.h;
		}
		on = shard_lock(s);
		err = r->answer(s, a, h);
		shard_unlock(s, on);
		if (!err && r->changes)
			shard_sync();
		return err;
	}
	return -EOPNOTSUPP;
}
