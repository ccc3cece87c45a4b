/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

static void handler(int sig)
{
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	printf("%d usr1 %d usr2 %d\n", sig, sigismember(&mask, SIGUSR1),
	       sigismember(&mask, SIGUSR2));
}

int main(void)
{
	sigset_t both, none, now;

	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
	sigemptyset(&none);
	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	sigprocmask(SIG_BLOCK, &both, NULL);
	raise(SIGUSR1);
	puts("suspending");
	sigaddset(&none, SIGUSR2);
	SHOW(sigsuspend(&none));
	sigprocmask(SIG_BLOCK, NULL, &now);
	SAY(sigismember(&now, SIGUSR1));
	SAY(sigismember(&now, SIGUSR2));
	raise(SIGUSR2);
	raise(SIGUSR1);
	sigemptyset(&none);
	SHOW(sigsuspend(&none));
	SHOW(syscall(SYS_rt_sigsuspend, &none, 4));
	return 0;
}
