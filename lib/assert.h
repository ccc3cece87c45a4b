/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/assert.h: broken invariants of ours.  ASSERT stays in release builds; what comes from outside
 * (packets, disks, devices, programs) never reaches one.  DEBUG_ASSERT costs nothing in release.
 */
#pragma once

#include "lib/util.h"

/* Answered by kern/panic.c in the kernel and by test/lib or tools on the host. */
_Noreturn void assert_fail(const char *expr, const char *file, int line);

#define ASSERT(x) (likely(x) ? (void)0 : assert_fail(#x, __FILE__, __LINE__))

#ifdef CORACLE_DEBUG
#define DEBUG_ASSERT(x) ASSERT(x)
#else
#define DEBUG_ASSERT(x) ((void)sizeof(!(x)))
#endif
