/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/unit/test_net_ip.c: the network layer by whole packets: group membership as routers hear it, VLAN tags,
 * fragments that lie or never end, extension headers, path MTU.  End 0 is looked at; what comes in is made here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "net/csum.h"
#include "net/net_int.h"
#include "net/udp.h"
#include "test/lib/link.h"

#define MS 1000000UL
#define S  1000000000UL

enum { SEEN_MAX = 64, PORT = 5000 };

static struct link l;
static struct seen {
	uint8_t b[1600];
	size_t len;
	uint64_t at;
} seen[SEEN_MAX];
static unsigned nseen;
static char owner[4];

static void watch(struct link *k, int from, const uint8_t *f, size_t len)
{
	struct seen *s = &seen[nseen % SEEN_MAX];

	if (from != 0 || len > sizeof(s->b))
		return;
	memcpy(s->b, f, len);
	s->len = len;
	s->at = k->now;
	nseen++;
}

static int begin(void **state)
{
	struct link_cfg k = { .seed = 21, .delay_ns = 1 * MS };

	(void)state;
	link_init(&l, &k);
	l.tap = watch;
	return 0;
}

static void run(uint64_t ns);

static int begin_quiet(void **state)
{
	(void)begin(state);
	run(5 * S); /* what an interface says when it comes up has been said */
	nseen = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	link_fini(&l);
	return 0;
}

static void run(uint64_t ns)
{
	uint64_t until = l.now + ns;
	unsigned ev;

	net_flush(l.end[0].st);
	net_flush(l.end[1].st);
	while (link_step(&l, until))
		for (int i = 0; i < 2; i++)
			while (net_ready_pop(l.end[i].st, &ev))
				;
}

/* The i-th frame sent, counted from the last: 0 is the last. */
static const struct seen *last(unsigned i)
{
	assert_true(nseen > i);
	return &seen[(nseen - 1 - i) % SEEN_MAX];
}

/* How many frames have this byte at this place (and IP protocol). */
static unsigned count(size_t proto_at, uint8_t proto, size_t at, uint8_t v)
{
	unsigned n = 0;

	for (unsigned i = 0; i < nseen && i < SEEN_MAX; i++)
		n += seen[i].len > at && seen[i].b[proto_at] == proto && seen[i].b[at] == v;
	return n;
}

/* --- making packets -------------------------------------------------------------------------------- */

static uint8_t out[2000];

/* An IPv4 packet of end 1 to `dst`: `off` as it stands in the header, flags included. */
static uint8_t *ip4_packet(struct ip_addr dst, uint8_t proto, uint16_t id, uint16_t off, size_t n)
{
	struct wire_ip4 *h = (struct wire_ip4 *)(out + 14);

	memset(out, 0, 60);
	memcpy(out, l.end[0].dev.mac, 6);
	if (ip_is_multicast(dst))
		memcpy(out, mcast_mac(dst).b, 6);
	memcpy(out + 6, l.end[1].dev.mac, 6);
	out[12] = 8;
	*h = (struct wire_ip4){ .ver_ihl = 0x45,
				.len = be16_of((uint16_t)(20 + n)),
				.id = be16_of(id),
				.frag = be16_of(off),
				.ttl = 1,
				.proto = proto,
				.src = ip4_to_wire(end_addr4(1)),
				.dst = ip4_to_wire(dst) };
	csum_store(&h->csum, csum_fold(csum_add(0, h, 20)));
	return out + 34;
}

static uint8_t *ip6_packet(uint8_t next, size_t n)
{
	struct ip_addr src = end_addr6(1), dst = end_addr6(0);

	memset(out, 0, 80);
	memcpy(out, l.end[0].dev.mac, 6);
	memcpy(out + 6, l.end[1].dev.mac, 6);
	out[12] = 0x86;
	out[13] = 0xdd;
	out[14] = 0x60;
	out[18] = (uint8_t)(n >> 8);
	out[19] = (uint8_t)n;
	out[20] = next;
	out[21] = 64;
	memcpy(out + 22, src.b, 16);
	memcpy(out + 38, dst.b, 16);
	return out + 54;
}

