/* SPDX-License-Identifier: Apache-2.0 */
/* test/lib/link.c: see link.h. */
#include "test/lib/link.h"

#include <stdlib.h>
#include <string.h>

#include "abi/wire_ip.h"
#include "net/csum.h"

struct flight {
	struct flight *next;
	uint64_t at;
	int to;
	size_t len;
	uint16_t flags, gso_size, csum_off;
	uint8_t gso_type;
	uint8_t data[];
};

/* xorshift64*: good enough, and the same everywhere. */
uint32_t link_random(struct link *l, uint32_t below)
{
	l->rnd ^= l->rnd >> 12;
	l->rnd ^= l->rnd << 25;
	l->rnd ^= l->rnd >> 27;
	return below ? (uint32_t)((l->rnd * 2685821657736338717ULL) >> 33) % below : 0;
}

static bool chance(struct link *l, unsigned per_mille)
{
	return per_mille && link_random(l, 1000) < per_mille;
}

static void enqueue(struct link *l, struct flight *f)
{
	struct flight **at = &l->queue;

	while (*at && (*at)->at <= f->at)
		at = &(*at)->next;
	f->next = *at;
	*at = f;
}

static struct flight *flight_new(const struct pkt *p, int to)
{
	struct flight *f = malloc(sizeof(*f) + p->len);

	f->to = to;
	f->len = p->len;
	f->flags = p->flags;
	f->gso_size = p->gso_size;
	f->gso_type = p->gso_type;
	f->csum_off = p->csum_off;
	pkt_copy_out(p, 0, f->data, p->len);
	return f;
}

static void mark_ce(uint8_t *frame, size_t len)
{
	struct wire_ip4 *h = (struct wire_ip4 *)(frame + 14);

	if (len < 34 || frame[12] != 8 || frame[13] != 0 || !(h->tos & 3))
		return;
	h->tos |= 3;
	h->csum = be16_of(0);
	csum_store(&h->csum, csum_fold(csum_add(0, h, 20)));
}

static void send_one(struct link *l, struct end *from, struct pkt *p)
{
	const struct link_cfg *k = &l->cfg;
	uint64_t at = l->now + k->delay_ns;
	struct flight *f;
	unsigned copies = 1;

	from->frames_out++;
	if (l->tap && p->nfrags == 0)
		l->tap(l, from->side, p->data, p->len);
	if (k->rate) {
		uint64_t start = l->free_at[from->side] > l->now ? l->free_at[from->side] : l->now;

		if (k->queue && (start - l->now) * k->rate / 1000000000ULL > k->queue) {
			l->lost++;
			return;
		}
		l->free_at[from->side] = start + p->len * 1000000000ULL / k->rate;
		at += l->free_at[from->side] - l->now;
	}
	if (chance(l, k->loss) || (l->now >= k->burst_from && l->now < k->burst_to) ||
	    (k->path_mtu && p->len > k->path_mtu + 14)) {
		l->lost++;
		return;
	}
	if (chance(l, k->dup))
		copies = 2;
	while (copies--) {
		f = flight_new(p, !from->side);
		f->at = at + (k->jitter_ns
				      ? link_random(l, (uint32_t)(k->jitter_ns / 1000)) * 1000ULL
				      : 0);
		if (chance(l, k->reorder))
			f->at += k->delay_ns / 2 + 1000000;
		if (chance(l, k->corrupt) && f->len > 14 && !(f->flags & PKT_CSUM_NEEDED))
			f->data[14 + link_random(l, (uint32_t)f->len - 14)] ^=
				(uint8_t)(1U << link_random(l, 8));
		if (chance(l, k->ce))
			mark_ce(f->data, f->len);
		if (l->mangle && !l->mangle(l, from->side, f->data, f->len)) {
			free(f);
			l->lost++;
			continue;
		}
		enqueue(l, f);
		l->carried++;
	}
}

static void link_transmit(struct netif *nif, unsigned q, struct pkt_list *batch)
{
	struct end *e = nif->dev;
	struct pkt *p;

	(void)q;
	nif->stats[0].tx_kicks++;
	while ((p = pkt_list_pop(batch)) != NULL) {
		send_one(e->link, e, p);
		pkt_free(p);
	}
}

static unsigned no_poll(struct netif *nif, unsigned q, struct pkt_pool *pool, struct pkt_list *out,
			unsigned max)
{
	(void)nif, (void)q, (void)pool, (void)out, (void)max;
	return 0;
}

static const struct netif_ops link_ops = { .poll = no_poll, .transmit = link_transmit };

struct ip_addr end_addr4(int side)
{
	return ip4(0x0a000001U + (uint32_t)side);
}

struct ip_addr end_addr6(int side)
{
	return (struct ip_addr){ .b = { 0xfd, [15] = (uint8_t)(1 + side) } };
}

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

static void must(int err)
{
	if (err)
		abort();
}

