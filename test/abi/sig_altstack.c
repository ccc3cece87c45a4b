/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <setjmp.h>

static char stack[65536];
static sigjmp_buf env;

static void on(const char *where)
{
	char here;

	printf("%s: %s\n", where,
	       &here >= stack && &here < stack + sizeof(stack) ? "alternate" : "normal");
}

static void handler(int sig)
{
	stack_t ss;

	(void)sig;
	on("handler");
	sigaltstack(NULL, &ss);
	printf("flags %x size %zu same %d\n", ss.ss_flags, ss.ss_size, ss.ss_sp == stack);
	ss.ss_flags = SS_DISABLE;
	SHOW(sigaltstack(&ss, NULL));
}

static void overflow_handler(int sig)
{
	(void)sig;
	on("overflow");
	siglongjmp(env, 1);
}

static int recurse(int n)
{
	volatile char pad[4096];

	pad[0] = (char)n;
	return recurse(n + 1) + pad[0];
}

int main(void)
{
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) }, old;
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	SHOW(sigaltstack(NULL, &old));
	printf("flags %x\n", old.ss_flags);
	SHOW(sigaltstack(&ss, NULL));
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	sa.sa_flags = 0;
	sa.sa_handler = (void (*)(int))on;
	on("main");
	ss.ss_size = 100;
	SHOW(sigaltstack(&ss, NULL));
	ss.ss_size = sizeof(stack);
	ss.ss_flags = 77;
	SHOW(sigaltstack(&ss, NULL));
	SHOW(sigaltstack(NOT_MAPPED, NULL));
	ss.ss_flags = 1 << 31;
	SHOW(sigaltstack(&ss, NULL));
	SHOW(sigaltstack(NULL, &old));
	printf("flags %x\n", old.ss_flags);
	ss.ss_flags = 0;
	SHOW(sigaltstack(&ss, NULL));
	sa.sa_handler = overflow_handler;
	sa.sa_flags = SA_ONSTACK;
	sigaction(SIGSEGV, &sa, NULL);
	if (!sigsetjmp(env, 1))
		recurse(0);
	puts("survived");
	return 0;
}
