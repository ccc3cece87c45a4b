/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/sched.c: who runs.  A queue of runnable threads per CPU: real-time ones first, by priority, then the others; the
 * longest waiting first among equals.  A thread runs until it sleeps or a higher one comes; only where an equal waits
 * does it get a time slice, and only then does a timer run.  A CPU with nothing to do looks at the others' queues,
 * then polls a little, then halts.
 *
 * Real-time threads leave ordinary ones a twentieth of each second (sched(7), sched_rt_runtime_us), or a loop of
 * priority 1 would stop the kernel's own threads.  Where the queues differ by one thread, which nobody can even out,
 * threads move on in turn, so that three on two CPUs get two thirds each.
 *
 * A thread's state changes under the lock of the queue of its CPU (t->cpu), which the CPU also holds across the
 * switch itself: whoever finds a thread off its CPU finds its registers saved.
 */
#include "kern/sched_int.h"
#include "kern/clock.h"
#include "kern/init.h"
#include "kern/irq.h"
#include "kern/timer.h"
#include "kern/timer_int.h"
#include "kern/tlb.h"
#include "kern/trace.h"
#include "lib/assert.h"

#define SLICE_NS     4000000ull
#define SLICE_MIN_NS 500000ull
#define RT_RUN_NS    950000000ull /* real-time threads, while ordinary ones wait */
#define RT_REST_NS   50000000ull
#define ROTATE_NS    18000000ull /* at most one thread moves on for fairness in this time */

static _Atomic uint64_t idle_mask;	   /* CPUs in their idle loop */
static struct timer slice_timer[CPUS_MAX]; /* own CPU's */
static struct idle_poll *idle_polls;

/* --- the queues --------------------------------------------------------------------------------- */

/* The lock of the queue that t belongs to; that may change until it is held. */
static struct cpu *lock_thread(struct thread *t) no_lock_analysis
{
	for (;;) {
		/* Relaxed: checked again under the lock. */
		unsigned id = atomic_load_explicit(&t->cpu, memory_order_relaxed);
		struct cpu *c = cpus[id];

		spin_lock(&c->rq_lock);
		if (atomic_load_explicit(&t->cpu, memory_order_relaxed) == id)
			return c;
		spin_unlock(&c->rq_lock);
	}
}

/* nice 0: 4 ms; 19: half a millisecond; -20: 8 ms. */
static uint64_t slice_of(const struct thread *t)
{
	if (unlikely(t->prio))
		return t->rr ? SCHED_RR_NS : RT_RUN_NS;
	if (unlikely(this_cpu()->rt_rests))
		return RT_REST_NS;
	return MAX(SLICE_NS - (uint64_t)((int64_t)(SLICE_NS / 20) * t->nice), SLICE_MIN_NS);
}

/* Own CPU, interrupts off, no lock held: somebody waits, so whoever runs now has a slice. */
static void need_slice(struct cpu *c)
{
	struct thread *t = thread_self();

	if (c->slice_armed || t == c->idle)
		return;
	c->slice_armed = true;
	timer_set(&slice_timer[c->arch.id], clock_mono_ns() + slice_of(t));
}

static bool is_idle(unsigned cpu)
{
	/* Relaxed: a hint. */
	return atomic_load_explicit(&idle_mask, memory_order_relaxed) >> cpu & 1;
}

/* Where a real-time thread has the least to wait for: the lowest of the running threads. */
static struct cpu *pick_lowest(const struct thread *t, unsigned last)
{
	struct cpu *best = t->affinity >> last & 1 ? cpus[last] : NULL;

	for (unsigned i = 0; i < ncpus; i++)
		if ((t->affinity >> i & 1) && (!best || cpus[i]->prio < best->prio))
			best = cpus[i];
	return best;
}

static struct cpu *pick_cpu(struct thread *t)
{
	/* Relaxed: hints both. */
	unsigned last = atomic_load_explicit(&t->cpu, memory_order_relaxed), to = t->go_to;
	uint64_t idle = atomic_load_explicit(&idle_mask, memory_order_relaxed) & t->affinity;

