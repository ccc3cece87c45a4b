/* SPDX-License-Identifier: Apache-2.0 */
/* Thousands of signals at threads that compute and that sleep: none lost, no register damaged. */
#include "abi.h"
#include <pthread.h>

#define THREADS 4
#define ROUNDS	2000

static _Atomic int handled, stop;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static void *compute(void *arg)
{
	double x = 1;
	long bad = 0;

	while (!stop) {
		double sum = 0;

		for (int i = 1; i <= 100; i++)
			sum += x * i;
		bad += sum != 5050;
	}
	*(long *)arg = bad;
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];
	long bad[THREADS], total = 0;

	signal(SIGRTMIN + 3, handler);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, compute, &bad[i]);
	for (int i = 0; i < ROUNDS; i++)
		while (pthread_kill(t[i % THREADS], SIGRTMIN + 3))
			sched_yield();
	while (handled < ROUNDS)
		usleep(1000);
	stop = 1;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], NULL);
		total += bad[i];
	}
	SAY(handled);
	SAY(total);
	return 0;
}
