/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/unit/test_tcp_sim.c: a connection's whole life, everything about it drawn from a seed: the link, what both
 * sides write and when they read, their options, what a middlebox strips, who else sends.  Three promises:
 *
 *	over any link, and past a blind attacker, what is written arrives, all of it and unchanged;
 *	a peer that lies in every field gets no more memory than the buffers, and its end is an end;
 *	nothing is left when both are gone.
 *
 * 200 seeds, 3000 with CORACLE_SOAK=1, N with CORACLE_SEEDS=N; CORACLE_SEED=K: only this one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "abi/wire_ip.h"
#include "net/csum.h"
#include "test/lib/link.h"

#define MS 1000000UL
#define S  1000000000UL

enum { PORT = 7000, OLD_FRAMES = 16, OLD_MAX = 2000 };

enum strip { STRIP_TS = 1, STRIP_SACK = 2, STRIP_WS = 4, STRIP_MSS = 8 };

struct side {
	struct tcp_conn *c;
	uint64_t wrote, want, got, expect;
	uint32_t chunk, read_chunk;
	unsigned lazy; /* in 1/100: does not read this time */
	unsigned salt;
	bool shut, eof, bad;
	int err;
};

struct sim {
	struct link l;
	struct side side[2];
	struct tcp_listener *lis;
	uint64_t seed, rnd;
	unsigned strip[2];
	unsigned attack; /* in 1/100 of steps */
	unsigned lies;	 /* in 1/100 of the frames of end 1 */
	bool v6;
	uint16_t ports[2]; /* of the connection; end 0, end 1 */
	struct {
		uint8_t b[OLD_MAX];
		size_t len;
		int to;
	} old[OLD_FRAMES];
	unsigned nold;
};

static struct sim *now_running;

/* The simulation's own sequence: the link's is not disturbed by what the test decides. */
static uint32_t draw(struct sim *m, uint32_t below)
{
	m->rnd ^= m->rnd >> 12;
	m->rnd ^= m->rnd << 25;
	m->rnd ^= m->rnd >> 27;
	return below ? (uint32_t)((m->rnd * 2685821657736338717ULL) >> 33) % below : 0;
}

static bool percent(struct sim *m, unsigned n)
{
	return n && draw(m, 100) < n;
}

/* --- frames ---------------------------------------------------------------------------------------- */

struct frame {
	uint8_t *b;
	size_t len;
	struct ip_addr src, dst;
	struct wire_tcp *t;
	size_t tlen; /* header and payload */
};

/* Is it TCP, whole, over the family of this run? */
static bool tcp_frame(struct frame *f, uint8_t *b, size_t len, bool v6)
{
	size_t head = v6 ? 54 : 34;

	if (len < head + 20 || b[12] != (v6 ? 0x86 : 8) || b[v6 ? 20 : 23] != IP_P_TCP)
		return false;
	if (!v6 && ((b[20] & 0x3f) || b[21]))
		return false; /* a fragment */
	f->b = b;
	f->len = len;
	f->src = v6 ? ip6_from_wire(b + 22) : ip4(0);
	f->dst = v6 ? ip6_from_wire(b + 38) : ip4(0);
	if (!v6) {
		const struct wire_ip4 *h = (const struct wire_ip4 *)(b + 14);

		f->src = ip4_from_wire(h->src);
		f->dst = ip4_from_wire(h->dst);
	}
	f->t = (struct wire_tcp *)(b + head);
	f->tlen = len - head;
	return (f->t->off >> 4) * 4U >= 20 && (f->t->off >> 4) * 4U <= f->tlen;
}

static void sum(struct frame *f)
{
	uint64_t s;

	f->t->csum = be16_of(0);
	s = csum_pseudo(f->src, f->dst, IP_P_TCP, (uint32_t)f->tlen);
	csum_store(&f->t->csum, csum_fold(csum_add(s, f->t, f->tlen)));
}

/* A middlebox that knows only the options of 1981. */
static void strip(struct frame *f, unsigned what)
{
	uint8_t *o = (uint8_t *)(f->t + 1), *end = (uint8_t *)f->t + (f->t->off >> 4) * 4;

	while (o + 1 < end && *o != TCPO_END) {
		unsigned len = *o == TCPO_NOP ? 1 : o[1];
		unsigned is = *o == TCPO_TS	   ? STRIP_TS
			      : *o == TCPO_SACK_OK ? STRIP_SACK
			      : *o == TCPO_WSCALE  ? STRIP_WS
			      : *o == TCPO_MSS	   ? STRIP_MSS
						   : 0;

		if (len == 0 || o + len > end)
			break;
		if (is & what)
			memset(o, TCPO_NOP, len);
		o += len;
	}
}