	t->go_to = 0;
	if (unlikely(to) && (t->affinity >> (to - 1) & 1))
		return cpus[to - 1];
	if (unlikely(t->prio) && !idle)
		return pick_lowest(t, last);
	if ((t->affinity >> last & 1) && (!idle || is_idle(last)))
		return cpus[last];
	if (idle)
		return cpus[__builtin_ctzll(idle)];
	return cpus[__builtin_ctzll(t->affinity)];
}

/* Make sure that c sees its queue: by itself when it is this CPU or polls, by an interrupt otherwise. */
static void tell(struct cpu *c)
{
	if (c == this_cpu())
		need_slice(c);
	else if (!atomic_load(&c->polling)) /* sequentially consistent: pairs with halt() */
		arch_cpu_kick(c->arch.hw_id);
}

/* Queue locked: before the first thread of a priority below `floor`; with its own as floor, after its equals. */
static void queue_in(struct cpu *c, struct thread *t, unsigned floor)
{
	struct list *at = &c->rq;
	struct thread *o;

	if (unlikely(floor))
		list_for_each_entry (o, &c->rq, rq_link)
			if (o->prio < floor) {
				at = &o->rq_link;
				break;
			}
	list_add_tail(at, &t->rq_link); /* that is, before `at` */
}

/* Queue locked: somebody waits who goes before the running thread. It notices on its way to user mode. */
static void preempt(struct cpu *c)
{
	struct thread *t = c->arch.thread;

	if (t != c->idle)
		/* Relaxed: the interrupt that follows orders. */
		atomic_fetch_or_explicit(&t->flags, THREAD_RESCHED, memory_order_relaxed);
}

/* t is RUNNABLE, on no queue, and belongs to c. Interrupts off. */
static void enqueue(struct cpu *c, struct thread *t)
{
	bool urgent;

	spin_lock(&c->rq_lock);
	queue_in(c, t, t->prio);
	urgent = atomic_fetch_add(&c->rq_len, 1) ==
		 0; /* sequentially consistent: pairs with halt() */
	if (unlikely(t->prio > c->prio) && !c->rt_rests) {
		preempt(c);
		urgent = true;
	}
	spin_unlock(&c->rq_lock);
	if (urgent || !c->slice_armed)
		tell(c);
}

/* Ordinary threads have their turn: the first of them; with none left, the turn is over. */
static cold struct thread *first_ordinary(struct cpu *c)
{
	struct thread *t;

	list_for_each_entry (t, &c->rq, rq_link)
		if (!t->prio)
			return t;
	c->rt_rests = false;
	return list_first(&c->rq, struct thread, rq_link);
}

static struct thread *first_of(struct cpu *c)
{
	if (unlikely(c->rt_rests))
		return first_ordinary(c);
	return list_first(&c->rq, struct thread, rq_link);
}

static struct thread *dequeue(struct cpu *c)
{
	struct thread *t = first_of(c);

	if (t) {
		list_del(&t->rq_link);
		atomic_fetch_sub_explicit(&c->rq_len, 1,
					  memory_order_relaxed); /* relaxed: under the lock */
	}
	return t;
}

static unsigned load_of(const struct cpu *c)
{
	return c->rq_len + !is_idle(c->arch.id);
}

/* Of the CPUs that t may run on, the one with the least to do; `first` where it is as good as any. */
static struct cpu *least_loaded(const struct thread *t, struct cpu *first)
{
	struct cpu *best = t->affinity >> first->arch.id & 1 ? first : NULL;

	for (unsigned i = 0; i < ncpus; i++)
		if ((t->affinity >> i & 1) && (!best || load_of(cpus[i]) < load_of(best)))
			best = cpus[i];
	return best;
}

/*
 * Where two compete and another CPU has at least two fewer, one thread moves there. Idle CPUs help themselves; this
 * is for when none is idle and the queues are uneven. At most once a slice, so that caches stay warm.
 */
static void balance(struct cpu *c)
{
	struct thread *t;
	struct cpu *to;

	spin_lock(&c->rq_lock);
	t = list_first(&c->rq, struct thread, rq_link);
	to = t ? least_loaded(t, c) : NULL;
	if (!to || load_of(to) + 2 > load_of(c)) {
		spin_unlock(&c->rq_lock);
		return;
	}
	dequeue(c);
	spin_unlock(&c->rq_lock);
	/* Relaxed: RUNNABLE and on no queue, the thread is ours alone. */
	atomic_store_explicit(&t->cpu, to->arch.id, memory_order_relaxed);
	enqueue(to, t);
}

