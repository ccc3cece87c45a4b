/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/futex_int.h: the queue of futex waiters, shared by futex.c (wait, wake, requeue) and futex_pi.c.
 *
 * A waiter lives on its thread's stack.  It hangs in the bucket of its key; whoever wakes it takes it out under
 * the bucket's lock, and then sets `woken` under the waiter's own lock, which is what the thread sleeps on: a
 * requeue can so change the bucket of a sleeper.  Several waiters of one thread (futex_waitv) sleep on the first.
 *
 *   [I] set once   [b] lock of the bucket that it is in   [w] w->lock
 */
#pragma once

#include "kern/thread.h"
#include "kern/uio.h"
#include "kern/vm.h"
#include "kern/waitq.h"

enum {
	FUTEX_WAIT = 0,
	FUTEX_WAKE = 1,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE = 4,
	FUTEX_WAKE_OP = 5,
	FUTEX_LOCK_PI = 6,
	FUTEX_UNLOCK_PI = 7,
	FUTEX_TRYLOCK_PI = 8,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10,
	FUTEX_LOCK_PI2 = 13,
	FUTEX_PRIVATE_FLAG = 128,
	FUTEX_CLOCK_REALTIME = 256,
	FUTEX_CMD_MASK = ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME),
};

#define FUTEX_BITSET_ANY UINT32_MAX
#define FUTEX_TID_MASK	 0x3fffffffu
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_WAITERS	 0x80000000u

struct futex_bucket {
	_Alignas(64) struct spinlock lock; /* RANK_FUTEX; two are taken in address order */
	struct list waiters;		   /* [b] by priority, oldest first */
	uint32_t joins;			   /* [b] waiters that ever came */
};

struct futex_waiter {
	struct list link;		     /* [b] */
	struct futex_bucket *_Atomic bucket; /* [b] NULL once taken out */
	struct vm_key key;		     /* [b] */
	uint32_t bitset;		     /* [I] 0: waits for a lock that is handed over */
	struct thread *thread;		     /* [I] */
	struct spinlock lock;		     /* RANK_WAITQ */
	struct waitq wq;
	struct futex_waiter
		*on; /* [I] in whose wq its thread sleeps: its own, or the first of several */
	bool woken;  /* [on->lock] */
	bool fired;  /* [w] one that sleeps on it has been woken */
};

/* The key of a word: -EINVAL when misaligned, -EFAULT outside user space. */
err_t futex_key(uaddr_t addr, bool shared, struct vm_key *key) must_check;
struct futex_bucket *futex_bucket_of(const struct vm_key *key);
void futex_enqueue(struct futex_waiter *w, const struct vm_key *key, uint32_t bitset);
/* The same for one of several waiters, which sleep on `on`; that one is queued first. */
void futex_enqueue_on(struct futex_waiter *w, const struct vm_key *key, uint32_t bitset,
		      struct futex_waiter *on);
/* The priority of its thread has changed: to its place, if it is still queued. */
void futex_requeue_prio(struct futex_waiter *w);
/* True: it was still queued, and is not any more. False: somebody has woken it. */
bool futex_dequeue(struct futex_waiter *w);
/* Sleep until woken, it or one that sleeps on it: 0; -ETIMEDOUT, -EINTR: it is still queued or has been woken meanwhile. */
err_t futex_sleep(struct futex_waiter *w, uint64_t deadline_ns) must_check;
/* Bucket lock held: take it out and let it run. */
void futex_release_locked(struct futex_waiter *w);
bool futex_key_equal(const struct vm_key *a, const struct vm_key *b);

/* futex_pi.c */
long futex_lock_pi(struct thread *t, uaddr_t addr, bool shared, uint64_t deadline_ns,
		   bool try_only);
long futex_unlock_pi(struct thread *t, uaddr_t addr, bool shared);
void futex_pi_init(void);
