/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

static void handler(int sig)
{
	printf("got %d\n", sig);
}

static unsigned long current(void)
{
	unsigned long m;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &m, 8);
	return m;
}

int main(void)
{
	unsigned long all = ~0ul, some = 1ul << (SIGUSR1 - 1) | 1ul << (SIGUSR2 - 1), pending;

	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
	SHOW(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8));
	printf("%lx\n", current());
	SHOW(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &all, NULL, 8));
	printf("%lx\n", current());
	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &some, NULL, 8));
	raise(SIGUSR2);
	raise(SIGUSR1);
	raise(SIGUSR1);
	SHOW(syscall(SYS_rt_sigpending, &pending, 8));
	printf("%lx\n", pending);
	SHOW(syscall(SYS_rt_sigpending, &pending, 16));
	SHOW(syscall(SYS_rt_sigprocmask, 7, &some, NULL, 8));
	SHOW(syscall(SYS_rt_sigprocmask, 7, NULL, NULL, 8));
	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &some, NULL, 4));
	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NOT_MAPPED, NULL, 8));
	SHOW(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &some, NOT_MAPPED, 8));
	puts("unblocked");
	printf("%lx\n", current());
	return 0;
}
