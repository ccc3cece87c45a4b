/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/udp.c: UDP endpoints and what they receive (RFC 768, 1122 4.1).  The most exact endpoint gets a unicast
 * datagram; a group's or broadcast one goes to all that match.
 */
#include "net/udp_int.h"

#include "abi/wire_dhcp.h"
#include "net/csum.h"

enum { RCVBUF_DEFAULT = 212992, SNDBUF_DEFAULT = 212992 };

err_t udp_table_init(struct net_stack *st)
{
	struct udp_table *t = st->mem.alloc(st->mem.ctx, sizeof(*t));

	if (!t)
		return -ENOMEM;
	for (unsigned i = 0; i < UDP_BUCKETS; i++)
		list_init(&t->bucket[i]);
	list_init(&t->unbound);
	objcache_init(&t->eps, &st->mem.pages, sizeof(struct udp_ep));
	st->udp = t;
	return 0;
}

void udp_table_fini(struct net_stack *st)
{
	struct udp_table *t = st->udp;

	for (unsigned i = 0; i < UDP_BUCKETS; i++)
		while (!list_empty(&t->bucket[i]))
			udp_close(list_first(&t->bucket[i], struct udp_ep, link));
	while (!list_empty(&t->unbound))
		udp_close(list_first(&t->unbound, struct udp_ep, link));
	objcache_fini(&t->eps);
	st->mem.free(st->mem.ctx, t, sizeof(*t));
	st->udp = NULL;
}

/* --- endpoints ------------------------------------------------------------------------------------ */

err_t udp_new(struct net_stack *st, void *owner, struct udp_ep **out)
{
	struct udp_ep *u = objcache_alloc(&st->udp->eps);

	if (!u)
		return -ENOMEM;
	memset(u, 0, sizeof(*u));
	net_ep_init(&u->ep, st, NET_UDP, owner);
	u->st = st;
	u->addr.proto = IP_P_UDP;
	u->opt[UDP_OPT_RCVBUF] = RCVBUF_DEFAULT;
	u->opt[UDP_OPT_SNDBUF] = SNDBUF_DEFAULT;
	u->opt[UDP_OPT_MCAST_TTL] = 1;
	u->opt[UDP_OPT_MCAST_LOOP] = 1;
	u->opt[UDP_OPT_MCAST_ALL] = 1;
	u->opt[UDP_OPT_PMTUDISC] = 1;
	pkt_list_init(&u->rx);
	list_init(&u->members);
	list_init(&u->errors);
	list_add(&st->udp->unbound, &u->link);
	*out = u;
	return 0;
}

static void member_drop(struct udp_ep *u, struct udp_member *m)
{
	/* -EADDRNOTAVAIL when the interface has forgotten the group: then it is left already. */
	if (net_mcast_leave(m->ifc, m->group, u->st->now) != 0)
		u->st->gen++;
	list_del(&m->link);
	net_obj_free(u->st, m);
}

void udp_close(struct udp_ep *u)
{
	struct net_error e;

	while (!list_empty(&u->members))
		member_drop(u, list_first(&u->members, struct udp_member, link));
	while (udp_error_pop(u, &e, NULL))
		;
	pkt_list_free(&u->rx);
	if (u->pend)
		pkt_free(u->pend);
	list_del(&u->link);
	net_ep_fini(&u->ep);
	objcache_free(&u->st->udp->eps, u);
}

struct net_ep *udp_net_ep(struct udp_ep *u)
{
	return &u->ep;
}

err_t udp_bind(struct udp_ep *u, struct ip_addr addr, uint16_t port, unsigned flags,
	       struct net_if *ifc)
{
	if (port == 0)
		return -EINVAL;
	u->addr.local = addr;
	u->addr.lport = port;
	u->flags = flags;
	u->ifc = ifc;
	list_del(&u->link);
	list_add(udp_bucket(u->st->udp, port), &u->link);
	return 0;
}

void udp_unbind(struct udp_ep *u)
{
	u->addr.lport = 0;
	list_del(&u->link);
}

err_t udp_connect(struct udp_ep *u, struct ip_addr remote, uint16_t rport)
{
	err_t err;

	if (ip_is_any(remote) && rport == 0) {
		u->addr.remote = (struct ip_addr){ 0 };
		u->addr.rport = 0;
		return 0;
	}
	if (ip_is_any(remote))
		remote = ip_is_v4(remote) ? ip4(0x7f000001) : (struct ip_addr){ .b = { [15] = 1 } };
	err = net_source_for(u->st, remote, u->ifc, &u->src);
	if (err)
		return err;
	if (!ip_is_any(u->addr.local))
		u->src = u->addr.local;
	err = dst_resolve(u->st, remote, u->ifc, &u->dst);
	if (err)
		return err;
	u->addr.remote = remote;
	u->addr.rport = rport;
	return 0;
}