/*
 * One thread too many here, or one too few there: the one whose slice is over goes on to where there is less to do. Then
 * that CPU has one too many, and so each gets to run alone for a while.
 */
static void rotate(struct cpu *c, struct thread *t, uint64_t now)
{
	struct cpu *to = least_loaded(t, c);

	if (t->prio || load_of(to) >= load_of(c) || now - c->rotated_ns < ROTATE_NS)
		return;
	c->rotated_ns = now;
	t->go_to = (uint8_t)(to->arch.id + 1);
}

/* Real-time threads have run long enough if ordinary ones wait; an ordinary one that had the rest makes way. */
static void rt_share(struct cpu *c, struct thread *t, uint64_t now)
{
	spin_lock(&c->rq_lock);
	if (!t->prio)
		c->rt_rests = false;
	else if (now - c->rt_since_ns >= RT_RUN_NS)
		c->rt_rests = true;
	spin_unlock(&c->rq_lock);
}

/* The timer may have been set for the thread before: whoever runs has had its own slice, or gets the rest. */
static void slice_over(struct timer *timer)
{
	struct cpu *c = this_cpu();
	struct thread *t = thread_self();
	uint64_t now = clock_mono_ns(), end = t->last_ns + slice_of(t);

	c->slice_armed = false;
	if (!c->rq_len || t == c->idle)
		return;
	balance(c);
	if (now < end) {
		c->slice_armed = true;
		timer_set(timer, end);
		return;
	}
	if (t->prio || c->rt_rests)
		rt_share(c, t, now);
	rotate(c, t, now);
	/* Relaxed: read by this CPU, on its way to user mode. */
	atomic_fetch_or_explicit(&t->flags, THREAD_RESCHED, memory_order_relaxed);
}

/* t is RUNNABLE and on no queue, so that it is ours alone. Interrupts off. */
static void place(struct thread *t)
{
	struct cpu *c = pick_cpu(t);

	/* Relaxed: the queue's lock publishes. */
	atomic_store_explicit(&t->cpu, c->arch.id, memory_order_relaxed);
	enqueue(c, t);
}

/* --- waking ------------------------------------------------------------------------------------- */

/* The caller found t->state BLOCKED under c->rq_lock; drops it. Interrupts off. */
static void wake_locked(struct cpu *c, struct thread *t) no_lock_analysis
{
	if (c->arch.thread == t) { /* it has not left yet: its switch will return at once */
		t->state = THREAD_RUNNING;
		spin_unlock(&c->rq_lock);
		return;
	}
	t->state = THREAD_RUNNABLE;
	spin_unlock(&c->rq_lock);
	place(t);
}

void sched_wake(struct thread *t) no_lock_analysis
{
	bool on = irq_save();
	struct cpu *c = lock_thread(t);

	if (t->state == THREAD_BLOCKED)
		wake_locked(c, t);
	else
		spin_unlock(&c->rq_lock);
	irq_restore(on);
}

static bool ends_sleep(const struct thread *t, uint32_t flags)
{
	return (t->sleep == SLEEP_SIGNALS && (flags & (THREAD_SIGNAL | THREAD_KILL))) ||
	       (t->sleep == SLEEP_DEAF && (flags & THREAD_KILL));
}

void thread_notify(struct thread *t, uint32_t flags) no_lock_analysis
{
	bool on = irq_save();
	struct cpu *c;

	atomic_fetch_or(&t->flags, flags);
	c = lock_thread(t);
	if (t->state == THREAD_BLOCKED && ends_sleep(t, flags)) {
		wake_locked(c, t);
	} else {
		bool kick = t->state == THREAD_RUNNING && c != this_cpu();

		spin_unlock(&c->rq_lock);
		if (kick)
			arch_cpu_kick(c->arch.hw_id);
	}
	irq_restore(on);
}

