/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/gso.c: segmentation in software, for devices without TSO or USO: what they would have done, with the
 * headers copied and the payload shared.
 */
#include "net/net_int.h"

#include "net/csum.h"

/* One segment: the headers of `p`, then [off, off + n) of its payload. */
static struct pkt *segment(struct net_stack *st, const struct pkt *p, uint32_t head, uint32_t off,
			   uint32_t n)
{
	uint32_t linear = p->lin > head ? MIN(n, 1600U) : 0;
	struct pkt *s = pkt_alloc_lin(&st->pool, PKT_HEADROOM - 40, head + linear);
	uint32_t at = 0;

	if (!s)
		return NULL;
	memcpy(pkt_put(s, head), p->data, head);
	s->l3 = s->data + (p->l3 - p->data);
	s->l4 = s->data + (p->l4 - p->data);
	s->flags = p->flags;
	s->csum_off = p->csum_off;
	s->nif = p->nif;
	if (p->lin > head) {
		/* Payload in the linear part (a merged frame that goes out again): copy it. */
		if (pkt_append_range(s, p, head + off, n))
			return s;
		pkt_free(s);
		return NULL;
	}
	for (unsigned i = 0; i < p->nfrags && n; i++) {
		const struct pkt_frag *f = &p->frag[i];
		uint32_t from = off > at ? off - at : 0, take;

		at += f->len;
		if (from >= f->len)
			continue;
		take = MIN(n, f->len - from);
		if (!pkt_add_frag(s, pbuf_get(f->buf), f->off + from, take))
			break;
		off += take;
		n -= take;
	}
	return s;
}

static void fix_ip(struct pkt *s, bool v6, unsigned i)
{
	uint32_t len = s->len - (uint32_t)(s->l3 - s->data);

	if (v6) {
		((struct wire_ip6 *)s->l3)->plen =
			be16_of((uint16_t)(len - sizeof(struct wire_ip6)));
	} else {
		struct wire_ip4 *h = (struct wire_ip4 *)s->l3;

		h->len = be16_of((uint16_t)len);
		h->id = be16_of((uint16_t)(be16_get(h->id) + i));
		h->csum = be16_of(0);
		csum_store(&h->csum, csum_fold(csum_add(0, h, (h->ver_ihl & 15U) * 4)));
	}
}

static uint16_t pseudo(const struct pkt *s, bool v6, uint8_t proto)
{
	uint32_t len = s->len - (uint32_t)(s->l4 - s->data);
	struct ip_addr src, dst;

	if (v6) {
		src = ip6_from_wire(((const struct wire_ip6 *)s->l3)->src);
		dst = ip6_from_wire(((const struct wire_ip6 *)s->l3)->dst);
	} else {
		src = ip4_from_wire(((const struct wire_ip4 *)s->l3)->src);
		dst = ip4_from_wire(((const struct wire_ip4 *)s->l3)->dst);
	}
	return (uint16_t)~csum_fold(csum_pseudo(src, dst, proto, len));
}

static void fix_tcp(struct pkt *s, bool v6, uint32_t off, bool first, bool last)
{
	struct wire_tcp *h = (struct wire_tcp *)s->l4;

	h->seq = be32_of(be32_get(h->seq) + off);
	if (!last)
		h->flags &= (uint8_t) ~(TCPF_FIN | TCPF_PSH);
	if (!first)
		h->flags &= (uint8_t)~TCPF_CWR; /* RFC 3168 6.1.2: once */
	csum_store(&h->csum, pseudo(s, v6, IP_P_TCP));
}

static void fix_udp(struct pkt *s, bool v6)
{
	struct wire_udp *h = (struct wire_udp *)s->l4;

	h->len = be16_of((uint16_t)(s->len - (uint32_t)(s->l4 - s->data)));
	csum_store(&h->csum, pseudo(s, v6, IP_P_UDP));
}

void gso_split(struct net_stack *st, struct pkt *p, struct pkt_list *out)
{
	bool udp = p->gso_type == PKT_GSO_UDP, v6 = p->l3[0] >> 4 == 6;
	uint32_t head = (uint32_t)(p->l4 - p->data) +
			(udp ? 8U : (((const struct wire_tcp *)p->l4)->off >> 4) * 4U);
	uint32_t total = p->len - head, i = 0;

	for (uint32_t off = 0; off < total; off += p->gso_size, i++) {
		uint32_t n = MIN(total - off, (uint32_t)p->gso_size);
		struct pkt *s = segment(st, p, head, off, n);

		if (!s)
			break; /* as if the rest had been lost on the way */
		fix_ip(s, v6, i);
		if (udp)
			fix_udp(s, v6);
		else
			fix_tcp(s, v6, off, off == 0, off + n == total);
		pkt_list_add(out, s);
	}
	pkt_free(p);
}
