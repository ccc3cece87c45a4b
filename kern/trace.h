/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/trace.h: trace points that every build compiles.  One predictable branch when off.  Records go to a
 * ring per CPU (time, point, three words) that the panic message, gdb and /proc/coracle/trace read; `trace=`
 * on the command line or `--trace` turns groups on.
 */
#pragma once

#include "lib/util.h"

enum trace_group {
	TRACE_BOOT,
	TRACE_SCHED,
	TRACE_FAULT,
	TRACE_IRQ,
	TRACE_BLK,
	TRACE_NET,
	TRACE_FUTEX,
	TRACE_SYSCALL,
	TRACE_NGROUPS
};

extern uint32_t trace_mask; /* bit per group */

void trace_put(enum trace_group g, const char *what, uint64_t a, uint64_t b, uint64_t c);

#define TRACE(g, what, a, b, c)                                                              \
	do {                                                                                 \
		if (unlikely(trace_mask & (1u << (g))))                                      \
			trace_put((g), (what), (uint64_t)(a), (uint64_t)(b), (uint64_t)(c)); \
	} while (0)

void trace_make_rings(void);	      /* for CPUs that came up since; thread context */
bool trace_enable(const char *names); /* "boot,fault" or "all"; false: an unknown name */
/* Records of these groups are written to the log console as they come, too. */
bool trace_enable_live(const char *names);
void trace_dump(void (*line)(void *arg, const char *text), void *arg);
