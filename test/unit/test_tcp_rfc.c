/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/unit/test_tcp_rfc.c: requirements of RFC 9293 and its neighbours that no script of one connection shows:
 * numbers that must not be guessed, addresses, listeners, what stands in the IP header.  doc/tcp.md lists them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "net/tcp_int.h"
#include "test/lib/link.h"

enum { PORT = 7000 };

static struct link l;
static char owner[4];
static uint8_t last_tos, last_ttl;

static void watch(struct link *k, int from, const uint8_t *f, size_t len)
{
	(void)k;
	if (from != 0 || len < 54)
		return;
	if (f[12] == 8 && f[13] == 0 && f[23] == IP_P_TCP) {
		last_tos = f[15];
		last_ttl = f[22];
	} else if (f[12] == 0x86 && f[20] == IP_P_TCP) {
		last_tos = (uint8_t)(f[14] << 4 | f[15] >> 4);
		last_ttl = f[21];
	}
}

static int begin(void **state)
{
	struct link_cfg k = { .seed = 11, .delay_ns = 1000000 };

	(void)state;
	link_init(&l, &k);
	l.tap = watch;
	return 0;
}

static int end(void **state)
{
	(void)state;
	link_fini(&l);
	return 0;
}

static void run(uint64_t ms)
{
	uint64_t until = l.now + ms * 1000000;
	unsigned ev;

	net_flush(l.end[0].st);
	net_flush(l.end[1].st);
	while (link_step(&l, until))
		for (int i = 0; i < 2; i++)
			while (net_ready_pop(l.end[i].st, &ev))
				;
}

static struct tcp_listener *listen_at(struct ip_addr a, uint16_t port)
{
	struct tcp_listener *lis;
	struct tcp_conn *like;

	assert_int_equal(tcp_new(l.end[1].st, owner, &like), 0);
	assert_int_equal(tcp_listen(like, a, port, 0, 8, owner + 1, &lis), 0);
	tcp_close(like, l.now);
	return lis;
}

static int dial(struct ip_addr local, struct ip_addr to, uint16_t port, struct tcp_conn **c)
{
	struct tcp_conn_addr a = { .local = local, .remote = to, .rport = port };
	int err;

	assert_int_equal(tcp_new(l.end[0].st, owner + 2, c), 0);
	err = tcp_connect(*c, &a, l.now);
	if (err)
		tcp_close(*c, l.now);
	return err;
}

/* RFC 9293 3.4.1, RFC 6528: one sequence for each pair of addresses, 250,000 a second; no two alike. */
static void initial_numbers_follow_a_clock_and_a_secret(void **state)
{
	struct net_stack *st = l.end[0].st;
	struct tcp_conn_addr a = { .local = end_addr4(0),
				   .remote = end_addr4(1),
				   .lport = 1,
				   .rport = 2 },
			     b = a;
	struct seq first = tcp_isn(st, &a), other;

	(void)state;
	run(1000);
	assert_in_range(seq_dist(first, tcp_isn(st, &a)), 249000, 251000);
	first = tcp_isn(st, &a);
	for (unsigned i = 0; i < 1000; i++) {
		b.lport = (uint16_t)(1000 + i);
		other = tcp_isn(st, &b);
		assert_true(seq_dist(first, other) > 1000 && seq_dist(other, first) > 1000);
		first = other;
	}
	assert_int_not_equal(tcp_isn(l.end[1].st, &a).v, tcp_isn(st, &a).v); /* another secret */
}

/* RFC 6056 3.3: each destination has its own place to begin, and the next port is not the last plus one. */
static void local_ports_do_not_count_up(void **state)
{
	struct tcp_conn *c[100];
	struct tcp_conn_addr a;
	unsigned ones = 0;
	uint16_t last = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(dial(ip4(0), ip4(0x0a000002 + i % 7), PORT, &c[i]), 0);
		tcp_conn_addr(c[i], &a);
		assert_in_range(a.lport, 32768, 60999);
		ones += a.lport == last + 1;
		last = a.lport;
	}
	assert_true(ones < 5);
	for (unsigned i = 0; i < 100; i++)
		tcp_abort(c[i], l.now);
}

