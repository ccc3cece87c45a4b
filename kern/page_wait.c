/* SPDX-License-Identifier: Apache-2.0 */
/* kern/page_wait.c: the one place where the page allocator sleeps. */
#include "kern/page_int.h"

#include "kern/clock.h"
#include "kern/waitq.h"

#define STEP_NS 500000ull

enum { STEPS_MAX = 20 };

void page_wait(unsigned tries)
{
	struct spinlock lock = SPINLOCK_INIT(RANK_WAITQ);
	struct waitq wq;

	waitq_init(&wq, &lock);
	spin_lock(&lock);
	(void)!waitq_wait_deaf(&wq,
			       clock_mono_ns() + STEP_NS * MIN(tries + 1, (unsigned)STEPS_MAX));
	spin_unlock(&lock);
}
