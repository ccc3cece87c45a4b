/* SPDX-License-Identifier: Apache-2.0 */
/* kern/mutex.c: sleeping locks. A mutex is handed to the first waiter, so that nobody starves. */
#include "kern/mutex.h"
#include "kern/sched_int.h"
#include "kern/thread.h"
#include "lib/assert.h"

void mutex_init(struct mutex *m)
{
	spin_init(&m->lock, RANK_WAITQ);
	waitq_init(&m->wq, &m->lock);
	m->owner = NULL;
}

/* Neither signal nor end of program takes a thread out of here: the owner will let go. */
static void sleep_fast(struct waitq *wq)
{
	err_t err = waitq_sleep(wq, WAIT_FOREVER, SLEEP_FAST);

	ASSERT(err == 0);
}

void mutex_lock(struct mutex *m) no_lock_analysis
{
	struct thread *me = thread_self();

	spin_lock(&m->lock);
	DEBUG_ASSERT(m->owner != me);
	while (m->owner && m->owner != me)
		sleep_fast(&m->wq);
	m->owner = me;
	spin_unlock(&m->lock);
}

bool mutex_trylock(struct mutex *m)
{
	bool got;

	spin_lock(&m->lock);
	got = !m->owner;
	if (got)
		m->owner = thread_self();
	spin_unlock(&m->lock);
	return got;
}

void mutex_unlock(struct mutex *m) no_lock_analysis
{
	struct waiter *next;

	spin_lock(&m->lock);
	DEBUG_ASSERT(m->owner == thread_self());
	next = list_first(&m->wq.waiters, struct waiter, link);
	m->owner = next ? next->thread : NULL;
	if (next)
		waitq_wake(&m->wq, 1);
	spin_unlock(&m->lock);
}

bool mutex_held(const struct mutex *m)
{
	return m->owner == thread_self();
}

/* --- readers and writers -------------------------------------------------------------------------- */

enum { WRITER = -1 };

void rwlock_init(struct rwlock *l)
{
	*l = (struct rwlock){ .state = 0 };
	spin_init(&l->lock, RANK_WAITQ);
	waitq_init(&l->wq, &l->lock);
}

/* Without the slow path's lock: only while no writer holds or wants it. */
static bool try_read(struct rwlock *l)
{
	/* Relaxed: the exchange below decides. */
	int64_t n = atomic_load_explicit(&l->state, memory_order_relaxed);

	while (n >= 0 && !atomic_load_explicit(&l->writers_waiting, memory_order_relaxed))
		/* R: pairs with U, the writer's release. */
		if (atomic_compare_exchange_weak_explicit(
			    &l->state, &n, n + 1, memory_order_acquire, memory_order_relaxed))
			return true;
	return false;
}

static bool try_write(struct rwlock *l)
{
	int64_t free = 0;

	/* Pairs with V, the readers' release, and U. */
	return atomic_compare_exchange_strong_explicit(&l->state, &free, WRITER,
						       memory_order_acquire, memory_order_relaxed);
}

void read_lock(struct rwlock *l)
{
	if (likely(try_read(l)))
		return;
	spin_lock(&l->lock);
	while (!try_read(l))
		sleep_fast(&l->wq);
	spin_unlock(&l->lock);
}

static void wake_all(struct rwlock *l)
{
	spin_lock(&l->lock);
	waitq_wake(&l->wq, UINT32_MAX);
	spin_unlock(&l->lock);
}

void read_unlock(struct rwlock *l)
{
	/* V: pairs with try_write(). Sequentially consistent: see write_lock(). */
	if (atomic_fetch_sub(&l->state, 1) == 1 && unlikely(atomic_load(&l->writers_waiting)))
		wake_all(l);
}

/*
 * A waiting writer announces itself, then tries again; a leaving reader counts down, then looks for
 * writers. Both sequentially consistent, so that one of them sees the other.
 */
void write_lock(struct rwlock *l) no_lock_analysis
{
	if (likely(try_write(l)))
		return;
	spin_lock(&l->lock);
	atomic_fetch_add(&l->writers_waiting, 1);
	while (!try_write(l))
		sleep_fast(&l->wq);
	atomic_fetch_sub(&l->writers_waiting, 1);
	spin_unlock(&l->lock);
}

/* Readers that found a writer sleep without announcing themselves: the queue is looked at under its lock. */
static void release(struct rwlock *l, int64_t state)
{
	spin_lock(&l->lock);
	/* U: pairs with R and try_write(). */
	atomic_store_explicit(&l->state, state, memory_order_release);
	if (!waitq_empty(&l->wq))
		waitq_wake(&l->wq, UINT32_MAX);
	spin_unlock(&l->lock);
}

void write_unlock(struct rwlock *l) no_lock_analysis
{
	release(l, 0);
}

void write_downgrade(struct rwlock *l)
{
	release(l, 1);
}
