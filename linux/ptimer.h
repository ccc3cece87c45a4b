/* SPDX-License-Identifier: Apache-2.0 */
/* linux/ptimer.h: POSIX timers and interval timers, as the rest of linux/ sees them. */
#pragma once

#include <stdint.h>

void ptimer_init(void);
/* RLIMIT_CPU in seconds, RLIM_NONE: none. */
void ptimer_cpu_limit(uint64_t soft, uint64_t hard);
void ptimer_clock_was_set(void); /* CLOCK_REALTIME was stepped; thread context */
