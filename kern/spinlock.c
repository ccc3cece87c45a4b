/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/spinlock.c: test-and-test-and-set locks.  Fairness is not kept: sections are short, and under a hypervisor a
 * queue would hand the lock to CPUs that do not run.  In debug builds each CPU keeps the stack of its
 * ranks; an interrupt continues the stack of what it interrupted, since it holds that up too.
 */
#include "kern/spinlock.h"
#include "kern/cpu.h"
#include "kern/panic.h"
#include "lib/assert.h"

void spin_wait(struct spinlock *l)
{
	do
		/* Relaxed: the exchange orders. */
		while (atomic_load_explicit(&l->held, memory_order_relaxed))
			cpu_call_answer(); /* the owner may be waiting for us */
	/* As S in kern/spinlock.h: pairs with T. */
	while (atomic_exchange_explicit(&l->held, 1, memory_order_acquire));
}

bool spin_lock_irq(struct spinlock *l) no_lock_analysis
{
	bool on = irq_save();

	spin_lock(l);
	return on;
}

void spin_unlock_irq(struct spinlock *l, bool on) no_lock_analysis
{
	spin_unlock(l);
	irq_restore(on);
}

#ifdef CORACLE_DEBUG

void spin_check(const struct spinlock *l)
{
	const struct cpu *c = this_cpu();

	if (spin_held(l))
		panic("spinlock of rank %u taken twice", l->rank);
	if (c->nheld && c->held_rank[c->nheld - 1] >= l->rank)
		panic("spinlock of rank %u taken under rank %u (doc/locking.md)", l->rank,
		      c->held_rank[c->nheld - 1]);
}

void spin_note_taken(struct spinlock *l)
{
	struct cpu *c = this_cpu();

	ASSERT(c->nheld < ARRAY_LEN(c->held_rank));
	c->held_rank[c->nheld++] = l->rank;
	l->owner = (uint16_t)(c->arch.id + 1);
}

/* Usually the last taken, but any order is allowed. */
void spin_note_released(struct spinlock *l)
{
	struct cpu *c = this_cpu();
	unsigned i = c->nheld;

	ASSERT(spin_held(l));
	while (i && c->held_rank[i - 1] != l->rank)
		i--;
	ASSERT(i);
	for (; i < c->nheld; i++)
		c->held_rank[i - 1] = c->held_rank[i];
	c->nheld--;
	l->owner = 0;
}

bool spin_held(const struct spinlock *l)
{
	/* Relaxed: only our own store of our own number can match. */
	return atomic_load_explicit(&l->held, memory_order_relaxed) &&
	       l->owner == this_cpu()->arch.id + 1;
}

void assert_may_sleep(void)
{
	const struct cpu *c = this_cpu();

	if (c->nheld)
		panic("sleeping with a spinlock of rank %u held", c->held_rank[c->nheld - 1]);
	ASSERT(!in_irq());
}

#else

bool spin_held(const struct spinlock *l)
{
	/* Relaxed: the answer may be old unless it is ours. */
	return atomic_load_explicit(&l->held, memory_order_relaxed);
}

void assert_may_sleep(void)
{
}

#endif
