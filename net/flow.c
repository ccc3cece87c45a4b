/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/flow.c: the hash that steers frames to shards.  Symmetric: both ends' addresses go in by XOR and
 * sum, so that either direction of a flow gives the same value.  Not keyed: it only spreads load.
 */
#include "net/net_int.h"

static uint32_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	x ^= x >> 33;
	return (uint32_t)x ? (uint32_t)x : 1; /* 0 is for what is no flow */
}

uint32_t net_flow_hash_tuple(const struct net_flow *f)
{
	uint64_t a = f->local.q[0] ^ f->local.q[1] * 3, b = f->remote.q[0] ^ f->remote.q[1] * 3;
	uint64_t ports = (uint64_t)(f->lport ^ f->rport) << 16 | (uint16_t)(f->lport + f->rport);

	return mix((a ^ b) + (a + b) * 5 + ports * 0x9e3779b97f4a7c15ULL + f->proto);
}

static uint32_t ports_and_hash(struct net_flow *f, const uint8_t *l4, size_t n)
{
	const struct wire_udp *h =
		(const struct wire_udp *)l4; /* TCP's ports lie in the same place */

	if ((f->proto != IP_P_TCP && f->proto != IP_P_UDP) || n < 4)
		return 0;
	f->lport = be16_get(h->dport);
	f->rport = be16_get(h->sport);
	return net_flow_hash_tuple(f);
}

uint32_t net_flow_hash(const uint8_t *frame, size_t len)
{
	const struct wire_eth *e = (const struct wire_eth *)frame;
	struct net_flow f = { .proto = 0 };

	if (len < ETH_HLEN + 20)
		return 0;
	if (be16_get(e->type) == ETH_P_IPV4) {
		const struct wire_ip4 *h = (const struct wire_ip4 *)(e + 1);
		size_t hlen = (h->ver_ihl & 15U) * 4;

		/* All fragments must come to one shard, and only the first has ports. */
		if (be16_get(h->frag) & (IP4_MF | IP4_OFFSET) || len < ETH_HLEN + hlen)
			return 0;
		f.proto = h->proto;
		f.local = ip4_from_wire(h->dst);
		f.remote = ip4_from_wire(h->src);
		return ports_and_hash(&f, frame + ETH_HLEN + hlen, len - ETH_HLEN - hlen);
	}
	if (be16_get(e->type) == ETH_P_IPV6 && len >= ETH_HLEN + 40) {
		const struct wire_ip6 *h = (const struct wire_ip6 *)(e + 1);

		f.proto = h->next;
		f.local = ip6_from_wire(h->dst);
		f.remote = ip6_from_wire(h->src);
		return ports_and_hash(&f, frame + ETH_HLEN + 40, len - ETH_HLEN - 40);
	}
	return 0;
}
