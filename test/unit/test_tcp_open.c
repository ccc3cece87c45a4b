/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/unit/test_tcp_open.c: ways to open a connection that are not three segments: SYN cookies that keep the
 * options, fast open from both sides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "net/tcp_int.h"
#include "test/lib/link.h"

enum { PORT = 7000 };

static struct world {
	struct link l;
	struct tcp_listener *lis;
	unsigned syn_data; /* payload bytes of the last SYN that end 0 sent */
	unsigned syns, synacks;
	char got[4000];
	size_t ngot;
} w;
static char owner[4];

static const char text[] =
	"the first bytes of a conversation, sent before anybody has agreed to it";

static size_t put(void *ctx, void *b, size_t n)
{
	const char **s = ctx;

	memcpy(b, *s, n);
	*s += n;
	return n;
}

static size_t get(void *ctx, void *b, size_t n)
{
	(void)ctx;
	memcpy(w.got + w.ngot, b, n);
	w.ngot += n;
	return n;
}

static void watch(struct link *l, int from, const uint8_t *f, size_t len)
{
	const struct wire_tcp *t = (const struct wire_tcp *)(f + 34);

	(void)l;
	if (len < 54 || f[23] != IP_P_TCP || !(t->flags & TCPF_SYN))
		return;
	if (from == 0) {
		w.syns++;
		w.syn_data = (unsigned)(len - 34 - (t->off >> 4) * 4U);
	} else {
		w.synacks++;
	}
}

static void start(uint32_t fastopen)
{
	struct link_cfg k = { .seed = 5, .delay_ns = 10000000 };
	struct tcp_conn *like;

	memset(&w, 0, sizeof(w));
	link_init(&w.l, &k);
	w.l.tap = watch;
	assert_int_equal(tcp_new(w.l.end[1].st, owner, &like), 0);
	assert_int_equal(tcp_opt_set(like, TCP_OPT_FASTOPEN, fastopen, w.l.now), 0);
	assert_int_equal(tcp_opt_set(like, TCP_OPT_ECN, 1, w.l.now), 0);
	assert_int_equal(tcp_listen(like, ip4(0), PORT, 0, 8, owner + 1, &w.lis), 0);
	tcp_close(like, w.l.now);
}

static void run(uint64_t ms)
{
	uint64_t until = w.l.now + ms * 1000000;
	unsigned ev;

	net_flush(w.l.end[0].st);
	net_flush(w.l.end[1].st);
	while (link_step(&w.l, until))
		for (int i = 0; i < 2; i++)
			while (net_ready_pop(w.l.end[i].st, &ev))
				;
}

static void stop(void)
{
	run(200000);
	tcp_listener_close(w.lis, w.l.now);
	link_fini(&w.l);
}

static struct tcp_conn *dial(bool fast, bool ecn)
{
	struct tcp_conn_addr a = { .local = ip4(0), .remote = end_addr4(1), .rport = PORT };
	struct tcp_conn *c;

	assert_int_equal(tcp_new(w.l.end[0].st, owner + 2, &c), 0);
	assert_int_equal(tcp_opt_set(c, TCP_OPT_ECN, ecn, w.l.now), 0);
	assert_int_equal(tcp_opt_set(c, TCP_OPT_FASTOPEN_CONNECT, fast, w.l.now), 0);
	assert_int_equal(tcp_connect(c, &a, w.l.now), 0);
	return c;
}

static long say(struct tcp_conn *c, size_t n)
{
	static char big[4000];
	const char *s = n < sizeof(text) ? text : big;

	if (s == big)
		memset(big, 'b', sizeof(big));
	return tcp_send(c, &(struct net_iov){ put, &s }, n, 0, w.l.now);
}

static size_t hear(struct tcp_conn *c)
{
	w.ngot = 0;
	while (tcp_recv(c, &(struct net_iov){ get, NULL }, sizeof(w.got) - w.ngot, 0, w.l.now) > 0)
		;
	return w.ngot;
}

static uint64_t mib(int end, unsigned id)
{
	return net_mib(w.l.end[end].st)->v[id];
}

/* --- cookies -------------------------------------------------------------------------------------- */

