/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/crc32c.c: four bytes a step, a nibble a look-up.  A CRC is linear over GF(2): an entry of a table is the xor of
 * the entries of its index's bits, so that four constants a table are enough for the compiler to make it, and a
 * byte's entry is the xor of its nibbles'.  Eight tables of 16 are an eighth of the size of the usual four of 256; the log that
 * is checked by it is read from a disk.
 */
#include "lib/crc32c.h"

#define ENTRY(i, k0, k1, k2, k3) \
	(((i)&1 ? (k0) : 0u) ^ ((i)&2 ? (k1) : 0u) ^ ((i)&4 ? (k2) : 0u) ^ ((i)&8 ? (k3) : 0u))
#define ROW4(i, ...)                                                                     \
	ENTRY(i, __VA_ARGS__), ENTRY((i) + 1, __VA_ARGS__), ENTRY((i) + 2, __VA_ARGS__), \
		ENTRY((i) + 3, __VA_ARGS__)
#define ROW(...)                                                                  \
	{                                                                         \
		ROW4(0, __VA_ARGS__), ROW4(4, __VA_ARGS__), ROW4(8, __VA_ARGS__), \
			ROW4(12, __VA_ARGS__)                                     \
	}

/* 2n and 2n + 1: the CRCs of the low and the high nibble of a byte that n zero bytes follow. */
static const uint32_t table[8][16] = {
	ROW(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf), /* n = 0 */
	ROW(0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78),
	ROW(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8), /* n = 1 */
	ROW(0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9),
	ROW(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5), /* n = 2 */
	ROW(0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743),
	ROW(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6), /* n = 3 */
	ROW(0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f),
};

static uint32_t of_byte(unsigned n, uint32_t b)
{
	return table[2 * n][b & 15] ^ table[2 * n + 1][b >> 4 & 15];
}

uint32_t crc32c(uint32_t crc, const void *p, size_t len)
{
	const uint8_t *b = p;
	uint32_t c = ~crc;

	for (; len >= 4; len -= 4, b += 4) {
		c ^= (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
		     (uint32_t)b[3] << 24;
		c = of_byte(3, c) ^ of_byte(2, c >> 8) ^ of_byte(1, c >> 16) ^ of_byte(0, c >> 24);
	}
	for (; len; len--)
		c = of_byte(0, c ^ *b++) ^ c >> 8;
	return ~c;
}
