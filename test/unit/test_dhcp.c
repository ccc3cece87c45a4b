/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/unit/test_dhcp.c: the DHCP clients and IPv4 conflict detection on the link of test/lib: end 0 is the
 * client, end 1 has the server, which is this file: it looks at what was asked and says what a test wants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "abi/wire_dhcp.h"
#include "abi/wire_ip.h"
#include "net/csum.h"
#include "net/dhcp4_int.h"
#include "net/dhcp6_int.h"
#include "net/udp.h"
#include "test/lib/link.h"

#define S  1000000000ULL
#define MS 1000000ULL

enum { SEEN_MAX = 64 };

/* A message of the client's, as the server got it. */
struct seen {
	uint64_t at;
	uint8_t type;
	uint32_t xid;
	uint16_t len;
	uint8_t b[600];
	struct ip_addr src, dst;
};

static struct world {
	struct link l;
	struct udp_ep *srv;
	struct seen seen[SEEN_MAX];
	unsigned n, probes, announces;
	bool v6;
	unsigned owner;
	/* what the server says on its own; NULL: nothing */
	void (*answer)(const struct seen *s);
} w;

static struct net_if *ifc(void)
{
	return w.l.end[0].ifc;
}

static bool has(struct ip_addr a)
{
	struct net_ifaddr x;

	for (unsigned i = 0; net_addr_at(ifc(), i, &x); i++)
		if (ip_eq(x.addr, a))
			return true;
	return false;
}

static void watch(struct link *l, int from, const uint8_t *f, size_t len)
{
	const struct wire_arp *a = (const struct wire_arp *)(f + 14);

	(void)l;
	if (from != 0 || len < 42 || f[12] != 8 || f[13] != 6 || be16_get(a->op) != 1)
		return;
	w.probes += ip_is_any(ip4_from_wire(a->spa));
	w.announces += memcmp(&a->spa, &a->tpa, 4) == 0;
}

static void start(bool v6)
{
	struct link_cfg k = { .seed = 3, .delay_ns = 1 * MS };

	memset(&w, 0, sizeof(w));
	link_init(&w.l, &k);
	w.l.tap = watch;
	w.v6 = v6;
	assert_int_equal(udp_new(w.l.end[1].st, &w.owner, &w.srv), 0);
	assert_int_equal(udp_opt_set(w.srv, UDP_OPT_BROADCAST, 1), 0);
	assert_int_equal(udp_bind(w.srv, (struct ip_addr){ 0 },
				  v6 ? DHCP6_SERVER_PORT : DHCP4_SERVER_PORT, UDP_BIND_V6, NULL),
			 0);
	if (v6)
		assert_int_equal(udp_join(w.srv, w.l.end[1].ifc,
					  (struct ip_addr){ .b = { 0xff, 2, [13] = 1, [15] = 2 } },
					  (struct ip_addr){ 0 }, w.l.now),
				 0);
}

static int stop(void **state)
{
	(void)state;
	if (!w.srv)
		return 0;
	udp_close(w.srv);
	w.srv = NULL;
	link_fini(&w.l);
	return 0;
}

static uint32_t get32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void take(void)
{
	struct udp_rx rx;

	while (udp_rx_peek(w.srv, &rx)) {
		struct seen *s = &w.seen[w.n % SEEN_MAX];
		struct pkt *p = udp_rx_pop(w.srv);

		s->at = w.l.now;
		s->len = (uint16_t)(p->len < 600 ? p->len : 600);
		pkt_copy_out(p, 0, s->b, s->len);
		s->src = rx.src;
		s->dst = rx.dst;
		s->type = w.v6 ? s->b[0] : s->b[242];
		s->xid = w.v6 ? get32(s->b) & 0xffffff : get32(s->b + 4);
		pkt_free(p);
		w.n++;
		if (w.answer)
			w.answer(s);
	}
}

static void run(uint64_t ns)
{
	uint64_t until = w.l.now + ns;
	unsigned ev;

	while (link_step(&w.l, until)) {
		for (int i = 0; i < 2; i++)
			while (net_ready_pop(w.l.end[i].st, &ev))
				;
		take();
		net_flush(w.l.end[1].st);
	}
}