void sched_add(struct thread *t)
{
	bool on = irq_save();

	t->state = THREAD_RUNNABLE;
	/* Relaxed: a hint for place(), and nobody else knows the thread yet. */
	atomic_store_explicit(&t->cpu, least_loaded(t, this_cpu())->arch.id, memory_order_relaxed);
	place(t);
	irq_restore(on);
}

/* --- switching ---------------------------------------------------------------------------------- */

static void account(struct cpu *c, struct thread *prev, struct thread *next)
{
	uint64_t now = clock_mono_ns();

	prev->cpu_ns += now - prev->last_ns;
	if (prev == c->idle)
		c->idle_ns = prev->cpu_ns;
	next->last_ns = now;
	c->nswitch++;
}

static void save_user(struct thread *t)
{
	fpu_save(t->fpu);
	t->tls = tls_get();
	t->tls2 = tls2_get();
}

/* The registers are left as they are while kernel threads run: often the same program thread is next. */
static void load_user(struct cpu *c, struct thread *t)
{
	if (c->fpu_owner == t && t->fpu_cpu == c->arch.id)
		return;
	fpu_restore(t->fpu);
	tls_set(t->tls);
	tls2_set(t->tls2);
	c->fpu_owner = t;
	if (t->fpu_cpu != c->arch.id) /* it moved: rseq(2) has a number to bring up to date */
		atomic_fetch_or(&t->flags, THREAD_WORK);
	t->fpu_cpu = c->arch.id;
}

/* On the new thread's stack: let go of what the old one held. */
static void finish_switch(struct thread *prev) no_lock_analysis
{
	struct cpu *c = this_cpu();
	bool dead = prev->state == THREAD_DEAD;
	bool moves = prev->state == THREAD_RUNNABLE && list_empty(&prev->rq_link);

	if (dead && c->fpu_owner == prev)
		c->fpu_owner = NULL;
	spin_unlock(&c->rq_lock);
	if (dead)
		thread_reap(prev);
	else if (moves)
		place(prev);
}

/* Queue locked, interrupts off; returns when the caller runs again. */
static void switch_to(struct cpu *c, struct thread *prev, struct thread *next) no_lock_analysis
{
	TRACE(TRACE_SCHED, "switch", prev->tid, next->tid, c->rq_len);
	account(c, prev, next);
	if (prev->is_user && prev->state != THREAD_DEAD)
		save_user(prev);
	if (prev == c->idle)
		tlb_idle_leave();
	next->state = THREAD_RUNNING;
	if (unlikely(next->prio && !c->prio))
		c->rt_since_ns = next->last_ns;
	c->prio = next->prio;
	if (next->is_user)
		load_user(c, next);
	arch_set_thread(next, (uint64_t)next->kstack + KSTACK_BYTES);
	c->switched_from = prev;
	ctx_switch(&prev->ctx, &next->ctx);
	finish_switch(this_cpu()->switched_from);
}

/* Where a new thread starts: in place of the second half of switch_to(). */
void sched_thread_start(void *arg)
{
	struct thread *t = arg;

	finish_switch(this_cpu()->switched_from);
	if (this_cpu()->rq_len)
		need_slice(this_cpu());
	irq_enable();
	t->fn(t->arg);
	thread_exit();
}

void sched_switch(void) no_lock_analysis
{
	bool on = irq_save();
	struct cpu *c = this_cpu();
	struct thread *prev = thread_self(), *next;

	spin_lock(&c->rq_lock);
	if (prev->state == THREAD_RUNNING) { /* woken before it left */
		spin_unlock(&c->rq_lock);
		irq_restore(on);
		return;
	}
	prev->nvcsw++;
	next = dequeue(c);
	switch_to(c, prev, next ? next : c->idle);
	c = this_cpu();
	if (c->rq_len)
		need_slice(c);
	irq_restore(on);
}

void sched_block(enum sleep_kind kind)
{
	bool on = irq_save();
	struct cpu *c = this_cpu();
	struct thread *t = thread_self();

	DEBUG_ASSERT(t != c->idle);
	spin_lock(&c->rq_lock);
	t->sleep = kind;
	t->state = THREAD_BLOCKED;
	spin_unlock_irq(&c->rq_lock, on);
}

