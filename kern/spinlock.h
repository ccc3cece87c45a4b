/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/spinlock.h: short critical sections.  The kernel is not preemptible, so spin_lock() alone excludes
 * other CPUs; a lock that an interrupt handler also takes is taken with spin_lock_irq() everywhere.
 * Never sleep and never touch user memory with one held.  Ranks are in doc/locking.md; debug builds check
 * that each acquire has a higher rank than all locks already held by this CPU.
 */
#pragma once

#include <stdatomic.h>

#include "arch/arch.h"
#include "lib/assert.h"

/* Lowest taken first. A new lock needs a line here and one in doc/locking.md that says why. */
enum lock_rank {
	RANK_NONE,
	RANK_REGISTRY, /* lists of all objects of a kind, walked to touch each */
	RANK_FILE,     /* open-file and pipe state, epoll */
	RANK_SIGNAL,   /* signal queues and dispositions */
	RANK_FUTEX,    /* futex buckets */
	RANK_DCACHE,   /* names: dentry tree, hash and counts */
	RANK_AREA,     /* object-to-area lists */
	RANK_LRU,      /* reclaim's lists of cached pages */
	RANK_PCACHE,   /* a file's page tree, LRU lists */
	RANK_SHARD,    /* a network shard */
	RANK_PORTS,    /* which socket has which port */
	RANK_POLL,     /* poll sources */
	RANK_PT,       /* page tables */
	RANK_DEV,      /* driver queues */
	RANK_STEER,    /* packets on their way to another shard */
	RANK_WAITQ,    /* wait queues that own their lock */
	RANK_THREADS,  /* the list of threads */
	RANK_TIMER,
	RANK_RUNQ,
	RANK_RAND, /* the random generator's key */
	RANK_SLAB,
	RANK_PAGE,
	RANK_LOG,  /* console and trace: may be taken under anything */
	RANK_UART, /* the serial port, which the log writes to */
};

struct lockable spinlock {
	_Atomic uint32_t held;
	uint8_t rank;
	uint8_t used;	/* debug builds: by interrupts, with interrupts on */
	uint16_t owner; /* CPU + 1; debug builds */
};

#define SPINLOCK_INIT(r)    \
	{                   \
		.rank = (r) \
	}

static inline void spin_init(struct spinlock *l, enum lock_rank rank)
{
	*l = (struct spinlock){ .rank = (uint8_t)rank };
}

bool spin_held(const struct spinlock *l); /* by this CPU; true in release builds when held at all */
void spin_wait(struct spinlock *l);	  /* the slow half of spin_lock(): until it is ours */

/* Debug builds: check the rank and that it is not ours already; note what this CPU holds. */
#ifdef CORACLE_DEBUG
void spin_check(const struct spinlock *l);
void spin_note_taken(struct spinlock *l);
void spin_note_released(struct spinlock *l);
#else
static inline void spin_check(const struct spinlock *l)
{
	(void)l;
}
static inline void spin_note_taken(struct spinlock *l)
{
	(void)l;
}
static inline void spin_note_released(struct spinlock *l)
{
	(void)l;
}
#endif

static inline bool spin_trylock(struct spinlock *l) no_lock_analysis
{
	/* S: pairs with T in spin_unlock(): what the last owner wrote is seen. */
	if (atomic_exchange_explicit(&l->held, 1, memory_order_acquire))
		return false;
	spin_note_taken(l);
	return true;
}

static inline void spin_lock(struct spinlock *l) acquires(l) no_lock_analysis
{
	spin_check(l);
	/* As S: pairs with T. */
	if (unlikely(atomic_exchange_explicit(&l->held, 1, memory_order_acquire)))
		spin_wait(l);
	spin_note_taken(l);
}

static inline void spin_unlock(struct spinlock *l) releases(l) no_lock_analysis
{
	spin_note_released(l);
	/* T: pairs with S. */
	atomic_store_explicit(&l->held, 0, memory_order_release);
}

/* Disables interrupts first; the value says whether they were on and goes to the unlock. */
bool spin_lock_irq(struct spinlock *l) acquires(l);
void spin_unlock_irq(struct spinlock *l, bool on) releases(l);

#define assert_held(l) DEBUG_ASSERT(spin_held(l))
void assert_may_sleep(void); /* debug builds: no spinlock held, not in an interrupt */
