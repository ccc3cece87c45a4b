/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX timers: every kind of notification, clocks, overrun, absolute and periodic, errors, CPU clocks. */
#include "abi.h"
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

#define MS 1000000l

static volatile int hits, last_code, last_value, last_overrun, on_thread;

static void handler(int sig, siginfo_t *si, void *uc)
{
	hits++;
	last_code = si->si_code;
	last_value = si->si_value.sival_int;
	last_overrun = si->si_overrun;
	on_thread = syscall(SYS_gettid);
}

static struct itimerspec its(long value, long interval)
{
	return (struct itimerspec){ { interval / 1000000000, interval % 1000000000 },
				    { value / 1000000000, value % 1000000000 } };
}

static long set(timer_t t, int flags, long value, long interval)
{
	struct itimerspec new = its(value, interval);

	return timer_settime(t, flags, &new, NULL);
}

static int64_t now(clockid_t c)
{
	struct timespec ts;

	clock_gettime(c, &ts);
	return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void wait_hits(int n)
{
	for (int i = 0; i < 1000 && hits < n; i++)
		usleep(5000);
	printf("hits %d code %d value %d\n", hits, last_code, last_value);
}

static void burn(long ns)
{
	int64_t end = now(CLOCK_THREAD_CPUTIME_ID) + ns;

	while (now(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

static void signals(clockid_t clock)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGUSR1,
			       .sigev_value.sival_int = 42 };
	struct itimerspec cur;
	timer_t t;

	printf("clock %d\n", clock);
	hits = 0;
	SHOW(timer_create(clock, &ev, &t));
	SHOW(timer_gettime(t, &cur));
	SAY(cur.it_value.tv_sec + cur.it_value.tv_nsec + cur.it_interval.tv_nsec);
	SHOW(set(t, 0, 20 * MS, 0));
	wait_hits(1);
	SHOW(timer_gettime(t, &cur));
	SAY(cur.it_value.tv_sec + cur.it_value.tv_nsec);
	SHOW(set(t, TIMER_ABSTIME, now(clock) + 20 * MS, 0));
	wait_hits(2);
	SHOW(set(t, TIMER_ABSTIME, now(clock) - 20 * MS, 0));
	wait_hits(3);
	SHOW(set(t, 0, 100000 * MS, 5 * MS));
	SHOW(timer_gettime(t, &cur));
	IS(cur.it_value.tv_sec >= 99 && cur.it_value.tv_sec <= 100);
	SAY(cur.it_interval.tv_nsec);
	SHOW(set(t, 0, 10 * MS, 10 * MS));
	wait_hits(6);
	SHOW(timer_delete(t));
	SHOW(timer_delete(t));
	hits = 0;
	usleep(30000);
	SAY(hits);
}

static void overrun(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGRTMIN,
			       .sigev_value.sival_int = 7 };
	struct timespec zero = { 0, 0 };
	siginfo_t si;
	sigset_t set_;
	timer_t t;

	sigemptyset(&set_);
	sigaddset(&set_, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set_, NULL);
	timer_create(CLOCK_MONOTONIC, &ev, &t);
	set(t, 0, 10 * MS, 10 * MS);
	usleep(105000);
	SHOW(sigwaitinfo(&set_, &si) == SIGRTMIN);
	printf("code %d value %d\n", si.si_code, si.si_value.sival_int);
	IS(si.si_overrun >= 7 && si.si_overrun <= 60);
	IS(timer_getoverrun(t) == si.si_overrun);
	SHOW(set(t, 0, 0, 0));
	sigtimedwait(&set_, &si, &zero);
	usleep(20000);
	SHOW(sigtimedwait(&set_, &si, &zero));
	set(t, 0, 1, 0); /* pending when deleted */
	usleep(5000);
	SHOW(timer_delete(t));
	SHOW(sigtimedwait(&set_, &si, &zero));
	sigprocmask(SIG_UNBLOCK, &set_, NULL);
}

static volatile int called, called_value;

static void callback(union sigval v)
{
	called_value = v.sival_int;
	called++;
}

static pthread_barrier_t bar;
static volatile int target_tid;

static void *target(void *arg)
{
	target_tid = syscall(SYS_gettid);
	pthread_barrier_wait(&bar);
	while (!hits)
		usleep(5000);
	IS(on_thread == target_tid);
	return NULL;
}

static void kinds(void)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE },
			thread = { .sigev_notify = SIGEV_THREAD };
	struct sigevent tid = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec cur;
	pthread_t th;
	timer_t t;

	timer_create(CLOCK_MONOTONIC, &none, &t);
	set(t, 0, 10 * MS, 0);
	usleep(30000);
	SHOW(timer_gettime(t, &cur));
	SAY(cur.it_value.tv_nsec);
	set(t, 0, 10 * MS, 1000 * MS);
	usleep(30000);
	SHOW(timer_gettime(t, &cur));
	IS(cur.it_value.tv_nsec > 500 * MS);
	SHOW(timer_getoverrun(t));
	timer_delete(t);
	thread.sigev_notify_function = callback;
	thread.sigev_value.sival_int = 99;
	SHOW(timer_create(CLOCK_REALTIME, &thread, &t));
	set(t, 0, 10 * MS, 10 * MS);
	for (int i = 0; i < 1000 && called < 3; i++)
		usleep(5000);
	IS(called >= 3);
	SAY(called_value);
	timer_delete(t);
	hits = 0;
	pthread_barrier_init(&bar, NULL, 2);
	pthread_create(&th, NULL, target, NULL);
	pthread_barrier_wait(&bar);
	tid._sigev_un._tid = target_tid;
	SHOW(timer_create(CLOCK_MONOTONIC, &tid, &t));
	set(t, 0, 10 * MS, 0);
	pthread_join(th, NULL);
	timer_delete(t);
	/* by default SIGALRM, with the timer's number as value */
	signal(SIGALRM, SIG_IGN);
	sigaction(SIGALRM, &(struct sigaction){ .sa_sigaction = handler, .sa_flags = SA_SIGINFO },
		  NULL);
	hits = 0;
	SHOW(timer_create(CLOCK_MONOTONIC, NULL, &t));
	set(t, 0, 5 * MS, 0);
	for (int i = 0; i < 1000 && !hits; i++)
		usleep(5000);
	printf("hits %d code %d\n", hits, last_code);
	timer_delete(t);
}

