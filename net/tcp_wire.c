/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp_wire.c: a TCP header becomes a checked value.  Pure; takes any bytes.
 */
#include "net/tcp_int.h"

static uint32_t get32(const uint8_t *p)
{
	be32 x;

	memcpy(x.b, p, 4);
	return be32_get(x);
}

static void opt_sack(const uint8_t *o, uint32_t len, struct tcp_seg *s)
{
	uint32_t n = (len - 2) / 8;

	if (len < 10 || (len - 2) % 8)
		return;
	s->nsack = (uint8_t)MIN(n, (uint32_t)TCP_SACKS);
	for (uint32_t i = 0; i < s->nsack; i++) {
		s->sack[i].start.v = get32(o + 2 + 8 * i);
		s->sack[i].end.v = get32(o + 6 + 8 * i);
	}
}

static void opt_fastopen(const uint8_t *o, uint32_t len, struct tcp_seg *s)
{
	/* RFC 7413 4.1.1: 4 to 16 bytes, even; others are as if absent. */
	if (len != 2 && (len < 6 || len > 18 || len % 2))
		return;
	s->fo_len = (int8_t)(len - 2);
	memcpy(s->fo, o + 2, len - 2);
}

/* One option of `len` bytes; those of a wrong length are ignored (RFC 9293 3.2: MUST-6). */
static void option(const uint8_t *o, uint32_t len, struct tcp_seg *s)
{
	bool syn = s->flags & TCPF_SYN;

	switch (o[0]) {
	case TCPO_MSS:
		if (syn && len == 4)
			s->mss = (uint16_t)(o[2] << 8 | o[3]);
		break;
	case TCPO_WSCALE:
		if (syn && len == 3) {
			s->has_ws = true;
			s->wscale = o[2] < 14 ? o[2] : 14; /* RFC 7323 2.3 */
		}
		break;
	case TCPO_SACK_OK:
		if (syn && len == 2)
			s->sack_ok = true;
		break;
	case TCPO_SACK:
		opt_sack(o, len, s);
		break;
	case TCPO_TS:
		if (len == 10) {
			s->has_ts = true;
			s->tsval = get32(o + 2);
			s->tsecr = get32(o + 6);
		}
		break;
	case TCPO_FASTOPEN:
		if (syn)
			opt_fastopen(o, len, s);
		break;
	}
}

/* RFC 9293 3.1: kind, length, and room for it; MUST-7: a length that lies must not hurt. */
static enum drop options(const uint8_t *o, uint32_t n, struct tcp_seg *s)
{
	while (n) {
		uint32_t len;

		if (*o == TCPO_END)
			return DROP_NONE;
		if (*o == TCPO_NOP) {
			o++;
			n--;
			continue;
		}
		if (n < 2)
			return DROP_TCP_OPTION;
		len = o[1];
		if (len < 2 || len > n)
			return DROP_TCP_OPTION;
		option(o, len, s);
		o += len;
		n -= len;
	}
	return DROP_NONE;
}

/* The layout that nearly every segment of a connection has (RFC 7323 appendix A). */
static bool only_ts(const uint8_t *o, struct tcp_seg *s)
{
	static const uint8_t head[4] = { TCPO_NOP, TCPO_NOP, TCPO_TS, 10 };

	if (memcmp(o, head, 4) != 0)
		return false;
	s->has_ts = true;
	s->tsval = get32(o + 4);
	s->tsecr = get32(o + 8);
	return true;
}

enum drop tcp_seg_parse(const uint8_t *b, uint32_t len, uint32_t total, struct tcp_seg *s)
{
	const struct wire_tcp *h = (const struct wire_tcp *)b;
	uint32_t hlen;

	if (unlikely(len < sizeof(*h)))
		return DROP_TCP_SHORT;
	hlen = (h->off >> 4) * 4U;
	if (unlikely(hlen < sizeof(*h) || hlen > len || hlen > total))
		return DROP_TCP_SHORT;
	s->sport = be16_get(h->sport);
	s->dport = be16_get(h->dport);
	s->seq.v = be32_get(h->seq);
	s->ack.v = be32_get(h->ack);
	s->flags = h->flags;
	s->win = be16_get(h->win);
	s->urp = be16_get(h->urp);
	s->hlen = hlen;
	s->len = total - hlen;
	s->end = seq_add(s->seq, s->len + !!(h->flags & TCPF_SYN) + !!(h->flags & TCPF_FIN));
	s->ce = false;
	s->has_ts = false;
	s->fast = true;
	s->nsack = 0;
	/* The members that only a SYN has stay as they are without one. */
	if (likely(!(h->flags & TCPF_SYN))) {
		if (likely(hlen == 32) && only_ts(b + 20, s))
			return DROP_NONE;
		if (hlen == 20)
			return DROP_NONE;
	}
	s->fast = false;
	s->mss = 0;
	s->has_ws = s->sack_ok = false;
	s->wscale = 0;
	s->fo_len = -1;
	return options(b + 20, hlen - 20, s);
}
