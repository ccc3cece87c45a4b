/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/unit/test_shards.c: two stacks as the shards of one machine, with a box between them.  A flow is found in
 * its shard whatever way its packets came; what all must know all learn; configuration follows the primary; and in
 * the end every page is back.
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
#include "test/lib/pages.h"

enum { N = 2 };

struct shard_end {
	struct net_stack *st;
	struct net_if *eth, *lo;
	struct test_pages pages;
	struct pkt_list box; /* other shards' packets */
};

static struct shard_end end[N];
static struct netif eth, lo;
static uint64_t now;
static unsigned told; /* groups that the primary heard of */

static unsigned owner_of(uint32_t hash)
{
	return (unsigned)((uint64_t)hash * N >> 32);
}

static unsigned index_of(const void *ctx)
{
	return (unsigned)((const struct shard_end *)ctx - end);
}

static bool flow_here(void *ctx, const struct net_flow *f)
{
	return owner_of(net_flow_hash_tuple(f)) == index_of(ctx);
}

static void give(void *ctx, struct pkt *p, const struct net_flow *f)
{
	assert_false(flow_here(ctx, f));
	pkt_list_add(&end[owner_of(net_flow_hash_tuple(f))].box, p);
}

static void share(void *ctx, struct net_if *ifc, const struct pkt *p)
{
	unsigned me = index_of(ctx);
	struct pkt *q = pkt_copy(net_pool(end[me].st), p);

	(void)ifc;
	assert_non_null(q);
	q->flags |= PKT_SHARED;
	pkt_list_add(&end[1 - me].box, q);
}

static err_t group(void *ctx, struct net_if *ifc, struct ip_addr g, bool join)
{
	(void)ifc, (void)g;
	assert_int_equal(index_of(ctx), 1);
	told += join ? 1 : 100;
	return 0;
}

static const struct net_ops ops = {
	.flow_here = flow_here, .give = give, .share = share, .group = group
};

static unsigned dev_poll(struct netif *nif, unsigned q, struct pkt_pool *pool, struct pkt_list *out,
			 unsigned max)
{
	(void)nif, (void)q, (void)pool, (void)out, (void)max;
	return 0;
}

static unsigned sent[N];

static void dev_transmit(struct netif *nif, unsigned q, struct pkt_list *batch)
{
	(void)nif;
	sent[q] += batch->count;
	pkt_list_free(batch);
}

static const struct netif_ops dev_ops = { .poll = dev_poll, .transmit = dev_transmit };

static void *block_alloc(void *ctx, size_t n)
{
	(void)ctx;
	return calloc(1, n);
}

static void block_free(void *ctx, void *p, size_t n)
{
	(void)ctx, (void)n;
	free(p);
}

/* --- the machine ------------------------------------------------------------------------------------ */

static void make_shard(unsigned k)
{
	struct net_cfg cfg = { .mem = { .alloc = block_alloc, .free = block_free },
			       .ops = &ops,
			       .ctx = &end[k],
			       .max_pages = 1000,
			       .queue = k,
			       .primary = k == 0,
			       .key = { 7 },
			       .now = now };

	test_pages_init(&end[k].pages);
	cfg.mem.pages = end[k].pages.src;
	pkt_list_init(&end[k].box);
	assert_int_equal(net_new(&cfg, &end[k].st), 0);
	assert_int_equal(net_if_add(end[k].st, &lo, &end[k].lo), 0);
	assert_int_equal(net_if_add(end[k].st, &eth, &end[k].eth), 0);
}

static void mirror(void)
{
	struct net_mirror *m = net_mirror_make(end[0].st);

	assert_non_null(m);
	assert_int_equal(net_mirror_take(end[1].st, m, now), 0);
	net_mirror_free(end[0].st, m);
}

static void add_addr(struct net_if *ifc, struct ip_addr a, uint8_t bits)
{
	struct net_ifaddr na = { .addr = a, .bits = bits, .flags = NET_ADDR_NODAD };

	assert_int_equal(net_addr_add(ifc, &na, now), 0);
}

static const struct ip_addr peer = { .b = { [10] = 0xff, 0xff, 10, 0, 0, 9 } };
static const struct ip_addr self = { .b = { [10] = 0xff, 0xff, 10, 0, 0, 1 } };

