/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/shard.c: see shard.h.  There is one shard: all CPUs share it under its lock.
 *
 * A device's interrupt takes frames in batches until the device has no more, with its interrupts off
 * meanwhile; a flood is left to the timer after POLL_ROUNDS batches, so that the CPU's own thread gets on.
 */
#include "sock/shard.h"

#include "kern/clock.h"
#include "kern/klog.h"
#include "kern/page.h"
#include "kern/rand.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "kern/waitq.h"
#include "lib/assert.h"
#include "lib/mem.h"

enum { POLL_BATCH = 64, POLL_ROUNDS = 8, FLOOD_PAUSE_NS = 20000, CHANGE_FNS = 4 };

static struct shard shard0;
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
	return 1;
}

struct shard *shard_at(unsigned index)
{
	(void)index;
	return &shard0;
}

struct shard *shard_here(void)
{
	return &shard0;
}

struct shard *shard_primary(void)
{
	return &shard0;
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

		if (nif->ops && nif->ops->tx_irq && nif->ops->tx_irq(nif, 0, true))
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

/* Everything that the device has, in batches. False: a flood, there is more. */
static bool take_frames(struct shard *s, struct netif *nif, struct net_if *ifc)
{
	struct pkt_list batch;

	for (unsigned round = 0; round < POLL_ROUNDS; round++) {
		unsigned n;

		pkt_list_init(&batch);
		n = nif->ops->poll(nif, 0, net_pool(s->st), &batch, POLL_BATCH);
		if (n)
			net_input(s->st, ifc, &batch, s->now);
		if (n < POLL_BATCH && !nif->ops->rx_irq(nif, 0, true))
			return true;
	}
	nif->ops->rx_irq(nif, 0, false);
	return false;
}

static void rx_ready(void *ctx, struct netif *nif, unsigned q)
{
	struct shard *s = ctx;
	bool on = shard_lock(s);
	struct net_if *ifc = shard_if(s, nif->index);

	(void)q;
	nif->ops->rx_irq(nif, 0, false);
	if (ifc && !take_frames(s, nif, ifc)) {
		s->armed_ns = s->now + FLOOD_PAUSE_NS;
		timer_set(&s->timer, s->armed_ns);
	}
	shard_unlock(s, on);
}

static void tx_room(void *ctx, struct netif *nif, unsigned q)
{
	struct shard *s = ctx;
	bool on = shard_lock(s);

	(void)nif;
	(void)q;
	shard_unlock(s, on); /* which flushes */
}

static void link_changed(void *ctx, struct netif *nif)
{
	struct shard *s = ctx;
	bool on = shard_lock(s);
	struct net_if *ifc = shard_if(s, nif->index);

	if (ifc)
		net_if_link(ifc, s->now);
	shard_unlock(s, on);
}

static const struct netif_up up = {
	.rx_ready = rx_ready,
	.tx_room = tx_room,
	.link = link_changed,
};

/* What is due; and frames of a flood that was put off. */
static void timer_rings(struct timer *t)
{
	struct shard *s = container_of(t, struct shard, timer);
	bool on = shard_lock(s), flood = false;
	struct net_if *ifc = NULL;

	s->armed_ns = UINT64_MAX;
	net_poll(s->st, s->now);
	while ((ifc = net_if_next(s->st, ifc)) != NULL) {
		struct netif *nif = net_if_dev(ifc);

		if (nif->ops && nif->up && nif->ops->rx_irq(nif, 0, true))
			flood |= !take_frames(s, nif, ifc);
	}
	if (flood) {
		s->armed_ns = s->now + FLOOD_PAUSE_NS;
		timer_set(&s->timer, s->armed_ns);
	}
	shard_unlock(s, on);
}

/* --- changes of configuration ---------------------------------------------------------------------- */

static struct spinlock change_lock = SPINLOCK_INIT(RANK_WAITQ);
static struct waitq change_wq;
static unsigned change_bits;			 /* change_lock */
static void (*change_fns[CHANGE_FNS])(unsigned); /* [I] after boot */

void shard_on_change(void (*fn)(unsigned what))
{
	for (unsigned i = 0; i < CHANGE_FNS; i++) {
		if (!change_fns[i]) {
			change_fns[i] = fn;
			return;
		}
	}
	ASSERT(false);
}

/* From the stack, under the shard's lock. */
static void changed(void *ctx, struct net_if *ifc, unsigned what)
{
	bool on = spin_lock_irq(&change_lock);

	(void)ctx;
	(void)ifc;
	change_bits |= what;
	waitq_wake(&change_wq, 1);
	spin_unlock_irq(&change_lock, on);
}

static unsigned next_change(void)
{
	unsigned what;
	bool on = spin_lock_irq(&change_lock);

	while (!change_bits)
		(void)!waitq_wait_deaf(&change_wq, WAIT_FOREVER);
	what = change_bits;
	change_bits = 0;
	spin_unlock_irq(&change_lock, on);
	return what;
}

static void change_thread(void *arg)
{
	(void)arg;
	for (;;) {
		unsigned what = next_change();

		for (unsigned i = 0; i < CHANGE_FNS && change_fns[i]; i++)
			change_fns[i](what);
	}
}

static const struct net_ops net_ops = { .changed = changed };

/* --- boot ------------------------------------------------------------------------------------------ */

/* An eighth of memory may lie in packets. */
static uint32_t packet_pages(void)
{
	struct page_stats st;

	page_stats(&st);
	return (uint32_t)MIN(st.total_bytes / 8 / PAGE_SIZE, 1u << 22);
}

static err_t stack_new(struct shard *s)
{
	struct net_cfg cfg = {
		.mem = { .pages = shard_pages, .alloc = block_alloc, .free = block_free },
		.ops = &net_ops,
		.ctx = s,
		.max_pages = packet_pages(),
		.primary = true,
		.now = clock_mono_ns(),
		.wall_ns = clock_real_ns(),
	};

	spin_init(&s->lock, RANK_SHARD);
	timer_init(&s->timer, timer_rings);
	s->armed_ns = UINT64_MAX;
	rand_bytes(cfg.key, sizeof(cfg.key));
	return net_new(&cfg, &s->st);
}

err_t shard_add_if(struct netif *nif)
{
	struct shard *s = &shard0;
	struct net_if *ifc;
	bool on = shard_lock(s);
	err_t err = net_if_add(s->st, nif, &ifc);

	if (!err && nif->ops) {
		nif->up_ctx = s;
		nif->up = &up;
		/* The first poll gives the device its buffers. */
		if (!take_frames(s, nif, ifc))
			timer_set(&s->timer, s->now);
	}
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

err_t shard_init(void)
{
	struct thread *t;
	err_t err;

	waitq_init(&change_wq, &change_lock);
	err = stack_new(&shard0);
	if (!err)
		err = shard_add_if(make_loopback());
	if (!err)
		err = thread_new("netcfg", change_thread, NULL, &t);
	if (!err)
		thread_start(t);
	return err;
}
