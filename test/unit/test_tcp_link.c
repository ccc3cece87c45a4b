/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/unit/test_tcp_link.c: two stacks over a link that misbehaves, over many seeds.  The promise: what is
 * written arrives, all of it, in order, unchanged, then end of file; both sides end; no page is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "test/lib/link.h"

enum { PORT = 7000 };

/* How many seeds a test tries: `make soak` takes thousands. */
static unsigned seeds(unsigned n)
{
	return getenv("CORACLE_SOAK") ? 50 * n : n;
}

/* A stream whose byte at any place is known. */
static uint8_t byte_at(uint64_t pos, unsigned salt)
{
	uint64_t x = (pos / 8 + salt) * 0x9e3779b97f4a7c15ULL;

	x ^= x >> 29;
	return (uint8_t)(x >> (8 * (pos % 8)));
}

struct flow {
	struct tcp_conn *c;
	uint64_t wrote, want, got, expect;
	unsigned salt_out, salt_in;
	bool shut, eof, bad;
	int err;
};

static size_t copy_from(void *ctx, void *buf, size_t n)
{
	struct flow *f = ctx;

	for (size_t i = 0; i < n; i++)
		((uint8_t *)buf)[i] = byte_at(f->wrote + i, f->salt_out);
	f->wrote += n;
	return n;
}

static size_t copy_to(void *ctx, void *buf, size_t n)
{
	struct flow *f = ctx;

	for (size_t i = 0; i < n; i++)
		if (((uint8_t *)buf)[i] != byte_at(f->got + i, f->salt_in))
			f->bad = true;
	f->got += n;
	return n;
}

/* Do all that the socket of one side can do now. */
static void pump(struct link *l, struct flow *f, uint32_t chunk)
{
	long n;

	if (!f->c)
		return;
	while (f->wrote < f->want) {
		uint64_t left = f->want - f->wrote;

		n = tcp_send(f->c, &(struct net_iov){ copy_from, f }, left < chunk ? left : chunk,
			     0, l->now);
		if (n == -EAGAIN)
			break;
		if (n < 0) {
			f->err = (int)n;
			return;
		}
	}
	if (f->wrote == f->want && !f->shut && tcp_conn_state(f->c) != TCP_SYN_SENT) {
		f->shut = true;
		assert_int_equal(tcp_shutdown(f->c, TCP_SHUT_WR, l->now), 0);
	}
	if (f->eof)
		return;
	while ((n = tcp_recv(f->c, &(struct net_iov){ copy_to, f }, 20000, 0, l->now)) > 0)
		;
	if (n == 0)
		f->eof = true;
	else if (n != -EAGAIN)
		f->err = (int)n;
}

static void dial(struct link *l, struct flow *f, const struct tcp_conn_addr *a)
{
	assert_int_equal(tcp_new(l->end[0].st, f, &f->c), 0);
	assert_int_equal(tcp_connect(f->c, a, l->now), 0);
	net_flush(l->end[0].st);
}

/*
 * RFC 1122 2.3.2.2: a neighbour that does not answer is unreachable.  Where each of its few solicitations was lost, a
 * program would try again, and so do we.
 */
static void dial_again(struct link *l, struct flow *f, const struct tcp_conn_addr *a)
{
	tcp_close(f->c, l->now);
	f->err = 0;
	f->wrote = 0;
	f->shut = false;
	dial(l, f, a);
}

struct result {
	uint64_t time_ns;
	uint64_t retrans;
};