static int set_up(void **state)
{
	(void)state;
	now = 1000000000;
	told = sent[0] = sent[1] = 0;
	memset(end, 0, sizeof(end));
	eth = (struct netif){ .name = "eth0",
			      .ops = &dev_ops,
			      .mac = { 2, 0, 0, 0, 0, 1 },
			      .mtu = 1500,
			      .max_mtu = 1500,
			      .gso_max = 65535,
			      .index = 2,
			      .queues = 1,
			      .users = N,
			      .link_up = true };
	lo = (struct netif){ .name = "lo",
			     .features = NETIF_LOOPBACK,
			     .mtu = 65535,
			     .max_mtu = 65535,
			     .gso_max = 65535,
			     .index = 1,
			     .queues = 1,
			     .users = N,
			     .link_up = true };
	for (unsigned k = 0; k < N; k++)
		make_shard(k);
	net_if_up(end[0].lo, true, now);
	net_if_up(end[0].eth, true, now);
	add_addr(end[0].lo, ip4(0x7f000001), 8);
	add_addr(end[0].eth, self, 24);
	mirror();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (unsigned k = 0; k < N; k++) {
		assert_int_equal(end[k].box.count, 0);
		net_free(end[k].st);
	}
	/* A page may have gone back by another's hands than it came. */
	assert_int_equal(end[0].pages.out + end[1].pages.out, 0);
	return 0;
}

/* What the box of shard k holds goes into its stack; the lenders get their packets back. */
static void take_box(unsigned k)
{
	struct pkt *p, *q;

	while ((p = pkt_list_pop(&end[k].box)) != NULL) {
		struct net_if *ifc;
		struct pkt_list one;

		q = pkt_adopt(net_pool(end[k].st), p);
		pkt_reclaim(p);
		assert_non_null(q);
		ifc = net_if_by_index(end[k].st, q->nif->index);
		pkt_list_init(&one);
		if (q->flags & PKT_SHARED) {
			net_input_shared(end[k].st, ifc, q, now);
		} else if (q->flags & PKT_STRAY) {
			net_input_stray(end[k].st, q, now);
		} else {
			pkt_list_add(&one, q);
			net_input(end[k].st, ifc, &one, now);
		}
	}
}

static void turn(void)
{
	for (unsigned round = 0; round < 4; round++)
		for (unsigned k = 0; k < N; k++) {
			take_box(k);
			(void)net_flush(end[k].st);
		}
}

/* --- frames ------------------------------------------------------------------------------------------- */

static struct pkt *frame4(unsigned k, uint8_t proto, uint16_t frag, const void *body, uint32_t len)
{
	struct pkt *p = pkt_alloc_lin(net_pool(end[k].st), 0, 34 + len);
	struct wire_eth *e;
	struct wire_ip4 *h;

	assert_non_null(p);
	e = (struct wire_eth *)pkt_put(p, sizeof(*e));
	memset(e, 0, sizeof(*e));
	memcpy(e->dst, eth.mac, 6);
	e->src[0] = 2;
	e->type = be16_of(ETH_P_IPV4);
	h = (struct wire_ip4 *)pkt_put(p, sizeof(*h));
	*h = (struct wire_ip4){ .ver_ihl = 0x45,
				.len = be16_of((uint16_t)(20 + len)),
				.id = be16_of(77),
				.frag = be16_of(frag),
				.ttl = 64,
				.proto = proto,
				.src = ip4_to_wire(peer),
				.dst = ip4_to_wire(self) };
	csum_store(&h->csum, csum_fold(csum_add(0, h, sizeof(*h))));
	memcpy(pkt_put(p, len), body, len);
	p->nif = &eth;
	return p;
}

static void arrive(unsigned k, struct pkt *p)
{
	struct pkt_list one;

	pkt_list_init(&one);
	pkt_list_add(&one, p);
	net_input(end[k].st, end[k].eth, &one, now);
}

/* A port whose shard is k. */
static uint16_t port_of(unsigned k)
{
	uint16_t port = 5000;

	while (owner_of(net_port_hash(port)) != k)
		port++;
	return port;
}

static struct udp_ep *socket_on(unsigned k, uint16_t port)
{
	static char owner;
	struct udp_ep *u;

	assert_int_equal(udp_new(end[k].st, &owner, &u), 0);
	assert_int_equal(udp_bind(u, ip4(0), port, 0, NULL), 0);
	return u;
}

static void must_have(struct udp_ep *u, unsigned k, const uint8_t *bytes, uint32_t len)
{
	uint8_t got[4096];
	struct udp_rx rx;
	struct pkt *p = udp_rx_peek(u, &rx);

	assert_non_null(p);
	assert_ptr_equal(p->pool, net_pool(end[k].st));
	assert_int_equal(p->len, len);
	assert_int_equal(rx.sport, 4000);
	pkt_copy_out(p, 0, got, len);
	assert_memory_equal(got, bytes, len);
	pkt_free(udp_rx_pop(u));
}