static const struct seen *last(void)
{
	assert_true(w.n > 0);
	return &w.seen[(w.n - 1) % SEEN_MAX];
}

static unsigned count(uint8_t type)
{
	unsigned k = 0;

	for (unsigned i = 0; i < w.n && i < SEEN_MAX; i++)
		k += w.seen[i].type == type;
	return k;
}

struct span {
	const uint8_t *p;
};

static size_t copy(void *ctx, void *b, size_t n)
{
	struct span *s = ctx;

	memcpy(b, s->p, n);
	s->p += n;
	return n;
}

static void say(struct ip_addr to, uint16_t port, const uint8_t *b, size_t n)
{
	struct span s = { b };
	struct udp_tx tx = {
		.dst = to, .dport = port, .ifc = w.l.end[1].ifc, .ttl = -1, .tos = -1
	};

	assert_int_equal(udp_send(w.srv, &tx, &(struct net_iov){ copy, &s }, n, w.l.now), n);
}

/* --- DHCPv4 --------------------------------------------------------------------------------------- */

static uint32_t lease_s = 3600;

static void reply4(const struct seen *s, uint8_t type)
{
	uint8_t b[300] = { 0 }, *o = b + sizeof(struct wire_dhcp4);
	struct wire_dhcp4 *h = (struct wire_dhcp4 *)b;
	static const uint8_t fixed[] = { 54, 4, 10, 0, 0, 2,  1, 4, 255, 255, 255, 0,	3,   4,	 10,
					 0,  0, 2,  6, 4, 10, 0, 0, 53,	 15,  3,   'l', 'a', 'n' };

	h->op = 2;
	h->htype = 1;
	h->hlen = 6;
	h->xid = be32_of(s->xid);
	h->yiaddr = ip4_to_wire(ip4(0x0a00004d)); /* 10.0.0.77 */
	memcpy(h->chaddr, s->b + 28, 6);
	h->cookie = be32_of(DHCP4_COOKIE);
	*o++ = 53;
	*o++ = 1;
	*o++ = type;
	*o++ = 51;
	*o++ = 4;
	for (int i = 24; i >= 0; i -= 8)
		*o++ = (uint8_t)(lease_s >> i);
	memcpy(o, fixed, sizeof(fixed));
	o[sizeof(fixed)] = 255;
	say(ip4(0xffffffff), DHCP4_CLIENT_PORT, b, sizeof(b));
}

static void good4(const struct seen *s)
{
	if (s->type == DHCP4_DISCOVER)
		reply4(s, DHCP4_OFFER);
	if (s->type == DHCP4_REQUEST)
		reply4(s, DHCP4_ACK);
}

static void offers_only4(const struct seen *s)
{
	if (s->type == DHCP4_DISCOVER)
		reply4(s, DHCP4_OFFER);
}

static void naks4(const struct seen *s)
{
	if (s->type == DHCP4_REQUEST)
		reply4(s, DHCP4_NAK);
}

static struct ip_addr leased4(void)
{
	return ip4(0x0a00004d);
}

static void lease4(void)
{
	start(false);
	w.answer = good4;
	assert_int_equal(net_dhcp4_start(ifc(), "boat", w.l.now), 0);
	net_flush(w.l.end[0].st);
	run(100 * MS);
	assert_true(has(leased4()));
}

/* Another station (02:..:66) says in ARP that it has 10.0.0.77, or asks for it without having one. */
static void other_claims(bool probe)
{
	uint8_t f[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0x66, 8, 6 };
	struct wire_arp *a = (struct wire_arp *)(f + 14);

	a->htype = be16_of(1);
	a->ptype = be16_of(0x800);
	a->hlen = 6;
	a->plen = 4;
	a->op = be16_of(probe ? 1 : 2);
	memcpy(a->sha, f + 6, 6);
	if (!probe)
		a->spa = ip4_to_wire(leased4());
	a->tpa = ip4_to_wire(leased4());
	link_inject(&w.l, 0, f, sizeof(f));
}

static void four_messages_make_a_lease(void **state)
{
	const struct net_lease *l;

	(void)state;
	lease4();
	l = net_if_lease(ifc());
	assert_int_equal(w.n, 2);
	assert_int_equal(l->ndns, 1);
	assert_true(ip_eq(l->dns[0], ip4(0x0a000035)));
	assert_string_equal(l->domain, "lan");
}

