/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/tlb.h: making all CPUs forget translations.  There is one set of tables, so every CPU that is not idle
 * may hold any entry; an idle one is not disturbed: it forgets everything when it leaves idle.
 *
 * Context of the flushes: threads, no lock held that is taken with interrupts off.  They return when
 * no CPU can use the old entries any more: pages may be given away then.
 */
#pragma once

#include "lib/util.h"

void tlb_flush(uint64_t va, uint64_t len);	  /* user addresses */
bool tlb_others_busy(void);			  /* tlb_flush() would have to interrupt somebody */
void tlb_flush_kernel(uint64_t va, uint64_t len); /* the kernel's: idle CPUs are told too */

/* For the scheduler: before the idle loop, and before another thread runs. This CPU's own. */
void tlb_idle_enter(void);
void tlb_idle_leave(void);