static void inject4(size_t n)
{
	link_inject(&l, 0, out, 34 + n);
}

static void inject6(size_t n)
{
	link_inject(&l, 0, out, 54 + n);
}

/* A UDP header for `n` bytes of payload to PORT, summed with the `n` bytes of `fill` that follow. */
static void udp_header(uint8_t *h, size_t n, uint8_t fill, bool v6)
{
	struct wire_udp u = { be16_of(9), be16_of(PORT), be16_of((uint16_t)(8 + n)), be16_of(0) };
	static uint8_t whole[70000];

	memcpy(whole, &u, 8);
	memset(whole + 8, fill, n);
	csum_store(&u.csum, csum_fold(csum_add(csum_pseudo(v6 ? end_addr6(1) : end_addr4(1),
							   v6 ? end_addr6(0) : end_addr4(0),
							   IP_P_UDP, (uint32_t)(8 + n)),
					       whole, 8 + n)));
	memcpy(h, &u, 8);
}

static struct udp_ep *udp_here(void)
{
	struct udp_ep *u;

	assert_int_equal(udp_new(l.end[0].st, owner, &u), 0);
	assert_int_equal(udp_bind(u, (struct ip_addr){ 0 }, PORT, UDP_BIND_V6, NULL), 0);
	return u;
}

/* Bytes of the datagram that has come; 0: none. */
static uint32_t received(struct udp_ep *u)
{
	struct udp_rx rx;
	struct pkt *p;
	uint32_t n;

	if (!udp_rx_peek(u, &rx))
		return 0;
	p = udp_rx_pop(u);
	n = p->len;
	pkt_free(p);
	return n;
}

/* --- groups --------------------------------------------------------------------------------------- */

static const struct ip_addr group4 = { .b = { [10] = 0xff, [11] = 0xff, [12] = 239, 1, 2, 3 } };
static const struct ip_addr group6 = { .b = { 0xff, 5, [15] = 0x55 } };

static void igmp_query(uint8_t code, size_t len, struct ip_addr group)
{
	uint8_t *m = ip4_packet(ip4(0xe0000001), IP_P_IGMP, 1, 0, len);
	be32 g = ip4_to_wire(group);

	memset(m, 0, len);
	m[0] = 0x11;
	m[1] = code;
	if (!ip_is_any(group))
		memcpy(m + 4, g.b, 4);
	csum_store((be16 *)(void *)(m + 2), csum_fold(csum_add(0, m, len)));
	inject4(len);
}

/* RFC 3376: reports to 224.0.0.22 with Router Alert and TTL 1: joining twice, leaving, answering. */
static void igmpv3_reports(void **state)
{
	const uint8_t *f;

	(void)state;
	assert_int_equal(net_mcast_join(l.end[0].ifc, group4, l.now), 0);
	run(3 * S);
	assert_int_equal(nseen, 2);
	f = last(0)->b;
	assert_int_equal(f[14], 0x46);
	assert_int_equal(f[22], 1);
	assert_memory_equal(f + 30, ((uint8_t[]){ 224, 0, 0, 22, 0x94, 4, 0, 0, 0x22 }), 9);
	assert_memory_equal(f + 46, ((uint8_t[]){ 4, 0, 0, 0, 239, 1, 2, 3 }),
			    8); /* TO_EXCLUDE {} */
	igmp_query(20, 12, (struct ip_addr){ 0 });
	run(2100 * MS);
	assert_int_equal(nseen, 3);
	assert_int_equal(last(0)->b[46], 2); /* MODE_IS_EXCLUDE */
	igmp_query(20, 12, ip4(0xef010204)); /* not one of ours */
	run(2100 * MS);
	assert_int_equal(nseen, 3);
	assert_int_equal(net_mcast_leave(l.end[0].ifc, group4, l.now), 0);
	run(10 * MS);
	assert_int_equal(last(0)->b[46], 3); /* TO_INCLUDE {} */
}

