/* SPDX-License-Identifier: Apache-2.0 */
/* A signal whose action is to do nothing interrupts nothing: sleeping goes on for its full time. */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <time.h>

static pthread_t main_thread;

static void *poke(void *arg)
{
	for (int i = 0; i < 3; i++) {
		usleep(20000);
		pthread_kill(main_thread, SIGCHLD);
		kill(getpid(), SIGWINCH);
	}
	return arg;
}

static long ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int main(void)
{
	struct timespec ts = { 0, 150000000 };
	pthread_t t;
	long start;

	main_thread = pthread_self();
	pthread_create(&t, NULL, poke, NULL);
	start = ms();
	SHOW(nanosleep(&ts, NULL));
	IS(ms() - start >= 150);
	pthread_join(t, NULL);
	pthread_create(&t, NULL, poke, NULL);
	start = ms();
	SHOW(poll(NULL, 0, 150));
	IS(ms() - start >= 150);
	pthread_join(t, NULL);
	return 0;
}
