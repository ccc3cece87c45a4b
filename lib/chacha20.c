/* SPDX-License-Identifier: Apache-2.0 */
/* lib/chacha20.c: RFC 8439, section 2. */
#include "lib/chacha20.h"
#include "lib/mem.h"

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t rotl(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

/* 2.1 */
static void quarter_round(uint32_t *v, unsigned a, unsigned b, unsigned c, unsigned d)
{
	v[a] += v[b];
	v[d] = rotl(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = rotl(v[b] ^ v[c], 12);
	v[a] += v[b];
	v[d] = rotl(v[d] ^ v[a], 8);
	v[c] += v[d];
	v[b] = rotl(v[b] ^ v[c], 7);
}

/* 2.3: columns, then diagonals. */
static void double_round(uint32_t *v)
{
	for (unsigned i = 0; i < 4; i++)
		quarter_round(v, i, 4 + i, 8 + i, 12 + i);
	for (unsigned i = 0; i < 4; i++)
		quarter_round(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
}

void chacha20_init(struct chacha20 *c, const uint8_t key[CHACHA20_KEY_BYTES], uint32_t counter,
		   const uint8_t nonce[12])
{
	c->v[0] = 0x61707865; /* "expand 32-byte k" */
	c->v[1] = 0x3320646e;
	c->v[2] = 0x79622d32;
	c->v[3] = 0x6b206574;
	for (unsigned i = 0; i < 8; i++)
		c->v[4 + i] = get32(key + 4 * (size_t)i);
	c->v[12] = counter;
	for (unsigned i = 0; i < 3; i++)
		c->v[13 + i] = get32(nonce + 4 * (size_t)i);
}

void chacha20_block(struct chacha20 *c, uint8_t out[CHACHA20_BLOCK_BYTES])
{
	uint32_t v[16];

	memcpy(v, c->v, sizeof(v));
	for (int i = 0; i < 10; i++)
		double_round(v);
	for (unsigned i = 0; i < 16; i++)
		put32(out + 4 * (size_t)i, v[i] + c->v[i]);
	c->v[12]++;
}
