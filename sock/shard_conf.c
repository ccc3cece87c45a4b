/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/shard_conf.c: the configuration of all shards: changes are made in the primary shard, or happen there (leases,
 * router advertisements); the others take it over whole, and who wants to know is told.
 */
#include "kern/klog.h"
#include "kern/mutex.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "kern/waitq.h"
#include "lib/assert.h"
#include "sock/shard_int.h"

enum { CHANGE_FNS = 4 };

static struct mutex sync_lock; /* one after the other, so that the newest wins */
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

void shard_changed(unsigned what)
{
	bool on = spin_lock_irq(&change_lock);

	change_bits |= what;
	waitq_wake(&change_wq, 1);
	spin_unlock_irq(&change_lock, on);
}

/* --- groups ------------------------------------------------------------------------------------------ */

struct group_news {
	struct group_news *next;
	struct ip_addr group;
	uint32_t ifindex;
	bool join;
};
static struct group_news *groups, **groups_last = &groups; /* change_lock */

err_t shard_tell_group(uint32_t ifindex, struct ip_addr group, bool join)
{
	struct group_news *g = kzalloc(sizeof(*g));
	bool on;

	if (!g)
		return -ENOBUFS;
	*g = (struct group_news){ .group = group, .ifindex = ifindex, .join = join };
	on = spin_lock_irq(&change_lock);
	*groups_last = g;
	groups_last = &g->next;
	waitq_wake(&change_wq, 1);
	spin_unlock_irq(&change_lock, on);
	return 0;
}

static void join_or_leave(const struct group_news *g)
{
	struct shard *s = shard_primary();
	bool on = shard_lock(s);
	struct net_if *ifc = shard_if(s, g->ifindex);

	if (!ifc)
		; /* gone meanwhile, and its groups with it */
	else if (g->join)
		(void)!net_mcast_join(ifc, g->group,
				      s->now); /* without memory: routers are not told */
	else
		(void)!net_mcast_leave(ifc, g->group, s->now);
	shard_unlock(s, on);
}

static void join_and_leave(struct group_news *g)
{
	while (g) {
		struct group_news *next = g->next;

		join_or_leave(g);
		kfree(g);
		g = next;
	}
}

/* --- the mirror -------------------------------------------------------------------------------------- */

static struct net_mirror *make_mirror(struct shard *s)
{
	bool on = shard_lock(s);
	struct net_mirror *m = net_mirror_make(s->st);

	shard_unlock(s, on);
	return m;
}

static err_t take_mirror(struct shard *s, const struct net_mirror *m)
{
	bool on = shard_lock(s);
	err_t err = net_mirror_take(s->st, m, s->now);

	shard_unlock(s, on);
	return err;
}

void shard_sync(void)
{
	struct shard *primary = shard_primary();
	struct net_mirror *m;
	err_t err;

	if (shard_count() == 1)
		return;
	mutex_lock(&sync_lock);
	m = make_mirror(primary);
	err = m ? 0 : -ENOMEM;
	for (unsigned k = 1; k < shard_count() && !err; k++)
		err = take_mirror(shard_at(k), m);
	if (m)
		net_mirror_free(primary->st, m);
	mutex_unlock(&sync_lock);
	if (err)
		klog_warn("net: the configuration is not the same on all CPUs (error %d)", -err);
}

/* --- the thread --------------------------------------------------------------------------------------- */

static unsigned next_change(struct group_news **g)
{
	unsigned what;
	bool on = spin_lock_irq(&change_lock);

	while (!change_bits && !groups)
		(void)!waitq_wait_deaf(&change_wq, WAIT_FOREVER);
	what = change_bits;
	change_bits = 0;
	*g = groups;
	groups = NULL;
	groups_last = &groups;
	spin_unlock_irq(&change_lock, on);
	return what;
}

static void change_thread(void *arg)
{
	(void)arg;
	for (;;) {
		struct group_news *g;
		unsigned what = next_change(&g);

		join_and_leave(g);
		if (what)
			shard_sync();
		for (unsigned i = 0; what && i < CHANGE_FNS && change_fns[i]; i++)
			change_fns[i](what);
	}
}

err_t shard_conf_init(void)
{
	struct thread *t;
	err_t err;

	waitq_init(&change_wq, &change_lock);
	mutex_init(&sync_lock);
	err = thread_new("netcfg", change_thread, NULL, &t);
	if (!err)
		thread_start(t);
	return err;
}
