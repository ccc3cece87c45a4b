/* SPDX-License-Identifier: Apache-2.0 */
/* abi/linux_time.h: times and clocks as 64-bit Linux programs see them: time(7), clock_gettime(2). */
#pragma once

#include <stdint.h>

struct linux_timespec {
	int64_t sec, nsec;
};
struct linux_timeval {
	int64_t sec, usec;
};
struct linux_itimerspec {
	struct linux_timespec interval, value;
};
struct linux_itimerval {
	struct linux_timeval interval, value;
};
_Static_assert(sizeof(struct linux_itimerspec) == 32, "struct itimerspec of the uapi");

enum {
	LX_CLOCK_REALTIME = 0,
	LX_CLOCK_MONOTONIC = 1,
	LX_CLOCK_PROCESS_CPUTIME_ID = 2,
	LX_CLOCK_THREAD_CPUTIME_ID = 3,
	LX_CLOCK_MONOTONIC_RAW = 4,
	LX_CLOCK_REALTIME_COARSE = 5,
	LX_CLOCK_MONOTONIC_COARSE = 6,
	LX_CLOCK_BOOTTIME = 7,
	LX_CLOCK_REALTIME_ALARM = 8,
	LX_CLOCK_BOOTTIME_ALARM = 9,
	LX_CLOCK_TAI = 11,
	LX_TIMER_ABSTIME = 1,
	LX_TFD_TIMER_CANCEL_ON_SET = 2,
	LX_ITIMER_REAL = 0,
	LX_ITIMER_VIRTUAL = 1,
	LX_ITIMER_PROF = 2,
};

/* struct sigevent, 64 bytes: timer_create(2). */
struct linux_sigevent {
	uint64_t value;
	int32_t signo, notify, tid, pad[11];
};
_Static_assert(sizeof(struct linux_sigevent) == 64, "struct sigevent of the uapi");
enum { LX_SIGEV_SIGNAL = 0, LX_SIGEV_NONE = 1, LX_SIGEV_THREAD = 2, LX_SIGEV_THREAD_ID = 4 };