void sched_unblock(void)
{
	bool on = irq_save();
	struct cpu *c = this_cpu();

	spin_lock(&c->rq_lock);
	thread_self()->state = THREAD_RUNNING;
	spin_unlock_irq(&c->rq_lock, on);
}

/* Does the first in the queue go before the running thread? An equal does where that one yields or has had its turn. */
static bool goes_before(struct cpu *c, const struct thread *next, const struct thread *prev,
			bool voluntary)
{
	if (likely(!next->prio && !prev->prio) || c->rt_rests || prev == c->idle)
		return true;
	if (next->prio != prev->prio || voluntary)
		return next->prio >= prev->prio;
	return prev->rr && clock_mono_ns() - prev->last_ns >= SCHED_RR_NS;
}

/*
 * Queue locked: back into the queue, or to another CPU, where finish_switch() puts it.  A real-time thread that a higher
 * one displaced is the first of its equals (sched(7)), unless a lower one runs elsewhere.
 */
static void queue_prev(struct cpu *c, struct thread *prev, const struct thread *next,
		       bool voluntary)
{
	bool displaced = prev->prio && next->prio > prev->prio;

	prev->state = THREAD_RUNNABLE;
	*(voluntary ? &prev->nvcsw : &prev->nivcsw) += 1;
	if (displaced && pick_lowest(prev, c->arch.id)->prio < prev->prio)
		return;
	if (unlikely(prev->go_to))
		return;
	queue_in(c, prev, displaced ? prev->prio + 1u : prev->prio);
	/* Relaxed: under the lock. */
	atomic_fetch_add_explicit(&c->rq_len, 1, memory_order_relaxed);
}

/* To the end of its equals in the queue, if anybody is there to run instead. */
static void give_way(bool voluntary) no_lock_analysis
{
	bool on = irq_save();
	struct cpu *c = this_cpu();
	struct thread *prev = thread_self(), *next;

	spin_lock(&c->rq_lock);
	next = first_of(c);
	if (!next || !goes_before(c, next, prev, voluntary)) {
		prev->go_to = 0;
		spin_unlock(&c->rq_lock);
		if (next)
			need_slice(c);
		irq_restore(on);
		return;
	}
	dequeue(c);
	if (prev != c->idle)
		queue_prev(c, prev, next, voluntary);
	switch_to(c, prev, next);
	if (this_cpu()->rq_len)
		need_slice(this_cpu());
	irq_restore(on);
}

void sched_yield(void)
{
	assert_may_sleep();
	give_way(true);
}

/* Off this CPU, which the caller's mask does not allow any more: finish_switch() places it. */
static void migrate(void) no_lock_analysis
{
	bool on = irq_save();
	struct cpu *c = this_cpu();
	struct thread *prev = thread_self(), *next;

	spin_lock(&c->rq_lock);
	next = dequeue(c);
	prev->state = THREAD_RUNNABLE;
	prev->nivcsw++;
	switch_to(c, prev, next ? next : c->idle);
	irq_restore(on);
}

/* A thread whose CPU was taken from its mask moves here. */
void sched_resched_check(void)
{
	struct thread *t = thread_self();

	/* Relaxed: our own flag. */
	atomic_fetch_and_explicit(&t->flags, ~(uint32_t)THREAD_RESCHED, memory_order_relaxed);
	if (t->affinity >> this_cpu()->arch.id & 1)
		give_way(false);
	else
		migrate();
}

/* Queue locked: to where its new priority belongs: last of its equals when raised, first when lowered (sched(7)). */
static void requeue(struct cpu *c, struct thread *t, unsigned was)
{
	if (t->state != THREAD_RUNNABLE || list_empty(&t->rq_link) || t->prio == was)
		return;
	list_del(&t->rq_link);
	queue_in(c, t, t->prio < was ? t->prio + 1u : t->prio);
}

