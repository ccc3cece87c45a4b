/* SPDX-License-Identifier: Apache-2.0 */
/* RLIMIT_SIGPENDING: real-time signals with a value need room; others get through without their siginfo. */
#include "abi.h"
#include <sys/resource.h>

int main(void)
{
	struct rlimit r = { 300, 300 };
	sigset_t set;
	int n = 0;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setrlimit(RLIMIT_SIGPENDING, &r);
	while (n < 1000 && !sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = n }))
		n++;
	IS(n > 0 && n <= 300); /* the host counts all processes of the user */
	SHOW(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 1 }));
	SHOW(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 1 }));
	SHOW(kill(getpid(), SIGTERM));
	SHOW(kill(getpid(), SIGRTMIN + 2));
	sigpending(&set);
	SAY(sigismember(&set, SIGUSR1));
	SAY(sigismember(&set, SIGTERM));
	SAY(sigismember(&set, SIGRTMIN + 2));
	return 0;
}
