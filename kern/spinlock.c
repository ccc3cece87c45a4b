/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/spinlock.c: test-and-test-and-set locks.  Fairness is not kept: sections are short, and under a hypervisor a
 * queue would hand the lock to CPUs that do not run.  In debug builds each CPU keeps the stack of what
 * it holds.
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

enum {
	USED_IN_IRQ = 1,  /* an interrupt took it, or somebody under a lock that interrupts take */
	USED_IRQS_ON = 2, /* somebody held it and could be interrupted */
};

/*
 * Two futex buckets are taken together by a requeue, in the order of their addresses.  An epoll's own poll source is
 * notified under one that it watches; epolls watch each other without circles (ELOOP).
 */
static bool may_follow(const struct spinlock *held, const struct spinlock *l)
{
	if (held->rank != l->rank)
		return held->rank < l->rank;
	return l->rank == RANK_POLL || (l->rank == RANK_FUTEX && held < l);
}

/* Locks of what an interrupt interrupted are below c->held_base: no order with them, but see note_use(). */
void spin_check(const struct spinlock *l)
{
	const struct cpu *c = this_cpu();

	if (spin_held(l))
		panic("spinlock of rank %u taken twice", l->rank);
	if (c->nheld > c->held_base && !may_follow(c->held[c->nheld - 1], l))
		panic("spinlock of rank %u taken under rank %u (doc/locking.md)", l->rank,
		      c->held[c->nheld - 1]->rank);
}

/*
 * An interrupt that waits for a lock of what it interrupted waits for ever; so it does for a lock whose owner on
 * another CPU waits for what it interrupted. So whatever interrupts take, and whatever is taken under
 * that, is only ever held with interrupts off.
 */
static void note_use(const struct cpu *c, struct spinlock *l)
{
	if (c->irq_depth)
		l->used |= USED_IN_IRQ;
	for (unsigned i = c->held_base; i < c->nheld; i++)
		l->used |= c->held[i]->used & USED_IN_IRQ;
	if (irq_enabled())
		l->used |= USED_IRQS_ON;
	if (l->used == (USED_IN_IRQ | USED_IRQS_ON))
		panic("spinlock of rank %u is taken by interrupts, and with interrupts on (now %s)",
		      l->rank, irq_enabled() ? "on" : "off");
}

void spin_note_taken(struct spinlock *l)
{
	struct cpu *c = this_cpu();

	ASSERT(c->nheld < ARRAY_LEN(c->held));
	l->owner = (uint16_t)(c->arch.id + 1);
	note_use(c, l);
	c->held[c->nheld++] = l;
}

/* Usually the last taken, but any order is allowed. */
void spin_note_released(struct spinlock *l)
{
	struct cpu *c = this_cpu();
	unsigned i = c->nheld;

	ASSERT(spin_held(l));
	while (i && c->held[i - 1] != l)
		i--;
	ASSERT(i);
	for (; i < c->nheld; i++)
		c->held[i - 1] = c->held[i];
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
		panic("sleeping with a spinlock of rank %u held", c->held[c->nheld - 1]->rank);
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
