/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/shard.c: see shard.h.  A shard's lock is nearly always taken by its own CPU: there its queue pair's
 * interrupts arrive, and there packets of its flows are poked to that came in elsewhere.  The others are threads that
 * have a connection of it and run on another CPU.
 *
 * A device's interrupt takes frames in batches until the device has no more, with its interrupts off
 * meanwhile; a flood is left to the timer after POLL_ROUNDS batches, so that the CPU's own thread gets on.
 */
#include "sock/shard.h"

#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/irq.h"
#include "kern/page.h"
#include "kern/rand.h"
#include "kern/slab.h"
#include "lib/mem.h"
#include "sock/shard_int.h"
#include "sock/steer.h"

enum { POLL_BATCH = 64, POLL_ROUNDS = 8, FLOOD_PAUSE_NS = 20000 };

static struct shard *shards[CPUS_MAX]; /* [I] */
static unsigned nshards;	       /* [I] */
static struct netif
	loopback; /* filled at boot: most of it is counters, which the file need not carry */

/* --- memory --------------------------------------------------------------------------------------- */

static void *page_get_va(void *ctx)
{
	struct page *p = page_alloc(0, PAGE_ATOMIC);

	(void)ctx;
	return p ? page_va(p) : NULL;
}

static void page_put_va(void *ctx, void *va)
{
	(void)ctx;
	page_put(pa_to_page(va_to_pa(va)));
}

struct page_src shard_pages = { page_get_va, page_put_va, NULL };

static void *block_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return kzalloc(size);
}

static void block_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	kfree(p);
}

/* --- turns ---------------------------------------------------------------------------------------- */

unsigned shard_count(void)
{
	return nshards;
}

struct shard *shard_at(unsigned index)
{
	return shards[index];
}

struct shard *shard_here(void)
{
	return this_cpu()->shard;
}

struct shard *shard_primary(void)
{
	return shards[0];
}

bool shard_lock(struct shard *s) no_lock_analysis
{
	bool on = spin_lock_irq(&s->lock);

	s->now = clock_mono_ns();
	return on;
}

static void tell_owners(struct shard *s)
{
	struct net_ep *ep;
	unsigned events;

	while ((ep = net_ready_pop(s->st, &events)) != NULL) {
		struct shard_owner *o = ep->owner;

		s->nevents++;
		o->event(o, events);
	}
}

/* An earlier alarm than needed is left: it costs one interrupt at most, setting one costs each time. */
static void arm(struct shard *s)
{
	uint64_t deadline;

	if (s->armed_ns != UINT64_MAX && !net_deadline_moved(s->st))
		return;
	deadline = net_deadline(s->st);
	if (deadline >= s->armed_ns)
		return;
	s->armed_ns = deadline;
	timer_set(&s->timer, deadline);
}

static void wait_for_room(struct shard *s)
{
	struct net_if *ifc = NULL;

	while ((ifc = net_if_next(s->st, ifc)) != NULL) {
		struct netif *nif = net_if_dev(ifc);

		if (nif->ops && nif->ops->tx_irq && nif->ops->tx_irq(nif, s->index, true))
			net_flush(s->st); /* room came meanwhile */
	}
}

static void finish_turn(struct shard *s)
{
	if (net_quiet(s->st) && s->armed_ns != UINT64_MAX)
		return;
	tell_owners(s);
	if (net_flush(s->st))
		wait_for_room(s);
	arm(s);
	if (!net_quiet(s->st)) /* what went over loopback has news */
		tell_owners(s);
}

void shard_unlock(struct shard *s, bool on) no_lock_analysis
{
	finish_turn(s);
	spin_unlock_irq(&s->lock, on);
}

err_t shard_wait(struct shard *s, struct waitq *wq, uint64_t deadline_ns)
{
	unsigned before = s->nevents;
	err_t err;

	if (deadline_ns == 0)
		return -EAGAIN;
	finish_turn(s);
	if (s->nevents != before)
		return 0; /* the turn brought news, perhaps ours: look before sleeping */
	err = waitq_wait(wq, deadline_ns);
	s->now = clock_mono_ns();
	return err;
}

struct net_if *shard_if(struct shard *s, uint32_t index)
{
	return net_if_by_index(s->st, index);
}

/* --- interrupts ----------------------------------------------------------------------------------- */