/* RFC 5227 2.1.1, 2.3: three probes, then two announcements, and no conflict. */
static void a_leased_address_is_probed_and_announced(void **state)
{
	unsigned before;

	(void)state;
	lease4();
	before = w.announces; /* of the static address */
	assert_int_equal(w.probes, 1);
	run(10 * S);
	assert_int_equal(w.probes, 3);
	assert_int_equal(w.announces, before + 2);
	assert_true(has(leased4()));
}

/* RFC 2131 3.1, 5: DECLINE, ten seconds, and all over. */
static void an_address_in_use_is_declined(void **state)
{
	(void)state;
	lease4();
	other_claims(false);
	assert_false(has(leased4()));
	run(9 * S);
	assert_int_equal(last()->type, DHCP4_DECLINE);
	assert_memory_equal(last()->b + 243 + 9, ((uint8_t[]){ 50, 4, 10, 0, 0, 77 }), 6);
	assert_int_equal(count(DHCP4_DISCOVER), 1);
	run(2 * S);
	assert_int_equal(count(DHCP4_DISCOVER), 2);
	assert_true(has(leased4()));
}

static void two_that_probe_at_once_both_stop(void **state)
{
	(void)state;
	lease4();
	other_claims(true);
	assert_false(has(leased4()));
	run(1 * S);
	assert_int_equal(last()->type, DHCP4_DECLINE);
}

/* RFC 5227 2.4 (b) */
static void a_held_address_is_defended_once(void **state)
{
	unsigned before;

	(void)state;
	lease4();
	run(20 * S);
	before = w.announces;
	other_claims(true); /* a probe is answered, and is no conflict */
	other_claims(false);
	run(100 * MS);
	assert_int_equal(w.announces, before + 1);
	assert_true(has(leased4()));
	run(30 * S);
	other_claims(false); /* long after: defended again */
	assert_true(has(leased4()));
	run(3 * S);
	other_claims(false);
	assert_false(has(leased4()));
	run(1 * S);
	assert_int_equal(last()->type, DHCP4_DECLINE);
}

static void who_answers_for_everything_does_not_keep_us_off(void **state)
{
	(void)state;
	lease4();
	for (int i = 0; i < 5; i++) {
		other_claims(false);
		run(11 * S);
	}
	assert_int_equal(count(DHCP4_DECLINE), 3);
	assert_true(has(leased4()));
}

/* RFC 2131 4.4.5: to the server at T1, to all at T2, and at the end it is gone. */
static void a_lease_is_renewed_then_rebound_then_lost(void **state)
{
	(void)state;
	lease4();
	w.answer = NULL;
	run(1801 * S);
	assert_int_equal(w.n, 3);
	assert_true(ip_eq(last()->dst, end_addr4(1)));
	assert_true(ip_eq(last()->src, leased4()));
	w.answer = good4;
	run(1400 * S);
	assert_true(has(leased4()));
	w.answer = NULL;
	run(2600 * S); /* beyond T2 of the renewed lease */
	assert_true(has(leased4()));
	assert_true(ip_eq(last()->dst, ip4(0xffffffff)));
	run(2000 * S);
	assert_false(has(leased4()));
	assert_int_equal(last()->type, DHCP4_DISCOVER);
	w.answer = good4;
	run(100 * S);
	assert_true(has(leased4()));
}

static void a_nak_takes_the_address_away(void **state)
{
	(void)state;
	lease4();
	w.answer = naks4;
	run(1810 * S);
	assert_false(has(leased4()));
	assert_int_equal(last()->type, DHCP4_DISCOVER);
}

