/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/exit.c: threads end one by one or all at once.  The process ends by exit_group(2), by a fatal signal, or
 * when its last thread is gone; the first to say so decides the status.
 */
#include "linux/exit.h"

#include "kern/panic.h"
#include "kern/thread.h"
#include "kern/uio.h"
#include "linux/futex.h"
#include "linux/process.h"
#include "linux/syscall.h"

static bool kill_other(struct thread *t, void *arg)
{
	(void)arg;
	if (t->is_user && t != thread_self())
		thread_notify(t, THREAD_KILL);
	return true;
}

_Noreturn void process_exit(unsigned status)
{
	if (!atomic_exchange(&process.exiting, true)) {
		thread_for_each(kill_other, NULL);
		vm_exit(status);
	}
	/* Somebody else is at it; this thread only gets out of the way. */
	user_thread_exit();
}

/* CLONE_CHILD_CLEARTID: how pthread_join() learns of the end. */
static void clear_tid(struct user_thread *u)
{
	if (u->clear_tid && !user_store32(u->clear_tid, 0))
		futex_wake_addr(u->clear_tid, 1);
}

static void leave(struct thread *t)
{
	struct user_thread *u = t->user;

	futex_exit_robust(t, u->robust_list);
	futex_pi_exit(t, false);
	clear_tid(u);
	signal_thread_del(u);
}

_Noreturn void user_thread_exit(void)
{
	struct thread *t = thread_self();
	unsigned status = t->user->exit_status;

	if (atomic_load(&process.exiting)) {
		/* The memory is about to go as a whole: nobody waits for this thread's words. */
		futex_pi_exit(t, true);
		signal_thread_del(t->user);
	} else {
		leave(t);
	}
	if (atomic_fetch_sub(&process.nthreads, 1) == 1 && !atomic_exchange(&process.exiting, true))
		vm_exit(status);
	thread_exit();
}

long sys_exit(struct thread *t, const struct sysargs *a)
{
	t->user->exit_status = (unsigned)a->v[0] & 0xff;
	user_thread_exit();
}

long sys_exit_group(struct thread *t, const struct sysargs *a)
{
	(void)t;
	process_exit((unsigned)a->v[0] & 0xff);
}
