/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/csum.h: the internet checksum (RFC 1071).  Sums are partial, unfolded and byte-order free: what is
 * stored in a packet is csum_fold()'s value as it lies in memory.
 */
#pragma once

#include "lib/pkt.h"
#include "net/addr.h"

/* Add `n` bytes that begin at an even place of the packet. */
uint64_t csum_add(uint64_t sum, const void *p, size_t n);
uint64_t csum_pseudo(struct ip_addr src, struct ip_addr dst, uint8_t proto, uint32_t len);
/* Bytes [off, p->len) of a packet, `off` counted as even. */
uint64_t csum_pkt(uint64_t sum, const struct pkt *p, uint32_t off);

/* One's complement of the folded sum: to be stored with memcpy. */
static inline uint16_t csum_fold(uint64_t s)
{
	s = (s & 0xffffffffU) + (s >> 32);
	s = (s & 0xffff) + (s >> 16 & 0xffff) + (s >> 32);
	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static inline void csum_store(be16 *at, uint16_t folded)
{
	__builtin_memcpy(at->b, &folded, 2);
}

/* The sum of an IPv4 header without options. */
static inline uint64_t csum_ip4_header(const void *p)
{
	uint64_t a, b;
	uint32_t c;

	__builtin_memcpy(&a, p, 8);
	__builtin_memcpy(&b, (const uint8_t *)p + 8, 8);
	__builtin_memcpy(&c, (const uint8_t *)p + 16, 4);
	return (a >> 32) + (uint32_t)a + (b >> 32) + (uint32_t)b + c;
}

/* A sum that holds its own checksum, of bytes that are not all zero: does it fit?  2^16 is 1 modulo 2^16 - 1. */
static inline bool csum_right(uint64_t s)
{
	return s % 0xffff == 0;
}

/* Make the checksum that PKT_CSUM_NEEDED asks for, here. */
void csum_finish(struct pkt *p);
