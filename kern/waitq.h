/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/waitq.h: queue of blocked threads, the one primitive that mutexes, futexes, pipes and sockets
 * sleep on.  First come, first woken.
 *
 * Context:  wait: thread only, no spinlock held but `lock`.  wake: any, interrupts included, with
 *           *wq->lock held.
 * Locks:    wake takes the run-queue lock (RANK_RUNQ) inside.
 * Memory:   a stack-allocated waiter; nothing here allocates, so nothing here fails for want of it.
 *
 *   [q] wq->lock   [I] set by waitq_init()
 */
#pragma once

#include "kern/spinlock.h"
#include "lib/list.h"

struct thread;

struct waitq {
	struct spinlock
		*lock;	     /* the caller's, held around test-and-wait; changes while empty only */
	struct list waiters; /* [q] of struct waiter */
};

struct waiter {
	struct list link;      /* [q] */
	struct thread *thread; /* [I] */
	bool woken;	       /* [q] */
};

#define WAIT_FOREVER UINT64_MAX

void waitq_init(struct waitq *wq, struct spinlock *lock);

/*
 * Sleep until woken, until `deadline_ns` (clock_mono_ns(); WAIT_FOREVER: never), or until a signal is
 * pending.  Called and returns with *wq->lock held and the interrupt state of the caller; drops it while
 * asleep.  Spurious returns of 0 happen: loop on the condition.  0, -ETIMEDOUT or -EINTR.
 */
err_t waitq_wait(struct waitq *wq, uint64_t deadline_ns) must_check;
/* The same, deaf to signals (but the end of the program ends it too, with -EINTR). 0 or -ETIMEDOUT. */
err_t waitq_wait_deaf(struct waitq *wq, uint64_t deadline_ns) must_check;

unsigned waitq_wake(struct waitq *wq, unsigned max); /* returns how many woke */
static inline bool waitq_empty(const struct waitq *wq)
{
	return list_empty(&wq->waiters);
}
