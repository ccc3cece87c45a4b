/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/flow.c: the hash that steers frames to shards.  Symmetric: both ends' addresses go in by XOR and
 * sum, so that either direction of a flow gives the same value.  Not keyed: it only spreads load.  All of what comes
 * for a UDP port goes one way: which socket has it can only be decided where all of the port's sockets are.
 */
#include "net/net_int.h"

#include "abi/wire_dhcp.h"

static uint32_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	x ^= x >> 33;
	return (uint32_t)x ? (uint32_t)x : 1; /* 0 is for what is no flow */
}

/* The DHCP clients' are the primary shard's business. */
uint32_t net_port_hash(uint16_t port)
{
	if (unlikely(port == DHCP4_CLIENT_PORT || port == DHCP6_CLIENT_PORT))
		return 0;
	return mix(port + 0x9e3779b97f4a7c15ULL);
}

static uint32_t both_ends(const struct net_flow *f)
{
	uint64_t a = f->local.q[0] ^ f->local.q[1] * 3, b = f->remote.q[0] ^ f->remote.q[1] * 3;
	uint64_t ports = (uint64_t)(f->lport ^ f->rport) << 16 | (uint16_t)(f->lport + f->rport);

	return mix((a ^ b) + (a + b) * 5 + ports * 0x9e3779b97f4a7c15ULL + f->proto);
}

uint32_t net_flow_hash_tuple(const struct net_flow *f)
{
	if (f->proto == IP_P_UDP)
		return net_port_hash(f->lport);
	return both_ends(f);
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

static uint32_t hash4(const struct wire_ip4 *h, size_t len)
{
	size_t hlen = (h->ver_ihl & 15U) * 4;
	struct net_flow f = { .proto = h->proto };

	/* All fragments must come to one shard, and only the first has ports. */
	if (be16_get(h->frag) & (IP4_MF | IP4_OFFSET) || len < hlen)
		return 0;
	f.local = ip4_from_wire(h->dst);
	f.remote = ip4_from_wire(h->src);
	return ports_and_hash(&f, (const uint8_t *)h + hlen, len - hlen);
}

static uint32_t hash6(const struct wire_ip6 *h, size_t len)
{
	struct net_flow f = { .proto = h->next };

	f.local = ip6_from_wire(h->dst);
	f.remote = ip6_from_wire(h->src);
	return ports_and_hash(&f, (const uint8_t *)(h + 1), len - sizeof(*h));
}

uint32_t net_flow_hash(const uint8_t *frame, size_t len)
{
	const struct wire_eth *e = (const struct wire_eth *)frame;
	const uint8_t *l3 = frame + ETH_HLEN;
	uint16_t type;

	if (len < ETH_HLEN + 20)
		return 0;
	type = be16_get(e->type);
	len -= ETH_HLEN;
	if (unlikely(type == ETH_P_VLAN)) {
		type = be16_get(((const struct wire_vlan *)l3)->type);
		l3 += sizeof(struct wire_vlan);
		len -= sizeof(struct wire_vlan);
	}
	if (type == ETH_P_IPV4 && len >= 20)
		return hash4((const struct wire_ip4 *)l3, len);
	if (type == ETH_P_IPV6 && len >= 40)
		return hash6((const struct wire_ip6 *)l3, len);
	return 0;
}
