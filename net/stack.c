/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/stack.c: the stack as a whole: its making and end, one turn (input, timers, flush), endpoints with
 * news, counters and random numbers.
 */
#include "net/net_int.h"

/* Texts one behind the other, found by offset: a table of pointers would be four times the size. */
static const struct {
#define X(name, text) char name[sizeof(#name "\0" text)];
	NET_DROPS(X)
#undef X
} drop_texts = {
#define X(name, text) #name "\0" text,
	NET_DROPS(X)
#undef X
};

static const uint16_t drop_at[DROP_COUNT] = {
#define X(name, text) [DROP_##name] = offsetof(__typeof__(drop_texts), name),
	NET_DROPS(X)
#undef X
};

static const struct {
#define X(group, name) char group##_##name[sizeof(#group "\0" #name)];
	NET_MIB(X)
#undef X
} mib_texts = {
#define X(group, name) #group "\0" #name,
	NET_MIB(X)
#undef X
};

static const uint16_t mib_at[MIB_COUNT] = {
#define X(group, name) offsetof(__typeof__(mib_texts), group##_##name),
	NET_MIB(X)
#undef X
};

static const char *second(const char *first)
{
	return first + strlen(first) + 1;
}

const char *drop_name(enum drop d)
{
	return (unsigned)d < DROP_COUNT ? (const char *)&drop_texts + drop_at[d] : "?";
}

const char *drop_text(enum drop d)
{
	return (unsigned)d < DROP_COUNT ? second(drop_name(d)) : "?";
}

const char *net_mib_group(unsigned k)
{
	return (const char *)&mib_texts + mib_at[k];
}

const char *net_mib_name(unsigned k)
{
	return second(net_mib_group(k));
}

void net_drop(struct net_stack *st, struct pkt *p, enum drop why)
{
	st->count.drops[why]++;
	if (st->ops.dropped)
		st->ops.dropped(st->ctx, p, why);
	pkt_free(p);
}

/* --- random numbers: SipHash in counter mode under a key of its own ------------------------------- */

uint64_t net_random64(struct net_stack *st)
{
	uint64_t n = st->rnd_count++;

	return siphash(&st->key_rnd, &n, sizeof(n));
}

uint32_t net_random(struct net_stack *st)
{
	return (uint32_t)net_random64(st);
}

/* Independent keys for independent uses, all from the one secret. */
/* Shards have one secret; only the random numbers must differ. */
static void keys_init(struct net_stack *st, const uint8_t key[32])
{
	struct siphash_key master;
	uint64_t out[8];

	memcpy(&master, key, sizeof(master));
	for (uint64_t i = 0; i < ARRAY_LEN(out); i++) {
		uint8_t in[24];

		memcpy(in, key + 16, 16);
		memcpy(in + 16, &i, 8);
		out[i] = siphash(&master, in, sizeof(in));
	}
	st->key_isn = (struct siphash_key){ out[0], out[1] };
	st->key_port = (struct siphash_key){ out[2], out[3] };
	st->key_rnd = (struct siphash_key){ out[4], out[5] ^ st->queue };
	st->key_hash[0] = out[6];
	st->key_hash[1] = out[7] | 1;
}

/* --- making and end ------------------------------------------------------------------------------- */

static err_t tables_init(struct net_stack *st)
{
	err_t err = tcp_table_init(st);

	if (err)
		return err;
	err = udp_table_init(st);
	if (err)
		goto out_tcp;
	err = raw_table_init(st);
	if (err)
		goto out_udp;
	err = frag_table_init(st);
	if (err)
		goto out_raw;
	return 0;
out_raw:
	raw_table_fini(st);
out_udp:
	udp_table_fini(st);
out_tcp:
	tcp_table_fini(st);
	return err;
}

err_t net_new(const struct net_cfg *cfg, struct net_stack **out)
{
	struct net_stack *st = cfg->mem.alloc(cfg->mem.ctx, sizeof(*st));
	err_t err;

	if (!st)
		return -ENOMEM;
	st->mem = cfg->mem;
	if (cfg->ops)
		st->ops = *cfg->ops;
	st->ctx = cfg->ctx;
	st->queue = cfg->queue;
	st->primary = cfg->primary;
	st->stray = st->ops.give ? PKT_STRAY : 0;
	net_at(st, cfg->now);
	st->boot_ns = cfg->now;
	st->wall_ns = cfg->wall_ns;
	st->gen = 1;
	keys_init(st, cfg->key);
	st->ip_id = net_random(st);
	list_init(&st->ready);
	list_init(&st->ifs);
	list_init(&st->routes);
	for (unsigned i = 0; i < NET_NEIGH_BUCKETS; i++)
		list_init(&st->neighs[i]);
	wheel_init(&st->wheel, cfg->now);
	pkt_pool_init(&st->pool, &cfg->mem.pages, cfg->max_pages);
	objcache_init(&st->obj_small, &st->mem.pages, NET_OBJ_SIZE);
	err = tables_init(st);
	if (err) {
		objcache_fini(&st->obj_small);
		pkt_pool_fini(&st->pool);
		cfg->mem.free(cfg->mem.ctx, st, sizeof(*st));
		return err;
	}
	*out = st;
	return 0;
}

void net_free(struct net_stack *st)
{
	struct net_mem mem = st->mem;
	struct net_if *ifc;

	tcp_table_fini(st);
	udp_table_fini(st);
	raw_table_fini(st);
	frag_table_fini(st);
	while ((ifc = list_first(&st->ifs, struct net_if, link)) != NULL)
		net_if_del(ifc);
	while (!list_empty(&st->routes)) {
		struct route *r = list_first(&st->routes, struct route, link);

		list_del(&r->link);
		net_obj_free(st, r);
	}
	objcache_fini(&st->obj_small);
	pkt_pool_fini(&st->pool);
	mem.free(mem.ctx, st, sizeof(*st));
}