void udp_addr(const struct udp_ep *u, struct net_flow *out)
{
	*out = u->addr;
	if (!ip_is_any(u->addr.remote) && ip_is_any(out->local))
		out->local = u->src;
}

/* --- finding -------------------------------------------------------------------------------------- */

/* 0: not for this endpoint; the more exact the higher. */
static unsigned fit(const struct udp_ep *u, const struct ip_rx *rx, uint16_t dport, uint16_t sport)
{
	unsigned score = 1;

	if (u->addr.lport != dport || (u->ifc && u->ifc != rx->ifc))
		return 0;
	if (!ip_is_any(u->addr.remote)) {
		if ((u->addr.rport && u->addr.rport != sport) || !ip_eq(u->addr.remote, rx->src))
			return 0;
		score += 8;
	}
	if (ip_is_any(u->addr.local)) {
		bool v6 = u->flags & UDP_BIND_V6;

		if (rx->v6 ? !v6 : v6 && (u->flags & UDP_V6ONLY))
			return 0;
		score += rx->v6 == v6;
	} else {
		if (!ip_eq(u->addr.local, rx->dst))
			return 0;
		score += 4;
	}
	return score + (u->ifc ? 2 : 0);
}

static struct udp_ep *find(struct net_stack *st, const struct ip_rx *rx, uint16_t dport,
			   uint16_t sport)
{
	struct udp_ep *u, *best = NULL;
	unsigned best_score = 0, same = 0;
	uint32_t hash = 0;

	list_for_each_entry (u, udp_bucket(st->udp, dport), link) {
		unsigned score = fit(u, rx, dport, sport);

		if (score == 0 || score < best_score)
			continue;
		if (score > best_score) {
			best = u;
			best_score = score;
			same = 1;
			continue;
		}
		/* SO_REUSEPORT: equals share by the flow's hash; without it the latest has it. */
		if (!(u->flags & UDP_REUSEPORT))
			continue;
		if (same++ == 1)
			hash = net_hash(st, rx->dst, rx->src, dport, sport);
		hash = hash * 1664525 + 1013904223;
		if (((uint64_t)hash * same) >> 32 == 0)
			best = u;
	}
	return best;
}

/* Does a group's datagram concern this endpoint?  RFC 3376 2, and IP_MULTICAST_ALL. */
static bool group_wanted(const struct udp_ep *u, const struct ip_rx *rx)
{
	const struct udp_member *m;

	list_for_each_entry (m, &u->members, link)
		if (m->ifc == rx->ifc && ip_eq(m->group, rx->dst))
			return ip_is_any(m->src) || ip_eq(m->src, rx->src);
	return u->opt[UDP_OPT_MCAST_ALL];
}

/* --- receiving ------------------------------------------------------------------------------------ */

enum { GRO_MOST = 65000, GRO_SEGMENTS = 64 };

/*
 * UDP_GRO: a datagram as long as those before it from the same sender joins them; a shorter one, too, and ends the
 * train.  True: taken.
 */
static bool join(struct udp_ep *u, struct pkt *p, const struct udp_rx *rx)
{
	struct pkt *last = u->rx.first ? container_of(u->rx.last, struct pkt, next) : NULL;
	uint32_t size;

	if (!last || !p->len || p->gso_size || p->nfrags || !p->buf)
		return false;
	size = last->gso_size ? last->gso_size : last->len;
	if (p->len > size || last->len % size || last->len + p->len > GRO_MOST ||
	    last->len / size >= GRO_SEGMENTS ||
	    memcmp(udp_cb(last), rx, offsetof(struct udp_rx, tos) + 1) != 0)
		return false;
	if (!pkt_add_frag(last, p->buf, (uint32_t)(p->data - p->buf->base), p->len))
		return false;
	pbuf_get(p->buf); /* the packet's own goes with it */
	last->gso_size = (uint16_t)size;
	u->rx_bytes += p->len;
	u->rx_mem += PBUF_ROOM;
	pkt_free(p);
	return true;
}