/* The SYN queue is full of SYNs from nowhere. */
static void fill_syn_queue(void)
{
	struct tcp_conn *c[64];
	struct link_cfg k = w.l.cfg;

	/* One that goes well: both ends know each other's link address from here on. */
	c[0] = dial(false, false);
	run(100);
	tcp_abort(tcp_accept(w.lis, owner + 3), w.l.now);
	run(100);
	tcp_abort(c[0], w.l.now);
	for (unsigned i = 0; i < 64; i++)
		c[i] = dial(false, false);
	/* The answers get lost, and then so do the callers. */
	w.l.cfg.burst_from = w.l.now + 1;
	w.l.cfg.burst_to = w.l.now + 15000000;
	run(14);
	for (unsigned i = 0; i < 64; i++)
		tcp_abort(c[i], w.l.now);
	run(20);
	w.l.cfg = k;
	assert_int_equal(w.lis->nsyn, 64);
}

static void a_cookie_keeps_the_options(void **state)
{
	struct tcp_stats s;
	struct tcp_conn *c, *p;

	(void)state;
	start(0);
	fill_syn_queue();
	c = dial(false, true);
	run(50);
	assert_int_equal(mib(1, MIB_TcpExt_SyncookiesSent), 1);
	assert_int_equal(mib(1, MIB_TcpExt_SyncookiesRecv), 1);
	p = tcp_accept(w.lis, owner + 3);
	assert_non_null(p);
	tcp_conn_stats(p, &s, w.l.now);
	assert_int_equal(s.options & 15, 15); /* timestamps, SACK, window scale, ECN */
	assert_int_equal(s.snd_wscale, 7);
	tcp_conn_stats(c, &s, w.l.now);
	assert_int_equal(s.options & 15, 15);
	/* Bulk in both directions: the windows are what both believe, and PAWS drops nothing. */
	for (int i = 0; i < 200; i++) {
		assert_true(say(c, 3000) >= 0);
		assert_true(say(p, 3000) >= 0);
		run(20);
		hear(p);
		hear(c);
	}
	assert_int_equal(mib(0, MIB_Tcp_RetransSegs), 0);
	assert_int_equal(mib(1, MIB_TcpExt_PAWSEstab) + mib(0, MIB_TcpExt_PAWSEstab), 0);
	tcp_close(c, w.l.now);
	tcp_close(p, w.l.now);
	stop();
}

/* Every combination survives the six bits. */
static void options_survive_the_timestamp(void **state)
{
	struct ip_rx rx = { .src = end_addr4(0), .dst = end_addr4(1) };

	(void)state;
	start(0);
	for (unsigned i = 0; i < 64 * 4; i++) {
		struct tcp_seg syn = { .has_ts = true,
				       .tsval = i,
				       .has_ws = (i & 15) != 15,
				       .wscale = (i & 15) % 15,
				       .sack_ok = i & 16 };
		struct tcp_seg ack = { .has_ts = true, .tsval = 77 + i }, out = { 0 };
		struct tcp_conn_addr a = { .local = rx.dst, .remote = rx.src };
		uint32_t now;
		bool ecn;

		run(7);
		ack.tsecr = tcp_cookie_ts(w.l.end[1].st, &rx, &syn, i & 32);
		now = (uint32_t)(w.l.end[1].st->now_us / 1000) + tcp_ts_offset(w.l.end[1].st, &a);
		assert_in_range(now - ack.tsecr, 0, 127); /* never ahead, not far behind */
		ecn = tcp_cookie_options(&ack, &out);
		assert_int_equal(ecn, (i & 32) != 0);
		assert_int_equal(out.sack_ok, syn.sack_ok);
		assert_int_equal(out.has_ws, syn.has_ws);
		assert_int_equal(out.wscale, syn.has_ws ? syn.wscale : 0);
		assert_int_equal(out.tsval, ack.tsval);
	}
	stop();
}

/* --- fast open ------------------------------------------------------------------------------------ */

/* The first connection fetches a cookie. */
static void learn(void)
{
	struct tcp_conn *c = dial(true, false), *p;

	assert_false(tcp_lazy(c));
	run(50);
	assert_int_equal(tcp_conn_state(c), TCP_ESTABLISHED);
	p = tcp_accept(w.lis, owner + 3);
	assert_non_null(p);
	tcp_close(c, w.l.now);
	tcp_close(p, w.l.now);
	run(100);
	assert_non_null(tcp_fo_find(w.l.end[0].st, end_addr4(1)));
}

