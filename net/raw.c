/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/raw.c: raw IP endpoints and ping endpoints (net/raw.h).  They get clones; the protocols keep the
 * packet.
 */
#include "net/raw_int.h"

#include "net/csum.h"

enum { RCVBUF_DEFAULT = 212992 };

err_t raw_table_init(struct net_stack *st)
{
	struct raw_table *t = st->mem.alloc(st->mem.ctx, sizeof(*t));

	if (!t)
		return -ENOMEM;
	list_init(&t->eps);
	list_init(&t->taps);
	objcache_init(&t->objs, &st->mem.pages, sizeof(struct raw_ep));
	st->raw = t;
	return 0;
}

void raw_table_fini(struct net_stack *st)
{
	struct raw_table *t = st->raw;

	while (!list_empty(&t->eps))
		raw_close(list_first(&t->eps, struct raw_ep, link));
	while (!list_empty(&t->taps))
		tap_close(list_first(&t->taps, struct net_tap, link));
	objcache_fini(&t->objs);
	st->mem.free(st->mem.ctx, t, sizeof(*t));
	st->raw = NULL;
}

err_t raw_new(struct net_stack *st, bool v6, uint8_t proto, unsigned flags, void *owner,
	      struct raw_ep **out)
{
	struct raw_ep *r = objcache_alloc(&st->raw->objs);

	if (!r)
		return -ENOMEM;
	memset(r, 0, sizeof(*r));
	net_ep_init(&r->ep, st, NET_RAW, owner);
	r->st = st;
	r->v6 = v6;
	r->proto = proto;
	r->flags = flags;
	r->csum_off = v6 && proto == IP_P_ICMPV6 ? 2 : -1; /* RFC 3542 3.1 */
	r->rcvbuf = RCVBUF_DEFAULT;
	pkt_list_init(&r->rx);
	list_add_tail(&st->raw->eps, &r->link);
	st->nraw++;
	*out = r;
	return 0;
}

void raw_close(struct raw_ep *r)
{
	pkt_list_free(&r->rx);
	list_del(&r->link);
	r->st->nraw--;
	net_ep_fini(&r->ep);
	objcache_free(&r->st->raw->objs, r);
}

struct net_ep *raw_net_ep(struct raw_ep *r)
{
	return &r->ep;
}

static bool id_taken(const struct raw_ep *r, uint16_t id)
{
	const struct raw_ep *o;

	list_for_each_entry (o, &r->st->raw->eps, link)
		if (o != r && (o->flags & RAW_PING) && o->v6 == r->v6 && o->id == id)
			return true;
	return false;
}

err_t raw_bind(struct raw_ep *r, struct ip_addr addr, uint16_t id, struct net_if *ifc)
{
	if (r->flags & RAW_PING) {
		while (id == 0 || (id_taken(r, id) && r->id == 0 && !id))
			id = (uint16_t)net_random(r->st);
		if (id_taken(r, id))
			return -EADDRINUSE;
	}
	r->local = addr;
	r->id = id;
	r->ifc = ifc;
	return 0;
}

err_t raw_connect(struct raw_ep *r, struct ip_addr remote)
{
	r->remote = remote;
	return 0;
}

void raw_set_flags(struct raw_ep *r, unsigned flags, int csum_off)
{
	r->flags = flags;
	r->csum_off = csum_off;
}

void raw_set_rcvbuf(struct raw_ep *r, uint32_t bytes)
{
	r->rcvbuf = MAX(bytes, 2048U);
}

void raw_set_icmp_filter(struct raw_ep *r, const uint32_t bits[8])
{
	memcpy(r->filter, bits, sizeof(r->filter));
}

/* --- receiving ------------------------------------------------------------------------------------ */

static bool type_refused(const struct raw_ep *r, uint8_t type)
{
	return r->filter[type / 32] >> (type % 32) & 1;
}

/* A ping endpoint hears the answers to its own echoes only. */
static bool ping_wants(const struct raw_ep *r, const struct pkt *p)
{
	const struct wire_icmp *h = (const struct wire_icmp *)p->data;

	return p->lin >= sizeof(*h) && h->type == (r->v6 ? ICMP6_ECHO_REPLY : ICMP4_ECHO_REPLY) &&
	       be16_get(h->echo.id) == r->id;
}

