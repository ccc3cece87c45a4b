/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/unit/test_tcp_many.c: many connections, floods, and lack of memory.  The promise: service goes on, and
 * in the end every page has come back (link_fini() sees to that).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "net/csum.h"
#include "net/tcp_int.h"
#include "net/udp.h"
#include "test/lib/link.h"

enum { PORT = 80 };

static char owner;

static size_t bytes(void *ctx, void *b, size_t n)
{
	(void)ctx;
	memset(b, 'b', n);
	return n;
}

static size_t swallow(void *ctx, void *b, size_t n)
{
	(void)ctx, (void)b;
	return n;
}

static const struct net_iov wr = { bytes, NULL }, rd = { swallow, NULL };

static struct tcp_listener *listen_on(struct link *l, unsigned backlog)
{
	struct tcp_listener *lis;
	struct tcp_conn *like;

	assert_int_equal(tcp_new(l->end[1].st, &owner, &like), 0);
	assert_int_equal(tcp_listen(like, ip4(0), PORT, 0, backlog, &owner, &lis), 0);
	tcp_close(like, l->now);
	return lis;
}

static struct tcp_conn *dial(struct link *l)
{
	struct tcp_conn_addr a = { .remote = end_addr4(1), .local = ip4(0), .rport = PORT };
	struct tcp_conn *c;

	assert_int_equal(tcp_new(l->end[0].st, &owner, &c), 0);
	assert_int_equal(tcp_connect(c, &a, l->now), 0);
	net_flush(l->end[0].st);
	return c;
}

static void drain_events(struct link *l)
{
	unsigned ev;

	for (int i = 0; i < 2; i++)
		while (net_ready_pop(l->end[i].st, &ev))
			;
}

static void run_for(struct link *l, uint64_t ns)
{
	uint64_t until = l->now + ns;

	while (link_step(l, until))
		drain_events(l);
}

static void thousands_at_once(void **state)
{
	enum { N = 3000 };
	static struct tcp_conn *a[N], *b[N];
	struct link_cfg k = { .seed = 1, .delay_ns = 1000000 };
	struct link l;
	struct tcp_listener *lis;
	long idle;

	(void)state;
	link_init(&l, &k);
	lis = listen_on(&l, N);
	for (int i = 0; i < N; i++) {
		a[i] = dial(&l);
		if (i % 50 == 49)
			run_for(&l, 3000000);
	}
	run_for(&l, 2000000000);
	for (int i = 0; i < N; i++) {
		b[i] = tcp_accept(lis, &owner);
		assert_non_null(b[i]);
	}
	assert_null(tcp_accept(lis, &owner));
	/* What a connection with nothing to do keeps. */
	idle = l.end[1].pages.out;
	assert_true(idle * 4096 / N < 2048);
	for (int i = 0; i < N; i++)
		assert_int_equal(tcp_send(a[i], &wr, 5, 0, l.now), 5);
	net_flush(l.end[0].st);
	run_for(&l, 100000000);
	for (int i = 0; i < N; i++) {
		assert_int_equal(tcp_recv(b[i], &rd, 100, 0, l.now), 5);
		tcp_close(b[i], l.now);
		net_flush(l.end[1].st);
	}
	run_for(&l, 100000000);
	for (int i = 0; i < N; i++)
		tcp_close(a[i], l.now);
	net_flush(l.end[0].st);
	run_for(&l, 61000000000);
	assert_int_equal(l.end[1].st->tcp->tw_count, 0);
	assert_int_equal(l.end[1].st->tcp->count, 0);
	tcp_listener_close(lis, l.now);
	link_fini(&l);
}

