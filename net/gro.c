/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/gro.c: receive merging in software: neighbouring segments of one flow become one packet with
 * fragments, so that the stack above runs once for all of them.  Only what could be cut apart again
 * exactly is merged: same headers, next sequence number, only ACK and PSH, checksum known good.
 */
#include "net/net_int.h"

#include "net/csum.h"

enum { GRO_FLOWS = 8, GRO_MAX = 65535 - 64 };

/* What is looked at of a frame that might be merged. */
struct view {
	struct pkt *p;
	const struct wire_ip4 *ip4;
	const struct wire_ip6 *ip6;
	const struct wire_tcp *tcp;
	uint32_t head;	  /* bytes up to the payload */
	uint32_t payload; /* without padding */
	uint32_t tcp_len; /* of the header */
};

static bool view_ip4(struct view *v)
{
	const struct wire_ip4 *h = (const struct wire_ip4 *)(v->p->data + ETH_HLEN);
	uint32_t len = be16_get(h->len);

	if (v->p->lin < ETH_HLEN + 40 || h->ver_ihl != 0x45 || h->proto != IP_P_TCP ||
	    (be16_get(h->frag) & (IP4_MF | IP4_OFFSET)) || len < 40 || len + ETH_HLEN > v->p->len)
		return false;
	v->ip4 = h;
	v->tcp = (const struct wire_tcp *)(h + 1);
	v->head = ETH_HLEN + 20;
	v->payload = len - 20;
	return true;
}

static bool view_ip6(struct view *v)
{
	const struct wire_ip6 *h = (const struct wire_ip6 *)(v->p->data + ETH_HLEN);
	uint32_t len = be16_get(h->plen);

	if (v->p->lin < ETH_HLEN + 60 || h->next != IP_P_TCP || len < 20 ||
	    len + 40 + ETH_HLEN > v->p->len)
		return false;
	v->ip6 = h;
	v->tcp = (const struct wire_tcp *)(h + 1);
	v->head = ETH_HLEN + 40;
	v->payload = len;
	return true;
}

static bool csum_good(const struct view *v)
{
	struct ip_addr src, dst;

	if (v->p->flags & PKT_CSUM_OK)
		return true;
	if (v->ip4) {
		src = ip4_from_wire(v->ip4->src);
		dst = ip4_from_wire(v->ip4->dst);
	} else {
		src = ip6_from_wire(v->ip6->src);
		dst = ip6_from_wire(v->ip6->dst);
	}
	if (csum_fold(csum_pkt(csum_pseudo(src, dst, IP_P_TCP, v->payload + v->tcp_len), v->p,
			       v->head)) != 0)
		return false;
	v->p->flags |= PKT_CSUM_OK;
	return true;
}

/* Can this frame be part of a merge at all? */
static bool view_frame(struct view *v, struct pkt *p)
{
	const struct wire_eth *e = (const struct wire_eth *)p->data;
	uint16_t type;

	*v = (struct view){ .p = p };
	if (p->lin < ETH_HLEN || p->nfrags || !p->buf || p->gso_size || (p->flags & PKT_VLAN))
		return false;
	type = be16_get(e->type);
	if (!(type == ETH_P_IPV4 ? view_ip4(v) : type == ETH_P_IPV6 && view_ip6(v)))
		return false;
	v->tcp_len = (v->tcp->off >> 4) * 4U;
	if (v->tcp_len < 20 || v->tcp_len >= v->payload || v->head + v->tcp_len > p->lin ||
	    (v->tcp->flags & ~TCPF_PSH) != TCPF_ACK)
		return false;
	v->payload -= v->tcp_len;
	/* Padding of short frames is not payload. */
	if (v->head + v->tcp_len + v->payload < p->len)
		pkt_trim(p, v->head + v->tcp_len + v->payload);
	return csum_good(v);
}