/* Does the device have a queue pair of this shard's own? */
static bool has_pair(const struct shard *s, const struct netif *nif)
{
	return nif->ops && s->index < nif->queues;
}

/* Everything that the device has, in batches. False: a flood, there is more. */
static bool take_frames(struct shard *s, struct netif *nif, struct net_if *ifc)
{
	const unsigned q = s->index;
	struct pkt_list batch;

	for (unsigned round = 0; round < POLL_ROUNDS; round++) {
		unsigned n;

		pkt_list_init(&batch);
		n = nif->ops->poll(nif, q, net_pool(s->st), &batch, POLL_BATCH);
		if (nshards > 1)
			steer_frames(s, &batch);
		if (batch.count)
			net_input(s->st, ifc, &batch, s->now);
		if (n < POLL_BATCH && !nif->ops->rx_irq(nif, q, true))
			return true;
	}
	nif->ops->rx_irq(nif, q, false);
	return false;
}

static void look_again(struct shard *s)
{
	s->armed_ns = s->now + FLOOD_PAUSE_NS;
	timer_set(&s->timer, s->armed_ns);
}

static void rx_ready(void *ctx, struct netif *nif, unsigned q)
{
	struct shard *s = shards[q];
	bool on = shard_lock(s);
	struct net_if *ifc = shard_if(s, nif->index);

	(void)ctx;
	steer_take(s);
	nif->ops->rx_irq(nif, q, false);
	if (ifc && !take_frames(s, nif, ifc))
		look_again(s);
	shard_unlock(s, on);
}

/* A turn flushes; so all turn that send by this pair. */
static void room_soon(void *ctx, struct netif *nif, unsigned q)
{
	(void)ctx;
	for (; q < nshards; q += nif->queues)
		irq_poke(q);
}

static void tx_room(void *ctx, struct netif *nif, unsigned q)
{
	bool on = shard_lock(shards[q]);

	shard_unlock(shards[q], on);
	room_soon(ctx, nif, q + nif->queues);
}

static void link_changed(void *ctx, struct netif *nif)
{
	(void)ctx;
	for (unsigned k = 0; k < nshards; k++) {
		struct shard *s = shards[k];
		bool on = shard_lock(s);
		struct net_if *ifc = shard_if(s, nif->index);

		if (ifc)
			net_if_link(ifc, s->now);
		shard_unlock(s, on);
	}
}

static void sent(void *ctx, struct netif *nif, struct pkt_list *done)
{
	(void)ctx;
	(void)nif;
	steer_sent(done);
}

/* Something was put into this CPU's box, or there is room to send. */
static void poked(void)
{
	struct shard *s = shard_here();
	bool on = shard_lock(s);

	steer_take(s);
	shard_unlock(s, on);
}

static const struct netif_up up = {
	.rx_ready = rx_ready,
	.tx_room = tx_room,
	.link = link_changed,
	.sent = sent,
	.room_soon = room_soon,
};

/* What is due; and frames of a flood that was put off. */
static void timer_rings(struct timer *t)
{
	struct shard *s = container_of(t, struct shard, timer);
	bool on = shard_lock(s), flood = false;
	struct net_if *ifc = NULL;

	s->armed_ns = UINT64_MAX;
	steer_take(s);
	net_poll(s->st, s->now);
	while ((ifc = net_if_next(s->st, ifc)) != NULL) {
		struct netif *nif = net_if_dev(ifc);

		if (has_pair(s, nif) && nif->up && nif->ops->rx_irq(nif, s->index, true))
			flood |= !take_frames(s, nif, ifc);
	}
	if (flood)
		look_again(s);
	shard_unlock(s, on);
}

/* --- what a stack asks for -------------------------------------------------------------------------- */

static bool flow_here(void *ctx, const struct net_flow *f)
{
	return steer_flow(f) == ctx;
}

static void share(void *ctx, struct net_if *ifc, const struct pkt *p)
{
	(void)ifc;
	steer_share(ctx, p);
}

static void give(void *ctx, struct pkt *p, const struct net_flow *f)
{
	struct pkt_list one;

	pkt_list_init(&one);
	pkt_list_add(&one, p);
	steer_give(ctx, steer_flow(f), &one);
}

static void changed(void *ctx, struct net_if *ifc, unsigned what)
{
	(void)ifc;
	if (ctx == shard_primary()) /* the others only follow */
		shard_changed(what);
}

