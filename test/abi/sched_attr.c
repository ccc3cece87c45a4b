/* SPDX-License-Identifier: Apache-2.0 */
/* sched_setattr, sched_getattr, parameters of other threads, priorities: arguments and their errors. */
#include "abi.h"
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
	uint64_t more[4];
};

static struct attr a;

static long get(int tid, unsigned size, unsigned flags)
{
	memset(&a, 0xee, sizeof(a));
	return syscall(SYS_sched_getattr, tid, &a, size, flags);
}

static long set(uint32_t policy, int nice, uint32_t prio, uint64_t flags)
{
	a = (struct attr){
		.size = 48, .policy = policy, .nice = nice, .priority = prio, .flags = flags
	};
	return syscall(SYS_sched_setattr, 0, &a, 0);
}

static void show(void)
{
	get(0, 48, 0);
	printf("size %u policy %u flags %llu nice %d prio %u\n", a.size, a.policy,
	       (unsigned long long)a.flags, a.nice, a.priority);
}

static volatile int tid, done;

static void *other(void *arg)
{
	tid = syscall(SYS_gettid);
	while (!done)
		usleep(1000);
	return NULL;
}

int main(void)
{
	struct sched_param p = { 0 };
	pthread_t t;

	show();
	SHOW(set(SCHED_BATCH, 3, 0, 0));
	show();
	SHOW(set(SCHED_FIFO, 0, 10, 0));
	show();
	SHOW(set(SCHED_FIFO, 5, 0, 0));
	SHOW(set(SCHED_FIFO, 0, 100, 0));
	SHOW(set(SCHED_OTHER, 0, 1, 0));
	SHOW(set(SCHED_RR, 0, 99, 1));
	show();
	SHOW(set(SCHED_IDLE, 0, 0, 0));
	show();
	SHOW(set(SCHED_OTHER, -5, 0, 0));
	show();
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(set(SCHED_OTHER, 30, 0, 0));
	show();
	SHOW(set(77, 0, 0, 0));
	SHOW(set(0x80000000u, 0, 0, 0));
	SHOW(set(SCHED_OTHER, 0, 0, 1ull << 40));
	SHOW(set(SCHED_FIFO, 0, 20, 8)); /* SCHED_FLAG_KEEP_POLICY */
	show();
	set(SCHED_OTHER, 4, 0, 0);
	SHOW(set(SCHED_OTHER, 7, 0, 16)); /* SCHED_FLAG_KEEP_PARAMS */
	show();
	SHOW(get(0, 47, 0));
	SHOW(get(0, 48, 1));
	SHOW(get(0, 5000, 0));
	SHOW(get(0, 56, 0));
	SAY(a.size);
	SHOW(get(-1, 48, 0));
	SHOW(get(4000000, 48, 0));
	SHOW(syscall(SYS_sched_getattr, 0, NULL, 48, 0));
	SHOW(syscall(SYS_sched_getattr, 0, NOT_MAPPED, 48, 0));
	SHOW(syscall(SYS_sched_setattr, 0, NULL, 0));
	SHOW(syscall(SYS_sched_setattr, 0, NOT_MAPPED, 0));
	SHOW(syscall(SYS_sched_setattr, 0, &a, 1));
	a = (struct attr){ .size = 20 };
	SHOW(syscall(SYS_sched_setattr, 0, &a, 0));
	SAY(a.size);
	a = (struct attr){ .size = 80 };
	SHOW(syscall(SYS_sched_setattr, 0, &a, 0));
	a.more[1] = 1;
	SHOW(syscall(SYS_sched_setattr, 0, &a, 0));
	SAY(a.size);
	a = (struct attr){ .size = 0 };
	SHOW(syscall(SYS_sched_setattr, 0, &a, 0));
	pthread_create(&t, NULL, other, NULL);
	while (!tid)
		usleep(1000);
	p.sched_priority = 15;
	SHOW(sched_setscheduler(tid, SCHED_FIFO, &p));
	SHOW(sched_getscheduler(tid));
	SHOW(sched_getscheduler(0));
	p.sched_priority = 16;
	SHOW(sched_setparam(tid, &p));
	p.sched_priority = 0;
	SHOW(sched_getparam(tid, &p));
	SAY(p.sched_priority);
	SHOW(sched_setparam(tid, &p));
	SHOW(setpriority(PRIO_PROCESS, tid, 11));
	SHOW(getpriority(PRIO_PROCESS, tid));
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(sched_rr_get_interval(tid, &(struct timespec){ 0 }));
	SHOW(sched_rr_get_interval(-1, &(struct timespec){ 0 }));
	SHOW(sched_rr_get_interval(4000000, &(struct timespec){ 0 }));
	SHOW(sched_rr_get_interval(0, NOT_MAPPED));
	SHOW(sched_setscheduler(0, SCHED_FIFO, NULL));
	SHOW(sched_setscheduler(-5, SCHED_FIFO, &p));
	SHOW(sched_setscheduler(0, -2, &p));
	SHOW(sched_setscheduler(0, SCHED_FIFO, NOT_MAPPED));
	SHOW(sched_getparam(0, NULL));
	SHOW(sched_getparam(-1, &p));
	SHOW(sched_setparam(0, NULL));
	SHOW(sched_get_priority_min(SCHED_DEADLINE));
	SHOW(sched_get_priority_max(SCHED_IDLE));
	SHOW(sched_get_priority_max(SCHED_BATCH));
	SHOW(sched_get_priority_max(-1));
	done = 1;
	pthread_join(t, NULL);
	return 0;
}
