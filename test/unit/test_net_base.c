/* SPDX-License-Identifier: Apache-2.0 */
/* test/unit/test_net_base.c: what the stack stands on: timers, sums, hashes, addresses, ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/siphash.h"
#include "lib/wheel.h"
#include "net/csum.h"
#include "net/net.h"
#include "net/ports.h"
#include "test/lib/pages.h"

/* --- the wheel: against a list that is searched ---------------------------------------------------- */

enum { TIMERS = 200 };

static struct probe {
	struct wheel_timer t;
	uint64_t at, fired;
	bool armed;
} probe[TIMERS];

static void on_fire(struct wheel_timer *t, uint64_t now)
{
	struct probe *p = (struct probe *)(void *)t;

	assert_true(p->armed);
	assert_true(now >= p->at); /* never early */
	p->armed = false;
	p->fired = now;
}

static uint64_t spread(void)
{
	static const uint64_t scale[] = { 1000,	      1000000,	    50000000,
					  1000000000, 100000000000, 1ULL << 50 };

	return (uint64_t)rand() * scale[rand() % 6] / 1000 + 1;
}

static void timers_fire_once_and_never_early(void **state)
{
	const uint64_t tick = 1ULL << WHEEL_TICK_SHIFT;
	uint64_t now = 5000000000;
	static struct wheel w;

	(void)state;
	srand(7);
	wheel_init(&w, now);
	for (int i = 0; i < TIMERS; i++)
		wheel_timer_init(&probe[i].t, on_fire);
	for (int round = 0; round < 20000; round++) {
		struct probe *p = &probe[rand() % TIMERS];
		uint64_t next = wheel_next(&w), first = UINT64_MAX;

		if (rand() % 3) {
			p->at = now + spread();
			p->armed = true;
			wheel_timer_set(&w, &p->t, p->at);
		} else {
			p->armed = false;
			wheel_timer_cancel(&w, &p->t);
		}
		next = wheel_next(&w);
		for (int i = 0; i < TIMERS; i++)
			if (probe[i].armed && probe[i].at < first)
				first = probe[i].at;
		/* Whoever sleeps until wheel_next() is late by two ticks at most. */
		assert_true(first == UINT64_MAX ? next == UINT64_MAX : next <= first + 2 * tick);
		now += rand() % 4 ? (uint64_t)rand() % 3000000 : spread() % 100000000000;
		wheel_advance(&w, now);
		for (int i = 0; i < TIMERS; i++)
			assert_false(probe[i].armed && probe[i].at + 2 * tick < now);
	}
}

/* --- sums ------------------------------------------------------------------------------------------ */

static uint16_t plain_sum(const uint8_t *p, size_t n)
{
	uint32_t s = 0;

	for (size_t i = 0; i < n; i++)
		s += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static void sums_are_rfc_1071s(void **state)
{
	static uint8_t b[3000];
	be16 got;

	(void)state;
	srand(3);
	for (int round = 0; round < 5000; round++) {
		size_t n = (size_t)rand() % sizeof(b);

		for (size_t i = 0; i < n; i++)
			b[i] = (uint8_t)(rand() % 3 ? rand() : 0xff);
		csum_store(&got, csum_fold(csum_add(0, b, n)));
		assert_int_equal(be16_get(got), plain_sum(b, n));
	}
}

static void sums_of_scattered_packets(void **state)
{
	struct test_pages pages;
	struct pkt_pool pool;
	static uint8_t b[9000];
	be16 got;

	(void)state;
	test_pages_init(&pages);
	pkt_pool_init(&pool, &pages.src, 100);
	for (int round = 0; round < 500; round++) {
		struct pkt *p = pkt_alloc(&pool);
		uint32_t n = 0, off;

		for (size_t i = 0; i < sizeof(b); i++)
			b[i] = (uint8_t)rand();
		n = (uint32_t)rand() % 50;
		memcpy(pkt_put(p, n), b, n);
		for (int k = rand() % 8; k; k--) {
			uint32_t len = 1 + (uint32_t)rand() % 1000;
			struct pbuf *f = pbuf_alloc(&pool);

			memcpy(f->base + 3, b + n, len);
			assert_true(pkt_add_frag(p, f, 3, len));
			n += len;
		}
		off = n ? (uint32_t)rand() % n : 0;
		csum_store(&got, csum_fold(csum_pkt(0, p, off)));
		assert_int_equal(be16_get(got), plain_sum(b + off, n - off));
		pkt_free(p);
	}
	pkt_pool_fini(&pool);
}

static void siphash_is_the_papers(void **state)
{
	/* Appendix A: key 00..0f, message 00..0e. */
	struct siphash_key k = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	uint8_t m[15];

	(void)state;
	for (uint8_t i = 0; i < 15; i++)
		m[i] = i;
	assert_int_equal(siphash(&k, m, 15), 0xa129ca6149be45e5);
}

/* --- addresses ------------------------------------------------------------------------------------- */

static void addresses_have_one_text(void **state)
{
	static const struct {
		const char *in, *out; /* out NULL: refused */
	} t[] = {
		{ "10.1.2.3", "10.1.2.3" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "256.1.1.1", NULL },
		{ "1.2.3", NULL },
		{ "1.2.3.4.5", NULL },
		{ "", NULL },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "2001:DB8::1", "2001:db8::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:0:0:1::1", "2001:0:0:1::1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "::ffff:1.2.3.4", "1.2.3.4" },
		{ "fe80::1:2:3:4", "fe80::1:2:3:4" },
		{ "1:2:3:4:5:6:7", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "1::2::3", NULL },
		{ "1:::2", NULL },
		{ ":1", NULL },
		{ "1:", NULL },
		{ "12345::", NULL },
	};
	char buf[IP_ADDR_TEXT];
	struct ip_addr a;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		int err = ip_addr_parse(t[i].in, &a);

		assert_int_equal(err != 0, t[i].out == NULL);
		if (!err)
			assert_string_equal(ip_addr_text(buf, a), t[i].out);
	}
}

