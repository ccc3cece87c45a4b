/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/bench/tcp_pingpong.c: what the core costs, in instructions, for a request and its answer, and for a
 * KB in bulk.  Two stacks joined by a queue of packets (no copies, offloads on); run it under
 * `valgrind --tool=callgrind --toggle-collect=side_a` and divide.
 *
 *	tcp_pingpong get ROUNDS | tx MEGABYTES | rx MEGABYTES
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/net.h"
#include "net/tcp.h"
#include "test/lib/pages.h"

struct side {
	struct net_stack *st;
	struct net_if *ifc;
	struct netif dev;
	struct test_pages pages;
	struct side *peer;
	struct pkt_list in;
	struct tcp_conn *c;
};

static struct side a, b;
static uint64_t now = 1000000000;
static unsigned flat;
static uint64_t frames;

/* As a device would: the frame becomes bytes in the peer's own buffers. */
static void tx(struct netif *nif, unsigned q, struct pkt_list *batch)
{
	struct side *s = nif->dev;
	struct pkt *p;

	(void)q;
	while ((p = pkt_list_pop(batch)) != NULL) {
		uint32_t head = p->lin;
		struct pbuf *buf = pbuf_alloc(net_pool(s->peer->st));
		struct pkt *r = pkt_alloc_rx(net_pool(s->peer->st), buf, 64, 0);

		memcpy(pkt_put(r, head), p->data, head);
		for (unsigned i = 0; i < p->nfrags; i++)
			if (!pkt_append(r, p->frag[i].buf->base + p->frag[i].off, p->frag[i].len))
				abort();
		r->flags = PKT_CSUM_OK;
		frames++;
		pkt_free(p);
		pkt_list_add(&s->peer->in, r);
	}
}

static const struct netif_ops ops = { .transmit = tx };

static void *zalloc(void *ctx, size_t n)
{
	(void)ctx;
	return calloc(1, n);
}

static void zfree(void *ctx, void *p, size_t n)
{
	(void)ctx, (void)n;
	free(p);
}

static void init(struct side *s, int i, struct side *peer)
{
	struct net_cfg cfg = {
		.max_pages = 100000, .primary = true, .now = now, .key = { (uint8_t)(i + 1) }
	};

	test_pages_init(&s->pages);
	cfg.mem = (struct net_mem){ .pages = s->pages.src, .alloc = zalloc, .free = zfree };
	s->dev = (struct netif){
		.name = "eth0",
		.ops = &ops,
		.dev = s,
		.mac = { 2, 0, 0, 0, 0, (uint8_t)i },
		.features = flat ? 0 : NETIF_TX_CSUM | NETIF_SG | NETIF_TSO4 | NETIF_LRO,
		.mtu = 1500,
		.max_mtu = 1500,
		.gso_max = 65535,
		.index = 2,
		.queues = 1
	};
	s->peer = peer;
	pkt_list_init(&s->in);
	if (net_new(&cfg, &s->st) || net_if_add(s->st, &s->dev, &s->ifc))
		abort();
	net_if_up(s->ifc, true, now);
	if (net_addr_add(s->ifc,
			 &(struct net_ifaddr){ .addr = ip4(0x0a000001U + (uint32_t)i), .bits = 24 },
			 now))
		abort();
}

static uint8_t buf[65536];

static size_t copy_out(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memcpy(buf, p, n);
	return n;
}

static size_t copy_in(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memcpy(p, buf, n);
	return n;
}

static void turn(struct side *s)
{
	unsigned ev;

	net_input(s->st, s->ifc, &s->in, now);
	net_poll(s->st, now);
	while (net_ready_pop(s->st, &ev))
		;
	net_flush(s->st);
}

/* The measured side: a batch in, read, answer, out. */
static noinline void side_a(size_t answer)
{
	static const struct net_iov rd = { copy_out, NULL }, wr = { copy_in, NULL };
	unsigned ev;
	long n;

	net_input(a.st, a.ifc, &a.in, now);
	net_poll(a.st, now);
	while (net_ready_pop(a.st, &ev))
		if (a.c) {
			while ((n = tcp_recv(a.c, &rd, sizeof(buf), 0, now)) == (long)sizeof(buf))
				;
			if (answer && answer < 1000)
				(void)tcp_send(a.c, &wr, answer, 0, now);
		}
	if (answer > 1000)
		while (tcp_send(a.c, &wr, answer, 0, now) > 0)
			;
	net_flush(a.st);
	(void)net_deadline(a.st);
}

int main(int argc, char **argv)
{
	static const struct net_iov rd = { copy_out, NULL }, wr = { copy_in, NULL };
	struct tcp_conn_addr to = { .remote = ip4(0x0a000001), .local = ip4(0), .rport = 6379 };
	long n = argc > 2 ? atol(argv[2]) : 10000;
	const char *mode = argc > 1 ? argv[1] : "get";
	struct tcp_listener *l;
	struct tcp_conn *like;
	char o;

	flat = argc > 3;
	init(&a, 0, &b);
	init(&b, 1, &a);
	if (tcp_new(a.st, &o, &like) || tcp_listen(like, ip4(0), 6379, 0, 10, &o, &l) ||
	    tcp_new(b.st, &o, &b.c) || tcp_connect(b.c, &to, now))
		abort();
	for (int i = 0; i < 20; i++) {
		turn(&b);
		turn(&a);
		now += 100000;
		if (!a.c)
			a.c = tcp_accept(l, &o);
	}
	frames = 0;
	if (strcmp(mode, "get") == 0) {
		for (long i = 0; i < n; i++) {
			if (tcp_send(b.c, &wr, 36, 0, now) != 36)
				abort();
			turn(&b);
			now += 20000;
			side_a(30);
			now += 20000;
			turn(&b);
			if (tcp_recv(b.c, &rd, 100, 0, now) != 30)
				abort();
		}
	} else if (strcmp(mode, "rx") == 0) {
		for (uint64_t left = (uint64_t)n << 20; left;) {
			long k = tcp_send(b.c, &wr, left < 65536 ? left : 65536, 0, now);

			left -= k > 0 ? (uint64_t)k : 0;
			turn(&b);
			now += 50000;
			side_a(0);
			now += 50000;
		}
	} else {
		uint64_t got = 0;

		tcp_send(a.c, &wr, 65536, 0, now);
		while (got < (uint64_t)n << 20) {
			long k;

			side_a(65536);
			now += 50000;
			turn(&b);
			while ((k = tcp_recv(b.c, &rd, 65536, 0, now)) > 0)
				got += (uint64_t)k;
			net_flush(b.st);
			now += 50000;
		}
	}
	printf("%s %ld: %llu frames\n", mode, n, (unsigned long long)frames);
	return 0;
}
