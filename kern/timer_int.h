/* SPDX-License-Identifier: Apache-2.0 */
/* kern/timer_int.h: for the idle loop. */
#pragma once

void timer_idle(
	void); /* interrupts off: arm for the earliest deadline exactly, or turn the timer off */
