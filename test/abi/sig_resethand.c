/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

static void handler(int sig)
{
	printf("once %d\n", sig);
	fflush(stdout);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESETHAND }, now;

	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &now);
	IS(now.sa_handler == SIG_DFL);
	fflush(stdout);
	raise(SIGUSR1);
	return 0;
}