/* RFC 2131 4.1: a silent server is asked again after 4, 8, 16 ... seconds. */
static void a_silent_server_is_asked_less_and_less(void **state)
{
	(void)state;
	start(false);
	assert_int_equal(net_dhcp4_start(ifc(), NULL, w.l.now), 0);
	net_flush(w.l.end[0].st);
	run(140 * S);
	assert_in_range(w.n, 5, 7);
	for (unsigned i = 2; i < w.n && i < 5; i++)
		assert_true(w.seen[i].at - w.seen[i - 1].at >
			    (w.seen[i - 1].at - w.seen[i - 2].at) * 3 / 2);
	w.answer = offers_only4; /* and one that offers only does not stop us */
	run(300 * S);
	assert_true(count(DHCP4_REQUEST) > 3);
	assert_int_equal(last()->type == DHCP4_DISCOVER || last()->type == DHCP4_REQUEST, 1);
	w.answer = good4;
	run(100 * S);
	assert_true(has(leased4()));
}

/* --- DHCPv6 --------------------------------------------------------------------------------------- */

static struct reply6 {
	uint32_t preferred, valid, t1, t2;
	int status; /* of the IA; -1: none */
	int preference;
	bool rapid, no_ia, other_client;
} how6;

static struct ip_addr leased6(void)
{
	return (struct ip_addr){ .b = { 0xfd, 1, [15] = 0x77 } };
}

static uint8_t *put16(uint8_t *o, uint32_t v)
{
	*o++ = (uint8_t)(v >> 8);
	*o++ = (uint8_t)v;
	return o;
}

static uint8_t *put32(uint8_t *o, uint32_t v)
{
	return put16(put16(o, v >> 16), v);
}

static uint8_t *ia6(uint8_t *o, const uint8_t *iaid)
{
	struct ip_addr a = leased6();
	bool addr = how6.status <= 0;

	o = put16(put16(o, 3), 12U + (addr ? 28 : 0) + (how6.status > 0 ? 6 : 0));
	memcpy(o, iaid, 4);
	o = put32(put32(o + 4, how6.t1), how6.t2);
	if (addr) {
		o = put16(put16(o, 5), 24);
		memcpy(o, a.b, 16);
		o = put32(put32(o + 16, how6.preferred), how6.valid);
	}
	if (how6.status > 0)
		o = put16(put16(put16(o, 13), 2), (uint32_t)how6.status);
	return o;
}

static void reply6(const struct seen *s, uint8_t type)
{
	static const uint8_t names[] = {
		3, 'o', 'n', 'e', 3, 'l', 'a', 'n', 0, 3, 't', 'w', 'o', 0
	};
	struct ip_addr dns = { .b = { 0xfd, 1, [15] = 0x53 } };
	uint8_t b[400], *o = put32(b, (uint32_t)type << 24 | s->xid);
	const uint8_t *iaid = NULL;

	memcpy(o, s->b + 4, 14); /* the client's identifier comes first in what it sends */
	o[13] ^= how6.other_client;
	o += 14;
	o = put16(put16(o, 2), 6);
	memcpy(o, "\0\3\0\1sv", 6);
	o += 6;
	for (size_t i = 4; i + 4 < s->len; i += 4U + (size_t)(s->b[i + 2] << 8 | s->b[i + 3]))
		if (s->b[i] == 0 && s->b[i + 1] == 3)
			iaid = s->b + i + 4;
	if (iaid && !how6.no_ia)
		o = ia6(o, iaid);
	if (how6.preference)
		o = put16(put16(o, 7), 1), *o++ = (uint8_t)how6.preference;
	if (how6.rapid)
		o = put16(put16(o, 14), 0);
	o = put16(put16(o, 23), 16);
	memcpy(o, dns.b, 16);
	o += 16;
	o = put16(put16(o, 24), sizeof(names));
	memcpy(o, names, sizeof(names));
	o += sizeof(names);
	say(s->src, DHCP6_CLIENT_PORT, b, (size_t)(o - b));
}

static void good6(const struct seen *s)
{
	if (s->type == DHCP6_SOLICIT)
		reply6(s, how6.rapid ? DHCP6_REPLY : DHCP6_ADVERTISE);
	else if (s->type != DHCP6_RELEASE)
		reply6(s, DHCP6_REPLY);
}