/* RFC 3376 7.2.1: an older querier is spoken to in its own way, for as long as it is there. */
static void igmpv2_and_v1_queriers(void **state)
{
	(void)state;
	assert_int_equal(net_mcast_join(l.end[0].ifc, group4, l.now), 0);
	run(3 * S);
	igmp_query(10, 8, (struct ip_addr){ 0 });
	run(1100 * MS);
	assert_int_equal(last(0)->b[38], 0x16);
	assert_memory_equal(last(0)->b + 30, ((uint8_t[]){ 239, 1, 2, 3 }), 4);
	assert_int_equal(net_mcast_leave(l.end[0].ifc, group4, l.now), 0);
	run(10 * MS);
	assert_int_equal(last(0)->b[38], 0x17);
	assert_memory_equal(last(0)->b + 30, ((uint8_t[]){ 224, 0, 0, 2 }), 4);
	igmp_query(0, 8, (struct ip_addr){ 0 });
	assert_int_equal(net_mcast_join(l.end[0].ifc, group4, l.now), 0);
	run(10 * MS);
	assert_int_equal(last(0)->b[38], 0x12);
	run(500 * S); /* and then version 3 again */
	assert_int_equal(net_mcast_leave(l.end[0].ifc, group4, l.now), 0);
	run(10 * MS);
	assert_int_equal(last(0)->b[38], 0x22);
}

static void mldv2_reports(void **state)
{
	const uint8_t *f;
	uint8_t *m;

	(void)state;
	assert_int_equal(net_mcast_join(l.end[0].ifc, group6, l.now), 0);
	run(3 * S);
	f = last(0)->b;
	assert_int_equal(f[21], 1); /* hop limit */
	assert_memory_equal(f + 38, ((uint8_t[]){ 0xff, 2 }), 2);
	assert_int_equal(f[53], 0x16);
	assert_memory_equal(f + 54, ((uint8_t[]){ 58, 0, 5, 2, 0, 0 }), 6); /* Router Alert */
	assert_int_equal(f[62], 143);
	assert_int_equal(f[70], 4);
	assert_memory_equal(f + 74, group6.b, 16);
	nseen = 0;
	/* A general query, within a second. */
	m = ip6_packet(58, 28);
	memcpy(out + 22, ((struct ip_addr){ .b = { 0xfe, 0x80, [15] = 9 } }).b, 16);
	memcpy(out + 38, ((struct ip_addr){ .b = { 0xff, 2, [15] = 1 } }).b, 16);
	memcpy(out, "\x33\x33\0\0\0\1", 6);
	out[21] = 1;
	memset(m, 0, 28);
	m[0] = 130;
	m[4] = 3;
	m[5] = 0xe8;
	csum_store((be16 *)(void *)(m + 2),
		   csum_fold(csum_add(
			   csum_pseudo(ip6_from_wire(out + 22), ip6_from_wire(out + 38), 58, 28), m,
			   28)));
	inject6(28);
	run(1100 * MS);
	assert_true(count(20, 0, 62, 143) >= 1);
}

/* --- VLAN ----------------------------------------------------------------------------------------- */

