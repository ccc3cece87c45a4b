/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/cpu.h: the private area of each CPU.  Members marked [o] are touched only by their own CPU with
 * interrupts off or by a thread, which is never moved off its CPU while it runs in the kernel: the kernel is
 * not preemptible, a thread leaves its CPU only where it sleeps or calls sched_yield().
 *
 *   [I] set once   [o] own CPU   [a] atomic   [r] runq.lock
 */
#pragma once

#include "arch/arch.h"
#include "kern/spinlock.h"
#include "lib/list.h"

#define CPUS_MAX 64

struct thread;

struct cpu {
	struct arch_cpu arch;
	struct thread *idle;	      /* [I] */
	struct spinlock rq_lock;      /* rank RANK_RUNQ */
	struct list rq;		      /* [r] runnable threads, not the running one */
	_Atomic unsigned rq_len;      /* changed under [r]; looked at from everywhere */
	_Atomic bool polling;	      /* [a] idle and watching its queue: no IPI needed */
	bool slice_armed;	      /* [o] the slice timer runs: two compete */
	uint8_t prio;		      /* [r] of the running thread */
	bool rt_rests;		      /* [r] ordinary threads have their share now */
	uint64_t rt_since_ns;	      /* [o] real-time threads have run since */
	uint64_t rotated_ns;	      /* [o] when a thread last moved on for fairness */
	unsigned irq_depth;	      /* [o] */
	struct thread *switched_from; /* [o] for the first steps of the next thread */
	void *fpu_owner;	      /* [o] the thread whose user registers the CPU holds */
	_Atomic bool called;	      /* [a] cpu_call() wants something of this CPU */
	_Atomic bool poked;	      /* [a] irq_poke() */
	uint64_t nirq;		      /* [o] interrupts taken since boot, all kinds */
	uint64_t nswitch;	      /* [o] */
	uint64_t idle_ns;	      /* [o] up to the last switch away from the idle thread */
	void *page_cache;	      /* [o] kern/page.c: this CPU's free pages */
	void *slab_cache;	      /* [o] kern/slab.c */
	void *trace_ring;	      /* [o] kern/trace.c */
	void *shard;		      /* [I] sock/shard.c */
	unsigned nheld;		      /* [o] debug builds: spinlocks held, oldest first */
	unsigned held_base;	      /* [o] those from here on are this interrupt's */
	struct spinlock *held[16];    /* [o] */
};

void cpu_init_area(struct cpu *c, unsigned id, uint32_t hw_id, void *area);
void cpu_boot_init(void); /* the boot CPU's area; first of all */
err_t smp_init(void) must_check;

/*
 * Run fn(arg) on each CPU of the mask (bits of offline CPUs are ignored), interrupts off, and wait until all
 * have; the caller's own included.  For TLB shoot-downs: fn is short and takes no lock.  Any context and any
 * lock held: a CPU that waits for a spinlock or here answers the calls of others.
 */
void cpu_call_answer(void); /* in each spin loop: one look, and a pause */
void cpu_call(uint64_t mask, void (*fn)(void *), void *arg);

extern struct cpu *cpus[CPUS_MAX];
extern unsigned ncpus; /* online; set once by smp_init() */

static inline struct cpu *this_cpu(void)
{
	return (struct cpu *)(void *)arch_cpu_self();
}

static inline bool in_irq(void)
{
	return this_cpu()->irq_depth != 0;
}
