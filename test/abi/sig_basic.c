/* SPDX-License-Identifier: Apache-2.0 */
/* A handler runs with the right number, siginfo and mask, and the program goes on behind. */
#include "abi.h"
#include <sys/mman.h>

static void handler(int sig, siginfo_t *si, void *uc)
{
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	printf("signal %d code %d pid %d uid %u blocked %d other %d uc %d\n", sig, si->si_code,
	       si->si_pid == getpid(), si->si_uid, sigismember(&mask, sig),
	       sigismember(&mask, SIGUSR2), uc != NULL);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	sigset_t mask;

	sigaddset(&sa.sa_mask, SIGUSR2);
	SHOW(sigaction(SIGUSR1, &sa, NULL));
	SHOW(kill(getpid(), SIGUSR1));
	SHOW(raise(SIGUSR1));
	sa.sa_flags = SA_SIGINFO | SA_NODEFER;
	SHOW(sigaction(SIGUSR1, &sa, NULL));
	SHOW(kill(getpid(), SIGUSR1));
	sigprocmask(SIG_BLOCK, NULL, &mask);
	SAY(sigisemptyset(&mask));
	return 0;
}