static void queue_one(struct udp_ep *u, struct pkt *p, const struct udp_rx *rx)
{
	struct net_stack *st = u->st;
	uint32_t mem = pkt_truesize(p);

	if (u->rx_mem + mem > MAX(2 * u->opt[UDP_OPT_RCVBUF], 16384U) ||
	    (u->rx_mem && unlikely(pkt_pool_scarce(&st->pool) >= PKT_SCARCE))) {
		MIB_INC(st, Udp_RcvbufErrors);
		MIB_INC(st, Udp_InErrors);
		u->rx_drops++;
		net_drop(st, p, DROP_RCVBUF_FULL);
		return;
	}
	MIB_INC(st, Udp_InDatagrams);
	if (unlikely(u->opt[UDP_OPT_GRO]) && join(u, p, rx))
		return;
	*udp_cb(p) = *rx;
	u->rx_mem += mem;
	u->rx_bytes += p->len;
	pkt_list_add(&u->rx, p);
	net_ep_raise(&u->ep, NET_IN);
}

/* A train of datagrams is one to who asked for that, and several to others. */
static void queue_train(struct udp_ep *u, struct pkt *p, const struct udp_rx *rx)
{
	while (p->len > p->gso_size) {
		struct pkt *q = pkt_clone(&u->st->pool, p);

		if (q) {
			pkt_trim(q, p->gso_size);
			q->gso_size = 0;
			queue_one(u, q, rx);
		}
		pkt_advance(p, p->gso_size);
	}
	p->gso_size = 0;
	queue_one(u, p, rx);
}

static void queue(struct udp_ep *u, struct pkt *p, const struct ip_rx *rx, uint16_t sport,
		  uint16_t dport)
{
	const struct udp_rx meta = { .src = rx->src,
				     .dst = rx->dst,
				     .sport = sport,
				     .dport = dport,
				     .ifindex = rx->ifc->dev->index,
				     .ttl = rx->ttl,
				     .tos = rx->tos };

	if (unlikely(p->gso_size) && !u->opt[UDP_OPT_GRO])
		queue_train(u, p, &meta);
	else
		queue_one(u, p, &meta);
}

static void deliver_multi(struct net_stack *st, struct pkt *p, const struct ip_rx *rx,
			  uint16_t sport, uint16_t dport)
{
	bool group = ip_is_multicast(rx->dst);
	struct udp_ep *u;

	list_for_each_entry (u, udp_bucket(st->udp, dport), link) {
		struct pkt *q;

		/* A socket bound to the group's own address is for that group. */
		if (!fit(u, rx, dport, sport) || (group && !group_wanted(u, rx)))
			continue;
		q = pkt_clone(&st->pool, p);
		if (q)
			queue(u, q, rx, sport, dport);
	}
	MIB_INC(st, Udp_IgnoredMulti);
	pkt_free(p);
}

/* Bytes become a checked datagram, or a reason. */
static enum drop check(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	const struct wire_udp *h;
	uint32_t len;

	if (!pkt_pull_up(p, sizeof(*h)))
		return DROP_UDP_SHORT;
	h = (const struct wire_udp *)p->data;
	len = be16_get(h->len);
	if (len < sizeof(*h) || len > p->len)
		return DROP_UDP_SHORT;
	if (len < p->len)
		pkt_trim(p, len);
	if (p->flags & (PKT_CSUM_OK | PKT_CSUM_NEEDED))
		return DROP_NONE;
	/* RFC 768: zero means none; RFC 8200 8.1: never so in IPv6. */
	if (be16_get(h->csum) == 0)
		return rx->v6 ? DROP_UDP_CSUM : DROP_NONE;
	if (csum_fold(csum_pkt(csum_pseudo(rx->src, rx->dst, IP_P_UDP, len), p, 0)) != 0) {
		MIB_INC(st, Udp_InCsumErrors);
		return DROP_UDP_CSUM;
	}
	return DROP_NONE;
}

void udp_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	enum drop why = check(st, p, rx);
	const struct wire_udp *h = (const struct wire_udp *)p->data;
	uint16_t sport, dport;
	struct udp_ep *u;

	if (why) {
		MIB_INC(st, Udp_InErrors);
		net_drop(st, p, why);
		return;
	}
	if (unlikely(st->nraw))
		raw_copy(st, p, rx);
	sport = be16_get(h->sport);
	dport = be16_get(h->dport);
	if (unlikely(dport == DHCP4_CLIENT_PORT && rx->ifc->dhcp4)) {
		pkt_pull(p, sizeof(*h));
		dhcp4_input(rx->ifc, p);
		return;
	}
	if (unlikely(dport == DHCP6_CLIENT_PORT && rx->v6 && rx->ifc->dhcp6)) {
		pkt_pull(p, sizeof(*h));
		dhcp6_input(rx->ifc, p);
		return;
	}
	if (rx->multi) {
		pkt_pull(p, sizeof(*h));
		deliver_multi(st, p, rx, sport, dport);
		return;
	}
	u = find(st, rx, dport, sport);
	if (u) {
		pkt_pull(p, sizeof(*h));
		queue(u, p, rx, sport, dport);
		return;
	}
	MIB_INC(st, Udp_NoPorts);
	icmp_error(st, p, rx, rx->v6 ? ICMP6_UNREACH : ICMP4_UNREACH,
		   rx->v6 ? 4 : ICMP4_UNREACH_PORT, 0);
	net_drop(st, p, DROP_UDP_NO_PORT);
}