static void flows_hash_alike_both_ways(void **state)
{
	struct net_flow f = { .local = ip4(0x0a000001),
			      .remote = ip4(0x0a000002),
			      .lport = 80,
			      .rport = 4000,
			      .proto = 6 };
	struct net_flow g = {
		.local = f.remote, .remote = f.local, .lport = 4000, .rport = 80, .proto = 6
	};
	unsigned bins[4] = { 0 };

	(void)state;
	assert_int_equal(net_flow_hash_tuple(&f), net_flow_hash_tuple(&g));
	for (unsigned i = 0; i < 4000; i++) {
		f.rport = (uint16_t)(10000 + i);
		bins[net_flow_hash_tuple(&f) % 4]++;
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(bins[i], 800, 1200);
}

/* --- ports: Linux's rules, a line a case ------------------------------------------------------------ */

static void ports_conflict_as_on_linux(void **state)
{
	struct ip_addr any6 = { .b = { 0 } }, v6 = { .b = { 0xfd, [15] = 1 } };
	const struct {
		struct ip_addr a;
		uint8_t fa;
		struct ip_addr b;
		uint8_t fb;
		bool ok;
	} t[] = {
		{ ip4(0), 0, ip4(0), 0, false },
		{ ip4(1), 0, ip4(2), 0, true },
		{ ip4(0), 0, ip4(2), 0, false },
		{ ip4(0), PORT_REUSEADDR, ip4(2), 0, false },
		{ ip4(0), PORT_REUSEADDR, ip4(0), PORT_REUSEADDR, true },
		{ ip4(0), PORT_REUSEADDR | PORT_LISTENING, ip4(0), PORT_REUSEADDR, false },
		{ ip4(0), PORT_REUSEPORT | PORT_LISTENING, ip4(0), PORT_REUSEPORT, true },
		{ ip4(0), PORT_REUSEPORT, ip4(0), 0, false },
		{ any6, PORT_V6, ip4(0), 0, false },
		{ any6, PORT_V6, ip4(5), 0, false },
		{ any6, PORT_V6 | PORT_V6ONLY, ip4(0), 0, true },
		{ v6, PORT_V6, ip4(0), 0, true },
		{ any6, PORT_V6 | PORT_V6ONLY, v6, PORT_V6, false },
	};
	struct test_pages pages;
	struct port_table tab;

	(void)state;
	test_pages_init(&pages);
	ports_init(&tab, &pages.src);
	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		struct port_bind wa = { .addr = t[i].a, .flags = t[i].fa, .port = 80, .proto = 6 },
				 *a, *b;
		struct port_bind wb = { .addr = t[i].b, .flags = t[i].fb, .port = 80, .proto = 6 };
		int err;

		assert_int_equal(ports_bind(&tab, &wa, 0, &a), 0);
		err = ports_bind(&tab, &wb, 0, &b);
		assert_int_equal(err == 0, t[i].ok);
		if (!err)
			ports_release(&tab, b);
		ports_release(&tab, a);
	}
	objcache_fini(&tab.entries);
	assert_int_equal(pages.out, 0);
}

static void ephemeral_ports_run_out_cleanly(void **state)
{
	struct test_pages pages;
	static struct port_table tab;
	static struct port_bind *b[40000];
	struct port_bind want = { .proto = 17 };
	unsigned n = 0;

	(void)state;
	test_pages_init(&pages);
	ports_init(&tab, &pages.src);
	want.addr = ip4(0);
	tab.low = 40000;
	tab.high = 40999;
	while (ports_bind(&tab, &want, (uint32_t)rand(), &b[n]) == 0)
		n++;
	assert_int_equal(n, 1000);
	while (n)
		ports_release(&tab, b[--n]);
	objcache_fini(&tab.entries);
	assert_int_equal(pages.out, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_once_and_never_early),
		cmocka_unit_test(sums_are_rfc_1071s),
		cmocka_unit_test(sums_of_scattered_packets),
		cmocka_unit_test(siphash_is_the_papers),
		cmocka_unit_test(addresses_have_one_text),
		cmocka_unit_test(flows_hash_alike_both_ways),
		cmocka_unit_test(ports_conflict_as_on_linux),
		cmocka_unit_test(ephemeral_ports_run_out_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
