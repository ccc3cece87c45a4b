/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/fuzz/fuzz_tcp_rx.c: a sequence of segments and socket calls against one connection.  Numbers are taken
 * relative to the connection's, so that they are often near the edges that matter.  After each step the
 * connection's sums must agree with its queues.
 */
#include <stdlib.h>
#include <string.h>

#include "net/csum.h"
#include "net/tcp_int.h"
#include "test/lib/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t n;
};

static uint8_t u8(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return *in->p++;
}

static uint16_t u16(struct input *in)
{
	uint16_t hi = u8(in);

	return (uint16_t)(hi << 8 | u8(in));
}

static struct link l;
static struct tcp_conn *c;
static char o;

/* What must hold whatever the peer sends. */
static void check(void)
{
	uint32_t sacked = 0, lost = 0, retrans = 0, n = 0, bytes = 0;
	struct seq at = c->snd_una;
	struct tcp_rec *r;
	struct pkt *p;

	if (c->state == TCP_CLOSED)
		return;
	list_for_each_entry (r, &c->recs, link) {
		uint32_t len = seq_dist(r->seq, r->end);

		ASSERT(seq_eq(r->seq, at) && len > 0);
		at = r->end;
		sacked += r->flags & REC_SACKED ? len : 0;
		lost += r->flags & REC_LOST ? len : 0;
		retrans += r->flags & REC_RETRANS ? len : 0;
		ASSERT((r->flags & (REC_SACKED | REC_LOST)) != (REC_SACKED | REC_LOST));
		n++;
	}
	if (n)
		ASSERT(seq_eq(at, c->snd_nxt));
	ASSERT(n == c->nrecs && lost == c->lost && retrans == c->retrans);
	ASSERT(!c->sack_on || sacked == c->sacked);
	ASSERT(seq_le(c->snd_una, c->snd_nxt));
	for (p = c->rq.first; p; p = p->next)
		bytes += p->len;
	ASSERT(bytes == c->rq_bytes);
	for (bytes = 0, p = c->ofo.first; p; p = p->next)
		bytes += p->len;
	ASSERT(bytes == c->ofo_bytes);
	ASSERT(c->cwnd >= c->mss || c->state == TCP_SYN_SENT || c->state == TCP_SYN_RECEIVED);
}

/* Near one of the numbers that matter. */
static uint32_t near_seq(struct input *in)
{
	static const int32_t step[] = { 0,    1,     -1,    100,    -100, 1000,
					1460, -1460, 60000, -60000, 5,	  2920 };
	uint8_t k = u8(in);
	uint32_t base = k & 0x80 ? c->rcv_adv.v : c->rcv_nxt.v;

	return base + (uint32_t)step[(k & 0x7f) % ARRAY_LEN(step)];
}

static uint32_t near_ack(struct input *in)
{
	uint8_t k = u8(in);
	uint32_t flight = seq_dist(c->snd_una, c->snd_nxt);

	if (k & 0x80)
		return c->snd_una.v + (uint32_t)(k & 0x7f) - 64;
	return c->snd_una.v + (flight ? flight * (k & 0x7fU) / 0x7fU : 0);
}

static uint32_t options(struct input *in, uint8_t *out)
{
	uint8_t k = u8(in), n = 0;

	if (k & 1) {
		uint32_t v = c->ts_recent + (k & 2 ? u8(in) : (uint32_t)-1),
			 e = tcp_ts_now(c) - u8(in);
		be32 a = be32_of(v), b = be32_of(e);

		memcpy(out, (uint8_t[]){ 1, 1, 8, 10 }, 4);
		memcpy(out + 4, a.b, 4);
		memcpy(out + 8, b.b, 4);
		n = 12;
	}
	if (k & 4) {
		unsigned blocks = 1 + (k >> 3 & 1);

		out[n++] = 1;
		out[n++] = 1;
		out[n++] = 5;
		out[n++] = (uint8_t)(2 + 8 * blocks);
		while (blocks--) {
			uint32_t s = near_ack(in);
			be32 a = be32_of(s), b = be32_of(s + (uint32_t)u8(in) * 40);

			memcpy(out + n, a.b, 4);
			memcpy(out + n + 4, b.b, 4);
			n = (uint8_t)(n + 8);
		}
	}
	return n;
}

