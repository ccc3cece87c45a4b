/* SPDX-License-Identifier: Apache-2.0 */
/* The C library has registered; what rseq(2) says to a second registration, and to nonsense. */
#include "abi.h"
#include <pthread.h>
#include <sched.h>
#include <sys/rseq.h>

static struct rseq *area(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

static void *run(void *arg)
{
	IS(area()->cpu_id < 1024);
	return arg;
}

int main(void)
{
	static struct rseq other __attribute__((aligned(32)));
	pthread_t t;
	cpu_set_t s;

	IS(__rseq_size >= 20);
	IS(area()->cpu_id == area()->cpu_id_start);
	IS((int)area()->cpu_id == sched_getcpu());
	CPU_ZERO(&s);
	CPU_SET(0, &s);
	sched_setaffinity(0, sizeof(s), &s);
	SAY(area()->cpu_id);
	SHOW(syscall(SYS_rseq, area(), 32, 0, RSEQ_SIG));
	SHOW(syscall(SYS_rseq, area(), 32, 0, 1));
	SHOW(syscall(SYS_rseq, &other, 32, 0, RSEQ_SIG));
	SHOW(syscall(SYS_rseq, &other, 32, 4, RSEQ_SIG));
	SHOW(syscall(SYS_rseq, &other, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG));
	SHOW(syscall(SYS_rseq, area(), 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG));
	SAY((int)area()->cpu_id);
	SHOW(syscall(SYS_rseq, (char *)&other + 4, 32, 0, RSEQ_SIG));
	SHOW(syscall(SYS_rseq, &other, 20, 0, RSEQ_SIG));
	SHOW(syscall(SYS_rseq, &other, 32, 0, RSEQ_SIG));
	IS(other.cpu_id == 0);
	pthread_create(&t, NULL, run, NULL);
	pthread_join(t, NULL);
	return 0;
}