/* `up` bytes from 0 to 1 and `down` back, over `cfg`; everything must arrive within `limit` seconds. */
static struct result transfer(const struct link_cfg *cfg, uint64_t up, uint64_t down,
			      unsigned limit, bool v6)
{
	struct link l;
	struct tcp_conn *like;
	struct tcp_listener *lis;
	struct tcp_conn_addr a = { .remote = v6 ? end_addr6(1) : end_addr4(1), .rport = PORT };
	struct flow f[2] = { { .want = up, .expect = down, .salt_out = 1, .salt_in = 2 },
			     { .want = down, .expect = up, .salt_out = 2, .salt_in = 1 } };
	uint64_t until;
	struct result r;
	char owner[3];

	link_init(&l, cfg);
	if (v6)
		a.local = (struct ip_addr){ 0 };
	else
		a.local = ip4(0);
	until = l.now + limit * 1000000000ULL;
	assert_int_equal(tcp_new(l.end[1].st, &owner[1], &like), 0);
	assert_int_equal(
		tcp_listen(like, (struct ip_addr){ 0 }, PORT, TCP_L_BIND_V6, 8, &owner[2], &lis),
		0);
	tcp_close(like, l.now);
	dial(&l, &f[0], &a);
	while (link_step(&l, until)) {
		unsigned ev;

		for (int i = 0; i < 2; i++)
			while (net_ready_pop(l.end[i].st, &ev))
				;
		if (!f[1].c)
			f[1].c = tcp_accept(lis, &owner[1]);
		pump(&l, &f[0], 30000);
		if (f[0].err == -EHOSTUNREACH && !f[1].c)
			dial_again(&l, &f[0], &a);
		pump(&l, &f[1], 3000);
		net_flush(l.end[0].st);
		net_flush(l.end[1].st);
		if ((f[0].eof && f[1].eof && f[0].shut && f[1].shut) || f[0].err || f[1].err)
			break;
	}
	if (!f[0].eof || !f[1].eof || f[0].bad || f[1].bad || f[0].err || f[1].err ||
	    f[0].got != down || f[1].got != up) {
		struct tcp_stats s;

		printf("seed %lu: time %.3f got %lu/%lu %lu/%lu err %d %d bad %d %d eof %d %d\n",
		       (unsigned long)cfg->seed, (double)l.now / 1e9, f[0].got, down, f[1].got, up,
		       f[0].err, f[1].err, f[0].bad, f[1].bad, f[0].eof, f[1].eof);
		for (int i = 0; i < 2; i++)
			if (f[i].c) {
				tcp_conn_stats(f[i].c, &s, l.now);
				printf(" %d: state %u ca %u cwnd %u ssthresh %u unacked %u lost %u "
				       "sacked %u retrans %u rto %u backoff %u wnd %u\n",
				       i, s.state, s.ca_state, s.snd_cwnd, s.snd_ssthresh,
				       s.unacked, s.lost, s.sacked, s.retrans, s.rto, s.backoff,
				       s.snd_wnd);
			}
		fail();
	}
	r.time_ns = l.now - 1000000000ULL;
	r.retrans = net_mib(l.end[0].st)->v[MIB_Tcp_RetransSegs] +
		    net_mib(l.end[1].st)->v[MIB_Tcp_RetransSegs];
	tcp_close(f[0].c, l.now);
	tcp_close(f[1].c, l.now);
	/* Both ends let go within the retries of an orphan. */
	until = l.now + 400 * 1000000000ULL;
	net_flush(l.end[0].st);
	while (link_step(&l, until))
		;
	tcp_listener_close(lis, l.now);
	for (int i = 0; i < 2; i++)
		assert_int_equal(net_mib(l.end[i].st)->v[MIB_Tcp_CurrEstab], 0);
	link_fini(&l);
	return r;
}

static void a_clean_link_carries_everything(void **state)
{
	struct link_cfg k = { .seed = 1, .delay_ns = 1000000 };

	(void)state;
	transfer(&k, 0, 0, 10, false);
	transfer(&k, 1, 1, 10, false);
	transfer(&k, 100000, 0, 10, false);
	transfer(&k, 0, 100000, 10, false);
	assert_int_equal(transfer(&k, 3000000, 2000000, 20, false).retrans, 0);
}

enum { SG = NETIF_SG, CS = NETIF_TX_CSUM, TSO = NETIF_TSO4 | NETIF_TSO6 };

static void offloads_change_nothing(void **state)
{
	static const uint32_t f[] = { 0, CS, SG, SG | CS, SG | CS | TSO };

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(f); i++) {
		struct link_cfg k = { .seed = i, .delay_ns = 500000, .features = { f[i], f[i] } };

		assert_int_equal(transfer(&k, 1000000, 300000, 10, false).retrans, 0);
	}
}

static void loss_is_repaired(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < seeds(40); seed++) {
		struct link_cfg k = { .seed = seed,
				      .delay_ns = 1000000ULL * (1 + seed % 7 * 5),
				      .loss = seed % 8 * 25,
				      .features = { seed % 2 ? SG | CS : 0 } };

		transfer(&k, 200000, 50000, 900, false);
	}
}

static void everything_at_once(void **state)
{
	(void)state;
	for (unsigned seed = 100; seed < 100 + seeds(40); seed++) {
		struct link_cfg k = { .seed = seed,
				      .delay_ns = 1000000ULL * (1 + seed % 5 * 10),
				      .jitter_ns = 1000000ULL * (seed % 4 * 3),
				      .loss = seed % 5 * 10,
				      .dup = seed % 3 * 20,
				      .corrupt = seed % 4 * 10,
				      .reorder = seed % 6 * 20,
				      .mtu = seed % 3 ? 1500 : 576 };

		transfer(&k, 150000, 100000, 900, false);
	}
}

