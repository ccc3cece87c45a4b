/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/cputime.h: how much of a thread's CPU time is the kernel's.  Without a tick nobody looks from time to time where a
 * thread is, and reading the clock twice at each entry would cost more than most calls do.  So entries are sampled: one
 * is timed, and stands for all since the one before.  How many that are follows the rate of entries: each one where
 * they are rare, one in 32 on average, at random, where they are frequent.  The total is exact.
 *
 * Context: the thread itself, on its way into and out of a system call or fault of the program.
 */
#pragma once

#include "kern/thread.h"

/* Is this entry to be timed? Then cputime_start() before the work, and cputime_end() of what it gave after it. */
static inline bool cputime_due(struct thread *t)
{
	return unlikely(--t->sample_in == 0);
}
uint64_t cputime_start(const struct thread *t);
void cputime_end(struct thread *t, uint64_t start);
