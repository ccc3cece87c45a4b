/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that overflows its stack hits the guard page: SIGSEGV, on its alternate stack. */
#include "abi.h"
#include <pthread.h>

static void handler(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	printf("%d code %d\n", sig, si->si_code);
	fflush(stdout);
	_exit(5);
}

static int recurse(int n)
{
	volatile char pad[1024];

	pad[0] = (char)n;
	return recurse(n + 1) + pad[0];
}

static void *run(void *arg)
{
	stack_t ss = { .ss_sp = malloc(65536), .ss_size = 65536 };

	sigaltstack(&ss, NULL);
	return (void *)(long)recurse((int)(long)arg);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	pthread_t t;

	sigaction(SIGSEGV, &sa, NULL);
	pthread_create(&t, NULL, run, NULL);
	pthread_join(t, NULL);
	return 0;
}
