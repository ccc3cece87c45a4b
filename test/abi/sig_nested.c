/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers within handlers, 50 deep, with registers intact on the way back. */
#include "abi.h"

static volatile int depth, deepest;

static void handler(int sig)
{
	volatile long local = depth * 7;

	if (++depth > deepest)
		deepest = depth;
	if (depth < 50)
		raise(sig);
	depth--;
	if (local != depth * 7)
		puts("lost");
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_NODEFER };

	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	SAY(depth);
	SAY(deepest);
	return 0;
}
