/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi: options -c 4
 * Threads that move between CPUs, by affinity and by sleeping among others, always find the right number in their area.
 */
#include "abi.h"
#include <pthread.h>
#include <sched.h>
#include <sys/rseq.h>

static int cpus;
static _Atomic int wrong, stale;

static struct rseq *area(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

/* Free to be placed anywhere: a stale number stays wrong, a move between two looks is rare. */
static void *roam(void *arg)
{
	volatile unsigned *cpu = &area()->cpu_id;

	for (int i = 0; i < 300; i++) {
		unsigned before, now, after;

		usleep(50);
		before = *cpu;
		syscall(SYS_getcpu, &now, NULL, NULL);
		after = *cpu;
		stale += before == after && before != now;
	}
	return arg;
}

static void *run(void *arg)
{
	for (int i = 0; i < 300; i++) {
		unsigned cpu = ((unsigned)(long)arg + (unsigned)i) % (unsigned)cpus, now;
		cpu_set_t s;

		CPU_ZERO(&s);
		CPU_SET(cpu, &s);
		sched_setaffinity(0, sizeof(s), &s);
		syscall(SYS_getcpu, &now, NULL, NULL);
		wrong += area()->cpu_id != cpu || now != cpu;
		if (i % 10 == 0)
			usleep(100);
		wrong += area()->cpu_id != cpu;
	}
	return arg;
}

int main(void)
{
	pthread_t t[6];

	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	for (long i = 0; i < 6; i++)
		pthread_create(&t[i], NULL, run, (void *)i);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	SAY(wrong);
	for (long i = 0; i < 6; i++)
		pthread_create(&t[i], NULL, roam, NULL);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	IS(stale < 10);
	return 0;
}