/* A router advertisement from fe80::99: its flags, and the prefix fd02::/64 unless valid is 0. */
static void router_says_prefix(uint8_t flags, uint32_t valid, uint32_t preferred)
{
	uint8_t f[14 + 40 + 16 + 32] = { 0x33, 0x33, 0, 0,    0,    1,	  2,   0,
					 0,    0,    0, 0x99, 0x86, 0xdd, 0x60 };
	struct ip_addr src = { .b = { 0xfe, 0x80, [15] = 0x99 } },
		       dst = { .b = { 0xff, 2, [15] = 1 } };
	uint8_t *m = f + 54;

	uint8_t len = valid ? 48 : 16;

	f[19] = len;
	f[20] = 58;
	f[21] = 255;
	memcpy(f + 22, src.b, 16);
	memcpy(f + 38, dst.b, 16);
	m[0] = 134;
	m[5] = flags;
	m[16] = 3;
	m[17] = 4;
	m[18] = 64;
	m[19] = 0xc0;
	put32(put32(m + 20, valid), preferred);
	m[32] = 0xfd;
	m[33] = 2;
	csum_store((be16 *)(void *)(m + 2),
		   csum_fold(csum_add(csum_pseudo(src, dst, 58, len), m, len)));
	link_inject(&w.l, 0, f, 54U + len);
}

static void router_says(uint8_t flags)
{
	router_says_prefix(flags, 0, 0);
}

static void begin6(uint8_t flags)
{
	static const uint8_t secret[NET_SECRET] = { 7 };

	start(true);
	w.answer = good6;
	assert_int_equal(net_auto6_start(w.l.end[1].ifc, secret, false, w.l.now), 0);
	assert_int_equal(net_auto6_start(ifc(), secret, false, w.l.now), 0);
	net_flush(w.l.end[0].st);
	run(50 * MS);
	router_says(flags);
}

static void lease6(void)
{
	how6 = (struct reply6){ .preferred = 2000, .valid = 3000 };
	begin6(0x80);
	run(5 * S);
	assert_true(has(leased6()));
}

/* 18.2.1: offers are collected for the first second; then one is taken. */
static void solicit_advertise_request_reply(void **state)
{
	const struct net_lease *l;

	(void)state;
	lease6();
	l = net_if_lease(ifc());
	assert_int_equal(w.n, 2);
	assert_int_equal(w.seen[0].type, DHCP6_SOLICIT);
	assert_int_equal(w.seen[1].type, DHCP6_REQUEST);
	assert_in_range(w.seen[1].at - w.seen[0].at, 990 * MS, 1120 * MS);
	assert_true(ip6_is_link_local(w.seen[0].src));
	assert_int_equal(l->ndns, 1);
	assert_int_equal(l->dns[0].b[15], 0x53);
	assert_string_equal(l->domain, "one.lan two");
}

static void the_best_preference_is_taken_at_once(void **state)
{
	(void)state;
	how6 = (struct reply6){ .preferred = 2000, .valid = 3000, .preference = 255 };
	begin6(0x80);
	run(3 * S);
	assert_int_equal(w.n, 2);
	assert_true(w.seen[1].at - w.seen[0].at < 10 * MS);
	assert_true(has(leased6()));
}

static void rapid_commit_needs_two_messages(void **state)
{
	(void)state;
	how6 = (struct reply6){ .preferred = 2000, .valid = 3000, .rapid = true };
	begin6(0x80);
	run(3 * S);
	assert_int_equal(w.n, 1);
	assert_true(has(leased6()));
}

/* 15: 1 s, then twice as long each time, a tenth more or less. */
static void a_silent_server_is_solicited_less_and_less(void **state)
{
	(void)state;
	begin6(0x80);
	w.answer = NULL;
	run(300 * S);
	assert_in_range(w.n, 7, 10);
	for (unsigned i = 2; i < w.n; i++) {
		uint64_t was = w.seen[i - 1].at - w.seen[i - 2].at,
			 now = w.seen[i].at - w.seen[i - 1].at;

		assert_in_range(now, was * 185 / 100, was * 215 / 100);
		assert_int_equal(w.seen[i].xid, w.seen[0].xid);
	}
}

static void answers_to_others_are_not_ours(void **state)
{
	(void)state;
	how6 = (struct reply6){ .preferred = 2000, .valid = 3000, .other_client = true };
	begin6(0x80);
	run(10 * S);
	assert_false(has(leased6()));
	assert_int_equal(count(DHCP6_REQUEST), 0);
}

