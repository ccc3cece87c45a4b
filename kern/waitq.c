/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/waitq.c: sleeping.  The order that makes it safe: the waiter is queued and the thread marked blocked
 * while wq->lock is held; only then are the reasons not to sleep looked at; a waker holds the same
 * lock, and thread_notify() sets its flag before it looks at the state.
 */
#include "kern/waitq.h"
#include "kern/sched_int.h"
#include "kern/timer.h"

/* A sleeper's deadline: on its stack, like the waiter. */
struct alarm {
	struct timer timer;
	struct thread *thread;
	_Atomic bool rang;
};

void waitq_init(struct waitq *wq, struct spinlock *lock)
{
	wq->lock = lock;
	list_init(&wq->waiters);
}

static void alarm_ring(struct timer *t)
{
	struct alarm *a = container_of(t, struct alarm, timer);
	struct thread *thread = a->thread; /* a may be gone once the thread runs */

	/* Relaxed: the run-queue lock in sched_wake() orders. */
	atomic_store_explicit(&a->rang, true, memory_order_relaxed);
	sched_wake(thread);
}

static bool rang(struct alarm *a)
{
	return atomic_load_explicit(&a->rang, memory_order_relaxed); /* relaxed: see alarm_ring() */
}

static bool interrupted(const struct thread *t, enum sleep_kind kind)
{
	static const uint32_t ends[] = {
		[SLEEP_SIGNALS] = THREAD_SIGNAL | THREAD_KILL,
		[SLEEP_DEAF] = THREAD_KILL,
		[SLEEP_FAST] = 0,
	};

	/* Relaxed: ordered by the run-queue lock in sched_block() and thread_notify(). */
	return atomic_load_explicit(&t->flags, memory_order_relaxed) & ends[kind];
}

/* One sleep, lock dropped meanwhile; the same one again, though an empty queue may have got another. */
static void sleep_once(struct waitq *wq) no_lock_analysis
{
	struct spinlock *l = wq->lock;

	spin_unlock(l);
	sched_switch();
	spin_lock(l);
}

err_t waitq_sleep(struct waitq *wq, uint64_t deadline_ns, enum sleep_kind kind)
{
	struct thread *t = thread_self();
	struct waiter w = { .thread = t };
	struct alarm a = { .thread = t };
	bool timed = deadline_ns != WAIT_FOREVER;
	err_t err = 0;

	assert_held(wq->lock);
	list_add_tail(&wq->waiters, &w.link);
	sched_block(kind);
	if (timed) {
		timer_init(&a.timer, alarm_ring);
		timer_set(&a.timer, deadline_ns);
	}
	if (interrupted(t, kind))
		err = -EINTR;
	else if (!rang(&a))
		sleep_once(wq);
	sched_unblock();
	if (timed)
		timer_cancel_sync(&a.timer);
	if (w.woken) /* a wake-up that came counts, whatever else came too: nobody else gets it */
		return 0;
	list_del(&w.link);
	if (err || interrupted(t, kind))
		return -EINTR;
	return rang(&a) ? -ETIMEDOUT : 0;
}

err_t waitq_wait(struct waitq *wq, uint64_t deadline_ns)
{
	return waitq_sleep(wq, deadline_ns, SLEEP_SIGNALS);
}

err_t waitq_wait_deaf(struct waitq *wq, uint64_t deadline_ns)
{
	return waitq_sleep(wq, deadline_ns, SLEEP_DEAF);
}

unsigned waitq_wake(struct waitq *wq, unsigned max)
{
	unsigned n = 0;

	assert_held(wq->lock);
	for (; n < max && !list_empty(&wq->waiters); n++) {
		struct waiter *w = list_first(&wq->waiters, struct waiter, link);
		struct thread *t = w->thread;

		list_del(&w->link);
		w->woken = true;
		sched_wake(t);
	}
	return n;
}
