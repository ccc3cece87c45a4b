/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <pthread.h>
#include <time.h>

static pthread_t main_thread;

static void handler(int sig)
{
	printf("handler %d\n", sig);
}

static void *poke(void *arg)
{
	usleep(50000);
	pthread_kill(main_thread, (int)(long)arg);
	return NULL;
}

int main(void)
{
	struct timespec zero = { 0, 0 }, some = { 0, 30000000 }, bad = { 0, -1 };
	siginfo_t si;
	sigset_t set;
	pthread_t t;

	main_thread = pthread_self();
	signal(SIGUSR2, handler);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SHOW(sigtimedwait(&set, &si, &zero));
	SHOW(sigtimedwait(&set, &si, &some));
	SHOW(sigtimedwait(&set, &si, &bad));
	SHOW(kill(getpid(), SIGUSR1));
	SHOW(sigtimedwait(&set, &si, &zero));
	printf("%d %d\n", si.si_signo, si.si_code);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 42 });
	SHOW(sigwaitinfo(&set, &si) == SIGRTMIN);
	printf("%d\n", si.si_value.sival_int);
	pthread_create(&t, NULL, poke, (void *)(long)SIGUSR1);
	SHOW(sigwaitinfo(&set, &si));
	pthread_join(t, NULL);
	pthread_create(&t, NULL, poke, (void *)(long)SIGUSR2);
	SHOW(sigwaitinfo(&set, &si));
	pthread_join(t, NULL);
	SHOW(syscall(SYS_rt_sigtimedwait, &set, NULL, &zero, 4));
	SHOW(syscall(SYS_rt_sigtimedwait, NOT_MAPPED, NULL, &zero, 8));
	return 0;
}