static void tagged_frames_are_another_interface_s(void **state)
{
	static struct netif face[2];
	struct udp_ep *here, *there;
	struct udp_tx tx = { .dst = ip4(0x0a050001), .dport = PORT, .ttl = -1, .tos = -1 };
	struct net_if *v[2];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		face[i] = (struct netif){
			.name = "eth0.5", .index = 7, .queues = 1, .link_up = true
		};
		assert_int_equal(net_if_add_vlan(l.end[i].st, l.end[i].ifc, 5, &face[i], &v[i]), 0);
		net_if_up(v[i], true, l.now);
		assert_int_equal(
			net_addr_add(v[i],
				     &(struct net_ifaddr){ .addr = ip4(0x0a050001 + (uint32_t)i),
							   .bits = 24 },
				     l.now),
			0);
	}
	here = udp_here();
	assert_int_equal(udp_new(l.end[1].st, owner, &there), 0);
	assert_int_equal(udp_bind(there, ip4(0), 9, 0, NULL), 0);
	assert_int_equal(udp_send(there, &tx, &(struct net_iov){ 0 }, 0, l.now), 0);
	run(100 * MS);
	assert_memory_equal(last(0)->b + 12, ((uint8_t[]){ 0x81, 0, 0, 5, 8, 6 }),
			    6); /* our ARP answer */
	assert_true(udp_level(here) & NET_IN);
	(void)received(here);
	/* The same frame with the tag of nobody: dropped, and counted. */
	udp_header(ip4_packet(ip4(0x0a050001), IP_P_UDP, 1, 0, 8), 0, 0, false);
	memmove(out + 18, out + 14, 28);
	memcpy(out + 12, "\x81\0\0\6\x08\0", 6);
	link_inject(&l, 0, out, 46);
	assert_int_equal(net_drops(l.end[0].st, DROP_VLAN_UNKNOWN), 1);
	udp_close(here);
	udp_close(there);
}

/* --- fragments ------------------------------------------------------------------------------------ */

enum { MF = 0x2000 };

/* Bytes [at, at + n) of a datagram of `total` payload bytes. */
static void fragment(uint16_t id, size_t at, size_t n, bool more, size_t total, uint8_t fill)
{
	uint8_t *p =
		ip4_packet(end_addr4(0), IP_P_UDP, id, (uint16_t)(at / 8 | (more ? MF : 0)), n);

	memset(p, fill, n);
	if (at == 0)
		udp_header(p, total - 8, fill, false);
	inject4(n);
}

static void fragments_in_any_order_make_a_whole(void **state)
{
	struct udp_ep *u = udp_here();

	(void)state;
	fragment(1, 2000, 500, false, 2500, 'a');
	fragment(1, 0, 1000, true, 2500, 'a');
	fragment(1, 0, 1000, true, 2500, 'a'); /* the same again does no harm */
	assert_int_equal(received(u), 0);
	fragment(1, 1000, 1000, true, 2500, 'a');
	assert_int_equal(received(u), 2492);
	udp_close(u);
}

/* RFC 5722: what overlaps is an attack. */
static void fragments_that_overlap_are_dropped(void **state)
{
	struct udp_ep *u = udp_here();

	(void)state;
	fragment(2, 0, 1000, true, 2000, 'a');
	fragment(2, 504, 800, true, 2000, 'b');
	fragment(2, 1000, 1000, false, 2000, 'a');
	run(10 * MS);
	assert_int_equal(received(u), 0);
	udp_close(u);
}

/* RFC 1122 3.3.2: after a while the sender is told, if we know by the first fragment who it was. */
static void fragments_that_never_end_are_forgotten(void **state)
{
	struct udp_ep *u = udp_here();
	long before;

	(void)state;
	fragment(3, 0, 1000, true, 2000, 'a');
	run(40 * S);
	assert_true(count(23, 1, 34, 11) >= 1); /* time exceeded */
	fragment(3, 1000, 1000, false, 2000, 'a');
	assert_int_equal(received(u), 0);
	run(40 * S);
	before = l.end[0].pages.out;
	for (unsigned i = 0; i < 20000; i++)
		fragment((uint16_t)i, 8 * (1 + i % 100), 1000, true, 2000, 'x');
	assert_true(l.end[0].pages.out - before <
		    (8 << 20) / 4096); /* 4 MB of data, in pages of their own */
	run(60 * S);
	assert_true(l.end[0].pages.out - before < 200); /* what the pool keeps at hand */
	fragment(4, 0, 1000, true, 1500, 'a');
	fragment(4, 1000, 500, false, 1500, 'a');
	assert_int_equal(received(u), 1492);
	udp_close(u);
}

