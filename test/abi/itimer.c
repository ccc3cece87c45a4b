/* SPDX-License-Identifier: Apache-2.0 */
/* setitimer, getitimer, alarm: three clocks, what is left, intervals, errors; CPU limits with SIGXCPU. */
#include "abi.h"
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

static volatile int hits[65];

static void handler(int sig)
{
	hits[sig]++;
}

static double cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void burn(double s)
{
	double end = cpu() + s;

	while (cpu() < end)
		;
}

static struct itimerval itv(long value_us, long interval_us)
{
	return (struct itimerval){ { interval_us / 1000000, interval_us % 1000000 },
				   { value_us / 1000000, value_us % 1000000 } };
}

static long set(int which, long value, long interval)
{
	struct itimerval v = itv(value, interval);

	return setitimer(which, &v, NULL);
}

int main(void)
{
	struct itimerval old, bad;
	struct rlimit r = { 1, 3 };

	signal(SIGALRM, handler);
	signal(SIGVTALRM, handler);
	signal(SIGPROF, handler);
	SHOW(alarm(100));
	SHOW(alarm(50));
	SHOW(getitimer(ITIMER_REAL, &old));
	IS(old.it_value.tv_sec >= 49 && old.it_value.tv_sec <= 50);
	SHOW(alarm(0));
	SHOW(alarm(0));
	SHOW(set(ITIMER_REAL, 20000, 0));
	SHOW(pause());
	SAY(hits[SIGALRM]);
	SHOW(set(ITIMER_REAL, 10000, 10000));
	while (hits[SIGALRM] < 4)
		pause();
	bad = itv(0, 0);
	SHOW(setitimer(ITIMER_REAL, &bad, &old));
	SAY(old.it_interval.tv_usec);
	IS(old.it_value.tv_usec <= 10000 && old.it_value.tv_usec > 0);
	SHOW(getitimer(ITIMER_REAL, &old));
	SAY(old.it_value.tv_usec + old.it_interval.tv_usec);
	SHOW(alarm(1));
	SHOW(setitimer(ITIMER_REAL, NULL, &old));
	IS(old.it_value.tv_usec > 0);
	SHOW(alarm(0));

	SHOW(set(ITIMER_PROF, 30000, 0));
	usleep(60000);
	SAY(hits[SIGPROF]);
	burn(0.06);
	SAY(hits[SIGPROF]);
	SHOW(set(ITIMER_VIRTUAL, 30000, 20000));
	usleep(60000);
	SAY(hits[SIGVTALRM]);
	burn(0.25);
	IS(hits[SIGVTALRM] >= 2);
	SHOW(set(ITIMER_VIRTUAL, 0, 0));

	SHOW(set(7, 1, 1));
	SHOW(getitimer(7, &old));
	bad.it_value.tv_usec = 1000000;
	SHOW(setitimer(ITIMER_REAL, &bad, NULL));
	bad.it_value.tv_usec = -1;
	SHOW(setitimer(ITIMER_REAL, &bad, NULL));
	bad.it_value.tv_usec = 0;
	bad.it_value.tv_sec = -1;
	SHOW(setitimer(ITIMER_REAL, &bad, NULL));
	SHOW(setitimer(ITIMER_REAL, NOT_MAPPED, NULL));
	SHOW(getitimer(ITIMER_REAL, NOT_MAPPED));

	/* a second of CPU time, and SIGXCPU comes once each second beyond; at the hard limit SIGKILL */
	signal(SIGXCPU, handler);
	SHOW(setrlimit(RLIMIT_CPU, &r));
	burn(1.3);
	SAY(hits[SIGXCPU]);
	fflush(stdout);
	burn(5);
	puts("still here");
	return 0;
}