/* T1 = 1000, T2 = 1600 (a half and four fifths), end at 3000. */
static void an_address_is_renewed_then_rebound_then_lost(void **state)
{
	(void)state;
	lease6();
	run(1010 * S);
	assert_int_equal(last()->type, DHCP6_RENEW);
	assert_int_equal(w.n, 3);
	w.answer = NULL;
	run(1580 * S);
	assert_int_equal(last()->type, DHCP6_RENEW);
	run(40 * S);
	assert_int_equal(last()->type, DHCP6_REBIND);
	assert_true(has(leased6()));
	run(1390 * S);
	assert_false(has(leased6()));
	assert_int_equal(last()->type, DHCP6_SOLICIT);
	w.answer = good6;
	run(400 * S);
	assert_true(has(leased6()));
}

static void no_binding_means_request(void **state)
{
	(void)state;
	lease6();
	how6.status = DHCP6_S_NO_BINDING;
	run(1005 * S);
	assert_int_equal(last()->type, DHCP6_REQUEST);
	how6.status = 0;
	run(40 * S);
	assert_true(has(leased6()));
}

/* A server that only says no is asked once a second, not as fast as it answers. */
static void a_server_without_addresses_is_not_hammered(void **state)
{
	(void)state;
	lease6();
	how6.status = DHCP6_S_NOT_ON_LINK;
	run(1000 * S);
	assert_false(has(leased6()));
	w.n = 0;
	run(60 * S);
	assert_in_range(w.n, 3, 10);
}

static void a_duplicate_is_declined(void **state)
{
	uint8_t f[14 + 40 + 24] = { 0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x66, 0x86, 0xdd, 0x60 };
	struct ip_addr dst = { .b = { 0xff, 2, [15] = 1 } }, src = leased6();
	uint8_t *m = f + 54;

	(void)state;
	how6 = (struct reply6){ .preferred = 2000, .valid = 3000, .rapid = true };
	begin6(0x80);
	run(1500 * MS); /* the link-local address first, then ours is tentative */
	assert_true(has(leased6()));
	/* Another advertises it. */
	f[19] = 24;
	f[20] = 58;
	f[21] = 255;
	memcpy(f + 22, src.b, 16);
	memcpy(f + 38, dst.b, 16);
	m[0] = 136;
	m[4] = 0x20;
	memcpy(m + 8, src.b, 16);
	csum_store((be16 *)(void *)(m + 2),
		   csum_fold(csum_add(csum_pseudo(src, dst, 58, 24), m, 24)));
	link_inject(&w.l, 0, f, sizeof(f));
	how6.status = DHCP6_S_NO_ADDRS;
	run(500 * MS);
	assert_false(has(leased6()));
	assert_int_equal(count(DHCP6_DECLINE), 1);
}

/* The O flag: names, and no address. */
static void information_only(void **state)
{
	(void)state;
	how6 = (struct reply6){ .no_ia = true };
	begin6(0x40);
	run(5 * S);
	assert_int_equal(w.n, 1);
	assert_int_equal(w.seen[0].type, DHCP6_INFO_REQUEST);
	assert_int_equal(net_if_lease(ifc())->ndns, 1);
	assert_false(has(leased6()));
	/* and the M flag later asks for one */
	how6 = (struct reply6){ .preferred = 2000, .valid = 3000 };
	router_says(0x80);
	run(5 * S);
	assert_true(has(leased6()));
}

static void without_flags_nothing_is_asked(void **state)
{
	(void)state;
	begin6(0);
	run(10 * S);
	assert_int_equal(w.n, 0);
}

/* 18.2.3: after the link was away, is it still the right one? */
static void a_link_that_comes_back_is_confirmed(void **state)
{
	(void)state;
	lease6();
	w.l.end[0].dev.link_up = false;
	net_if_link(ifc(), w.l.now);
	run(1 * S);
	w.l.end[0].dev.link_up = true;
	net_if_link(ifc(), w.l.now);
	net_flush(w.l.end[0].st);
	run(1 * S);
	assert_int_equal(last()->type, DHCP6_CONFIRM);
	assert_true(has(leased6()));
}

