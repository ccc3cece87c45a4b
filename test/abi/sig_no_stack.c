/* SPDX-License-Identifier: Apache-2.0 */
/* A handler without a stack to run on: SIGSEGV ends the program. */
#include "abi.h"

static void handler(int sig)
{
	_exit(sig);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler };

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	puts("before");
	fflush(stdout);
	__asm__ volatile("mov %0, %%eax; mov $0, %%esp; syscall"
			 :
			 : "i"(SYS_tkill), "D"(gettid()), "S"(SIGUSR1)
			 : "rax", "rcx", "r11", "memory");
	return 0;
}
