/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/csum.c: sums are taken 8 bytes at a time with end-around carry; one's complement addition does not
 * care about byte order or width (RFC 1071 2).
 */
#include "net/csum.h"

#include "lib/mem.h"

static uint64_t add_carry(uint64_t a, uint64_t b)
{
	a += b;
	return a + (a < b);
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

uint64_t csum_add(uint64_t sum, const void *ptr, size_t n)
{
	const uint8_t *p = ptr;
	uint64_t tail = 0;

	for (; n >= 32; n -= 32, p += 32) {
		sum = add_carry(sum, load64(p));
		sum = add_carry(sum, load64(p + 8));
		sum = add_carry(sum, load64(p + 16));
		sum = add_carry(sum, load64(p + 24));
	}
	for (; n >= 8; n -= 8, p += 8)
		sum = add_carry(sum, load64(p));
	memcpy(&tail, p, n);
	return add_carry(sum, tail);
}

uint64_t csum_pseudo(struct ip_addr src, struct ip_addr dst, uint8_t proto, uint32_t len)
{
	be32 tail[2] = { be32_of(len), be32_of(proto) };
	uint64_t sum, t;

	memcpy(&t, tail, sizeof(t));
	if (ip_is_v4(dst)) {
		sum = add_carry(src.w[3], dst.w[3]);
	} else {
		sum = add_carry(src.q[0], src.q[1]);
		sum = add_carry(sum, dst.q[0]);
		sum = add_carry(sum, dst.q[1]);
	}
	return add_carry(sum, t);
}

/* The sum of bytes that begin at an odd place: swap the halves of the folded sum (RFC 1071 2 (B)). */
static uint64_t add_at(uint64_t sum, uint32_t at, const void *p, size_t n)
{
	uint16_t part;

	if (at % 2 == 0)
		return csum_add(sum, p, n);
	part = (uint16_t)~csum_fold(csum_add(0, p, n));
	return add_carry(sum, __builtin_bswap16(part));
}

uint64_t csum_pkt(uint64_t sum, const struct pkt *p, uint32_t off)
{
	uint32_t at = 0;

	if (off < p->lin) {
		sum = csum_add(sum, p->data + off, p->lin - off);
		at = p->lin - off;
		off = 0;
	} else {
		off -= p->lin;
	}
	for (unsigned i = 0; i < p->nfrags; i++) {
		const struct pkt_frag *f = &p->frag[i];

		if (off >= f->len) {
			off -= f->len;
			continue;
		}
		sum = add_at(sum, at, f->buf->base + f->off + off, f->len - off);
		at += f->len - off;
		off = 0;
	}
	return sum;
}

void csum_finish(struct pkt *p)
{
	uint16_t folded = csum_fold(csum_pkt(0, p, (uint32_t)(p->l4 - p->data)));

	/* RFC 768: a UDP sum of zero is sent as all ones; for TCP both mean the same. */
	if (folded == 0)
		folded = 0xffff;
	memcpy(p->l4 + p->csum_off, &folded, 2);
	p->flags &= (uint16_t)~PKT_CSUM_NEEDED;
}
