/* SPDX-License-Identifier: Apache-2.0 */
/* net/udp_out.c: sending datagrams: whole ones, ones built over several calls, and trains of equal ones. */
#include "net/udp_int.h"

#include "net/csum.h"

enum { UDP_MAX = 65507, SMALL = 1600 };

/* Where a datagram goes, once defaults and the connection are filled in. */
struct target {
	struct ip_addr src, dst;
	uint16_t dport;
	struct net_dst way;
};

static struct net_if *out_if(struct udp_ep *u, const struct udp_tx *tx, struct ip_addr dst)
{
	if (tx->ifc)
		return tx->ifc;
	if (u->ifc)
		return u->ifc;
	if (ip_is_multicast(dst) && u->opt[UDP_OPT_MCAST_IF])
		return net_if_by_index(u->st, u->opt[UDP_OPT_MCAST_IF]);
	return NULL;
}

static err_t resolve(struct udp_ep *u, const struct udp_tx *tx, struct target *t)
{
	struct net_stack *st = u->st;
	struct net_if *ifc;
	err_t err;

	if (tx->dport == 0 && ip_is_any(tx->dst)) {
		if (!u->addr.rport)
			return -EDESTADDRREQ;
		*t = (struct target){ u->src, u->addr.remote, u->addr.rport, u->dst };
		if (!tx->ifc && ip_is_any(tx->src)) {
			if (dst_valid(st, &u->dst))
				return 0;
			err = dst_resolve(st, t->dst, u->ifc, &u->dst);
			t->way = u->dst;
			return err;
		}
	} else {
		t->dst = tx->dst;
		t->dport = tx->dport;
		if (ip_is_any(t->dst))
			t->dst = ip_is_v4(t->dst) ? ip4(0x7f000001)
						  : (struct ip_addr){ .b = { [15] = 1 } };
	}
	ifc = out_if(u, tx, t->dst);
	err = dst_resolve(st, t->dst, ifc, &t->way);
	if (err)
		return err;
	if (!ip_is_any(tx->src))
		t->src = tx->src;
	else if (!ip_is_any(u->addr.local) && !ip_is_multicast(u->addr.local))
		t->src = u->addr.local;
	else
		return net_source_for(st, t->dst, ifc ? ifc : t->way.ifc, &t->src);
	return 0;
}

uint32_t udp_path_mtu(struct udp_ep *u)
{
	return dst_resolve(u->st, u->addr.remote, u->ifc, &u->dst) ? 0 : u->dst.mtu;
}

static bool is_bcast(const struct target *t)
{
	return ip_is_if_bcast(t->way.ifc, t->dst);
}

/* Append the caller's bytes. */
static err_t fill(struct pkt *p, const struct net_iov *src, size_t len)
{
	while (len) {
		uint32_t room = p->nfrags ? 0 : pkt_tailroom(p), n;
		uint8_t *at;

		if (room == 0) {
			struct pkt_frag *last = p->nfrags ? &p->frag[p->nfrags - 1] : NULL;

			if (!last || last->off + last->len == last->buf->size) {
				struct pbuf *b = pbuf_alloc(p->pool);

				if (!b)
					return -ENOMEM;
				if (!pkt_add_frag(p, b, 0, 0)) {
					pbuf_put(b);
					return -EMSGSIZE;
				}
				last = &p->frag[p->nfrags - 1];
			}
			room = last->buf->size - last->off - last->len;
			at = last->buf->base + last->off + last->len;
			n = (uint32_t)MIN(len, (size_t)room);
			if (src->copy(src->ctx, at, n) != n)
				return -EFAULT;
			last->len += n;
			p->len += n;
		} else {
			n = (uint32_t)MIN(len, (size_t)room);
			at = p->data + p->lin;
			if (src->copy(src->ctx, at, n) != n)
				return -EFAULT;
			p->lin = (uint16_t)(p->lin + n);
			p->len += n;
		}
		len -= n;
	}
	return 0;
}

static void header(struct udp_ep *u, struct pkt *p, const struct target *t)
{
	struct wire_udp *h = (struct wire_udp *)pkt_push(p, sizeof(*h));
	uint32_t len = p->len;

	p->l4 = (uint8_t *)h;
	h->sport = be16_of(u->addr.lport);
	h->dport = be16_of(t->dport);
	h->len = be16_of((uint16_t)len);
	h->csum = be16_of(0);
	if (u->opt[UDP_OPT_NO_CHECK] && ip_is_v4(t->dst))
		return;
	csum_store(&h->csum, (uint16_t)~csum_fold(csum_pseudo(t->src, t->dst, IP_P_UDP, len)));
	p->csum_off = offsetof(struct wire_udp, csum);
	p->flags |= PKT_CSUM_NEEDED;
}

