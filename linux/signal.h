/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/signal.h: signals.  One process: dispositions and the shared queue are its; mask, private queue and
 * alternate stack are each thread's.  Every list and mask is guarded by the one lock of signal.c (RANK_SIGNAL, taken
 * with interrupts off), so sending works from any context: timers and the console do it from interrupts.
 *
 * A thread learns of a deliverable signal by THREAD_SIGNAL; kern_user_return() then takes the signal off a queue and
 * builds the handler's frame.  Calls that were cut short return:
 *
 *	-ERESTARTSYS		made again after a handler with SA_RESTART, or when no handler ran; else -EINTR
 *	-ERESTARTNOINTR		always made again
 *	-ERESTARTNOHAND		made again only when no handler ran
 *	-ERESTART_RESTARTBLOCK	when no handler ran, goes on through restart_set()'s function; else -EINTR
 */
#pragma once

#include "abi/linux_signal.h"
#include "lib/err.h"
#include "linux/sigqueue.h"

struct thread;
struct sysargs;
struct poll_source;

/* An entry that its owner (see linux/sigqueue.h) queues; info.signo says which signal. */
void sigentry_init(struct sigentry *e,
		   void (*owner_done)(struct sigentry *, struct linux_siginfo *));

/*
 * Send; any context.  info: what siginfo_t shall say, NULL: from the kernel (SI_KERNEL).  0, or -EAGAIN: a real-time signal and
 * RLIMIT_SIGPENDING is reached.  Ignored signals are dropped and succeed.
 */
err_t signal_send_process(int signo, const struct linux_siginfo *info);
err_t signal_send_thread(struct thread *t, int signo, const struct linux_siginfo *info);
/* To the calling thread, as if it had called kill(2): what an error brings with it (SIGPIPE, SIGXFSZ). */
void signal_send_self(int signo);
/* Queue an owned entry (to t, or to the process when NULL).  False: it is on a queue already. */
bool signal_send_entry(struct thread *t, struct sigentry *e);
void signal_cancel_entry(
	struct sigentry *e); /* off its queue, if on one; owner_done is not called */
/* A fault of the calling thread: cannot be blocked or ignored (then the default action strikes). */
void signal_force(int signo, const struct linux_siginfo *info);

/* The current thread's mask. KILL and STOP are never in it. */
linux_sigset_t signal_mask(void);
void signal_set_mask(linux_sigset_t mask);
/*
 * ppoll, pselect6, epoll_pwait, rt_sigsuspend: `mask` holds until the call is over; what held before comes back on the way
 * to user mode, after a handler's frame has been built for a signal that `mask` let in.
 */
void signal_set_mask_for_call(linux_sigset_t mask);
/* The same from the call's arguments: no-op when mask is 0 (NULL). -EINVAL (size), -EFAULT. */
err_t signal_mask_arg(uint64_t mask_addr, uint64_t size) must_check;

/* signalfd: what is pending for the caller among `set`; take one: 0 (false) when there is none. */
linux_sigset_t signal_pending_set(void);
bool signal_take(linux_sigset_t set, struct linux_siginfo *out);
/* Notified (POLL_IN) whenever a signal is queued anywhere. */
struct poll_source *signal_poll_source(void);

struct user_thread;
void signal_init(void);
void signal_thread_add(struct user_thread *u); /* before it runs */
void signal_thread_del(
	struct user_thread *u); /* by itself, at its end; passes on what it was chosen for */

/* The current call goes on as `fn` if it is restarted; words[] are kept for it. Returns -ERESTART_RESTARTBLOCK. */
#define RESTART_WORDS 6
long restart_set(long (*fn)(struct thread *t, const uint64_t *words),
		 const uint64_t words[RESTART_WORDS]);

bool signal_interrupted(void);	    /* THREAD_SIGNAL or THREAD_KILL is set on the caller */
const char *signal_name(int signo); /* "SIGHUP"; "SIGRT_3"; "?" */
