/* SPDX-License-Identifier: Apache-2.0 */
/* Setting SIG_IGN discards what is pending; a blocked ignored signal is kept until then. */
#include "abi.h"

static void show(const char *when)
{
	sigset_t set;

	sigpending(&set);
	printf("%s: %d %d\n", when, sigismember(&set, SIGUSR1), sigismember(&set, SIGCHLD));
}

int main(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	raise(SIGUSR1);
	raise(SIGCHLD);
	show("pending");
	signal(SIGUSR1, SIG_IGN);
	show("ignored");
	raise(SIGUSR1);
	show("raised again");
	signal(SIGCHLD, SIG_DFL);
	show("default");
	return 0;
}