/* A SYN from an address that does not exist. */
static void spoofed_syn(struct link *l, uint32_t i)
{
	uint8_t f[14 + 20 + 20] = { 0 };
	struct wire_eth *e = (struct wire_eth *)f;
	struct wire_ip4 *h = (struct wire_ip4 *)(e + 1);
	struct wire_tcp *t = (struct wire_tcp *)(h + 1);
	struct ip_addr src = ip4(0x0a000010 + i % 200);

	memcpy(e->dst, l->end[1].dev.mac, 6);
	e->type = be16_of(ETH_P_IPV4);
	*h = (struct wire_ip4){ .ver_ihl = 0x45,
				.len = be16_of(40),
				.ttl = 9,
				.proto = 6,
				.src = ip4_to_wire(src),
				.dst = ip4_to_wire(end_addr4(1)) };
	csum_store(&h->csum, csum_fold(csum_add(0, h, 20)));
	*t = (struct wire_tcp){ .sport = be16_of((uint16_t)(1024 + i % 50000)),
				.dport = be16_of(PORT),
				.seq = be32_of(i * 7919),
				.off = 0x50,
				.flags = TCPF_SYN,
				.win = be16_of(1000) };
	csum_store(&t->csum, csum_fold(csum_add(csum_pseudo(src, end_addr4(1), 6, 20), t, 20)));
	link_inject(l, 1, f, sizeof(f));
}

static void a_syn_flood_is_survived(void **state)
{
	struct link_cfg k = { .seed = 2, .delay_ns = 1000000 };
	struct link l;
	struct tcp_listener *lis;
	struct tcp_conn *c, *s;

	(void)state;
	link_init(&l, &k);
	lis = listen_on(&l, 8);
	for (uint32_t i = 0; i < 5000; i++)
		spoofed_syn(&l, i);
	assert_true(net_mib(l.end[1].st)->v[MIB_TcpExt_SyncookiesSent] > 4000);
	assert_true(l.end[1].st->tcp->count <= 64);
	c = dial(&l);
	run_for(&l, 50000000);
	assert_int_equal(tcp_conn_state(c), TCP_ESTABLISHED);
	assert_int_equal(tcp_send(c, &wr, 100, 0, l.now), 100);
	net_flush(l.end[0].st);
	run_for(&l, 50000000);
	s = tcp_accept(lis, &owner);
	assert_non_null(s);
	assert_int_equal(net_mib(l.end[1].st)->v[MIB_TcpExt_SyncookiesRecv], 1);
	assert_int_equal(tcp_recv(s, &rd, 1000, 0, l.now), 100);
	tcp_close(s, l.now);
	tcp_close(c, l.now);
	run_for(&l, 100000000000);
	tcp_listener_close(lis, l.now);
	link_fini(&l);
}

/* The ACK comes in the very microsecond in which the cookie was given out, or another one to somebody else. */
static void a_cookie_is_believed_at_once(void **state)
{
	struct link_cfg k = { .seed = 5 };
	struct tcp_listener *lis;
	struct tcp_conn *c;
	struct link l;

	(void)state;
	link_init(&l, &k);
	lis = listen_on(&l, 8);
	for (uint32_t i = 0; i < 100; i++)
		spoofed_syn(&l, i);
	c = dial(&l);
	run_for(&l, 1000);
	assert_int_equal(net_mib(l.end[1].st)->v[MIB_TcpExt_SyncookiesRecv], 1);
	tcp_abort(c, l.now);
	run_for(&l, 100000000000);
	tcp_listener_close(lis, l.now);
	link_fini(&l);
}

/* Readers' queues stop growing while the pool is tight, and take nothing more before it is empty. */
static void slow_readers_leave_memory(void **state)
{
	enum { N = 40, PAGES = 800 };
	static struct tcp_conn *a[N], *b[N];
	static long got[N];
	long n;
	struct link_cfg k = { .seed = 6, .delay_ns = 100000, .pages = { 0, PAGES } };
	struct tcp_listener *lis;
	struct pkt_pool *pool;
	struct link l;

	(void)state;
	link_init(&l, &k);
	pool = &l.end[1].st->pool;
	lis = listen_on(&l, N);
	for (int i = 0; i < N; i++)
		a[i] = dial(&l);
	run_for(&l, 100000000);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < N; i++)
			(void)!tcp_send(a[i], &wr, 100000, 0, l.now);
		net_flush(l.end[0].st);
		run_for(&l, 50000000);
		assert_true(pkt_pool_used(pool) <= PAGES / 8 * 7 + 64);
	}
	assert_true(pkt_pool_scarce(pool) >= PKT_TIGHT);
	for (int i = 0; i < N; i++)
		assert_non_null(b[i] = tcp_accept(lis, &owner));
	for (int turn = 0; turn < 2000;
	     turn++) /* who reads gets all in the end: nothing was lost for good */
		for (int i = 0; i < N; i++) {
			while ((n = tcp_recv(b[i], &rd, 1 << 20, 0, l.now)) > 0)
				got[i] += n;
			net_flush(l.end[1].st);
			run_for(&l, 2000000);
		}
	for (int i = 0; i < N; i++) {
		assert_true(got[i] >= 100000);
		tcp_abort(b[i], l.now);
	}
	run_for(&l, 1000000000);
	tcp_listener_close(lis, l.now);
	link_fini(&l);
}

