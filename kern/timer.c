/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/timer.c: per-CPU trees of deadlines.  The hardware is armed for the earliest, and left armed when that
 * one is cancelled: the interrupt that comes for nothing costs less than a write to the timer at each
 * cancellation.  A CPU that goes idle arms it right (timer_idle()), so that nothing wakes it for nothing.
 */
#include "kern/timer.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/init.h"
#include "kern/timer_int.h"
#include "kern/trace.h"
#include "lib/assert.h"

#define NOT_ARMED (-1)

/* [t] lock */
struct timer_cpu {
	_Alignas(64) struct spinlock lock;
	struct rb_root root;	       /* [t] */
	struct rb_node *first;	       /* [t] the earliest, or NULL */
	uint64_t armed_ns;	       /* [t] what the hardware is set to; UINT64_MAX: off */
	struct timer *_Atomic running; /* [a] whose callback runs */
};

static struct timer_cpu wheels[CPUS_MAX];

static struct timer *timer_of(struct rb_node *n)
{
	return rb_entry(n, struct timer, node);
}

static bool sooner(const struct rb_node *a, const struct rb_node *b)
{
	return container_of((struct rb_node *)(uintptr_t)a, struct timer, node)->deadline_ns <
	       container_of((struct rb_node *)(uintptr_t)b, struct timer, node)->deadline_ns;
}

static struct timer_cpu *this_wheel(void)
{
	return &wheels[this_cpu()->arch.id];
}

void timer_init(struct timer *t, void (*fn)(struct timer *t))
{
	*t = (struct timer){ .fn = fn, .cpu = NOT_ARMED };
}

/* Own CPU, wheel locked. */
static void arm(struct timer_cpu *w, uint64_t deadline_ns)
{
	if (w->armed_ns == deadline_ns)
		return;
	w->armed_ns = deadline_ns;
	arch_timer_set(deadline_ns);
}

static void take_out(struct timer_cpu *w, struct timer *t)
{
	if (w->first == &t->node)
		w->first = rb_next(&t->node);
	rb_remove(&w->root, &t->node);
	/* W: pairs with X: whoever sees it not armed sees it out of the tree. */
	atomic_store_explicit(&t->cpu, NOT_ARMED, memory_order_release);
}

bool timer_cancel(struct timer *t)
{
	for (;;) {
		int cpu = atomic_load_explicit(&t->cpu, memory_order_acquire); /* X: pairs with W */
		struct timer_cpu *w;
		bool on, mine;

		if (cpu == NOT_ARMED)
			return false;
		w = &wheels[cpu];
		on = spin_lock_irq(&w->lock);
		/* Relaxed: under the lock that guards it, if it is still this one. */
		mine = atomic_load_explicit(&t->cpu, memory_order_relaxed) == cpu;
		if (mine)
			take_out(w, t);
		spin_unlock_irq(&w->lock, on);
		if (mine)
			return true;
	}
}

bool timer_cancel_sync(struct timer *t)
{
	bool was_armed = timer_cancel(t);

	for (unsigned i = 0; i < ncpus; i++)
		/* Pairs with the store in run(): what the callback did is seen. */
		while (atomic_load_explicit(&wheels[i].running, memory_order_acquire) == t)
			cpu_relax();
	return was_armed;
}

void timer_set(struct timer *t, uint64_t deadline_ns)
{
	struct timer_cpu *w;
	bool on;

	timer_cancel(t);
	on = irq_save();
	w = this_wheel();
	spin_lock(&w->lock);
	t->deadline_ns = deadline_ns;
	rb_insert(&w->root, &t->node, sooner);
	if (!w->first || deadline_ns < timer_of(w->first)->deadline_ns)
		w->first = &t->node;
	/* Relaxed: under the lock. */
	atomic_store_explicit(&t->cpu, (int)this_cpu()->arch.id, memory_order_relaxed);
	if (deadline_ns < w->armed_ns)
		arm(w, deadline_ns);
	spin_unlock_irq(&w->lock, on);
}

/* The callback may free the timer's memory only by way of timer_cancel_sync() elsewhere: `running` is ours. */
static void run(struct timer_cpu *w, struct timer *t) no_lock_analysis
{
	TRACE(TRACE_IRQ, "timer", t->fn, t->deadline_ns, 0);
	take_out(w, t);
	/* Relaxed: a canceller that missed it armed takes the wheel's lock after us. */
	atomic_store_explicit(&w->running, t, memory_order_relaxed);
	spin_unlock(&w->lock);
	t->fn(t);
	spin_lock(&w->lock);
	atomic_store_explicit(&w->running, NULL,
			      memory_order_release); /* pairs with timer_cancel_sync() */
}

void kern_timer_irq(void)
{
	struct timer_cpu *w = this_wheel();
	uint64_t now = clock_mono_ns();

	spin_lock(&w->lock);
	w->armed_ns = UINT64_MAX; /* one-shot: it has gone off */
	while (w->first && timer_of(w->first)->deadline_ns <= now)
		run(w, timer_of(w->first));
	if (w->first)
		arm(w, timer_of(w->first)->deadline_ns);
	spin_unlock(&w->lock);
}

void timer_idle(void)
{
	struct timer_cpu *w = this_wheel();

	spin_lock(&w->lock);
	arm(w, w->first ? timer_of(w->first)->deadline_ns : UINT64_MAX);
	spin_unlock(&w->lock);
}

err_t timer_init_cpu(void)
{
	struct timer_cpu *w = this_wheel();

	spin_init(&w->lock, RANK_TIMER);
	w->armed_ns = UINT64_MAX;
	return 0;
}
