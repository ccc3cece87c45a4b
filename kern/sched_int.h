/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/sched_int.h: how waitq.c, mutex.c and thread.c use the scheduler.  To sleep: sched_block(), look whether there
 * is still a reason, sched_switch(), sched_unblock().  A wake-up in between only makes the switch return at
 * once.
 */
#pragma once

#include "kern/thread.h"
#include "kern/waitq.h"

enum sleep_kind {
	SLEEP_SIGNALS, /* ends for signals, and at the end of the program */
	SLEEP_DEAF,    /* ends at the end of the program */
	SLEEP_FAST,    /* ends when woken: for locks */
};

void sched_block(enum sleep_kind kind); /* the caller is BLOCKED from here on, and still runs */
void sched_unblock(void);		/* the caller runs and is not BLOCKED */
void sched_switch(void);		/* somebody else, until the caller is woken */
_Noreturn void sched_exit(void);	/* the caller is dead */
void sched_add(struct thread *t);	/* NEW -> runnable */
err_t waitq_sleep(struct waitq *wq, uint64_t deadline_ns, enum sleep_kind kind) must_check;

void sched_thread_start(void *thread);		 /* where ctx_init() starts one */
void sched_init_cpu(void);			 /* each CPU, on itself */
_Noreturn void sched_idle(void);		 /* an idle thread's life */
void thread_reap(struct thread *t);		 /* thread.c: dead and off its stack */
err_t thread_new_idle(struct cpu *c) must_check; /* thread.c */
