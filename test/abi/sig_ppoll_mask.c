/* SPDX-License-Identifier: Apache-2.0 */
/* The mask of ppoll holds for the call only, and lets a pending signal in. */
#include "abi.h"
#include <poll.h>

static void handler(int sig)
{
	printf("handler %d\n", sig);
}

int main(void)
{
	struct pollfd p;
	sigset_t set, none;
	int fds[2];

	if (pipe(fds))
		return 1;
	p = (struct pollfd){ fds[0], POLLIN, 0 };
	signal(SIGUSR1, handler);
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	puts("raised");
	SHOW(ppoll(&p, 1, NULL, &none));
	sigprocmask(SIG_BLOCK, NULL, &set);
	SAY(sigismember(&set, SIGUSR1));
	raise(SIGUSR1);
	if (write(fds[1], "x", 1) != 1)
		return 1;
	SHOW(ppoll(&p, 1, NULL, &none)); /* it is ready: the signal has to wait */
	puts("still blocked");
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}