static be32 near32(struct sim *m, be32 v)
{
	static const uint32_t far[] = { 1, 100, 1460, 65535, 1 << 20, 0x7fffffff, UINT32_MAX };
	uint32_t by = draw(m, far[draw(m, 7)]);

	return be32_of(be32_get(v) + (percent(m, 50) ? by : -by));
}

/* One field of a header is not what the stack meant. */
static void lie(struct sim *m, struct frame *f)
{
	size_t opts = (f->t->off >> 4) * 4U - 20U;

	switch (draw(m, 7)) {
	case 0:
		f->t->win = be16_of((uint16_t)(percent(m, 50) ? 0 : draw(m, 65536)));
		break;
	case 1:
		f->t->ack = near32(m, f->t->ack);
		break;
	case 2:
		f->t->seq = near32(m, f->t->seq);
		break;
	case 3:
		f->t->flags ^= (uint8_t)(1U << draw(m, 8));
		break;
	case 4:
		f->t->urp = be16_of((uint16_t)draw(m, 65536));
		f->t->flags |= TCPF_URG;
		break;
	case 5:
	case 6:
		if (opts)
			((uint8_t *)(f->t + 1))[draw(m, (uint32_t)opts)] = (uint8_t)draw(m, 256);
		break;
	}
}

static void remember(struct sim *m, const struct frame *f, int to)
{
	unsigned i = m->nold++ % OLD_FRAMES;

	if (f->len > OLD_MAX)
		return;
	memcpy(m->old[i].b, f->b, f->len);
	m->old[i].len = f->len;
	m->old[i].to = to;
}

static bool on_wire(struct link *l, int from, uint8_t *b, size_t len)
{
	struct sim *m = now_running;
	struct frame f;

	(void)l;
	if (!tcp_frame(&f, b, len, m->v6))
		return true;
	if (csum_fold(csum_add(csum_pseudo(f.src, f.dst, IP_P_TCP, (uint32_t)f.tlen), f.t,
			       f.tlen)) != 0)
		return true; /* harmed already: its sum must not be made right */
	m->ports[from] = be16_get(f.t->sport);
	if ((f.t->flags & TCPF_SYN) && m->strip[from]) {
		strip(&f, m->strip[from]);
		sum(&f);
	}
	if (from == 1 && percent(m, m->lies)) {
		lie(m, &f);
		sum(&f);
	}
	if (m->attack && !(f.t->flags & TCPF_SYN))
		remember(m, &f, !from);
	return true;
}

/* --- the attacker: knows the addresses and ports, not the numbers (RFC 5961 1) ---------------------- */

static void forge(struct sim *m)
{
	static const uint8_t flags[] = { TCPF_RST, TCPF_RST | TCPF_ACK,
					 TCPF_SYN, TCPF_SYN | TCPF_ACK,
					 TCPF_ACK, TCPF_FIN | TCPF_ACK };
	uint8_t b[54] = { 0 };
	int to = (int)draw(m, 2);
	struct wire_ip4 *h = (struct wire_ip4 *)(b + 14);
	struct wire_tcp *t = (struct wire_tcp *)(b + 34);
	struct frame f;

	memcpy(b, m->l.end[to].dev.mac, 6);
	memcpy(b + 6, m->l.end[!to].dev.mac, 6);
	b[12] = 8;
	*h = (struct wire_ip4){ .ver_ihl = 0x45,
				.len = be16_of(40),
				.ttl = 60,
				.proto = IP_P_TCP,
				.src = ip4_to_wire(end_addr4(!to)),
				.dst = ip4_to_wire(end_addr4(to)) };
	csum_store(&h->csum, csum_fold(csum_add(0, h, 20)));
	*t = (struct wire_tcp){ .sport = be16_of(m->ports[!to]),
				.dport = be16_of(m->ports[to]),
				.seq = be32_of((uint32_t)draw(m, 0) + draw(m, 0x7fffffff) * 2 +
					       draw(m, 2)),
				.ack = be32_of(draw(m, 0x7fffffff) * 2 + draw(m, 2)),
				.off = 0x50,
				.flags = flags[draw(m, 6)],
				.win = be16_of((uint16_t)draw(m, 65536)) };
	if (tcp_frame(&f, b, sizeof(b), false)) {
		sum(&f);
		link_inject(&m->l, to, b, sizeof(b));
	}
}

