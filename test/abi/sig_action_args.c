/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask;
};

int main(void)
{
	struct kernel_action a = { SIG_IGN, 0xffffffff, NULL, ~0ul }, old;
	struct sigaction sa;

	SHOW(sigaction(SIGKILL, NULL, &sa));
	SHOW(syscall(SYS_rt_sigaction, SIGKILL, &a, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGSTOP, &a, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, 0, &a, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, 65, &a, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGUSR1, &a, NULL, 16));
	SHOW(syscall(SYS_rt_sigaction, SIGUSR1, NOT_MAPPED, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGUSR1, &a, NOT_MAPPED, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &old, 8));
	printf("%d flags %lx mask %lx\n", old.handler == SIG_IGN, old.flags, old.mask);
	SHOW(syscall(SYS_rt_sigaction, 64, &a, NULL, 8));
	return 0;
}
