/* SPDX-License-Identifier: Apache-2.0 */
/* abi: dynamic */
/* The C library's clocks (the vDSO's) agree with the kernel's, and never go back. */
#include "abi.h"
#include <sched.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <time.h>

static long long ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000ll + t->tv_nsec;
}

static void agree(const char *name, int clock)
{
	struct timespec a, b, c;

	syscall(SYS_clock_gettime, clock, &a);
	clock_gettime(clock, &b);
	syscall(SYS_clock_gettime, clock, &c);
	printf("%s: %s\n", name,
	       ns(&a) <= ns(&b) + 20000000 && ns(&b) <= ns(&c) + 20000000 ? "agree" : "differ");
	SHOW(clock_getres(clock, &a));
	SAY(ns(&a));
}

int main(void)
{
	struct timespec a, b = { 0, 0 };
	struct timeval tv;
	unsigned cpu, node;

	IS(memcmp((void *)getauxval(AT_SYSINFO_EHDR), "\177ELF", 4) == 0);
	agree("realtime", CLOCK_REALTIME);
	agree("monotonic", CLOCK_MONOTONIC);
	agree("raw", CLOCK_MONOTONIC_RAW);
	agree("boot", CLOCK_BOOTTIME);
	agree("cpu", CLOCK_PROCESS_CPUTIME_ID);
	for (int i = 0; i < 10000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &a);
		if (ns(&a) < ns(&b))
			puts("back");
		b = a;
	}
	clock_gettime(CLOCK_REALTIME, &a);
	gettimeofday(&tv, NULL);
	IS(tv.tv_sec - a.tv_sec <= 1);
	IS(time(NULL) - tv.tv_sec <= 1);
	IS(tv.tv_sec > 1700000000);
	SHOW(clock_gettime(77, &a));
	SHOW(clock_getres(77, &a));
	SHOW(clock_getres(CLOCK_MONOTONIC, NULL));
	IS(getcpu(&cpu, &node) == 0 && (int)cpu == sched_getcpu());
	SAY(node);
	return 0;
}