static void attack(struct sim *m)
{
	unsigned i = draw(m, OLD_FRAMES);

	/* A forged SYN may spoil a handshake that has not ended: RFC 9293 3.5 takes it for a simultaneous open. */
	if (!m->side[1].c || !percent(m, m->attack))
		return;
	if (percent(m, 50) && m->old[i].len)
		link_inject(&m->l, m->old[i].to, m->old[i].b, m->old[i].len); /* an old duplicate */
	else if (!m->v6 && m->ports[0] && m->ports[1])
		forge(m);
}

/* --- both programs ---------------------------------------------------------------------------------- */

static uint8_t byte_at(uint64_t pos, unsigned salt)
{
	uint64_t x = (pos / 8 + salt) * 0x9e3779b97f4a7c15ULL;

	x ^= x >> 29;
	return (uint8_t)(x >> (8 * (pos % 8)));
}

static size_t copy_from(void *ctx, void *b, size_t n)
{
	struct side *f = ctx;

	for (size_t i = 0; i < n; i++)
		((uint8_t *)b)[i] = byte_at(f->wrote + i, f->salt);
	f->wrote += n;
	return n;
}

static size_t copy_to(void *ctx, void *b, size_t n)
{
	struct side *f = ctx;

	for (size_t i = 0; i < n; i++)
		f->bad |= ((uint8_t *)b)[i] != byte_at(f->got + i, !f->salt);
	f->got += n;
	return n;
}

static void write_some(struct sim *m, struct side *f)
{
	while (f->wrote < f->want) {
		uint64_t left = f->want - f->wrote;
		uint32_t n = 1 + draw(m, f->chunk);
		unsigned flags = percent(m, 10) ? TCP_MSG_MORE : 0;
		long r = tcp_send(f->c, &(struct net_iov){ copy_from, f }, left < n ? left : n,
				  flags, m->l.now);

		if (r == -EAGAIN)
			return;
		if (r < 0) {
			f->err = (int)r;
			return;
		}
	}
	if (!f->shut && tcp_conn_state(f->c) != TCP_SYN_SENT) {
		f->shut = true;
		(void)!tcp_shutdown(f->c, TCP_SHUT_WR, m->l.now);
	}
}

static void read_some(struct sim *m, struct side *f)
{
	long r = -EAGAIN;

	if (f->eof || percent(m, f->lazy))
		return;
	do
		r = tcp_recv(f->c, &(struct net_iov){ copy_to, f }, 1 + draw(m, f->read_chunk), 0,
			     m->l.now);
	while (r > 0);
	if (r == 0)
		f->eof = true;
	else if (r != -EAGAIN)
		f->err = (int)r;
}

/* --- a run ------------------------------------------------------------------------------------------ */