_Static_assert(sizeof(struct neigh) <= NET_OBJ_SIZE && sizeof(struct route) <= NET_OBJ_SIZE &&
		       sizeof(struct mcast_group) <= NET_OBJ_SIZE,
	       "small objects fit their cache");

void *net_obj_alloc(struct net_stack *st)
{
	void *p = objcache_alloc(&st->obj_small);

	if (p)
		memset(p, 0, NET_OBJ_SIZE);
	return p;
}

void net_obj_free(struct net_stack *st, void *p)
{
	objcache_free(&st->obj_small, p);
}

/* --- one turn ------------------------------------------------------------------------------------- */

void net_input(struct net_stack *st, struct net_if *ifc, struct pkt_list *batch, uint64_t now)
{
	struct pkt *p;

	net_at(st, now);
	if (batch->count > 1 && !(ifc->features & NETIF_LRO) && !raw_has_taps(st))
		gro_batch(ifc, batch);
	while ((p = pkt_list_pop(batch)) != NULL) {
		p->nif = ifc->dev;
		eth_input(ifc, p);
	}
}

void net_input_shared(struct net_stack *st, struct net_if *ifc, struct pkt *p, uint64_t now)
{
	net_at(st, now);
	st->in_shared = true;
	p->flags |= PKT_SHARED;
	memcpy(&st->kept, &st->count, sizeof(st->kept));
	eth_input(ifc, p);
	memcpy(&st->count, &st->kept, sizeof(st->count)); /* it was counted where it came in */
	st->in_shared = false;
}

void net_poll(struct net_stack *st, uint64_t now)
{
	net_at(st, now);
	wheel_advance(&st->wheel, now);
}

/* What we send to ourselves comes back without ever being a frame of a device. */
static void loop_back(struct net_if *ifc)
{
	struct net_stack *st = ifc->st;
	struct netif_stats *stats = &ifc->dev->stats[st->queue];
	struct pkt *p;

	while ((p = pkt_list_pop(&ifc->txq)) != NULL) {
		stats->rx_packets++;
		stats->rx_bytes += p->len;
		stats->tx_packets++;
		stats->tx_bytes += p->len;
		p->flags = (uint16_t)((p->flags & ~PKT_CSUM_NEEDED) | PKT_CSUM_OK | PKT_LOOPED |
				      st->stray);
		p->nif = ifc->dev;
		eth_input(ifc, p);
	}
}

bool net_deadline_moved(const struct net_stack *st)
{
	return st->txq_some || st->wheel.sooner;
}

bool net_quiet(const struct net_stack *st)
{
	return !net_deadline_moved(st) && list_empty(&st->ready);
}

bool net_flush(struct net_stack *st)
{
	struct net_if *ifc;
	bool left = false;
	int rounds = 64; /* two ends of one loopback connection answer each other: bound a turn */

	if (!st->txq_some)
		return false;
	ifc = st->txq_one;
	if (likely(ifc != NULL)) {
		ifc->dev->ops->transmit(ifc->dev, st->queue, &ifc->txq);
		st->txq_some = ifc->txq.count != 0;
		return st->txq_some;
	}
	while (st->lo && st->lo->txq.count && rounds--)
		loop_back(st->lo);
	list_for_each_entry (ifc, &st->ifs, link) {
		if (ifc->txq.count == 0)
			continue;
		if (!ifc->loopback)
			ifc->dev->ops->transmit(ifc->dev, st->queue, &ifc->txq);
		left |= ifc->txq.count != 0;
	}
	st->txq_some = left;
	return left;
}

uint64_t net_deadline(struct net_stack *st)
{
	st->wheel.sooner = false;
	if (st->lo && st->lo->txq.count)
		return st->now;
	return wheel_next(&st->wheel);
}

struct pkt_pool *net_pool(struct net_stack *st)
{
	return &st->pool;
}

/* --- endpoints ------------------------------------------------------------------------------------ */

void net_ep_init(struct net_ep *ep, struct net_stack *st, enum net_kind kind, void *owner)
{
	list_init(&ep->ready);
	ep->st = st;
	ep->owner = owner;
	ep->events = 0;
	ep->kind = (uint8_t)kind;
	ep->flags = 0;
	ep->err = 0;
}

void net_ep_raise(struct net_ep *ep, unsigned events)
{
	if (!ep->owner)
		return;
	if (ep->events == 0)
		list_add_tail(&ep->st->ready, &ep->ready);
	ep->events |= (uint16_t)events;
}

void net_ep_fini(struct net_ep *ep)
{
	list_del(&ep->ready);
	ep->events = 0;
	ep->owner = NULL;
}

struct net_ep *net_ready_pop(struct net_stack *st, unsigned *events)
{
	struct net_ep *ep = list_first(&st->ready, struct net_ep, ready);

	if (!ep)
		return NULL;
	list_del(&ep->ready);
	*events = ep->events;
	ep->events = 0;
	return ep;
}

int net_ep_error(struct net_ep *ep)
{
	int err = ep->err;

	ep->err = 0;
	return err;
}

const struct net_mib *net_mib(const struct net_stack *st)
{
	return &st->count.mib;
}

uint64_t net_drops(const struct net_stack *st, enum drop d)
{
	return st->count.drops[d];
}
