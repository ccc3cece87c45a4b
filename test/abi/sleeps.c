/* SPDX-License-Identifier: Apache-2.0 */
/* nanosleep, clock_nanosleep: clocks, absolute, remainders, errors, interruption. */
#include "abi.h"
#include <pthread.h>
#include <time.h>

static pthread_t me;

static int64_t now(clockid_t c)
{
	struct timespec ts;

	clock_gettime(c, &ts);
	return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void handler(int sig)
{
}

static void *poke(void *arg)
{
	usleep(50000);
	pthread_kill(me, SIGUSR1);
	return NULL;
}

static long raw(clockid_t c, int flags, struct timespec *t, struct timespec *rem)
{
	return syscall(SYS_clock_nanosleep, c, flags, t, rem);
}

static void lengths(clockid_t c)
{
	struct timespec t = { 0, 30000000 }, rem = { 7, 7 };
	int64_t before = now(CLOCK_MONOTONIC), d;

	SHOW(raw(c, 0, &t, &rem));
	d = now(CLOCK_MONOTONIC) - before;
	IS(d >= 30000000 && d < 2000000000);
	SAY(rem.tv_sec);
	t.tv_nsec = 0;
	SHOW(raw(c, 0, &t, NULL));
	SHOW(raw(c, TIMER_ABSTIME, &t, NULL));
	d = now(c) + 30000000;
	t = (struct timespec){ d / 1000000000, d % 1000000000 };
	before = now(CLOCK_MONOTONIC);
	SHOW(raw(c, TIMER_ABSTIME, &t, &rem));
	d = now(CLOCK_MONOTONIC) - before;
	IS(d >= 25000000 && d < 2000000000);
}

static void interrupted(int flags, int timer_flags)
{
	struct timespec t = { 0, 150000000 }, rem = { 9, 9 };
	pthread_t th;
	int64_t end = now(CLOCK_MONOTONIC) + 150000000;

	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = handler, .sa_flags = flags }, NULL);
	pthread_create(&th, NULL, poke, NULL);
	if (timer_flags)
		t = (struct timespec){ end / 1000000000, end % 1000000000 };
	SHOW(raw(CLOCK_MONOTONIC, timer_flags, &t, &rem));
	printf("rem %s\n", rem.tv_sec == 9 ? "untouched"
			   : rem.tv_sec == 0 && rem.tv_nsec > 1000000 && rem.tv_nsec < 149000000
				   ? "right"
				   : "wrong");
	pthread_join(th, NULL);
	pthread_create(&th, NULL, poke, NULL);
	t = (struct timespec){ 0, 150000000 };
	SHOW(nanosleep(&t, &t));
	IS(t.tv_sec == 0 && t.tv_nsec < 149000000);
	pthread_join(th, NULL);
	pthread_create(&th, NULL, poke, NULL);
	SHOW(nanosleep(&(struct timespec){ 0, 150000000 }, NULL));
	pthread_join(th, NULL);
}

int main(void)
{
	struct timespec t = { 0, 1000000000 };

	me = pthread_self();
	lengths(CLOCK_REALTIME);
	lengths(CLOCK_MONOTONIC);
	lengths(CLOCK_BOOTTIME);
	lengths(CLOCK_TAI);
	interrupted(0, 0);
	interrupted(SA_RESTART, 0);
	interrupted(0, TIMER_ABSTIME);
	interrupted(SA_RESTART, TIMER_ABSTIME);
	SHOW(nanosleep(&t, NULL));
	t.tv_nsec = -1;
	SHOW(nanosleep(&t, NULL));
	t = (struct timespec){ -1, 0 };
	SHOW(nanosleep(&t, NULL));
	SHOW(nanosleep(NOT_MAPPED, NULL));
	SHOW(raw(CLOCK_MONOTONIC, 0, &t, NULL));
	t = (struct timespec){ 0, 1000 };
	SHOW(raw(CLOCK_MONOTONIC_RAW, 0, &t, NULL));
	SHOW(raw(CLOCK_MONOTONIC_COARSE, 0, &t, NULL));
	SHOW(raw(CLOCK_REALTIME_COARSE, 0, &t, NULL));
	SHOW(raw(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL));
	SHOW(raw(77, 0, &t, NULL));
	SHOW(raw(-1, 0, &t, NULL));
	SHOW(raw(CLOCK_MONOTONIC, 0x1000, &t, NULL));
	return 0;
}
