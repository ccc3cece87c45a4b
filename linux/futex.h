/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/futex.h: what the rest of linux/ asks of futexes.  Context: the thread concerned, no lock held.
 */
#pragma once

#include "kern/uio.h"

struct thread;

void futex_init(void);
/* Wake up to n waiters on a word (private and shared keys): CLONE_CHILD_CLEARTID. */
void futex_wake_addr(uaddr_t addr, unsigned n);
/* The thread ends: walk its robust list (set_robust_list(2)), mark what it owned, wake one waiter each. */
void futex_exit_robust(struct thread *t, uaddr_t head);
/* After that: the priority-inheritance futexes it owns go to their waiters; `all`: every thread ends. */
void futex_pi_exit(struct thread *t, bool all);
/* The priority that a thread was given has changed: what it runs with follows, and what it lends to others. */
void futex_pi_prio_changed(struct thread *t);