static void ipv6_carries_everything_too(void **state)
{
	(void)state;
	for (unsigned seed = 200; seed < 200 + seeds(20); seed++) {
		struct link_cfg k = { .seed = seed,
				      .delay_ns = 2000000,
				      .loss = seed % 4 * 20,
				      .jitter_ns = seed % 3 * 1000000,
				      .features = { SG | CS | (seed % 2 ? TSO : 0), SG | CS } };

		transfer(&k, 200000, 100000, 900, true);
	}
}

/* A link of bounded rate and queue: congestion control must find it, without starving. */
static void a_bottleneck_is_shared_out(void **state)
{
	struct link_cfg k = { .seed = 7, .delay_ns = 20000000, .rate = 1250000, .queue = 60000 };
	struct result r;

	(void)state;
	r = transfer(&k, 3000000, 0, 60, false);
	/* 3 MB at 1.25 MB/s are 2.4 s and some; half the rate would be a fault. */
	assert_true(r.time_ns < 4000000000ULL);
}

/* A queue of a seventh of what the path holds: without pacing each window would overflow it. */
static void a_shallow_queue_is_paced_through(void **state)
{
	struct link_cfg k = { .seed = 7, .delay_ns = 20000000, .rate = 5000000, .queue = 30000 };
	struct result r;

	(void)state;
	r = transfer(&k, 10000000, 0, 60, false);
	/* 2 s at the rate; without pacing it takes 4.4. */
	assert_true(r.time_ns < 3600000000ULL);
}

/* A queue three times as long as the path: slow start must end while it fills, and not lose a window when it is full. */
static void slow_start_ends_before_the_queue(void **state)
{
	struct link_cfg k = { .seed = 7, .delay_ns = 20000000, .rate = 5000000, .queue = 600000 };
	struct result r;

	(void)state;
	r = transfer(&k, 5000000, 0, 60, false);
	assert_true(r.time_ns < 1600000000ULL);
	assert_true(r.retrans < 200); /* 134; without HyStart++ 295 */
}

/* A path that drops what is larger than 600 bytes without a word: found by the black-hole check. */
static void a_black_hole_is_survived(void **state)
{
	struct link_cfg k = { .seed = 8, .delay_ns = 5000000, .path_mtu = 620 };

	(void)state;
	transfer(&k, 100000, 0, 120, false);
}

/* The link is dead for ten seconds in the middle. */
static void an_outage_is_survived(void **state)
{
	struct link_cfg k = { .seed = 9,
			      .delay_ns = 5000000,
			      .rate = 1000000,
			      .burst_from = 1300000000,
			      .burst_to = 11300000000 };

	(void)state;
	transfer(&k, 1000000, 1000000, 60, false);
}

/* Events of the stack until `ep` is told of one of `want`. */
static bool hears(struct link *l, int side, struct tcp_conn *c, unsigned want)
{
	uint64_t until = l->now + 5000000000ULL;
	unsigned ev;

	while (link_step(l, until)) {
		struct net_ep *ep;

		while ((ep = net_ready_pop(l->end[side].st, &ev)))
			if (ep == tcp_ep(c) && (ev & want))
				return true;
	}
	return false;
}

/*
 * A writer that never lets send() fail but asks first whether there is room: when it has seen that there is none, it
 * hears of it (it would sleep for ever).
 */
static void who_sees_no_room_hears_of_it(void **state)
{
	struct link_cfg k = { .seed = 10, .delay_ns = 5000000 };
	struct tcp_conn_addr a = { .remote = end_addr4(1), .local = ip4(0), .rport = PORT };
	struct flow f = { .salt_out = 1 };
	struct tcp_listener *lis;
	struct tcp_conn *like;
	struct link l;

	(void)state;
	link_init(&l, &k);
	assert_int_equal(tcp_new(l.end[1].st, &l, &like), 0);
	assert_int_equal(tcp_listen(like, (struct ip_addr){ 0 }, PORT, 0, 8, &l, &lis), 0);
	tcp_close(like, l.now);
	assert_int_equal(tcp_new(l.end[0].st, &f, &f.c), 0);
	assert_int_equal(tcp_connect(f.c, &a, l.now), 0);
	net_flush(l.end[0].st);
	assert_true(hears(&l, 0, f.c, NET_OUT));
	while (tcp_level(f.c) & NET_OUT)
		assert_int_equal(tcp_send(f.c, &(struct net_iov){ copy_from, &f }, 1000, 0, l.now),
				 1000);
	net_flush(l.end[0].st);
	assert_true(hears(&l, 0, f.c, NET_OUT));
	assert_true(tcp_level(f.c) & NET_OUT);
	tcp_close(f.c, l.now);
	tcp_listener_close(lis, l.now);
	link_fini(&l);
}

