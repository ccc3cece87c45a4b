/* SPDX-License-Identifier: Apache-2.0 */
/* A fault while its signal is blocked or ignored ends the program. */
#include "abi.h"

int main(void)
{
	volatile int *p = NOT_MAPPED;
	sigset_t all;

	signal(SIGSEGV, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	puts("before");
	fflush(stdout);
	return *p;
}