void thread_set_prio(struct thread *t, unsigned prio, bool rr) no_lock_analysis
{
	bool on = irq_save(), kick;
	struct cpu *c = lock_thread(t);
	const struct thread *first;
	unsigned was = t->prio;

	t->prio = (uint8_t)prio;
	t->rr = rr;
	if (c->arch.thread == t)
		c->prio = t->prio;
	else
		requeue(c, t, was);
	first = list_first(&c->rq, struct thread, rq_link);
	kick = first && first->prio > c->prio;
	if (kick)
		preempt(c);
	spin_unlock(&c->rq_lock);
	if (kick)
		tell(c);
	irq_restore(on);
}

void sched_exit(void) no_lock_analysis
{
	struct thread *prev = thread_self(), *next;
	struct cpu *c;

	irq_disable();
	c = this_cpu();
	spin_lock(&c->rq_lock);
	prev->state = THREAD_DEAD;
	next = dequeue(c);
	switch_to(c, prev, next ? next : c->idle);
	ASSERT(!"a dead thread ran");
	arch_cpu_stop();
}

void kern_kick_irq(void)
{
	struct cpu *c = this_cpu();

	irq_poked();
	if (c->rq_len)
		need_slice(c);
}

/* --- the idle loop ------------------------------------------------------------------------------ */

/* One thread that may run here, from the longest queue. */
static struct thread *steal_from(struct cpu *victim, unsigned to)
{
	struct thread *t, *found = NULL;

	spin_lock(&victim->rq_lock);
	list_for_each_entry (t, &victim->rq, rq_link) {
		if (!(t->affinity >> to & 1))
			continue;
		list_del(&t->rq_link);
		/* Relaxed both: under the lock, and then ours alone. */
		atomic_fetch_sub_explicit(&victim->rq_len, 1, memory_order_relaxed);
		atomic_store_explicit(&t->cpu, to, memory_order_relaxed);
		found = t;
		break;
	}
	spin_unlock(&victim->rq_lock);
	return found;
}

static bool steal(struct cpu *me)
{
	struct cpu *victim = NULL;
	struct thread *t;
	bool on;

	for (unsigned i = 0; i < ncpus; i++)
		if (cpus[i] != me && cpus[i]->rq_len > (victim ? victim->rq_len : 0))
			victim = cpus[i];
	if (!victim)
		return false;
	on = irq_save();
	t = steal_from(victim, me->arch.id);
	if (t)
		enqueue(me, t);
	irq_restore(on);
	return t;
}

static bool poll_once(void)
{
	bool found = false;

	for (struct idle_poll *p = idle_polls; p; p = p->next)
		found |= p->poll(p->arg);
	return found;
}

/* Interrupts on. True: something is to be run. */
static bool poll_a_little(struct cpu *c)
{
	uint64_t window = arch_idle_poll_ns(), end;

	if (!window)
		return c->rq_len;
	end = clock_mono_ns() + window;
	do {
		if (c->rq_len || (poll_once() && c->rq_len))
			return true;
		cpu_relax();
	} while (clock_mono_ns() < end);
	return false;
}

/*
 * Sequentially consistent on both sides: a waker that still saw us polling has put its thread where the second
 * look finds it; any other sends an interrupt, which ends the halt.
 */
static void halt(struct cpu *c)
{
	irq_disable();
	atomic_store(&c->polling, false); /* pairs with tell() */
	if (atomic_load(&c->rq_len)) {	  /* pairs with enqueue() */
		irq_enable();
		return;
	}
	timer_idle();
	arch_cpu_idle();
}

_Noreturn void sched_idle(void)
{
	struct cpu *c = this_cpu();
	uint64_t bit = 1ull << c->arch.id;

	for (;;) {
		tlb_idle_enter();
		atomic_fetch_or(&idle_mask, bit);
		while (!c->rq_len) {
			atomic_store(&c->polling, true);
			irq_enable();
			if (!steal(c) && !poll_a_little(c))
				halt(c);
		}
		atomic_store(&c->polling, false);
		atomic_fetch_and(&idle_mask, ~bit);
		give_way(true);
	}
}

void sched_idle_poll_add(struct idle_poll *p)
{
	p->next = idle_polls;
	idle_polls = p;
}

unsigned sched_nrunning(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ncpus; i++)
		n += cpus[i]->rq_len + !is_idle(i);
	return n;
}

void sched_init_cpu(void)
{
	timer_init(&slice_timer[this_cpu()->arch.id], slice_over);
}