static void end_init(struct link *l, int side)
{
	struct end *e = &l->end[side];
	struct net_cfg cfg = { .max_pages = l->cfg.pages[side] ? l->cfg.pages[side] : 100000,
			       .primary = true,
			       .now = l->now,
			       .wall_ns = 1 };
	struct net_ifaddr a = { .addr = end_addr4(side), .bits = 24 };
	uint32_t mtu = l->cfg.mtu ? l->cfg.mtu : 1500;

	memset(e, 0, sizeof(*e));
	test_pages_init(&e->pages);
	e->link = l;
	e->side = side;
	cfg.mem = (struct net_mem){ .pages = e->pages.src, .alloc = zalloc, .free = zfree };
	for (int i = 0; i < 32; i++)
		cfg.key[i] = (uint8_t)(link_random(l, 256));
	e->dev = (struct netif){ .name = "eth0",
				 .ops = &link_ops,
				 .dev = e,
				 .mac = { 2, 0, 0, 0, 0, (uint8_t)(1 + side) },
				 .features = l->cfg.features[side],
				 .mtu = mtu,
				 .max_mtu = 65535,
				 .gso_max = 65535,
				 .index = 2,
				 .queues = 1,
				 .link_up = true };
	e->lodev = (struct netif){ .name = "lo",
				   .features = NETIF_LOOPBACK,
				   .mtu = 65535,
				   .max_mtu = 65535,
				   .gso_max = 65535,
				   .index = 1,
				   .queues = 1,
				   .link_up = true };
	pkt_list_init(&e->in);
	must(net_new(&cfg, &e->st));
	must(net_if_add(e->st, &e->lodev, &e->lo));
	must(net_if_add(e->st, &e->dev, &e->ifc));
	net_if_up(e->lo, true, l->now);
	net_if_up(e->ifc, true, l->now);
	must(net_addr_add(e->lo, &(struct net_ifaddr){ .addr = ip4(0x7f000001), .bits = 8 },
			  l->now));
	must(net_addr_add(e->lo,
			  &(struct net_ifaddr){ .addr = { .b = { [15] = 1 } },
						.bits = 128,
						.flags = NET_ADDR_NODAD },
			  l->now));
	must(net_addr_add(e->ifc, &a, l->now));
	a = (struct net_ifaddr){ .addr = end_addr6(side), .bits = 64, .flags = NET_ADDR_NODAD };
	must(net_addr_add(e->ifc, &a, l->now));
}

void link_init(struct link *l, const struct link_cfg *cfg)
{
	memset(l, 0, sizeof(*l));
	l->cfg = *cfg;
	l->rnd = cfg->seed * 2654435761U + 88172645463325252ULL;
	l->now = 1000000000ULL;
	end_init(l, 0);
	end_init(l, 1);
}

void link_fini(struct link *l)
{
	while (l->queue) {
		struct flight *f = l->queue;

		l->queue = f->next;
		free(f);
	}
	for (int i = 0; i < 2; i++) {
		net_free(l->end[i].st);
		if (l->end[i].pages.out)
			abort();
	}
}

static struct pkt *arrive(struct end *e, const uint8_t *data, size_t len)
{
	struct pkt *p = pkt_alloc_lin(net_pool(e->st), 64, len < 3000 ? (uint32_t)len : 1000);

	if (p && !pkt_append(p, data, (uint32_t)len)) {
		pkt_free(p);
		return NULL;
	}
	return p;
}

void link_inject(struct link *l, int to, const void *frame, size_t len)
{
	struct pkt *p = arrive(&l->end[to], frame, len);

	if (p)
		pkt_list_add(&l->end[to].in, p);
	net_input(l->end[to].st, l->end[to].ifc, &l->end[to].in, l->now);
	net_flush(l->end[to].st);
}

/* All that arrives now, as one batch an end. */
static void deliver(struct link *l)
{
	while (l->queue && l->queue->at <= l->now) {
		struct flight *f = l->queue;
		struct end *e = &l->end[f->to];
		struct pkt *p = arrive(e, f->data, f->len);

		l->queue = f->next;
		if (p) {
			if (f->flags & PKT_CSUM_NEEDED)
				p->flags |= PKT_CSUM_OK;
			e->frames_in++;
			pkt_list_add(&e->in, p);
		}
		free(f);
	}
	for (int i = 0; i < 2; i++)
		if (l->end[i].in.count)
			net_input(l->end[i].st, l->end[i].ifc, &l->end[i].in, l->now);
}

bool link_step(struct link *l, uint64_t until)
{
	uint64_t next = until;

	for (int i = 0; i < 2; i++) {
		uint64_t d = net_deadline(l->end[i].st);

		if (d < next)
			next = d;
	}
	if (l->queue && l->queue->at < next)
		next = l->queue->at;
	if (next > l->now)
		l->now = next;
	deliver(l);
	for (int i = 0; i < 2; i++) {
		net_poll(l->end[i].st, l->now);
		net_flush(l->end[i].st);
	}
	return l->now < until;
}