static void an_interface_that_goes_releases(void **state)
{
	(void)state;
	lease6();
	dhcp6_stop(ifc());
	net_flush(w.l.end[0].st);
	run(1 * S);
	assert_int_equal(last()->type, DHCP6_RELEASE);
	assert_false(has(leased6()));
}

/* --- stable and temporary addresses ---------------------------------------------------------------- */

struct slaac {
	unsigned public, temporary,
		usable; /* usable: temporary ones that are neither deprecated nor tentative */
	struct ip_addr addr, temp;
};

static struct slaac look(void)
{
	struct slaac s = { 0 };
	struct net_ifaddr a;

	for (unsigned i = 0; net_addr_at(ifc(), i, &a); i++) {
		if (a.origin == NET_ADDR_SLAAC) {
			s.public ++;
			s.addr = a.addr;
		}
		if (a.origin != NET_ADDR_TEMP)
			continue;
		s.temporary++;
		if (!(a.flags & (NET_ADDR_DEPRECATED | NET_ADDR_TENTATIVE))) {
			s.usable++;
			s.temp = a.addr;
		}
	}
	return s;
}

static void begin_slaac(uint8_t key, bool privacy)
{
	uint8_t secret[NET_SECRET] = { key };

	start(true);
	assert_int_equal(net_auto6_start(ifc(), secret, privacy, w.l.now), 0);
	net_flush(w.l.end[0].st);
	run(50 * MS);
	router_says_prefix(0, 86400 * 30, 86400 * 7);
	run(3 * S);
}

/* RFC 7217 5: by the secret, the same at each start; another secret, another address. */
static void a_stable_address_follows_the_secret(void **state)
{
	struct slaac s[3];

	for (unsigned i = 0; i < 3; i++) {
		begin_slaac(i == 2 ? 9 : 8, false);
		s[i] = look();
		assert_int_equal(s[i].public, 1);
		assert_int_equal(s[i].temporary, 0);
		stop(state);
	}
	assert_true(ip_eq(s[0].addr, s[1].addr));
	assert_false(ip_eq(s[0].addr, s[2].addr));
	start(true);
}

/* RFC 8981 3.4, 3.5: there is always one to use; it changes every day; the old ones end. */
static void temporary_addresses_are_replaced(void **state)
{
	struct ip_addr before = { 0 };
	unsigned changes = 0;

	(void)state;
	begin_slaac(8, true);
	for (int hour = 0; hour < 24 * 5; hour++) {
		struct slaac s = look();

		assert_in_range(s.usable, 1, 2);
		assert_in_range(s.temporary, 1, 5);
		changes += !ip_eq(before, s.temp) && s.usable == 1;
		before = s.temp;
		run(3600 * S);
		router_says_prefix(0, 86400 * 30, 86400 * 7);
	}
	assert_in_range(changes, 5, 9);
	/* A prefix that is withdrawn takes them along. */
	router_says_prefix(0, 86400 * 30, 0);
	run(10 * S);
	assert_int_equal(look().usable, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, stop)
	const struct CMUnitTest tests[] = {
		T(four_messages_make_a_lease),
		T(a_leased_address_is_probed_and_announced),
		T(an_address_in_use_is_declined),
		T(two_that_probe_at_once_both_stop),
		T(a_held_address_is_defended_once),
		T(who_answers_for_everything_does_not_keep_us_off),
		T(a_lease_is_renewed_then_rebound_then_lost),
		T(a_nak_takes_the_address_away),
		T(a_silent_server_is_asked_less_and_less),
		T(solicit_advertise_request_reply),
		T(the_best_preference_is_taken_at_once),
		T(rapid_commit_needs_two_messages),
		T(a_silent_server_is_solicited_less_and_less),
		T(answers_to_others_are_not_ours),
		T(an_address_is_renewed_then_rebound_then_lost),
		T(no_binding_means_request),
		T(a_server_without_addresses_is_not_hammered),
		T(a_duplicate_is_declined),
		T(information_only),
		T(without_flags_nothing_is_asked),
		T(a_link_that_comes_back_is_confirmed),
		T(an_interface_that_goes_releases),
		T(a_stable_address_follows_the_secret),
		T(temporary_addresses_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
