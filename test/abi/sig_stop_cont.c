/* SPDX-License-Identifier: Apache-2.0 */
/* SIGCONT discards pending stops, a stop discards a pending SIGCONT. */
#include "abi.h"

static void handler(int sig)
{
	printf("handler %d\n", sig);
}

int main(void)
{
	sigset_t all, set;

	signal(SIGCONT, handler);
	signal(SIGTSTP, handler);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	raise(SIGTSTP);
	raise(SIGCONT);
	sigpending(&set);
	SAY(sigismember(&set, SIGTSTP));
	SAY(sigismember(&set, SIGCONT));
	raise(SIGTSTP);
	sigpending(&set);
	SAY(sigismember(&set, SIGTSTP));
	SAY(sigismember(&set, SIGCONT));
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	return 0;
}