static bool wants(const struct raw_ep *r, const struct pkt *p, const struct ip_rx *rx)
{
	bool icmp = rx->proto == (rx->v6 ? IP_P_ICMPV6 : IP_P_ICMP);

	if (r->v6 != rx->v6 || r->proto != rx->proto || (r->ifc && r->ifc != rx->ifc))
		return false;
	if (!ip_is_any(r->local) && !ip_eq(r->local, rx->dst))
		return false;
	if (!ip_is_any(r->remote) && !ip_eq(r->remote, rx->src))
		return false;
	if (icmp && p->lin && type_refused(r, p->data[0]))
		return false;
	return !(r->flags & RAW_PING) || ping_wants(r, p);
}

static void queue(struct raw_ep *r, const struct pkt *p, const struct ip_rx *rx)
{
	struct pkt *q;

	if (r->rx_mem + pkt_truesize(p) > MAX(2 * r->rcvbuf, 16384U)) {
		r->st->count.drops[DROP_RCVBUF_FULL]++;
		return;
	}
	q = pkt_clone(&r->st->pool, p);
	if (!q)
		return;
	/* RFC 3542 3: IPv6 raw sockets see the payload; IPv4's see the header too. */
	if (!r->v6 && !(r->flags & RAW_PING))
		pkt_push(q, (uint32_t)(p->data - p->l3));
	*raw_cb(q) = (struct raw_rx){ .src = rx->src,
				      .dst = rx->dst,
				      .ifindex = rx->ifc->dev->index,
				      .ttl = rx->ttl,
				      .tos = rx->tos };
	r->rx_mem += pkt_truesize(q);
	pkt_list_add(&r->rx, q);
	net_ep_raise(&r->ep, NET_IN);
}

bool raw_copy(struct net_stack *st, const struct pkt *p, const struct ip_rx *rx)
{
	struct raw_ep *r;
	bool any = false;

	list_for_each_entry (r, &st->raw->eps, link)
		if (wants(r, p, rx)) {
			queue(r, p, rx);
			any = true;
		}
	return any;
}

bool raw_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx)
{
	if (!raw_copy(st, p, rx))
		return false;
	pkt_free(p);
	return true;
}

void raw_icmp(struct net_stack *st, const struct icmp_err *e)
{
	struct raw_ep *r;

	/* As Linux: only a connected one hears of it, and of hard errors. */
	list_for_each_entry (r, &st->raw->eps, link)
		if (r->proto == e->proto && r->v6 == e->v6 && ip_eq(r->remote, e->dst) && e->hard) {
			r->ep.err = e->err;
			net_ep_raise(&r->ep, NET_ERR | NET_IN);
		}
}

struct pkt *raw_rx_peek(struct raw_ep *r, struct raw_rx *rx)
{
	if (r->rx.first && rx)
		*rx = *raw_cb(r->rx.first);
	return r->rx.first;
}

struct pkt *raw_rx_pop(struct raw_ep *r)
{
	struct pkt *p = pkt_list_pop(&r->rx);

	if (p)
		r->rx_mem -= pkt_truesize(p);
	return p;
}

unsigned raw_level(const struct raw_ep *r)
{
	return NET_OUT | (r->rx.first ? NET_IN : 0) | (r->ep.err ? NET_ERR : 0);
}

/* --- sending -------------------------------------------------------------------------------------- */

static err_t fill(struct pkt *p, const struct net_iov *src, size_t len)
{
	uint8_t buf[512];

	while (len) {
		size_t n = MIN(len, sizeof(buf));

		if (src->copy(src->ctx, buf, n) != n)
			return -EFAULT;
		if (!pkt_append(p, buf, (uint32_t)n))
			return -ENOBUFS;
		len -= n;
	}
	return 0;
}

/* IP_HDRINCL: the header is the caller's but for what only we know (Linux raw(7)). */
static err_t send_hdrincl(struct raw_ep *r, struct pkt *p, const struct raw_tx *tx,
			  struct net_dst *d)
{
	struct wire_ip4 *h = (struct wire_ip4 *)p->data;
	struct ip_addr src;