/* --- what is promised ---------------------------------------------------------------------------------- */

/* Only the first piece has the ports: all come to the primary, the whole goes on. */
static void fragments_reach_the_ports_shard(void **state)
{
	uint8_t d[1608];
	uint16_t port = port_of(1);
	struct udp_ep *u = socket_on(1, port);
	struct wire_udp h = { .sport = be16_of(4000),
			      .dport = be16_of(port),
			      .len = be16_of(1608) };

	(void)state;
	for (unsigned i = 0; i < sizeof(d); i++)
		d[i] = (uint8_t)(i * 7);
	memcpy(d, &h, sizeof(h));
	arrive(0, frame4(0, IP_P_UDP, 800 / 8, d + 800, 808));
	arrive(0, frame4(0, IP_P_UDP, IP4_MF, d, 800));
	assert_int_equal(end[1].box.count, 1);
	turn();
	must_have(u, 1, d + 8, 1600);
	udp_close(u);
}

static size_t letters(void *ctx, void *b, size_t n)
{
	(void)ctx;
	memset(b, 'x', n);
	return n;
}

static void loopback_crosses_shards(void **state)
{
	const struct net_iov src = { letters, NULL };
	uint16_t port = port_of(1);
	struct udp_ep *u = socket_on(1, port), *from = socket_on(0, 4000);
	struct udp_tx tx = { .dst = ip4(0x7f000001), .dport = port, .ttl = -1, .tos = -1 };
	uint8_t want[100];

	(void)state;
	memset(want, 'x', sizeof(want));
	assert_int_equal(udp_send(from, &tx, &src, sizeof(want), now), sizeof(want));
	turn();
	must_have(u, 1, want, sizeof(want));
	assert_null(udp_rx_peek(from, NULL));
	udp_close(from);
	udp_close(u);
}

/* "Nobody listens" is said in the port's shard and heard in the sender's. */
static void an_icmp_error_finds_the_sender(void **state)
{
	const struct net_iov src = { letters, NULL };
	uint16_t port = port_of(1);
	struct udp_ep *from = socket_on(0, 4000);
	struct udp_tx tx = { .ttl = -1, .tos = -1 };

	(void)state;
	assert_int_equal(udp_connect(from, ip4(0x7f000001), port), 0);
	assert_int_equal(udp_send(from, &tx, &src, 10, now), 10);
	turn();
	assert_int_equal(net_ep_error(udp_net_ep(from)), ECONNREFUSED);
	assert_int_equal(net_mib(end[1].st)->v[MIB_Udp_NoPorts], 1);
	/* What was told to both is counted once. */
	assert_int_equal(
		net_mib(end[0].st)->v[MIB_Icmp_InMsgs] + net_mib(end[1].st)->v[MIB_Icmp_InMsgs], 1);
	udp_close(from);
}

static void ports_are_picked_for_the_shard(void **state)
{
	static char owner;

	(void)state;
	for (unsigned k = 0; k < N; k++)
		for (unsigned i = 0; i < 20; i++) {
			struct tcp_conn_addr a = { .local = self, .remote = peer, .rport = 80 };
			struct net_flow f;
			struct tcp_conn *c;

			assert_int_equal(tcp_new(end[k].st, &owner, &c), 0);
			assert_int_equal(tcp_connect(c, &a, now), 0);
			tcp_conn_addr(c, &a);
			f = (struct net_flow){ a.local, a.remote, a.lport, a.rport, IP_P_TCP };
			assert_true(flow_here(&end[k], &f));
			tcp_abort(c, now);
		}
	turn();
}

/* Both directions of a flow, tagged or not, and with the ports out of sight. */
static void frames_hash_as_their_flows(void **state)
{
	struct wire_udp h = { .sport = be16_of(4000), .dport = be16_of(80) };
	struct net_flow f = { self, peer, 80, 4000, IP_P_TCP };
	uint8_t tagged[200], body[20] = { 0 };
	struct pkt *p;

	(void)state;
	memcpy(body, &h, sizeof(h));
	p = frame4(0, IP_P_TCP, 0, body, sizeof(body));
	assert_int_equal(net_flow_hash(p->data, p->lin), net_flow_hash_tuple(&f));
	memcpy(tagged, p->data, 12);
	memcpy(tagged + 12, "\x81\x00\x00\x05", 4);
	memcpy(tagged + 16, p->data + 12, p->lin - 12u);
	assert_int_equal(net_flow_hash(tagged, p->lin + 4u), net_flow_hash_tuple(&f));
	for (unsigned n = 0; n < p->lin; n++)
		(void)net_flow_hash(p->data, n); /* under ASan: nothing is read past the end */
	pkt_free(p);
	p = frame4(0, IP_P_TCP, IP4_MF, body, sizeof(body));
	assert_int_equal(net_flow_hash(p->data, p->lin), 0);
	pkt_free(p);
	f = (struct net_flow){ self, peer, 68, 67, IP_P_UDP };
	assert_int_equal(owner_of(net_flow_hash_tuple(&f)), 0); /* DHCP is the primary's */
}

