/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/thread.h: threads and the scheduler.  A thread of the program and a kernel thread are the same
 * thing; the first has user registers at the top of its stack and a `user` part that linux/ owns.
 *
 * Scheduling: a run queue per CPU, real-time threads first; a time slice only where two compete; idle CPUs steal.  The
 * kernel is not preemptible: sched_switch() happens in waitq_wait(), sched_yield(), thread_exit() and on the
 * way back to user mode when cpu->resched is set.
 *
 *   [I] set once   [o] own CPU/own thread   [a] atomic   [r] rq_lock of t->cpu
 */
#pragma once

#include "arch/arch.h"
#include "kern/cpu.h"
#include "lib/list.h"
#include "lib/rbtree.h"

/* Bits of thread.flags: anything set takes the slow way out of the kernel. */
enum {
	THREAD_SIGNAL = 1u << 0,  /* an unblocked signal is pending: interruptible sleeps end */
	THREAD_KILL = 1u << 1,	  /* the program ends: every sleep ends, no return to user mode */
	THREAD_RESCHED = 1u << 2, /* slice used up */
	THREAD_TRACE = 1u << 3,	  /* system calls are traced */
	THREAD_WORK = 1u << 4,	  /* linux/ wants kern_user_return() once (sigmask restore, rseq) */
};

enum thread_state { THREAD_NEW, THREAD_RUNNABLE, THREAD_RUNNING, THREAD_BLOCKED, THREAD_DEAD };

typedef uint64_t cpumask_t; /* bit n: CPU n; CPUS_MAX is 64 */

struct thread {
	struct arch_ctx ctx;	  /* [r] */
	_Atomic uint32_t flags;	  /* [a] THREAD_* */
	_Atomic uint32_t refs;	  /* [a] */
	enum thread_state state;  /* [r] */
	uint8_t sleep;		  /* [r] enum sleep_kind while BLOCKED: what may end it */
	bool is_user;		  /* [I] */
	uint8_t prio;		  /* [r] 0: ordinary, 1 .. 99: real-time, boosts included */
	bool rr;		  /* [r] takes turns with its equals (SCHED_RR) */
	uint8_t go_to;		  /* [r] CPU + 1 to which it moves as it leaves this one; 0: none */
	_Atomic unsigned cpu;	  /* [a] where it runs or last ran */
	int nice;		  /* -20 .. 19 */
	cpumask_t affinity;	  /* [r] */
	struct list rq_link;	  /* [r] */
	struct list all_link;	  /* threads_lock */
	struct rb_node tid_node;  /* threads_lock */
	void *kstack;		  /* [I] lowest address; KSTACK_BYTES */
	void *fpu;		  /* [o] fpu_bytes(); user threads only */
	uint64_t tls;		  /* [o] thread pointer while not running */
	uint64_t tls2;		  /* [o] the second one (GS base on x86-64), likewise */
	unsigned fpu_cpu;	  /* [o] where the FPU registers last held `fpu` */
	uint64_t cpu_ns;	  /* [o] time on a CPU, up to last_ns */
	uint64_t last_ns;	  /* [o] when cpu_ns was brought up to date */
	uint64_t sys_ns;	  /* [o] kern/cputime.c: of it in the kernel, as estimated */
	uint64_t sampled_ns;	  /* [o] CPU time at the last sample */
	uint32_t sample_in;	  /* [o] kernel entries until the next one */
	uint32_t sample_every;	  /* [o] those on average */
	uint64_t sample_seed;	  /* [o] */
	_Atomic uint64_t user_ns; /* [a] the most that thread_times() has told of user time */
	uint64_t nvcsw, nivcsw;	  /* [o] */
	uint32_t tid;		  /* [I] */
	char name[16];		  /* comm; written by its thread, always terminated */
	void (*fn)(void *);	  /* [I] kernel threads */
	void *arg;		  /* [I] */
	struct user_thread *
		user; /* [I] linux/: signal state, futex lists; kmalloc'd, goes with the thread; NULL in kernel threads */
};

#define KSTACK_BYTES   16384
#define SCHED_SLICE_NS 4000000u	  /* time slice where threads compete for a CPU */
#define SCHED_RR_NS    100000000u /* of SCHED_RR threads of equal priority, as Linux's default */

static inline struct thread *thread_self(void)
{
	return arch_thread_self();
}

/* The registers of the program at the top of a user thread's kernel stack. */
struct pt_regs *thread_regs(const struct thread *t);

/*
 * A thread, not yet running. The program's are numbered from 1 up, the
 * kernel's from the top down. -ENOMEM.
 */
err_t thread_new(const char *name, void (*fn)(void *), void *arg, struct thread **out) must_check;
err_t thread_new_user(const char *name, const struct pt_regs *regs, uint64_t tls,
		      struct thread **out) must_check;
void thread_start(struct thread *t); /* runnable; picks a CPU by affinity and load */
_Noreturn void thread_exit(void);    /* the calling thread ends; its memory goes when refs do */
void thread_get(struct thread *t);
void thread_put(struct thread *t);
struct thread *thread_find(uint32_t tid); /* with a reference, or NULL */
/* Walk all live threads under threads_lock; fn returns false to stop. Must not sleep. */
void thread_for_each(bool (*fn)(struct thread *t, void *arg), void *arg);
unsigned thread_count_user(void);

/*
 * Something to look at while a CPU has nothing to run (a driver's queue): true when it found work. Called with
 * interrupts on, often; CPUs poll a little before they halt. Static storage.
 */
struct idle_poll {
	bool (*poll)(void *arg);
	void *arg;
	struct idle_poll *next;
};
void sched_idle_poll_add(struct idle_poll *p);

void sched_yield(void);
void sched_resched_check(void);	   /* on the way to user mode: switch if asked to */
void sched_wake(struct thread *t); /* BLOCKED -> runnable; no-op otherwise. Any context. */
/*
 * Set flags and make the thread notice: ends an interruptible sleep (any sleep for THREAD_KILL), kicks
 * the CPU if it is running in user mode. Any context.
 */
void thread_notify(struct thread *t, uint32_t flags);
/* 0: ordinary; 1 .. 99: before all lower ones; `rr`: in turn with its equals. Takes effect at once. */
void thread_set_prio(struct thread *t, unsigned prio, bool rr);
err_t thread_set_affinity(struct thread *t, cpumask_t mask) must_check; /* -EINVAL: no online CPU */
/* CPU time: exact in all, its part in user mode estimated (kern/cputime.h); neither ever goes back. */
void thread_times(struct thread *t, uint64_t *total_ns, uint64_t *user_ns);
void thread_times_user(uint64_t *total_ns,
		       uint64_t *user_ns); /* all user threads, the ended included */
unsigned sched_nrunning(void);		   /* runnable and running, all CPUs */
void sched_loadavg(uint32_t avg[3]);	   /* 1, 5, 15 minutes, 16.16 fixed point */
