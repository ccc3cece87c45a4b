/* SPDX-License-Identifier: Apache-2.0 */
/* linux/ptimer.h: POSIX timers and interval timers, as the rest of linux/ sees them. */
#pragma once

void ptimer_init(void);
void ptimer_clock_was_set(void); /* CLOCK_REALTIME was stepped; thread context */