static void configuration_follows(void **state)
{
	struct net_route r = { .dst = ip4(0), .gateway = peer, .ifc = end[0].eth }, got;
	struct ip_addr second = ip4(0x0a000002);
	struct net_neigh n = { .addr = peer, .mac = { { 2, 1, 1, 1, 1, 1 } }, .ifc = end[0].eth };

	(void)state;
	assert_true(net_addr_is_local(end[1].st, self));
	add_addr(end[0].eth, second, 24);
	assert_int_equal(net_route_add(end[0].st, &r), 0);
	assert_int_equal(net_if_set_mtu(end[0].eth, 1400), 0);
	assert_int_equal(net_neigh_set(end[0].st, &n, now), 0);
	mirror();
	assert_true(net_addr_is_local(end[1].st, second));
	assert_int_equal(net_route_lookup(end[1].st, ip4(0x08080808), NULL, &got), 0);
	assert_ptr_equal(got.ifc, end[1].eth);
	assert_int_equal(net_if_mtu(end[1].eth), 1400);
	assert_true(net_neigh_at(end[1].st, 0, &n));
	assert_int_equal(net_addr_del(end[0].eth, second, now), 0);
	assert_int_equal(net_route_del(end[0].st, &r), 0);
	n.ifc = end[0].eth;
	assert_int_equal(net_neigh_del(end[0].st, n.ifc, n.addr), 0);
	mirror();
	assert_false(net_addr_is_local(end[1].st, second));
	assert_int_equal(net_route_lookup(end[1].st, ip4(0x08080808), NULL, &got), -ENETUNREACH);
	assert_false(net_neigh_at(end[1].st, 0, &n));
	net_if_up(end[0].eth, false, now);
	mirror();
	assert_false(net_if_is_up(end[1].eth));
}

static void groups_are_told_to_the_primary(void **state)
{
	struct udp_ep *a = socket_on(1, port_of(1)), *b = socket_on(1, port_of(1));
	struct ip_addr g = ip4(0xe0010203);

	(void)state;
	assert_int_equal(udp_join(a, end[1].eth, g, ip4(0), now), 0);
	assert_int_equal(udp_join(b, end[1].eth, g, ip4(0), now), 0);
	assert_int_equal(told, 1);
	udp_close(a);
	assert_int_equal(told, 1);
	udp_close(b);
	assert_int_equal(told, 101);
	turn();
}

/* A pool that is full takes nothing more, and a page that somebody shares is copied. */
static void adoption_keeps_the_books(void **state)
{
	struct pkt_pool *from = net_pool(end[0].st), *to = net_pool(end[1].st);
	uint32_t before = from->npages, max = to->max_pages;
	uint8_t body[1000] = { 1, 2, 3 };
	struct pkt *p = frame4(0, 200, 0, body, sizeof(body)), *q, *twin;

	(void)state;
	assert_non_null(p->buf);
	to->max_pages = to->npages;
	q = pkt_adopt(to, p);
	assert_null(q);
	to->max_pages = max;
	twin = pkt_clone(from, p);
	q = pkt_adopt(to, p); /* copied */
	assert_ptr_not_equal(q->buf, p->buf);
	pkt_reclaim(p);
	pkt_free(q);
	q = pkt_adopt(to, twin); /* moved */
	assert_ptr_equal(q->buf->pool, to);
	assert_memory_equal(q->data + 34, body, sizeof(body));
	pkt_reclaim(twin);
	pkt_free(q);
	assert_true(from->npages <= before + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(fragments_reach_the_ports_shard), T(loopback_crosses_shards),
		T(an_icmp_error_finds_the_sender),  T(ports_are_picked_for_the_shard),
		T(frames_hash_as_their_flows),	    T(configuration_follows),
		T(groups_are_told_to_the_primary),  T(adoption_keeps_the_books),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