static void cpu_clocks(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	clockid_t c;
	timer_t t;

	hits = 0;
	SHOW(timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &t));
	set(t, 0, 30 * MS, 0);
	usleep(60000);
	SAY(hits);
	burn(60 * MS);
	SAY(hits);
	timer_delete(t);
	hits = 0;
	SHOW(timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &t));
	set(t, 0, 20 * MS, 20 * MS);
	burn(130 * MS);
	IS(hits >= 3 && hits <= 7);
	timer_delete(t);
	SHOW(pthread_getcpuclockid(pthread_self(), &c));
	hits = 0;
	SHOW(timer_create(c, &ev, &t));
	set(t, 0, 20 * MS, 0);
	burn(40 * MS);
	SAY(hits);
	timer_delete(t);
	SHOW(timer_create((~99999u << 3) | 6, &ev, &t));
}

static void errors(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 77 };
	struct itimerspec bad = its(MS, 0);
	timer_t t;

	SHOW(timer_create(CLOCK_MONOTONIC, &ev, &t));
	ev.sigev_signo = SIGUSR1;
	ev.sigev_notify = 17;
	SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &t));
	ev.sigev_notify = SIGEV_THREAD_ID;
	ev._sigev_un._tid = 99999;
	SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &t));
	ev.sigev_notify = SIGEV_NONE;
	SHOW(timer_create(77, &ev, &t));
	SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, NOT_MAPPED, &t));
	SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, NOT_MAPPED));
	SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC_RAW, &ev, &t));
	SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC_COARSE, &ev, &t));
	timer_create(CLOCK_MONOTONIC, &ev, &t);
	bad.it_value.tv_nsec = 1000000000;
	SHOW(timer_settime(t, 0, &bad, NULL));
	bad.it_value.tv_nsec = -1;
	SHOW(timer_settime(t, 0, &bad, NULL));
	bad = its(MS, 0);
	bad.it_interval.tv_sec = -1;
	SHOW(timer_settime(t, 0, &bad, NULL));
	SHOW(syscall(SYS_timer_settime, 12345, 0, &bad, NULL));
	SHOW(timer_settime(t, 0, NOT_MAPPED, NULL));
	SHOW(timer_settime(t, 0, NULL, NULL));
	SHOW(timer_gettime(t, NOT_MAPPED));
	SHOW(syscall(SYS_timer_gettime, 12345, &bad));
	SHOW(syscall(SYS_timer_getoverrun, 12345));
	SHOW(syscall(SYS_timer_delete, 12345));
}

int main(void)
{
	sigaction(SIGUSR1, &(struct sigaction){ .sa_sigaction = handler, .sa_flags = SA_SIGINFO },
		  NULL);
	signals(CLOCK_MONOTONIC);
	signals(CLOCK_REALTIME);
	signals(CLOCK_BOOTTIME);
	overrun();
	kinds();
	cpu_clocks();
	errors();
	return 0;
}