static bool same_flow(const struct view *a, const struct view *b)
{
	if (memcmp(&a->tcp->sport, &b->tcp->sport, 4) != 0)
		return false;
	if (a->ip4)
		return b->ip4 && memcmp(&a->ip4->src, &b->ip4->src, 8) == 0;
	return b->ip6 && memcmp(a->ip6->src, b->ip6->src, 32) == 0;
}

static bool same_network(const struct view *a, const struct view *b)
{
	if (a->ip4)
		return a->ip4->tos == b->ip4->tos && a->ip4->ttl == b->ip4->ttl;
	return memcmp(&a->ip6->vtf, &b->ip6->vtf, 4) == 0 && a->ip6->hops == b->ip6->hops;
}

/* May `b` follow the `merged` payload bytes of `a`? */
static bool follows(const struct view *a, const struct view *b, uint32_t merged)
{
	return be32_get(b->tcp->seq) == be32_get(a->tcp->seq) + merged &&
	       memcmp(&a->tcp->ack, &b->tcp->ack, 4) == 0 && a->tcp_len == b->tcp_len &&
	       memcmp(&a->tcp->win, &b->tcp->win, 2) == 0 && same_network(a, b) &&
	       memcmp(a->tcp + 1, b->tcp + 1, a->tcp_len - 20) == 0 &&
	       a->p->len + b->payload <= GRO_MAX && a->p->nfrags < PKT_FRAGS &&
	       a->p->gso_size >= b->payload && !(a->tcp->flags & TCPF_PSH);
}

static void set_length(struct view *a)
{
	uint32_t len = a->p->len - ETH_HLEN;

	if (a->ip4) {
		struct wire_ip4 *h = (struct wire_ip4 *)(a->p->data + ETH_HLEN);

		h->len = be16_of((uint16_t)len);
		h->csum = be16_of(0);
		csum_store(&h->csum, csum_fold(csum_add(0, h, 20)));
	} else {
		((struct wire_ip6 *)(a->p->data + ETH_HLEN))->plen = be16_of((uint16_t)(len - 40));
	}
}

/* Take b's payload into a; b's packet is gone. */
static void merge(struct net_stack *st, struct view *a, struct view *b)
{
	struct wire_tcp *h = (struct wire_tcp *)(a->p->data + a->head);
	uint32_t at = (uint32_t)(b->p->data - b->p->buf->base) + b->head + b->tcp_len;

	h->flags |= b->tcp->flags & TCPF_PSH;
	if (pkt_add_frag(a->p, pbuf_get(b->p->buf), at, b->payload))
		MIB_INC(st, TcpExt_TCPGroMerged);
	pkt_free(b->p);
}

void gro_batch(struct net_if *ifc, struct pkt_list *batch)
{
	struct view flow[GRO_FLOWS], v;
	uint32_t merged[GRO_FLOWS];
	unsigned n = 0;
	struct pkt_list out;
	struct pkt *p;

	pkt_list_init(&out);
	while ((p = pkt_list_pop(batch)) != NULL) {
		unsigned i = 0;

		if (!view_frame(&v, p)) {
			/* It may belong to any of the flows: nothing may overtake it. */
			n = 0;
			pkt_list_add(&out, p);
			continue;
		}
		while (i < n && !same_flow(&flow[i], &v))
			i++;
		if (i < n && follows(&flow[i], &v, merged[i])) {
			merged[i] += v.payload;
			merge(ifc->st, &flow[i], &v);
			set_length(&flow[i]);
			/* A short segment ends the train. */
			if (v.payload < flow[i].p->gso_size)
				flow[i].p->gso_size = 0;
			continue;
		}
		pkt_list_add(&out, p);
		if (i == GRO_FLOWS)
			i = 0;
		n = MAX(n, i + 1);
		flow[i] = v;
		merged[i] = v.payload;
		p->gso_size = (uint16_t)v.payload;
	}
	pkt_list_splice(batch, &out);
}