struct pkt *udp_rx_peek(struct udp_ep *u, struct udp_rx *rx)
{
	struct pkt *p = u->rx.first;

	if (p && rx)
		*rx = *udp_cb(p);
	return p;
}

struct pkt *udp_rx_pop(struct udp_ep *u)
{
	struct pkt *p = pkt_list_pop(&u->rx);

	if (p) {
		u->rx_bytes -= p->len;
		u->rx_mem -= pkt_truesize(p);
	}
	return p;
}

size_t udp_readable(const struct udp_ep *u)
{
	return u->rx.first ? u->rx.first->len : 0;
}

uint32_t udp_drops(const struct udp_ep *u)
{
	return (uint32_t)u->rx_drops;
}

unsigned udp_level(const struct udp_ep *u)
{
	return NET_OUT | (u->rx.first ? NET_IN : 0) | (u->ep.err || u->nerrors ? NET_ERR : 0);
}

/* --- errors --------------------------------------------------------------------------------------- */

static struct udp_error *error_new(struct udp_ep *u)
{
	struct udp_error *q = u->nerrors < UDP_ERRORS_MAX ? net_obj_alloc(u->st) : NULL;

	if (!q)
		return NULL;
	q->quote = NULL;
	list_add_tail(&u->errors, &q->link);
	u->nerrors++;
	return q;
}

static void error_queue(struct udp_ep *u, const struct icmp_err *e, uint16_t dport)
{
	const uint32_t head = sizeof(struct wire_udp);
	struct udp_error *q = error_new(u);

	if (!q)
		return;
	q->e = (struct net_error){
		.err = e->err,
		.origin = e->v6 ? 3 : 2, /* SO_EE_ORIGIN_ICMP6, ICMP */
		.type = e->type,
		.code = e->code,
		.info = e->mtu,
		.dst = e->dst,
		.dport = dport,
		.offender = e->offender,
	};
	q->quote = e->l4_len > head ? pkt_alloc(&u->st->pool) : NULL;
	if (q->quote && !pkt_append(q->quote, e->l4 + head, e->l4_len - head)) {
		pkt_free(q->quote);
		q->quote = NULL;
	}
}

void udp_local_error(struct udp_ep *u, int err, uint32_t info)
{
	struct udp_error *q = u->opt[UDP_OPT_RECVERR] ? error_new(u) : NULL;

	if (!q)
		return;
	q->e = (struct net_error){
		.err = err, .origin = 1 /* SO_EE_ORIGIN_LOCAL */, .info = info, .dst = ip4(0)
	};
	q->e.offender = q->e.dst;
	net_ep_raise(&u->ep, NET_ERR);
}

bool udp_error_pop(struct udp_ep *u, struct net_error *out, struct pkt **p)
{
	struct udp_error *q = list_first(&u->errors, struct udp_error, link);

	if (!q)
		return false;
	*out = q->e;
	if (p)
		*p = q->quote;
	else if (q->quote)
		pkt_free(q->quote);
	list_del(&q->link);
	u->nerrors--;
	net_obj_free(u->st, q);
	/* What is pending is the next one's; a local one was told to its caller. */
	q = list_first(&u->errors, struct udp_error, link);
	u->ep.err = q && q->e.origin != 1 ? q->e.err : 0;
	return true;
}

