/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/signal_int.h: between signal.c (who gets what), sigcalls.c (the system calls) and sigdeliver.c (the way out to
 * user mode).  One lock, `sig.lock`, guards it all.
 */
#pragma once

#include "kern/waitq.h"
#include "linux/process.h"
#include "linux/signal.h"
#include "vfs/poll.h"

/* Members: [s] under lock. */
struct signals {
	struct spinlock lock;			 /* RANK_SIGNAL, with interrupts off */
	struct linux_sigaction action[LSIG_MAX]; /* [s] by number - 1 */
	struct sigqueue shared;			 /* [s] sent to the process */
	struct list threads;			 /* [s] of struct user_thread, the oldest first */
	struct waitq wq;			 /* rt_sigtimedwait, sigsuspend, and the stopped */
	unsigned nqueued;	 /* [s] entries on all queues, against RLIMIT_SIGPENDING */
	bool stopped;		 /* [s] by SIGSTOP, until SIGCONT */
	struct poll_source poll; /* for signalfd */
};

extern struct signals sig;

/* Default actions, signal(7). */
#define SIGSET_IGNORE \
	(LSIG_BIT(LSIGCHLD) | LSIG_BIT(LSIGURG) | LSIG_BIT(LSIGWINCH) | LSIG_BIT(LSIGCONT))
#define SIGSET_STOP \
	(LSIG_BIT(LSIGSTOP) | LSIG_BIT(LSIGTSTP) | LSIG_BIT(LSIGTTIN) | LSIG_BIT(LSIGTTOU))
#define SIGSET_CORE                                                                   \
	(SIGSET_SYNC | LSIG_BIT(LSIGQUIT) | LSIG_BIT(LSIGABRT) | LSIG_BIT(LSIGXCPU) | \
	 LSIG_BIT(LSIGXFSZ))
#define SIGSET_UNMASKABLE (LSIG_BIT(LSIGKILL) | LSIG_BIT(LSIGSTOP))

/* All with sig.lock held. */
linux_sigset_t signal_deliverable_locked(const struct user_thread *u); /* pending and not blocked */
void signal_recalc_locked(struct user_thread *u);		       /* THREAD_SIGNAL to match */
void signal_set_mask_locked(struct user_thread *u, linux_sigset_t mask);
/* Take the first of `set` that is pending for u; its number, 0: none. */
int signal_take_locked(struct user_thread *u, linux_sigset_t set, struct linux_siginfo *out);
bool signal_ignored_locked(int signo);		/* by disposition */
void signal_discard_locked(linux_sigset_t set); /* from every queue */

/* sigcalls.c. */
err_t signal_altstack_set(struct user_thread *u, const struct linux_stack *new) must_check;

/* Running on it now? Never so with SS_AUTODISARM: it was taken away when the handler began. */
static inline bool signal_on_altstack(const struct linux_stack *s, uint64_t sp)
{
	return !(s->flags & LSS_AUTODISARM) && sp > s->sp && sp - s->sp <= s->size;
}
