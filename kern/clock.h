/* SPDX-License-Identifier: Apache-2.0 */
/* kern/clock.h: time.  Nanoseconds everywhere.  Any context, no lock (a sequence count inside). */
#pragma once

#include "lib/err.h"

uint64_t clock_mono_ns(void);	       /* since boot; never steps, is not slewed */
uint64_t clock_real_ns(void);	       /* Unix time */
void clock_real_set(uint64_t unix_ns); /* steps CLOCK_REALTIME; timers on it are re-armed */
uint64_t clock_real_offset_ns(void);   /* real - mono */
/* fn is told the offset when it becomes known and whenever it is set, once at once if it is known. One watcher. */
void clock_real_watch(void (*fn)(uint64_t offset_ns));
