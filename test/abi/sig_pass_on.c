/* SPDX-License-Identifier: Apache-2.0 */
/* A pending process signal that its taker blocks is taken by another thread that unblocks it. */
#include "abi.h"
#include <pthread.h>

static _Atomic int got;

static void handler(int sig)
{
	got = sig;
}

static void *worker(void *arg)
{
	sigset_t set;

	usleep(20000);
	sigfillset(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	while (!got)
		usleep(1000);
	return arg;
}

int main(void)
{
	sigset_t set;
	pthread_t t;

	signal(SIGUSR1, handler);
	sigfillset(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	pthread_create(&t, NULL, worker, NULL);
	pthread_join(t, NULL);
	SAY(got);
	return 0;
}
