/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/timerfd.h: timerfd(2).  Context: threads. */
#pragma once

#include "vfs/file.h"

enum timerfd_clock { TIMERFD_REAL, TIMERFD_MONO };

struct timerfd_spec {
	uint64_t value_ns;    /* 0: disarmed */
	uint64_t interval_ns; /* 0: once */
};

err_t timerfd_new(enum timerfd_clock clock, uint32_t flags, struct file **out) must_check;
bool timerfd_is(const struct file *f);
/* absolute: value is a time of the clock; cancel_on_set: reads fail with -ECANCELED when it is stepped. */
void timerfd_set(struct file *f, bool absolute, bool cancel_on_set, const struct timerfd_spec *now,
		 struct timerfd_spec *was);
void timerfd_get(struct file *f, struct timerfd_spec *left);
void timerfd_clock_was_set(void); /* by whoever steps CLOCK_REALTIME */
