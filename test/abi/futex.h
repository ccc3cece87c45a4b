/* SPDX-License-Identifier: Apache-2.0 */
/* futex.h: the raw call, and threads that wait in it. */
#pragma once

#include "abi.h"
#include <linux/futex.h>
#include <pthread.h>
#include <time.h>

static inline long futex(volatile void *a, int op, uint32_t val, const void *ts, volatile void *b,
			 uint32_t val3)
{
	return syscall(SYS_futex, a, op, val, ts, b, val3);
}

static inline struct timespec ms(long n)
{
	return (struct timespec){ n / 1000, n % 1000 * 1000000 };
}

static inline struct timespec in_ms(clockid_t c, long n)
{
	struct timespec ts;

	clock_gettime(c, &ts);
	ts.tv_nsec += n % 1000 * 1000000;
	ts.tv_sec += n / 1000 + ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return ts;
}

/* Until n threads of this process sleep (their states are in /proc). */
static inline void let_sleep(void)
{
	usleep(60000);
}
