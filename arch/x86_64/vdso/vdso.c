/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/x86_64/vdso/vdso.c: vdso(7): the calls that a program can answer for itself.  Built as a small shared object that the kernel
 * maps; it runs in the program, on whatever stack there is, and has no writable data.
 */
#include "abi/vdso_data.h"

extern const struct vdso_data vdso_data __attribute__((visibility("hidden")));

struct timespec {
	int64_t sec, nsec;
};

struct timeval {
	int64_t sec, usec;
};

struct timezone {
	int32_t minutes_west, dst_time;
};

enum {
	REALTIME = 0,
	MONOTONIC = 1,
	MONOTONIC_RAW = 4,
	REALTIME_COARSE = 5,
	MONOTONIC_COARSE = 6,
	BOOTTIME = 7,
	REALTIME_ALARM = 8,
	BOOTTIME_ALARM = 9,
	TAI = 11
};
enum { NR_gettimeofday = 96, NR_clock_gettime = 228, NR_clock_getres = 229 };

#define NS	   1000000000u
#define COARSE_RES 4000000
#define EXPORT	   __attribute__((visibility("default")))

EXPORT int __vdso_clock_gettime(int clock, struct timespec *ts);
EXPORT int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz);
EXPORT int64_t __vdso_time(int64_t *t);
EXPORT int __vdso_clock_getres(int clock, struct timespec *ts);
EXPORT long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

static long syscall2(long nr, long a, void *b)
{
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return r;
}

/* LFENCE: the counter is not read before what the program did earlier (SDM 2, RDTSC). */
static uint64_t counter(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

static uint64_t mono_ns(void)
{
	const struct vdso_data *d = &vdso_data;

	return d->base_ns +
	       (uint64_t)((unsigned __int128)(counter() - d->base_cycles) * d->mult >> d->shift);
}

/* False: this clock, or the date, is the kernel's to tell. */
static _Bool clock_ns(int clock, uint64_t *ns)
{
	uint64_t offset = 0;

	switch (clock) {
	case REALTIME:
	case REALTIME_COARSE:
	case REALTIME_ALARM:
	case TAI:
		offset = vdso_data.real_offset;
		if (!offset)
			return 0;
		break;
	case MONOTONIC:
	case MONOTONIC_RAW:
	case MONOTONIC_COARSE:
	case BOOTTIME:
	case BOOTTIME_ALARM:
		break;
	default:
		return 0;
	}
	*ns = mono_ns() + offset;
	return 1;
}

int __vdso_clock_gettime(int clock, struct timespec *ts)
{
	uint64_t ns;

	if (!clock_ns(clock, &ns))
		return (int)syscall2(NR_clock_gettime, clock, ts);
	ts->sec = (int64_t)(ns / NS);
	ts->nsec = (int64_t)(ns % NS);
	return 0;
}

int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	uint64_t ns;

	if (!clock_ns(REALTIME, &ns))
		return (int)syscall2(NR_gettimeofday, (long)tv, tz);
	if (tv) {
		tv->sec = (int64_t)(ns / NS);
		tv->usec = (int64_t)(ns % NS / 1000);
	}
	if (tz)
		*tz = (struct timezone){ 0, 0 };
	return 0;
}

int64_t __vdso_time(int64_t *t)
{
	struct timespec ts;

	if (__vdso_clock_gettime(REALTIME, &ts))
		return -1;
	if (t)
		*t = ts.sec;
	return ts.sec;
}

int __vdso_clock_getres(int clock, struct timespec *ts)
{
	uint64_t ns;

	if (clock != REALTIME && !clock_ns(clock, &ns))
		return (int)syscall2(NR_clock_getres, clock, ts);
	if (ts)
		*ts = (struct timespec){ 0, clock == REALTIME_COARSE || clock == MONOTONIC_COARSE
						    ? COARSE_RES
						    : 1 };
	return 0;
}

/* The limit of this CPU's descriptor 15 is its number (arch/x86_64/cpu.c). */
long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	unsigned limit;

	(void)unused;
	__asm__ volatile("lsl %1, %0" : "=r"(limit) : "r"(0x7b));
	if (cpu)
		*cpu = limit & 0xfff;
	if (node)
		*node = limit >> 12;
	return 0;
}

EXPORT __attribute__((weak, alias("__vdso_clock_gettime"))) int clock_gettime(int,
									      struct timespec *);
EXPORT __attribute__((weak, alias("__vdso_gettimeofday"))) int gettimeofday(struct timeval *,
									    struct timezone *);
EXPORT __attribute__((weak, alias("__vdso_time"))) int64_t time(int64_t *);
EXPORT __attribute__((weak, alias("__vdso_clock_getres"))) int clock_getres(int, struct timespec *);
EXPORT __attribute__((weak, alias("__vdso_getcpu"))) long getcpu(unsigned *, unsigned *, void *);