static err_t group(void *ctx, struct net_if *ifc, struct ip_addr g, bool join)
{
	(void)ctx;
	return shard_tell_group(net_if_dev(ifc)->index, g, join);
}

static const struct net_ops alone = { .changed = changed };
static const struct net_ops one_of_many = {
	.changed = changed,
	.flow_here = flow_here,
	.share = share,
	.give = give,
	.group = group,
};

/* --- boot ------------------------------------------------------------------------------------------ */

/* An eighth of memory may lie in packets; of several shards each may have more than its part of it. */
static uint32_t packet_pages(void)
{
	struct page_stats st;
	uint64_t bytes;

	page_stats(&st);
	bytes = nshards == 1 ? st.total_bytes / 8 : st.total_bytes / 4 / nshards;
	return (uint32_t)MIN(bytes / PAGE_SIZE, 1u << 22);
}

static err_t stack_new(struct shard *s, const uint8_t key[32])
{
	struct net_cfg cfg = {
		.mem = { .pages = shard_pages, .alloc = block_alloc, .free = block_free },
		.ops = nshards == 1 ? &alone : &one_of_many,
		.ctx = s,
		.max_pages = packet_pages(),
		.queue = s->index,
		.primary = s->index == 0,
		.now = clock_mono_ns(),
		.wall_ns = clock_real_ns(),
	};
	err_t err;

	memcpy(cfg.key, key, sizeof(cfg.key));
	err = net_new(&cfg, &s->st);
	if (!err)
		net_pool(s->st)->tag = s->index;
	return err;
}

static err_t shard_new(unsigned index, const uint8_t key[32])
{
	struct shard *s = kzalloc(sizeof(*s) + nshards * sizeof(s->sorted[0]));

	if (!s)
		return -ENOMEM;
	spin_init(&s->lock, RANK_SHARD);
	spin_init(&s->box.lock, RANK_STEER);
	timer_init(&s->timer, timer_rings);
	s->armed_ns = UINT64_MAX;
	s->index = index;
	pkt_list_init(&s->box.in);
	pkt_list_init(&s->box.back);
	s->sorted = (struct pkt_list *)(s + 1);
	for (unsigned k = 0; k < nshards; k++)
		pkt_list_init(&s->sorted[k]);
	shards[index] = s;
	cpus[index]->shard = s;
	return stack_new(s, key);
}

static err_t add_face(struct shard *s, struct netif *nif)
{
	struct net_if *ifc;
	bool on = shard_lock(s);
	err_t err = net_if_add(s->st, nif, &ifc);

	shard_unlock(s, on);
	return err;
}

static struct netif *make_loopback(void)
{
	struct netif *lo = &loopback;

	memcpy(lo->name, "lo", sizeof("lo"));
	lo->features = NETIF_LOOPBACK;
	lo->mtu = lo->max_mtu = lo->gso_max = 65535;
	lo->index = 1;
	lo->queues = 1;
	atomic_store(&lo->link_up, true);
	return lo;
}

/* The first poll gives the device its buffers. */
static void first_poll(struct shard *s, struct netif *nif)
{
	bool on = shard_lock(s);

	if (!take_frames(s, nif, shard_if(s, nif->index)))
		look_again(s);
	shard_unlock(s, on);
}

err_t shard_add_if(struct netif *nif)
{
	err_t err = 0;

	nif->users = nshards;
	for (unsigned k = 0; k < nshards && !err; k++)
		err = add_face(shards[k], nif);
	if (err || !nif->ops)
		return err;
	nif->up = &up;
	if (nif->ops->use_queues)
		err = nif->ops->use_queues(nif, MIN(nif->queues, nshards));
	for (unsigned k = 0; k < nshards && !err; k++)
		if (has_pair(shards[k], nif))
			first_poll(shards[k], nif);
	return err;
}

err_t shard_init(void)
{
	uint8_t key[32];
	err_t err = 0;

	nshards = ncpus;
	rand_bytes(key, sizeof(key));
	irq_poke_set(poked);
	for (unsigned k = 0; k < nshards && !err; k++)
		err = shard_new(k, key);
	memset(key, 0, sizeof(key));
	if (!err)
		err = shard_add_if(make_loopback());
	return err ? err : shard_conf_init();
}