/* The last frame with TCP that end 0 sent. */
static uint8_t seen[60];

static void watch(struct link *l, int from, const uint8_t *frame, size_t len)
{
	uint64_t sum = 0;

	(void)l;
	if (from != 0 || len < sizeof(seen) || frame[12] != 8 || frame[13] != 0 || frame[23] != 6)
		return;
	for (int i = 14; i < 34; i += 2)
		sum += (uint64_t)(frame[i] << 8 | frame[i + 1]);
	assert_int_equal(sum % 0xffff, 0);
	memcpy(seen, frame, sizeof(seen));
}

static void say(struct link *l, struct flow *f, size_t n)
{
	uint64_t until = l->now + 100000000;

	assert_int_equal(tcp_send(f->c, &(struct net_iov){ copy_from, f }, n, 0, l->now), (long)n);
	net_flush(l->end[0].st);
	while (link_step(l, until))
		;
}

/* A connection keeps the head of its frames; it is made anew when anything in it changes. */
static void headers_follow_options_and_neighbours(void **state)
{
	struct link_cfg k = { .seed = 7, .delay_ns = 1000000 };
	struct tcp_conn_addr a = { .local = ip4(0), .remote = end_addr4(1), .rport = PORT };
	static const uint8_t moved[6] = { 2, 9, 9, 9, 9, 9 };
	uint8_t arp[60] = { 0, 0, 0, 0, 0, 0, 2, 9, 9, 9, 9, 9, 8,  6, 0, 1,
			    8, 0, 6, 4, 0, 2, 2, 9, 9, 9, 9, 9, 10, 0, 0, 2 };
	struct tcp_conn *like;
	struct tcp_listener *lis;
	struct flow f = { .salt_out = 1 };
	struct link l;

	(void)state;
	link_init(&l, &k);
	l.tap = watch;
	assert_int_equal(tcp_new(l.end[1].st, &l, &like), 0);
	assert_int_equal(tcp_listen(like, (struct ip_addr){ 0 }, PORT, 0, 8, &l, &lis), 0);
	tcp_close(like, l.now);
	assert_int_equal(tcp_new(l.end[0].st, &f, &f.c), 0);
	assert_int_equal(tcp_connect(f.c, &a, l.now), 0);
	net_flush(l.end[0].st);
	assert_true(hears(&l, 0, f.c, NET_OUT));
	say(&l, &f, 10);
	say(&l, &f, 500);
	assert_int_equal(seen[15], 0);
	assert_int_equal(seen[22], 64);
	assert_int_equal(tcp_opt_set(f.c, TCP_OPT_TOS, 0x10, l.now), 0);
	assert_int_equal(tcp_opt_set(f.c, TCP_OPT_TTL, 7, l.now), 0);
	say(&l, &f, 10);
	assert_int_equal(seen[15], 0x10);
	assert_int_equal(seen[22], 7);
	assert_memory_equal(seen, l.end[1].dev.mac, 6);
	memcpy(arp, l.end[0].dev.mac, 6);
	memcpy(arp + 32, l.end[0].dev.mac, 6);
	memcpy(arp + 38, (uint8_t[]){ 10, 0, 0, 1 }, 4);
	link_inject(&l, 0, arp, sizeof(arp));
	say(&l, &f, 0);
	say(&l, &f, 10);
	assert_memory_equal(seen, moved, 6);
	tcp_abort(f.c, l.now);
	tcp_listener_close(lis, l.now);
	link_fini(&l);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_link_carries_everything),
		cmocka_unit_test(offloads_change_nothing),
		cmocka_unit_test(loss_is_repaired),
		cmocka_unit_test(everything_at_once),
		cmocka_unit_test(ipv6_carries_everything_too),
		cmocka_unit_test(a_bottleneck_is_shared_out),
		cmocka_unit_test(a_shallow_queue_is_paced_through),
		cmocka_unit_test(slow_start_ends_before_the_queue),
		cmocka_unit_test(a_black_hole_is_survived),
		cmocka_unit_test(an_outage_is_survived),
		cmocka_unit_test(who_sees_no_room_hears_of_it),
		cmocka_unit_test(headers_follow_options_and_neighbours),
	};

	(void)argc, (void)argv;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
