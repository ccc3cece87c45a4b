/* SPDX-License-Identifier: Apache-2.0 */
/* dev/virtio_net_hdr.c: see virtio_net_hdr.h. */
#include "dev/virtio_net_hdr.h"

static uint8_t gso_type_of(const struct pkt *p)
{
	static const uint8_t type[] = { [PKT_GSO_NONE] = VIRTIO_NET_GSO_NONE,
					[PKT_GSO_TCP4] = VIRTIO_NET_GSO_TCPV4,
					[PKT_GSO_TCP6] = VIRTIO_NET_GSO_TCPV6,
					[PKT_GSO_UDP] = VIRTIO_NET_GSO_UDP_L4 };

	return type[p->gso_type] | (p->gso_ecn ? VIRTIO_NET_GSO_ECN : 0);
}

/* Headers up to the payload: TCP says its length in the upper half of byte 12, in words. */
static uint16_t header_bytes(const struct pkt *p)
{
	size_t l4 = (size_t)(p->l4 - p->data);

	return (uint16_t)(l4 + (p->gso_type == PKT_GSO_UDP ? 8u : (p->l4[12] >> 4) * 4u));
}

void virtio_net_hdr_of(const struct pkt *p, struct virtio_net_hdr *h)
{
	*h = (struct virtio_net_hdr){ 0 };
	if (p->flags & PKT_CSUM_NEEDED) {
		h->flags = VIRTIO_NET_HDR_NEEDS_CSUM;
		h->csum_start = (uint16_t)(p->l4 - p->data);
		h->csum_offset = p->csum_off;
	}
	if (p->gso_type) {
		h->gso_type = gso_type_of(p);
		h->gso_size = p->gso_size;
		h->hdr_len = header_bytes(p);
	}
}

static bool apply_gso(const struct virtio_net_hdr *h, uint64_t features, struct pkt *p)
{
	static const struct {
		uint8_t type;
		uint8_t gso;
		uint64_t needs; /* any of these */
	} map[] = {
		{ VIRTIO_NET_GSO_TCPV4, PKT_GSO_TCP4, VIRTIO_NET_F_GUEST_TSO4 },
		{ VIRTIO_NET_GSO_TCPV6, PKT_GSO_TCP6, VIRTIO_NET_F_GUEST_TSO6 },
		{ VIRTIO_NET_GSO_UDP_L4, PKT_GSO_UDP,
		  VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6 },
	};

	if (h->gso_size == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (map[i].type == (h->gso_type & ~VIRTIO_NET_GSO_ECN)) {
			p->gso_type = map[i].gso;
			p->gso_size = h->gso_size;
			p->gso_ecn = (h->gso_type & VIRTIO_NET_GSO_ECN) != 0;
			return (features & map[i].needs) != 0;
		}
	return false;
}

/* The sum's place must be in the linear part: that is what the stack will look at. */
static bool apply_partial(const struct virtio_net_hdr *h, struct pkt *p)
{
	if ((uint32_t)h->csum_start + h->csum_offset + 2u > p->lin)
		return false;
	p->l4 = p->data + h->csum_start;
	p->csum_off = h->csum_offset;
	p->flags |= PKT_CSUM_NEEDED;
	return true;
}

bool virtio_net_hdr_apply(const struct virtio_net_hdr *h, uint64_t features, struct pkt *p)
{
	bool csum = features & VIRTIO_NET_F_GUEST_CSUM;

	/* 5.1.6.4.1: without GUEST_CSUM the flags are zero; what they say is not believed. */
	if (csum && h->flags & VIRTIO_NET_HDR_NEEDS_CSUM) {
		if (!apply_partial(h, p))
			return false;
	} else if (csum && h->flags & VIRTIO_NET_HDR_DATA_VALID) {
		p->flags |= PKT_CSUM_OK;
	}
	return h->gso_type == VIRTIO_NET_GSO_NONE || apply_gso(h, features, p);
}
