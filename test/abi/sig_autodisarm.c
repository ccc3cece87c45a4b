/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

static char stack[65536];

static void handler(int sig)
{
	stack_t ss;

	(void)sig;
	sigaltstack(NULL, &ss);
	printf("in handler: flags %x\n", ss.ss_flags);
	ss = (stack_t){ .ss_flags = SS_DISABLE };
	SHOW(sigaltstack(&ss, NULL));
}

int main(void)
{
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack), .ss_flags = 1 << 31 };
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	sigaltstack(&ss, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	sigaltstack(NULL, &ss);
	printf("after: flags %x same %d\n", ss.ss_flags, ss.ss_sp == stack);
	return 0;
}