static void segment(struct input *in)
{
	uint8_t f[14 + 20 + 60 + 1500] = { 0 }, opt[40];
	uint32_t optlen = options(in, opt), len = u8(in) & 1 ? u16(in) % 1400 : u8(in) % 32;
	struct wire_eth *e = (struct wire_eth *)f;
	struct wire_ip4 *h = (struct wire_ip4 *)(e + 1);
	struct wire_tcp *t = (struct wire_tcp *)(h + 1);
	uint32_t tcp_len = 20 + optlen + len;

	memcpy(e->dst, l.end[1].dev.mac, 6);
	memcpy(e->src, l.end[0].dev.mac, 6);
	e->type = be16_of(ETH_P_IPV4);
	*h = (struct wire_ip4){ .ver_ihl = 0x45,
				.len = be16_of((uint16_t)(20 + tcp_len)),
				.ttl = 64,
				.proto = 6,
				.tos = u8(in) & 3,
				.src = ip4_to_wire(end_addr4(0)),
				.dst = ip4_to_wire(end_addr4(1)) };
	csum_store(&h->csum, csum_fold(csum_add(0, h, 20)));
	t->sport = be16_of(c->addr.rport);
	t->dport = be16_of(c->addr.lport);
	t->seq = be32_of(near_seq(in));
	t->ack = be32_of(near_ack(in));
	t->off = (uint8_t)((20 + optlen) << 2);
	t->flags = u8(in);
	if (u8(in) & 3)
		t->flags = (uint8_t)((t->flags & (TCPF_PSH | TCPF_FIN)) | TCPF_ACK);
	t->win = be16_of(u16(in));
	t->urp = be16_of(u8(in));
	memcpy(t + 1, opt, optlen);
	csum_store(&t->csum, csum_fold(csum_add(csum_pseudo(end_addr4(0), end_addr4(1), 6, tcp_len),
						t, tcp_len)));
	link_inject(&l, 1, f, 14 + 20 + tcp_len);
}

static size_t any_bytes(void *ctx, void *b, size_t n)
{
	(void)ctx;
	memset(b, 1, n);
	return n;
}

static size_t drop_bytes(void *ctx, void *b, size_t n)
{
	(void)ctx;
	return ((volatile uint8_t *)b)[n - 1] || 1 ? n : 0;
}

static bool step(struct input *in)
{
	static const struct net_iov wr = { any_bytes, NULL }, rd = { drop_bytes, NULL };
	uint8_t k = u8(in);

	switch (k % 8) {
	case 0:
	case 1:
	case 2:
		segment(in);
		break;
	case 3:
		(void)tcp_send(c, &wr, 1 + (size_t)u16(in),
			       k & 8	? TCP_MSG_OOB
			       : k & 16 ? TCP_MSG_MORE
					: 0,
			       l.now);
		break;
	case 4:
		(void)tcp_recv(c, &rd, 1 + (size_t)u16(in), k & 8 ? TCP_MSG_PEEK : 0, l.now);
		break;
	case 5:
		l.now += (uint64_t)u16(in) * 100000;
		break;
	case 6:
		if (k & 0x40)
			(void)tcp_shutdown(c, 1 + (k >> 3) % 3, l.now);
		else
			(void)tcp_opt_set(c, (enum tcp_opt)(u8(in) % TCP_OPT_COUNT), u16(in),
					  l.now);
		break;
	case 7:
		l.now += 1000000;
		break;
	}
	net_poll(l.end[1].st, l.now);
	net_flush(l.end[1].st);
	return in->n > 0;
}

/* A connection of the kind that the first byte says, past its handshake. */
static bool open_conn(uint8_t kind)
{
	struct link_cfg k = { .seed = 1,
			      .delay_ns = 1000000,
			      .features = { 0, kind & 1 ? NETIF_SG : 0 } };
	struct tcp_conn_addr a = { .remote = end_addr4(0), .local = ip4(0), .rport = 99 };
	struct tcp_conn *like, *peer;
	struct tcp_listener *lis;

	link_init(&l, &k);
	if (tcp_new(l.end[0].st, &o, &like) || tcp_listen(like, ip4(0), 99, 0, 4, &o, &lis) ||
	    tcp_new(l.end[1].st, &o, &c) || tcp_connect(c, &a, l.now))
		abort();
	net_flush(l.end[1].st);
	while (link_step(&l, 1100000000))
		;
	peer = tcp_accept(lis, &o);
	if (!peer)
		abort();
	/* From here on the other side is the fuzzer. */
	l.cfg.loss = 1000;
	if (kind & 2)
		c->sack_on = false;
	if (kind & 4)
		c->ts_on = false;
	if (kind & 8)
		c->ecn_on = true;
	if (kind & 16)
		c->cc = &tcp_cc_reno;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (size < 4 || !open_conn(u8(&in)))
		return 0;
	while (step(&in))
		check();
	if (size & 1)
		tcp_close(c, l.now);
	l.now += 1000000000ULL * (size % 200);
	net_poll(l.end[1].st, l.now);
	net_flush(l.end[1].st);
	link_fini(&l);
	return 0;
}
