/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/endian.h: integers whose byte order is fixed by someone else (network, disk, device).  They are
 * byte arrays in a struct, so that they have no alignment, cannot be added or compared by mistake, and
 * an access never depends on the CPU's order.  Compilers turn each accessor into one load and a swap.
 */
#pragma once

#include <stdint.h>

typedef struct {
	uint8_t b[2];
} be16;
typedef struct {
	uint8_t b[4];
} be32;
typedef struct {
	uint8_t b[8];
} be64;

static inline uint16_t be16_get(be16 x)
{
	uint16_t v;

	__builtin_memcpy(&v, x.b, sizeof(v));
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(v) : v;
}

static inline uint32_t be32_get(be32 x)
{
	uint32_t v;

	__builtin_memcpy(&v, x.b, sizeof(v));
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(v) : v;
}

static inline uint64_t be64_get(be64 x)
{
	uint64_t v;

	__builtin_memcpy(&v, x.b, sizeof(v));
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(v) : v;
}

static inline be16 be16_of(uint16_t v)
{
	be16 x;

	v = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(v) : v;
	__builtin_memcpy(x.b, &v, sizeof(v));
	return x;
}

static inline be32 be32_of(uint32_t v)
{
	be32 x;

	v = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(v) : v;
	__builtin_memcpy(x.b, &v, sizeof(v));
	return x;
}

static inline be64 be64_of(uint64_t v)
{
	be64 x;

	v = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(v) : v;
	__builtin_memcpy(x.b, &v, sizeof(v));
	return x;
}
