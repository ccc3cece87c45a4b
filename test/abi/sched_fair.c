/* SPDX-License-Identifier: Apache-2.0 */
/* abi: options -c 2 */
/* abi: vm-only-status 0 */
/* abi: timeout 60 */
/* Three busy threads on two CPUs get two thirds of one each; an ordinary thread its twentieth beside a real-time loop. */
#include "abi.h"
#include <pthread.h>
#include <sched.h>
#include <time.h>

static volatile int stop;
static double got[3];

static double thread_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void *spin(void *arg)
{
	while (!stop)
		;
	*(double *)arg = thread_time();
	return NULL;
}

static bool three_on_two(void)
{
	double least = 1e9, most = 0;
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, spin, &got[i]);
	usleep(2500000);
	stop = 1;
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], NULL);
		least = got[i] < least ? got[i] : least;
		most = got[i] > most ? got[i] : most;
	}
	printf("%.2f %.2f %.2f\n", got[0], got[1], got[2]);
	return least > 0.65 * most;
}

static void *rt_spin(void *arg)
{
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){ 10 });
	return spin(arg);
}

static bool beside_real_time(void)
{
	pthread_t t[3];
	cpu_set_t one;

	stop = 0;
	CPU_ZERO(&one);
	CPU_SET(1, &one);
	sched_setaffinity(0, sizeof(one), &one);
	pthread_create(&t[0], NULL, spin, &got[0]);
	pthread_create(&t[1], NULL, rt_spin, &got[1]);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	usleep(3200000);
	stop = 1;
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	printf("ordinary %.3f, real-time %.3f\n", got[0], got[1]);
	return got[0] > 0.05 && got[0] < 0.15 * got[1];
}

int main(void)
{
	bool fair = three_on_two(), shares = beside_real_time();

	return !fair + 2 * !shares;
}
