/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/timer.h: one-shot kernel timers, per CPU.  The callback runs in interrupt context on the CPU that
 * set the timer, with no lock held; it may set the timer again.  There is no tick: the hardware is armed
 * for the earliest deadline only.
 */
#pragma once

#include "kern/spinlock.h"
#include "lib/list.h"
#include "lib/rbtree.h"

struct timer {
	struct rb_node node;
	uint64_t deadline_ns;
	void (*fn)(struct timer *t);
	_Atomic int cpu; /* -1: not armed */
};

void timer_init(struct timer *t, void (*fn)(struct timer *t));
void timer_set(struct timer *t, uint64_t deadline_ns); /* mono; re-arms if armed */
/* True: it was armed and will not run. False: it ran, is running elsewhere, or never was set. */
bool timer_cancel(struct timer *t);
/* The same, and waits for a callback that is running on another CPU. Not from the callback. */
bool timer_cancel_sync(struct timer *t);