static void data_goes_with_the_syn(void **state)
{
	struct tcp_conn *c, *p;
	struct tcp_stats s;

	(void)state;
	start(16);
	learn();
	c = dial(true, false);
	assert_true(tcp_lazy(c));
	assert_true(tcp_level(c) & NET_OUT);
	run(100);
	w.syns = 0; /* nothing goes before there is something to say */
	assert_int_equal(say(c, 40), 40);
	run(11); /* one way */
	assert_int_equal(w.syns, 1);
	assert_int_equal(w.syn_data, 40);
	run(40);
	p = tcp_accept(w.lis, owner + 3);
	assert_non_null(p);
	assert_int_equal(hear(p), 40);
	assert_memory_equal(w.got, text, 40);
	tcp_conn_stats(c, &s, w.l.now);
	assert_true(s.options & 32); /* TCPI_OPT_SYN_DATA */
	assert_int_equal(mib(0, MIB_TcpExt_TCPFastOpenActive), 1);
	assert_int_equal(mib(1, MIB_TcpExt_TCPFastOpenPassive), 1);
	assert_int_equal(say(c, 10), 10);
	run(50);
	assert_int_equal(hear(p), 10);
	tcp_close(c, w.l.now);
	tcp_close(p, w.l.now);
	stop();
}

/* More than one segment: the SYN takes what fits, the rest follows the handshake, in order. */
static void what_does_not_fit_follows(void **state)
{
	struct tcp_conn *c, *p;

	(void)state;
	start(16);
	learn();
	c = dial(true, false);
	assert_int_equal(say(c, 4000), 4000);
	run(100);
	assert_in_range(w.syn_data, 1000, 1448);
	p = tcp_accept(w.lis, owner + 3);
	assert_int_equal(hear(p), 4000);
	for (int i = 0; i < 4000; i++)
		assert_int_equal(w.got[i], 'b');
	assert_int_equal(mib(0, MIB_Tcp_RetransSegs), 0);
	tcp_close(c, w.l.now);
	tcp_close(p, w.l.now);
	stop();
}

/* The server has forgotten its cookies: the data is sent again after the handshake, once. */
static void a_refused_cookie_costs_nothing(void **state)
{
	struct tcp_conn *c, *p;

	(void)state;
	start(16);
	learn();
	w.l.end[1].st->tcp->key_cookie.k0 ^= 1;
	c = dial(true, false);
	assert_int_equal(say(c, 60), 60);
	run(100);
	p = tcp_accept(w.lis, owner + 3);
	assert_int_equal(hear(p), 60);
	assert_memory_equal(w.got, text, 60);
	assert_int_equal(mib(0, MIB_TcpExt_TCPFastOpenActiveFail), 1);
	tcp_close(c, w.l.now);
	tcp_close(p, w.l.now);
	run(100);
	/* and the new cookie was taken from the SYN-ACK */
	c = dial(true, false);
	assert_int_equal(say(c, 60), 60);
	run(100);
	p = tcp_accept(w.lis, owner + 3);
	assert_int_equal(hear(p), 60);
	assert_int_equal(mib(1, MIB_TcpExt_TCPFastOpenPassive), 1);
	tcp_close(c, w.l.now);
	tcp_close(p, w.l.now);
	stop();
}

/* RFC 7413 4.2.1: a lost SYN is sent again without data, and the next connection does without. */
static void a_path_that_drops_it_is_found_out(void **state)
{
	struct tcp_conn *c, *p;

	(void)state;
	start(16);
	learn();
	w.l.cfg.burst_from = w.l.now;
	w.l.cfg.burst_to = w.l.now + 500000000;
	c = dial(true, false);
	assert_int_equal(say(c, 60), 60);
	run(3000);
	assert_int_equal(w.syn_data, 0); /* of the last SYN */
	p = tcp_accept(w.lis, owner + 3);
	assert_non_null(p);
	assert_int_equal(hear(p), 60);
	assert_memory_equal(w.got, text, 60);
	assert_null(tcp_fo_find(w.l.end[0].st, end_addr4(1)));
	tcp_close(c, w.l.now);
	tcp_close(p, w.l.now);
	stop();
}

static void a_lazy_connection_can_be_closed(void **state)
{
	struct tcp_conn *c;

	(void)state;
	start(16);
	learn();
	w.syns = 0;
	c = dial(true, false);
	tcp_close(c, w.l.now);
	c = dial(true, false);
	tcp_abort(c, w.l.now);
	run(100);
	assert_int_equal(w.syns, 0);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cookie_keeps_the_options),
		cmocka_unit_test(options_survive_the_timestamp),
		cmocka_unit_test(data_goes_with_the_syn),
		cmocka_unit_test(what_does_not_fit_follows),
		cmocka_unit_test(a_refused_cookie_costs_nothing),
		cmocka_unit_test(a_path_that_drops_it_is_found_out),
		cmocka_unit_test(a_lazy_connection_can_be_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