/* An ACK with a cookie that was never given out opens nothing. */
static void an_invented_cookie_is_refused(void **state)
{
	struct link_cfg k = { .seed = 3, .delay_ns = 1000000 };
	struct ip_rx rx = { .src = end_addr4(0), .dst = end_addr4(1) };
	struct tcp_seg s = { .sport = 1, .dport = PORT, .seq = { 100 }, .ack = { 12345 } };
	struct link l;
	unsigned good = 0;

	(void)state;
	link_init(&l, &k);
	for (uint32_t i = 0; i < 200000; i++) {
		s.ack.v = i * 2654435761U;
		good += tcp_cookie_check(l.end[1].st, &rx, &s) != 0;
	}
	assert_true(good <= 1);
	link_fini(&l);
}

/* The accept queue is full: the last ACK is ignored and the peer's data waits. */
static void a_full_backlog_makes_peers_wait(void **state)
{
	struct link_cfg k = { .seed = 4, .delay_ns = 1000000 };
	struct link l;
	struct tcp_listener *lis;
	struct tcp_conn *c[6];
	int got = 0;

	(void)state;
	link_init(&l, &k);
	lis = listen_on(&l, 1);
	for (int i = 0; i < 6; i++)
		c[i] = dial(&l);
	run_for(&l, 50000000);
	assert_int_equal(tcp_listener_pending(lis), 2); /* as Linux: one more than the backlog */
	for (int rounds = 0; rounds < 40; rounds++) {
		struct tcp_conn *s = tcp_accept(lis, &owner);

		if (s) {
			got++;
			tcp_abort(s, l.now);
			net_flush(l.end[1].st);
		}
		run_for(&l, 1000000000);
	}
	assert_int_equal(got, 6);
	for (int i = 0; i < 6; i++)
		tcp_close(c[i], l.now);
	net_flush(l.end[0].st);
	run_for(&l, 100000000);
	tcp_listener_close(lis, l.now);
	link_fini(&l);
}

/* The n-th page is refused, for each n: nothing breaks, and the transfer ends well or with an error. */
static void lack_of_memory_at_every_page(void **state)
{
	long refused = 1;

	(void)state;
	for (long n = 0; refused && n < 400; n++) {
		struct link_cfg k = { .seed = 5, .delay_ns = 1000000, .features = { NETIF_SG, 0 } };
		struct link l;
		struct tcp_listener *lis;
		struct tcp_conn *c, *s = NULL;
		size_t got = 0;

		link_init(&l, &k);
		lis = listen_on(&l, 4);
		l.end[0].pages.refuse = n;
		l.end[1].pages.refuse = n + 3;
		if (tcp_new(l.end[0].st, &owner, &c) == 0) {
			struct tcp_conn_addr a = { .remote = end_addr4(1),
						   .local = ip4(0),
						   .rport = PORT };

			if (tcp_connect(c, &a, l.now) == 0) {
				net_flush(l.end[0].st);
				run_for(&l, 4000000000);
				for (int i = 0; i < 20; i++) {
					long r = tcp_send(c, &wr, 5000, 0, l.now);

					(void)r; /* -ENOMEM now and then: tried again */
					net_flush(l.end[0].st);
					run_for(&l, 300000000);
					if (!s)
						s = tcp_accept(lis, &owner);
					while (s && (r = tcp_recv(s, &rd, 9999, 0, l.now)) > 0)
						got += (size_t)r;
					net_flush(l.end[1].st);
				}
			}
			tcp_abort(c, l.now);
		}
		refused = l.end[0].pages.refused + l.end[1].pages.refused;
		if (!refused)
			assert_int_equal(got, 20 * 5000);
		link_fini(&l);
	}
}

