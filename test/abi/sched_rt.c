/* SPDX-License-Identifier: Apache-2.0 */
/* abi: options -c 2 */
/*
 * Real-time threads: before all others, by priority, first in first out or in turn; policies and who inherits them.  All
 * run on one CPU, so that order is order.
 */
#include "abi.h"
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

static volatile int trace[64], ntrace;
static volatile long spins[4];
static volatile int stop;

static void log_it(int what)
{
	int at = __atomic_fetch_add(&ntrace, 1, __ATOMIC_SEQ_CST);

	if (at < 64)
		trace[at] = what;
}

static void show_trace(const char *what)
{
	printf("%s:", what);
	for (int i = 0; i < ntrace && i < 64; i++)
		printf(" %d", trace[i]);
	puts("");
	ntrace = 0;
}

static double now(clockid_t c)
{
	struct timespec ts;

	clock_gettime(c, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void burn(double s)
{
	double end = now(CLOCK_THREAD_CPUTIME_ID) + s;

	while (now(CLOCK_THREAD_CPUTIME_ID) < end)
		;
}

struct job {
	int policy, prio, id;
	void (*fn)(struct job *j);
	pthread_t t;
};

static void *start(void *arg)
{
	struct job *j = arg;

	j->fn(j);
	return NULL;
}

static void run(struct job *j)
{
	pthread_attr_t a;

	pthread_attr_init(&a);
	pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&a, j->policy);
	pthread_attr_setschedparam(&a, &(struct sched_param){ j->prio });
	errno = pthread_create(&j->t, &a, start, j);
	if (errno)
		printf("create: %s\n", strerrorname_np(errno));
}

static void mark(struct job *j)
{
	log_it(j->id);
	burn(0.02);
	log_it(j->id + 100);
}

/* Created by a thread of the highest priority, they run when it sleeps. */
static void batch(const char *what, struct job *jobs, int n)
{
	for (int i = 0; i < n; i++)
		run(&jobs[i]);
	log_it(0);
	for (int i = 0; i < n; i++)
		pthread_join(jobs[i].t, NULL);
	show_trace(what);
}

static void yields(struct job *j)
{
	for (int i = 0; i < 3; i++) {
		log_it(j->id);
		sched_yield();
	}
}

static void wakes(struct job *j)
{
	struct job higher = { SCHED_FIFO, 30, 3, mark };

	log_it(j->id);
	run(&higher); /* preempts at once */
	log_it(j->id + 100);
	pthread_join(higher.t, NULL);
}

static void lowers(struct job *j)
{
	log_it(j->id);
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){ 5 });
	log_it(j->id + 100);
}

static void spins_until(struct job *j)
{
	while (!stop)
		spins[j->id]++;
}

static void stops(struct job *j)
{
	usleep(500000);
	stop = 1;
}

static void turns(const char *what, int policy)
{
	struct job a = { policy, 10, 0, spins_until }, b = { policy, 10, 1, spins_until },
		   c = { SCHED_FIFO, 20, 2, stops };

	stop = 0;
	spins[0] = spins[1] = 0;
	run(&c);
	run(&a);
	run(&b);
	pthread_join(c.t, NULL);
	pthread_join(a.t, NULL);
	pthread_join(b.t, NULL);
	printf("%s: first ran %s, second %s\n", what, spins[0] > 1000 ? "yes" : "no",
	       spins[1] > 1000 ? "yes" : "no");
}

static void *show_policy(void *arg)
{
	struct sched_param p;
	int policy;

	pthread_getschedparam(pthread_self(), &policy, &p);
	printf("%s: policy %d prio %d nice %d\n", (char *)arg, policy, p.sched_priority,
	       getpriority(PRIO_PROCESS, 0));
	return NULL;
}

static void inheritance(void)
{
	pthread_t t;

	pthread_create(&t, NULL, show_policy, "inherited");
	pthread_join(t, NULL);
	SHOW(sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &(struct sched_param){ 7 }));
	SHOW(sched_getscheduler(0));
	pthread_create(&t, NULL, show_policy, "reset");
	pthread_join(t, NULL);
	SHOW(sched_setparam(0, &(struct sched_param){ 9 }));
	SHOW(sched_getscheduler(0));
	SHOW(sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 }));
	SHOW(setpriority(PRIO_PROCESS, 0, 5));
	pthread_create(&t, NULL, show_policy, "nice");
	pthread_join(t, NULL);
}

int main(void)
{
	cpu_set_t one;
	struct timespec ts;
	struct job by_prio[] = { { SCHED_FIFO, 10, 1, mark },
				 { SCHED_RR, 30, 3, mark },
				 { SCHED_OTHER, 0, 9, mark },
				 { SCHED_FIFO, 20, 2, mark } };
	struct job fifo[] = { { SCHED_FIFO, 10, 1, mark },
			      { SCHED_FIFO, 10, 2, mark },
			      { SCHED_FIFO, 10, 3, mark } };
	struct job yield[] = { { SCHED_FIFO, 10, 1, yields },
			       { SCHED_FIFO, 10, 2, yields },
			       { SCHED_FIFO, 9, 3, yields } };
	struct job preempted[] = { { SCHED_FIFO, 10, 1, wakes }, { SCHED_FIFO, 10, 2, mark } };
	struct job lowered[] = { { SCHED_FIFO, 10, 1, lowers }, { SCHED_FIFO, 7, 2, mark } };

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	SHOW(sched_setaffinity(0, sizeof(one), &one));
	SHOW(sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ 50 }));
	SHOW(sched_rr_get_interval(0, &ts));
	SAY(ts.tv_sec * 1000000000 + ts.tv_nsec);
	batch("by priority", by_prio, 4);
	batch("first in first out", fifo, 3);
	batch("yield", yield, 3);
	batch("preempted", preempted, 2);
	batch("lowered", lowered, 2);
	turns("fifo", SCHED_FIFO);
	turns("rr", SCHED_RR);
	inheritance();
	return 0;
}