static uint32_t pick(struct sim *m, const uint32_t *from, unsigned n)
{
	return from[draw(m, n)];
}
#define ONE_OF(m, ...) \
	pick(m, (const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4)

static struct link_cfg random_link(struct sim *m)
{
	static const uint32_t sg = NETIF_SG, cs = NETIF_TX_CSUM;
	struct link_cfg k = {
		.seed = m->seed,
		.delay_ns = ONE_OF(m, 10000, 200000, 2000000, 15000000, 80000000),
		.loss = ONE_OF(m, 0, 0, 5, 20, 80, 120),
		.dup = ONE_OF(m, 0, 0, 20, 100),
		.corrupt = ONE_OF(m, 0, 0, 10),
		.reorder = ONE_OF(m, 0, 0, 50, 200),
		.ce = ONE_OF(m, 0, 0, 50),
		.mtu = ONE_OF(m, 1500, 1500, 9000, 1280),
	};

	k.jitter_ns = percent(m, 30) ? k.delay_ns / 2 : 0;
	if (percent(m, 30)) {
		k.rate = ONE_OF(m, 50000, 500000, 5000000);
		k.queue = ONE_OF(m, 20000, 100000);
	}
	/* What is to be changed on the wire must have its sums: no offloads then. */
	if (!m->strip[0] && !m->strip[1] && !m->lies && !m->attack)
		for (int i = 0; i < 2; i++)
			k.features[i] =
				ONE_OF(m, 0, sg, sg | cs, sg | cs | NETIF_TSO4 | NETIF_TSO6);
	return k;
}

static void set(struct sim *m, struct tcp_conn *c, enum tcp_opt o, uint32_t v)
{
	assert_int_equal(tcp_opt_set(c, o, v, m->l.now), 0);
}

static void random_options(struct sim *m, struct tcp_conn *c)
{
	set(m, c, TCP_OPT_NODELAY, percent(m, 30));
	set(m, c, TCP_OPT_ECN, percent(m, 30));
	set(m, c, TCP_OPT_CONGESTION, percent(m, 30));
	if (percent(m, 20))
		set(m, c, TCP_OPT_RCVBUF, ONE_OF(m, 2048, 5000, 30000, 400000));
	if (percent(m, 20))
		set(m, c, TCP_OPT_SNDBUF, ONE_OF(m, 2048, 30000, 400000));
	if (percent(m, 20))
		set(m, c, TCP_OPT_MAXSEG, ONE_OF(m, 100, 536, 1200));
	if (percent(m, 10))
		set(m, c, TCP_OPT_MAX_PACING, ONE_OF(m, 20000, 1000000));
	if (percent(m, 20))
		set(m, c, TCP_OPT_QUICKACK, 1);
}

static void random_sides(struct sim *m)
{
	for (int i = 0; i < 2; i++) {
		struct side *f = &m->side[i];

		f->want = ONE_OF(m, 0, 1, 1000, 20000, 100000, 100000);
		m->side[!i].expect = f->want;
		f->chunk = ONE_OF(m, 10, 700, 20000, 60000);
		if (f->want > 20000 && f->chunk == 10)
			f->chunk = 700;
		f->read_chunk = ONE_OF(m, 500, 5000, 60000);
		f->lazy = ONE_OF(m, 0, 0, 50, 90);
		f->salt = (unsigned)i;
	}
}

/* Three questions are all that ARP and ND ask: with much loss they would often be the end of it. */
static void know_each_other(struct sim *m)
{
	enum { NUD_PERMANENT = 0x80 };

	for (int i = 0; i < 2; i++) {
		struct net_neigh n = { .addr = m->v6 ? end_addr6(!i) : end_addr4(!i),
				       .ifc = m->l.end[i].ifc,
				       .state = NUD_PERMANENT };

		memcpy(n.mac.b, m->l.end[!i].dev.mac, 6);
		assert_int_equal(net_neigh_set(m->l.end[i].st, &n, m->l.now), 0);
	}
}

static void begin(struct sim *m, uint64_t seed, bool hostile)
{
	struct tcp_conn *like;
	struct tcp_conn_addr a = { .rport = PORT };
	static char owner[3];
	struct link_cfg k;

	memset(m, 0, sizeof(*m));
	m->seed = seed;
	m->rnd = seed * 0x9e3779b97f4a7c15ULL + 0x1234567;
	now_running = m;
	m->v6 = percent(m, 30);
	m->lies = hostile ? ONE_OF(m, 1, 5, 30) : 0;
	m->attack = !hostile && percent(m, 30) ? ONE_OF(m, 2, 20) : 0;
	if (percent(m, 30)) {
		m->strip[0] = draw(m, 16);
		/* An answer without what the question offered is a middlebox that breaks what it touches. */
		m->strip[1] = (m->strip[0] & draw(m, 16)) | (draw(m, 2) * STRIP_MSS);
	}
	k = random_link(m);
	link_init(&m->l, &k);
	m->l.mangle = on_wire;
	know_each_other(m);
	random_sides(m);
	a.remote = m->v6 ? end_addr6(1) : end_addr4(1);
	a.local = m->v6 ? (struct ip_addr){ 0 } : ip4(0);
	assert_int_equal(tcp_new(m->l.end[1].st, owner, &like), 0);
	random_options(m, like);
	assert_int_equal(
		tcp_listen(like, (struct ip_addr){ 0 }, PORT, TCP_L_BIND_V6, 8, owner + 1, &m->lis),
		0);
	tcp_close(like, m->l.now);
	assert_int_equal(tcp_new(m->l.end[0].st, owner + 2, &m->side[0].c), 0);
	random_options(m, m->side[0].c);
	assert_int_equal(tcp_connect(m->side[0].c, &a, m->l.now), 0);
	net_flush(m->l.end[0].st);
}

static bool done(const struct sim *m)
{
	const struct side *f = m->side;

	return (f[0].eof && f[1].eof && f[0].shut && f[1].shut) || f[0].err || f[1].err;
}

static void turn(struct sim *m)
{
	static char owner;
	unsigned ev;

	for (int i = 0; i < 2; i++)
		while (net_ready_pop(m->l.end[i].st, &ev))
			;
	if (!m->side[1].c)
		m->side[1].c = tcp_accept(m->lis, &owner);
	for (int i = 0; i < 2; i++)
		if (m->side[i].c && !m->side[i].err) {
			write_some(m, &m->side[i]);
			read_some(m, &m->side[i]);
		}
	attack(m);
	net_flush(m->l.end[0].st);
	net_flush(m->l.end[1].st);
}

/* A program that did not read comes again by itself: at most so much later. */
static void run(struct sim *m, uint64_t limit)
{
	uint64_t until = m->l.now + limit;

	while (!done(m) && m->l.now < until) {
		uint64_t next = m->l.now + 50 * MS;

		link_step(&m->l, next < until ? next : until);
		turn(m);
	}
}

static void end(struct sim *m)
{
	uint64_t until;

	for (int i = 0; i < 2; i++)
		if (m->side[i].c)
			tcp_close(m->side[i].c, m->l.now);
	tcp_listener_close(m->lis, m->l.now);
	m->attack = 0;
	net_flush(m->l.end[0].st);
	net_flush(m->l.end[1].st);
	/* Orphans give up after eight timeouts of two minutes at most. */
	until = m->l.now + 1500 * S;
	while (link_step(&m->l, until))
		;
	for (int i = 0; i < 2; i++)
		assert_int_equal(net_mib(m->l.end[i].st)->v[MIB_Tcp_CurrEstab], 0);
	link_fini(&m->l); /* aborts if a page is missing */
}

static void complain(const struct sim *m)
{
	const struct link_cfg *k = &m->l.cfg;

	printf("CORACLE_SEED=%lu: at %.3f s: got %lu/%lu %lu/%lu err %d %d bad %d %d; loss %u dup "
	       "%u corrupt %u "
	       "reorder %u delay %lu rate %u/%u mtu %u strip %x %x attack %u v6 %d\n",
	       m->seed, (double)m->l.now / 1e9, m->side[0].got, m->side[0].expect, m->side[1].got,
	       m->side[1].expect, m->side[0].err, m->side[1].err, m->side[0].bad, m->side[1].bad,
	       k->loss, k->dup, k->corrupt, k->reorder, k->delay_ns / MS, k->rate, k->queue, k->mtu,
	       m->strip[0], m->strip[1], m->attack, m->v6);
}

static void each_seed(void (*f)(uint64_t))
{
	const char *n = getenv("CORACLE_SEEDS"), *one = getenv("CORACLE_SEED");

	if (one) {
		f(strtoull(one, NULL, 10));
		return;
	}
	for (uint64_t s = 0; s < (n			   ? strtoull(n, NULL, 10)
				  : getenv("CORACLE_SOAK") ? 3000
							   : 200);
	     s++)
		f(s);
}

static void honest(uint64_t seed)
{
	static struct sim m;
	const struct side *f = m.side;

	begin(&m, seed, false);
	run(&m, 3600 * S);
	if (!f[0].eof || !f[1].eof || f[0].bad || f[1].bad || f[0].err || f[1].err ||
	    f[0].got != f[0].expect || f[1].got != f[1].expect) {
		complain(&m);
		fail();
	}
	end(&m);
}

static void what_is_written_arrives(void **state)
{
	(void)state;
	each_seed(honest);
}

static void hostile(uint64_t seed)
{
	static struct sim m;

	begin(&m, seed, true);
	run(&m, 60 * S);
	/* Buffers of 6 and 4 MB at most, and as much again out of order. */
	assert_true(m.l.end[0].pages.out < (20 << 20) / 4096);
	end(&m);
}

static void a_peer_that_lies_gains_nothing(void **state)
{
	(void)state;
	each_seed(hostile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_arrives),
		cmocka_unit_test(a_peer_that_lies_gains_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
