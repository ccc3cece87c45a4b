/* SPDX-License-Identifier: Apache-2.0 */
/* Signals for the process go to a thread that does not block them; for a thread, to that one. */
#include "abi.h"
#include <pthread.h>

static _Atomic pid_t got;
static pid_t main_tid, worker_tid;
static _Atomic int ready, stop;

static void handler(int sig)
{
	(void)sig;
	got = gettid();
}

static void *worker(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	worker_tid = gettid();
	ready = 1;
	while (!stop)
		usleep(1000);
	return arg;
}

static const char *who(void)
{
	while (!got)
		usleep(1000);
	return got == main_tid ? "main" : got == worker_tid ? "worker" : "?";
}

int main(void)
{
	sigset_t set;
	pthread_t t;

	main_tid = gettid();
	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_create(&t, NULL, worker, NULL);
	while (!ready)
		usleep(1000);
	kill(getpid(), SIGUSR1);
	printf("process, blocked here: %s\n", who());
	got = 0;
	pthread_kill(t, SIGUSR2);
	printf("to the worker: %s\n", who());
	got = 0;
	pthread_kill(pthread_self(), SIGUSR2);
	printf("to main: %s\n", who());
	stop = 1;
	pthread_join(t, NULL);
	kill(getpid(), SIGUSR1); /* nobody left who takes it */
	sigpending(&set);
	SAY(sigismember(&set, SIGUSR1));
	return 0;
}
