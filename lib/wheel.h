/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/wheel.h: a hierarchical timing wheel: set and cancel in constant time, a tick of 131 us, a range
 * of 292 years.  A timer fires at its time or up to a tick later, never before.
 *
 * Context:  any.  Locks: none, the owner's.  Memory: the timer is the caller's, embedded.
 */
#pragma once

#include "lib/list.h"
#include "lib/util.h"

enum { WHEEL_TICK_SHIFT = 17, WHEEL_BITS = 6, WHEEL_SLOTS = 64, WHEEL_LEVELS = 8 };

struct wheel_timer;
typedef void (*wheel_fn)(struct wheel_timer *t, uint64_t now_ns);

struct wheel_timer {
	struct list link; /* in a slot, or in the list of those about to fire */
	wheel_fn fn;
	uint64_t tick; /* fires at this tick */
	uint16_t slot; /* level * WHEEL_SLOTS + slot while armed */
	bool armed;
};

struct wheel {
	uint64_t tick; /* everything before and at it has fired */
	bool sooner; /* a timer was armed since the owner, who clears it, last asked wheel_next() */
	uint64_t map[WHEEL_LEVELS]; /* bit s: slot s is not empty */
	struct list slot[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *w, uint64_t now_ns);
void wheel_timer_init(struct wheel_timer *t, wheel_fn fn);
/* Arm for `at_ns`, moving it if it is armed. */
void wheel_timer_set(struct wheel *w, struct wheel_timer *t, uint64_t at_ns);
void wheel_timer_cancel(struct wheel *w, struct wheel_timer *t);
/* Fire all that is due.  A callback may set and cancel any timer, and free its own. */
void wheel_advance(struct wheel *w, uint64_t now_ns);
/* No timer fires before this time; UINT64_MAX: none is armed. */
uint64_t wheel_next(const struct wheel *w);
