/* SPDX-License-Identifier: Apache-2.0 */
/* Real-time signals queue, each with its value, in order; the lowest number first; standard ones once. */
#include "abi.h"

static void handler(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	printf("%d value %d code %d\n", sig, si->si_value.sival_int, si->si_code);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	sigset_t set, old;

	sigfillset(&sa.sa_mask);
	sigaction(SIGRTMIN, &sa, NULL);
	sigaction(SIGRTMIN + 1, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	for (int i = 0; i < 3; i++) {
		sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = i });
		sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 10 + i });
		sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 20 + i });
	}
	/* Frames are built for all before the first handler runs: the last built runs first. */
	sigprocmask(SIG_SETMASK, &old, NULL);
	return 0;
}
