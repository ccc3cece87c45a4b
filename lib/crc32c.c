/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/crc32c.c: four bytes a step through four tables.  A CRC table is linear over GF(2): each entry is the xor of
 * the entries of its index's bits, so that eight constants a table are enough for the compiler to make it.
 */
#include "lib/crc32c.h"

#include "lib/mem.h"

#define BIT(i, b, k) (((i) & (1 << (b))) ? (k) : 0u)
#define ENTRY(i, k0, k1, k2, k3, k4, k5, k6, k7)                                         \
	(BIT(i, 0, k0) ^ BIT(i, 1, k1) ^ BIT(i, 2, k2) ^ BIT(i, 3, k3) ^ BIT(i, 4, k4) ^ \
	 BIT(i, 5, k5) ^ BIT(i, 6, k6) ^ BIT(i, 7, k7))

/* T<n>(i): the CRC of byte i followed by n zero bytes. */
#define T0(i)                                                                            \
	ENTRY(i, 0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf, 0x105ec76f, 0x20bd8ede, \
	      0x417b1dbc, 0x82f63b78)
#define T1(i)                                                                            \
	ENTRY(i, 0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8, 0x3fc5f181, 0x7f8be302, \
	      0xff17c604, 0xfbc3faf9)
#define T2(i)                                                                            \
	ENTRY(i, 0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5, 0x70a27d8a, 0xe144fb14, \
	      0xc76580d9, 0x8b277743)
#define T3(i)                                                                            \
	ENTRY(i, 0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6, 0xe964b13d, 0xd725148b, \
	      0xaba65fe7, 0x52a0c93f)

#define ROW4(t, i)  t(i), t((i) + 1), t((i) + 2), t((i) + 3)
#define ROW16(t, i) ROW4(t, i), ROW4(t, (i) + 4), ROW4(t, (i) + 8), ROW4(t, (i) + 12)
#define ROW64(t, i) ROW16(t, i), ROW16(t, (i) + 16), ROW16(t, (i) + 32), ROW16(t, (i) + 48)
#define ROWS(t)                                                         \
	{                                                               \
		ROW64(t, 0), ROW64(t, 64), ROW64(t, 128), ROW64(t, 192) \
	}

static const uint32_t table[4][256] = { ROWS(T0), ROWS(T1), ROWS(T2), ROWS(T3) };

uint32_t crc32c(uint32_t crc, const void *p, size_t len)
{
	const uint8_t *b = p;
	uint32_t c = ~crc;

	for (; len >= 4; len -= 4, b += 4) {
		c ^= (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
		     (uint32_t)b[3] << 24;
		c = table[3][c & 0xff] ^ table[2][c >> 8 & 0xff] ^ table[1][c >> 16 & 0xff] ^
		    table[0][c >> 24];
	}
	for (; len; len--)
		c = table[0][(c ^ *b++) & 0xff] ^ c >> 8;
	return ~c;
}