void udp_icmp(struct net_stack *st, const struct icmp_err *e)
{
	const struct wire_udp *h = (const struct wire_udp *)e->l4;
	struct ip_rx rx = { .src = e->dst, .dst = e->src, .v6 = e->v6, .ifc = st->lo };
	uint16_t dport = be16_get(h->dport);
	struct udp_ep *u = find(st, &rx, be16_get(h->sport), dport);

	if (!u) {
		st->count.drops[DROP_ICMP_STALE]++;
		return;
	}
	if (e->err == EMSGSIZE)
		pmtu_set(st, e->dst, e->mtu);
	if (u->opt[UDP_OPT_RECVERR])
		error_queue(u, e, dport);
	/* RFC 1122 4.1.3.3; as Linux: only a connected socket, or one that asked, hears of it. */
	if (u->opt[UDP_OPT_RECVERR] || (u->addr.rport && e->hard)) {
		u->ep.err = e->err;
		net_ep_raise(&u->ep, NET_ERR | NET_IN | NET_OUT);
	}
}

/* --- options -------------------------------------------------------------------------------------- */

err_t udp_opt_set(struct udp_ep *u, enum udp_opt o, uint32_t v)
{
	static const uint32_t most[UDP_OPT_COUNT] = {
		[UDP_OPT_RCVBUF] = 256 << 20,
		[UDP_OPT_SNDBUF] = 256 << 20,
		[UDP_OPT_BROADCAST] = 1,
		[UDP_OPT_TTL] = 255,
		[UDP_OPT_MCAST_TTL] = 255,
		[UDP_OPT_TOS] = 255,
		[UDP_OPT_MCAST_LOOP] = 1,
		[UDP_OPT_MCAST_IF] = UINT32_MAX,
		[UDP_OPT_MCAST_ALL] = 1,
		[UDP_OPT_PMTUDISC] = 5,
		[UDP_OPT_NO_CHECK] = 1,
		[UDP_OPT_RECVERR] = 1,
		[UDP_OPT_GRO] = 1,
	};

	if ((unsigned)o >= UDP_OPT_COUNT)
		return -ENOPROTOOPT;
	if (v > most[o])
		return -EINVAL;
	if (o == UDP_OPT_MCAST_IF && v && !net_if_by_index(u->st, v))
		return -EADDRNOTAVAIL;
	u->opt[o] = v;
	return 0;
}

uint32_t udp_opt_get(const struct udp_ep *u, enum udp_opt o)
{
	return (unsigned)o < UDP_OPT_COUNT ? u->opt[o] : 0;
}

/* --- groups --------------------------------------------------------------------------------------- */

static struct udp_member *member(struct udp_ep *u, struct net_if *ifc, struct ip_addr group,
				 struct ip_addr src)
{
	struct udp_member *m;

	list_for_each_entry (m, &u->members, link)
		if (m->ifc == ifc && ip_eq(m->group, group) &&
		    (ip_is_any(m->src) ? ip_is_any(src) : ip_eq(m->src, src)))
			return m;
	return NULL;
}

bool udp_group_at(const struct udp_ep *u, unsigned n, uint32_t *ifindex, struct ip_addr *group,
		  struct ip_addr *src)
{
	const struct udp_member *m;

	list_for_each_entry (m, &u->members, link)
		if (n-- == 0) {
			*ifindex = m->ifc->dev->index;
			*group = m->group;
			*src = m->src;
			return true;
		}
	return false;
}

err_t udp_join(struct udp_ep *u, struct net_if *ifc, struct ip_addr group, struct ip_addr src,
	       uint64_t now)
{
	struct udp_member *m;
	err_t err;

	if (!ip_is_multicast(group))
		return -EINVAL;
	if (member(u, ifc, group, src))
		return -EADDRINUSE;
	m = net_obj_alloc(u->st);
	if (!m)
		return -ENOBUFS;
	err = net_mcast_join(ifc, group, now);
	if (err) {
		net_obj_free(u->st, m);
		return err;
	}
	m->ifc = ifc;
	m->group = group;
	m->src = src;
	list_add_tail(&u->members, &m->link);
	return 0;
}

err_t udp_leave(struct udp_ep *u, struct net_if *ifc, struct ip_addr group, struct ip_addr src,
		uint64_t now)
{
	struct udp_member *m = member(u, ifc, group, src);

	net_at(u->st, now);
	if (!m)
		return -EADDRNOTAVAIL;
	member_drop(u, m);
	return 0;
}

void udp_each(struct net_stack *st,
	      void (*f)(void *ctx, const struct net_flow *addr, uint32_t rx_queue, uint32_t drops,
			void *owner),
	      void *ctx)
{
	const struct udp_ep *u;

	for (unsigned i = 0; i < UDP_BUCKETS; i++)
		list_for_each_entry (u, &st->udp->bucket[i], link)
			f(ctx, &u->addr, u->rx_bytes, (uint32_t)u->rx_drops, u->ep.owner);
}