	if (p->lin < sizeof(*h) || (h->ver_ihl >> 4) != 4 || (h->ver_ihl & 15U) * 4 > p->lin) {
		pkt_free(p);
		return -EINVAL;
	}
	if (p->len > d->mtu) {
		pkt_free(p);
		return -EMSGSIZE;
	}
	h->len = be16_of((uint16_t)p->len);
	if (be16_get(h->id) == 0)
		h->id = be16_of((uint16_t)r->st->ip_id++);
	if (ip_is_any(ip4_from_wire(h->src)) && net_source_for(r->st, tx->dst, d->ifc, &src) == 0)
		h->src = ip4_to_wire(src);
	h->csum = be16_of(0);
	csum_store(&h->csum, csum_fold(csum_add(0, h, (h->ver_ihl & 15U) * 4)));
	p->l3 = p->data;
	return ip_link_output(r->st, p, d, false);
}

static void checksum(struct raw_ep *r, struct pkt *p, const struct ip_tx *ip)
{
	uint16_t sum = 0;

	if (r->flags & RAW_PING) {
		struct wire_icmp *h = (struct wire_icmp *)p->data;

		h->echo.id = be16_of(r->id);
		h->csum = be16_of(0);
		if (!r->v6)
			csum_store(&h->csum, csum_fold(csum_pkt(0, p, 0)));
	}
	if (!r->v6 || r->csum_off < 0 || (uint32_t)r->csum_off + 2 > p->lin)
		return;
	memcpy(p->data + r->csum_off, &sum, 2);
	sum = csum_fold(csum_pkt(csum_pseudo(ip->src, ip->dst, ip->proto, p->len), p, 0));
	memcpy(p->data + r->csum_off, &sum, 2);
}

static bool ping_valid(const struct raw_ep *r, const struct pkt *p)
{
	const struct wire_icmp *h = (const struct wire_icmp *)p->data;

	return p->lin >= sizeof(*h) && h->type == (r->v6 ? ICMP6_ECHO : ICMP4_ECHO) && h->code == 0;
}

long raw_send(struct raw_ep *r, const struct raw_tx *want, const struct net_iov *src, size_t len,
	      uint64_t now)
{
	struct net_stack *st = r->st;
	struct raw_tx tx = *want;
	struct ip_tx ip;
	struct net_dst d;
	struct pkt *p;
	err_t err;

	net_at(st, now);
	if (ip_is_any(tx.dst))
		tx.dst = r->remote;
	if (ip_is_any(tx.dst))
		return -EDESTADDRREQ;
	if (len > 65535 - 20)
		return -EMSGSIZE;
	err = dst_resolve(st, tx.dst, tx.ifc ? tx.ifc : r->ifc, &d);
	if (err)
		return err;
	ip = (struct ip_tx){ .dst = tx.dst,
			     .src = ip_is_any(tx.src) ? r->local : tx.src,
			     .proto = tx.proto ? tx.proto : r->proto,
			     .ttl = (uint8_t)(tx.ttl > 0 ? tx.ttl : 0),
			     .tos = (uint8_t)(tx.tos > 0 ? tx.tos : 0) };
	if (ip_is_any(ip.src) && net_source_for(st, tx.dst, d.ifc, &ip.src) != 0)
		return -EADDRNOTAVAIL;
	p = pkt_alloc_lin(&st->pool, PKT_HEADROOM, (uint32_t)MIN(len, (size_t)1600));
	if (!p)
		return -ENOBUFS;
	err = fill(p, src, len);
	if (!err && (r->flags & RAW_PING)) {
		if (r->id == 0)
			err = raw_bind(r, r->local, 0, r->ifc);
		if (!err && !ping_valid(r, p))
			err = -EINVAL;
	}
	if (err) {
		pkt_free(p);
		return err;
	}
	if ((r->flags & RAW_HDRINCL) && !r->v6) {
		err = send_hdrincl(r, p, &tx, &d);
		return err ? err : (long)len;
	}
	p->l4 = p->data;
	checksum(r, p, &ip);
	err = ip_output(st, p, &ip, &d);
	return err ? err : (long)len;
}

void raw_each(struct net_stack *st, void (*f)(void *ctx, const struct raw_row *r), void *ctx)
{
	struct raw_ep *r;

	list_for_each_entry (r, &st->raw->eps, link) {
		const struct raw_row row = { .local = r->local,
					     .remote = r->remote,
					     .rx_queue = r->rx_mem,
					     .ping = r->flags & RAW_PING,
					     .id = r->flags & RAW_PING ? r->id : r->proto,
					     .v6 = r->v6,
					     .owner = r->ep.owner };

		f(ctx, &row);
	}
}
