/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/turn.h: work that many may ask for and one at a time does, without anybody waiting.  Who asks while
 * another is at work goes away; the worker sees that and does the work once more.
 *
 *	if (turn_take(&t))
 *		do
 *			work();
 *		while (turn_again(&t));
 *
 * What the asker wrote before turn_take() is seen by the work() that follows.  Context: any.
 */
#pragma once

#include <stdatomic.h>

#include "lib/util.h"

struct turn {
	_Atomic uint32_t asked; /* [a] 0: nobody is at work */
	uint32_t seen;		/* the worker's: `asked` before the work under way */
};

static inline bool turn_take(struct turn *t)
{
	/* A: pairs with B: the worker sees what we wrote, or we see what it left. */
	if (atomic_fetch_add_explicit(&t->asked, 1, memory_order_acq_rel))
		return false;
	t->seen = 1;
	return true;
}

static inline bool turn_again(struct turn *t)
{
	uint32_t seen = t->seen;

	/* B: pairs with A. */
	if (atomic_compare_exchange_strong_explicit(&t->asked, &seen, 0, memory_order_acq_rel,
						    memory_order_acquire))
		return false;
	t->seen = seen;
	return true;
}