/* --- extension headers ---------------------------------------------------------------------------- */

/* An extension header of 8 bytes with one option, before a datagram of 4. */
static void with_option(uint8_t header, uint8_t option)
{
	uint8_t *p = ip6_packet(header, 8 + 12);

	memcpy(p, (uint8_t[]){ IP_P_UDP, 0, option, 4, 0, 0, 0, 0 }, 8);
	memset(p + 16, 'a', 4);
	udp_header(p + 8, 4, 'a', true);
	inject6(8 + 12);
	run(10 * MS);
}

/* RFC 8200 4.2: the two high bits say what is to happen with an option that nobody knows. */
static void unknown_options_are_skipped_dropped_or_reported(void **state)
{
	struct udp_ep *u = udp_here();

	(void)state;
	with_option(60, 1); /* PadN, destination options */
	assert_int_equal(received(u), 4);
	with_option(0, 1); /* hop by hop */
	assert_int_equal(received(u), 4);
	with_option(60, 0x3e); /* 00: skip */
	assert_int_equal(received(u), 4);
	with_option(60, 0x7e); /* 01: drop */
	assert_int_equal(received(u), 0);
	assert_int_equal(count(20, 58, 54, 4), 0);
	with_option(60, 0xbe); /* 10: drop and tell */
	assert_int_equal(received(u), 0);
	assert_int_equal(count(20, 58, 54, 4), 1);
	udp_close(u);
}

/* --- path MTU ------------------------------------------------------------------------------------- */

static size_t zeros(void *ctx, void *b, size_t n)
{
	(void)ctx;
	memset(b, 0, n);
	return n;
}

/* RFC 1191: "too big" about a datagram of ours: the next that may not be cut is refused. */
static void a_smaller_path_is_remembered(void **state)
{
	struct udp_ep *u = udp_here();
	struct udp_tx tx = { .dst = end_addr4(1), .dport = 9, .ttl = -1, .tos = -1 };
	struct net_iov v = { zeros, NULL };
	const struct seen *s;
	uint8_t *m;

	(void)state;
	assert_int_equal(udp_opt_set(u, UDP_OPT_PMTUDISC, 2), 0); /* IP_PMTUDISC_DO */
	assert_int_equal(udp_send(u, &tx, &v, 1400, l.now), 1400);
	run(20 * MS);
	s = last(0);
	assert_int_equal(s->len, 14 + 20 + 8 + 1400);
	m = ip4_packet(end_addr4(0), 1, 1, 0, 8 + 28);
	memset(m, 0, 8);
	m[0] = 3;
	m[1] = 4;
	m[6] = 1000 >> 8;
	m[7] = 1000 & 255;
	memcpy(m + 8, s->b + 14, 28);
	csum_store((be16 *)(void *)(m + 2), csum_fold(csum_add(0, m, 36)));
	inject4(36);
	assert_int_equal(udp_send(u, &tx, &v, 1400, l.now), -EMSGSIZE);
	while (net_ep_error(udp_net_ep(u)))
		;
	assert_int_equal(udp_send(u, &tx, &v, 900, l.now), 900);
	udp_close(u);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin_quiet, end)
	const struct CMUnitTest tests[] = {
		T(igmpv3_reports),
		T(igmpv2_and_v1_queriers),
		T(mldv2_reports),
		T(tagged_frames_are_another_interface_s),
		T(fragments_in_any_order_make_a_whole),
		T(fragments_that_overlap_are_dropped),
		T(fragments_that_never_end_are_forgotten),
		T(unknown_options_are_skipped_dropped_or_reported),
		T(a_smaller_path_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