static err_t send(struct udp_ep *u, struct pkt *p, const struct udp_tx *tx, const struct target *t)
{
	bool multi = ip_is_multicast(t->dst);
	uint32_t head = ip_is_v4(t->dst) ? 28 : 48, pmtudisc = u->opt[UDP_OPT_PMTUDISC];
	struct ip_tx ip = {
		.src = t->src,
		.dst = t->dst,
		.proto = IP_P_UDP,
		.ttl = (uint8_t)(tx->ttl >= 0
					 ? tx->ttl
					 : (int)u->opt[multi ? UDP_OPT_MCAST_TTL : UDP_OPT_TTL]),
		.tos = (uint8_t)(tx->tos >= 0 ? tx->tos : (int)u->opt[UDP_OPT_TOS]),
		.df = pmtudisc == 2 || pmtudisc == 3, /* DO, PROBE */
	};

	if (tx->gso_size) {
		if (tx->gso_size + head > t->way.mtu ||
		    DIV_UP(p->len, (uint32_t)tx->gso_size) > 128) {
			pkt_free(p);
			return -EINVAL;
		}
		if (p->len > tx->gso_size) {
			p->gso_type = PKT_GSO_UDP;
			p->gso_size = tx->gso_size;
		}
	} else if (ip.df && p->len + head > t->way.mtu) {
		udp_local_error(u, EMSGSIZE, t->way.mtu);
		pkt_free(p);
		return -EMSGSIZE;
	}
	header(u, p, t);
	if (multi && !u->opt[UDP_OPT_MCAST_LOOP])
		p->flags |= PKT_NOLOOP;
	MIB_INC(u->st, Udp_OutDatagrams);
	return ip_output(u->st, p, &ip, &t->way);
}

static err_t may_send(struct udp_ep *u, const struct udp_tx *tx, size_t len, struct target *t)
{
	err_t err = resolve(u, tx, t);

	if (err)
		return err;
	if (len + (u->pend ? u->pend->len : 0) > UDP_MAX) {
		if (len <= UINT16_MAX)
			udp_local_error(u, EMSGSIZE, t->way.mtu);
		return -EMSGSIZE;
	}
	if (t->dport == 0)
		return -EINVAL;
	if (is_bcast(t) && !u->opt[UDP_OPT_BROADCAST])
		return -EACCES;
	return 0;
}

long udp_send(struct udp_ep *u, const struct udp_tx *tx, const struct net_iov *src, size_t len,
	      uint64_t now)
{
	struct target t;
	struct pkt *p;
	err_t err;

	net_at(u->st, now);
	if (u->ep.err && !u->opt[UDP_OPT_RECVERR])
		return -net_ep_error(&u->ep);
	err = may_send(u, tx, len, &t);
	if (err)
		return err;
	p = u->pend;
	u->pend = NULL;
	if (!p)
		p = pkt_alloc_lin(&u->st->pool, PKT_HEADROOM + 8,
				  len < SMALL ? (uint32_t)len : SMALL);
	if (!p)
		return -ENOBUFS;
	err = fill(p, src, len);
	if (err) {
		pkt_free(p);
		return err;
	}
	if (tx->more) {
		u->pend = p;
		return (long)len;
	}
	err = send(u, p, tx, &t);
	return err && err != -ENOMEM ? err : (long)len;
}

void udp_send_bare(struct net_stack *st, struct pkt *p, const struct udp_bare *u)
{
	struct ip_tx ip = { .src = u->src, .dst = u->dst, .proto = IP_P_UDP };
	struct wire_udp *h = (struct wire_udp *)pkt_push(p, sizeof(*h));
	struct net_dst way;

	p->l4 = p->data;
	*h = (struct wire_udp){ be16_of(u->sport), be16_of(u->dport), be16_of((uint16_t)p->len),
				be16_of(0) };
	csum_store(&h->csum, (uint16_t)~csum_fold(csum_pseudo(ip.src, ip.dst, IP_P_UDP, p->len)));
	p->csum_off = offsetof(struct wire_udp, csum);
	p->flags |= PKT_CSUM_NEEDED | PKT_NOLOOP;
	if (dst_resolve(st, ip.dst, u->ifc, &way) != 0) {
		net_drop(st, p, DROP_IP_NO_ROUTE);
		return;
	}
	if (ip_output(st, p, &ip, &way) != 0)
		MIB_INC(st, Udp_SndbufErrors);
}