/* MUST-41, 42: many listeners at once, on ports and on addresses; the more exact one is given the call. */
static void each_listener_gets_its_own(void **state)
{
	struct tcp_listener *any = listen_at(ip4(0), PORT), *one = listen_at(end_addr4(1), PORT),
			    *other = listen_at(ip4(0), PORT + 1);
	struct tcp_conn *c[3], *s;

	(void)state;
	assert_int_equal(net_addr_add(l.end[1].ifc,
				      &(struct net_ifaddr){ .addr = ip4(0x0a000063), .bits = 24 },
				      l.now),
			 0);
	assert_int_equal(dial(ip4(0), end_addr4(1), PORT, &c[0]), 0);
	assert_int_equal(dial(ip4(0), ip4(0x0a000063), PORT, &c[1]), 0);
	assert_int_equal(dial(ip4(0), end_addr4(1), PORT + 1, &c[2]), 0);
	run(100);
	assert_int_equal(tcp_listener_pending(one), 1);
	assert_int_equal(tcp_listener_pending(any), 1);
	assert_int_equal(tcp_listener_pending(other), 1);
	while ((s = tcp_accept(one, owner)) != NULL)
		tcp_abort(s, l.now);
	tcp_listener_close(one, l.now); /* resets what it had not given out */
	tcp_listener_close(any, l.now);
	tcp_listener_close(other, l.now);
	run(100);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tcp_conn_state(c[i]), TCP_CLOSED);
		tcp_close(c[i], l.now);
	}
}

/* MUST-43, 44: the caller's address is used, if it is ours. */
static void an_open_may_name_its_address(void **state)
{
	struct tcp_listener *lis = listen_at(ip4(0), PORT);
	struct tcp_conn_addr a;
	struct tcp_conn *c, *s;

	(void)state;
	assert_int_equal(net_addr_add(l.end[0].ifc,
				      &(struct net_ifaddr){ .addr = ip4(0x0a000064), .bits = 24 },
				      l.now),
			 0);
	assert_int_equal(dial(ip4(0x0a0000c8), end_addr4(1), PORT, &c), -EADDRNOTAVAIL);
	assert_int_equal(dial(ip4(0x0a000064), end_addr4(1), PORT, &c), 0);
	run(100);
	s = tcp_accept(lis, owner);
	assert_non_null(s);
	tcp_conn_addr(s, &a);
	assert_true(ip_eq(a.remote, ip4(0x0a000064)));
	tcp_abort(s, l.now);
	tcp_abort(c, l.now);
	tcp_listener_close(lis, l.now);
}

/* MUST-46 */
static void nobody_opens_to_groups_or_all(void **state)
{
	struct tcp_conn *c;

	(void)state;
	assert_int_equal(dial(ip4(0), ip4(0xe0000001), PORT, &c), -ENETUNREACH);
	assert_int_equal(dial(ip4(0), ip4(0xffffffff), PORT, &c), -ENETUNREACH);
	assert_int_equal(dial((struct ip_addr){ 0 }, (struct ip_addr){ .b = { 0xff, 2, [15] = 1 } },
			      PORT, &c),
			 -ENETUNREACH);
}

/* MUST-48, 49: and the ECN bits are not the caller's. */
static void the_ip_header_is_as_the_caller_says(void **state)
{
	struct ip_addr to[2] = { end_addr4(1), end_addr6(1) };
	struct tcp_conn *c;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct tcp_conn_addr a = { .remote = to[i], .rport = PORT };

		if (i == 0)
			a.local = ip4(0);
		assert_int_equal(tcp_new(l.end[0].st, owner, &c), 0);
		assert_int_equal(tcp_connect(c, &a, l.now), 0);
		run(50);
		assert_int_equal(last_ttl, 64);
		assert_int_equal(last_tos, 0);
		tcp_abort(c, l.now);
		assert_int_equal(tcp_new(l.end[0].st, owner, &c), 0);
		assert_int_equal(tcp_opt_set(c, TCP_OPT_TTL, 9, l.now), 0);
		assert_int_equal(tcp_opt_set(c, TCP_OPT_TOS, 0xb8, l.now), 0);
		assert_int_equal(tcp_connect(c, &a, l.now), 0);
		run(50);
		assert_int_equal(last_ttl, 9);
		assert_int_equal(last_tos, 0xb8);
		tcp_abort(c, l.now);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(initial_numbers_follow_a_clock_and_a_secret),
		T(local_ports_do_not_count_up),
		T(each_listener_gets_its_own),
		T(an_open_may_name_its_address),
		T(nobody_opens_to_groups_or_all),
		T(the_ip_header_is_as_the_caller_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
