/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/sigqueue.h: a queue of pending signals, private to a thread or shared by the process.  Pure: the caller
 * holds the lock and owns the entries' memory.
 *
 * A signal can be pending without an entry (no memory, or the limit was reached, when its number alone was worth keeping):
 * then the bit of `pending` is all there is.
 */
#pragma once

#include "abi/linux_signal.h"
#include "lib/list.h"

struct sigentry {
	struct list link; /* on a queue; alone: on none */
	struct linux_siginfo info;
	/*
	 * NULL: the entry is a plain one of signal.c.  Else it belongs to somebody who must not fail to send (POSIX
	 * timers): called under the lock with interrupts off when the entry has left the queue; `out` is what the
	 * program will see, the place to fill in si_overrun; NULL: dropped unseen.
	 */
	void (*owner_done)(struct sigentry *e, struct linux_siginfo *out);
};

struct sigqueue {
	linux_sigset_t pending;
	struct list entries;
};

/* The signals that a thread brings upon itself by an instruction: delivered before all others. */
#define SIGSET_SYNC                                                                        \
	(LSIG_BIT(LSIGSEGV) | LSIG_BIT(LSIGBUS) | LSIG_BIT(LSIGILL) | LSIG_BIT(LSIGTRAP) | \
	 LSIG_BIT(LSIGFPE) | LSIG_BIT(LSIGSYS))

void sigqueue_init(struct sigqueue *q);
/* e may be NULL: the number only. */
void sigqueue_add(struct sigqueue *q, int signo, struct sigentry *e);
/* Which signal of a set comes first: the synchronous ones, then the lowest number. 0: none. */
int sigset_first(linux_sigset_t set);
/*
 * Take one occurrence of a pending signal off; *out is its siginfo.  Returns the entry, for the caller to free or to hand
 * back to its owner; NULL when there was only the bit.
 */
struct sigentry *sigqueue_take(struct sigqueue *q, int signo, struct linux_siginfo *out);
/* Take off some entry of the set, *out untouched; NULL: none is left, and the bits are clear. */
struct sigentry *sigqueue_drop(struct sigqueue *q, linux_sigset_t set);
/* An owned entry leaves its queue unseen. */
void sigqueue_remove(struct sigqueue *q, struct sigentry *e);
