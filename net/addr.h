/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/addr.h: internet addresses as values.  One type for both families: an IPv4 address is held as
 * its IPv4-mapped IPv6 form (RFC 4291 2.5.5.2), so that everything above IP has one code path.  Bytes
 * are in network order; ports are in host order everywhere but on the wire.
 */
#pragma once

#include "abi/endian.h"
#include "lib/util.h"

struct ip_addr {
	union {
		uint8_t b[16];
		uint32_t w[4];
		uint64_t q[2];
	};
};

struct eth_addr {
	uint8_t b[6];
};

#define IP_ADDR_V4_HEAD                                                  \
	{                                                                \
		{                                                        \
			{                                                \
				0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff \
			}                                                \
		}                                                        \
	}

/* IPv4 address from a host-order number. */
static inline struct ip_addr ip4(uint32_t a)
{
	struct ip_addr x = IP_ADDR_V4_HEAD;
	be32 w = be32_of(a);

	__builtin_memcpy(&x.b[12], w.b, 4);
	return x;
}

static inline struct ip_addr ip4_from_wire(be32 a)
{
	struct ip_addr x = IP_ADDR_V4_HEAD;

	__builtin_memcpy(&x.b[12], a.b, 4);
	return x;
}

static inline struct ip_addr ip6_from_wire(const uint8_t b[16])
{
	struct ip_addr x;

	__builtin_memcpy(x.b, b, 16);
	return x;
}

static inline be32 ip4_to_wire(struct ip_addr a)
{
	be32 w;

	__builtin_memcpy(w.b, &a.b[12], 4);
	return w;
}

static inline uint32_t ip4_num(struct ip_addr a)
{
	return be32_get(ip4_to_wire(a));
}

static inline bool ip_is_v4(struct ip_addr a)
{
	const struct ip_addr head = IP_ADDR_V4_HEAD;

	return a.q[0] == 0 && a.w[2] == head.w[2];
}

static inline bool ip_eq(struct ip_addr a, struct ip_addr b)
{
	return ((a.q[0] ^ b.q[0]) | (a.q[1] ^ b.q[1])) == 0;
}

/* :: or 0.0.0.0 */
static inline bool ip_is_any(struct ip_addr a)
{
	return a.w[3] == 0 && a.q[0] == 0 && (a.w[2] == 0 || ip_is_v4(a));
}

static inline bool ip_is_multicast(struct ip_addr a)
{
	return ip_is_v4(a) ? (a.b[12] & 0xf0) == 0xe0 : a.b[0] == 0xff;
}

static inline bool ip_is_bcast_all(struct ip_addr a)
{
	return ip_is_v4(a) && a.w[3] == 0xffffffffU;
}

/* fe80::/10 */
static inline bool ip6_is_link_local(struct ip_addr a)
{
	return a.b[0] == 0xfe && (a.b[1] & 0xc0) == 0x80;
}

bool ip_is_loopback(struct ip_addr a); /* 127/8 or ::1 */
/* May be the source of a packet from elsewhere: no multicast, broadcast; 0.0.0.0 neither. */
bool ip_is_unicast(struct ip_addr a);
/* Are the first `bits` bits (of the IPv6 form: 96 more for IPv4) the same? */
bool ip_prefix_eq(struct ip_addr a, struct ip_addr b, unsigned bits);

enum { IP_ADDR_TEXT = 48 };
/* Text of RFC 5952, or dotted.  At most IP_ADDR_TEXT bytes with the NUL; returns `buf`. */
char *ip_addr_text(char *buf, struct ip_addr a);
/* 0 or -EINVAL. */
must_check int ip_addr_parse(const char *s, struct ip_addr *out);

static inline bool eth_eq(struct eth_addr a, struct eth_addr b)
{
	return __builtin_memcmp(a.b, b.b, 6) == 0;
}