static void loopback_connects_to_itself(void **state)
{
	struct link_cfg k = { .seed = 6 };
	struct tcp_conn_addr a = { .remote = ip4(0x7f000001), .local = ip4(0), .rport = PORT };
	struct link l;
	struct tcp_listener *lis;
	struct tcp_conn *c, *s;
	uint64_t got = 0, put = 0, before;

	(void)state;
	link_init(&l, &k);
	lis = listen_on(&l, 4);
	assert_int_equal(tcp_new(l.end[1].st, &owner, &c), 0);
	assert_int_equal(tcp_connect(c, &a, l.now), 0);
	net_flush(l.end[1].st);
	s = tcp_accept(lis, &owner);
	assert_non_null(s); /* without any time having passed */
	before = l.end[1].frames_out;
	while (got < 3000000) {
		long n = put < 3000000 ? tcp_send(c, &wr, 100000, 0, l.now) : 0;

		put += n > 0 ? (uint64_t)n : 0;
		net_flush(l.end[1].st);
		while ((n = tcp_recv(s, &rd, 65536, 0, l.now)) > 0)
			got += (uint64_t)n;
		net_flush(l.end[1].st);
		l.now += 100000;
		net_poll(l.end[1].st, l.now);
		net_flush(l.end[1].st);
		drain_events(&l);
	}
	assert_int_equal(l.end[1].frames_out, before);
	tcp_close(c, l.now);
	tcp_close(s, l.now);
	net_flush(l.end[1].st);
	tcp_listener_close(lis, l.now);
	link_fini(&l);
}

/* Datagrams over a link of small mtu: cut up, put together, whole or not at all. */
static void datagrams_are_whole_or_absent(void **state)
{
	struct link_cfg k = {
		.seed = 7, .delay_ns = 1000000, .mtu = 600, .loss = 10, .reorder = 100, .dup = 50
	};
	struct udp_tx tx = { .dst = end_addr4(1), .dport = 53, .ttl = -1, .tos = -1 };
	struct udp_ep *a, *b;
	struct link l;
	unsigned whole = 0;

	(void)state;
	link_init(&l, &k);
	assert_int_equal(udp_new(l.end[0].st, &owner, &a), 0);
	assert_int_equal(udp_bind(a, ip4(0), 1000, 0, NULL), 0);
	assert_int_equal(udp_new(l.end[1].st, &owner, &b), 0);
	assert_int_equal(udp_bind(b, ip4(0), 53, 0, NULL), 0);
	for (unsigned i = 0; i < 300; i++) {
		struct pkt *p;

		assert_int_equal(udp_send(a, &tx, &wr, 4000, l.now), 4000);
		net_flush(l.end[0].st);
		run_for(&l, 20000000);
		while ((p = udp_rx_pop(b)) != NULL) {
			uint8_t got[4000];

			assert_int_equal(p->len, 4000);
			pkt_copy_out(p, 0, got, 4000);
			for (unsigned at = 0; at < 4000; at++)
				assert_int_equal(got[at], 'b');
			pkt_free(p);
			whole++;
		}
	}
	assert_true(whole > 200 && whole < 320);
	run_for(&l, 40000000000);
	udp_close(a);
	udp_close(b);
	link_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thousands_at_once),
		cmocka_unit_test(a_syn_flood_is_survived),
		cmocka_unit_test(a_cookie_is_believed_at_once),
		cmocka_unit_test(slow_readers_leave_memory),
		cmocka_unit_test(an_invented_cookie_is_refused),
		cmocka_unit_test(a_full_backlog_makes_peers_wait),
		cmocka_unit_test(lack_of_memory_at_every_page),
		cmocka_unit_test(loopback_connects_to_itself),
		cmocka_unit_test(datagrams_are_whole_or_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
