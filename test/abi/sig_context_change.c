/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler writes into the saved registers holds when it returns. */
#include "abi.h"
#include <ucontext.h>

static void skip(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)si;
	uc->uc_mcontext.gregs[REG_RIP] += 2; /* past ud2 */
	uc->uc_mcontext.gregs[REG_RAX] = 1234;
	uc->uc_mcontext.gregs[REG_R13] = 5678;
	uc->uc_mcontext.gregs[REG_EFL] |= 1;	  /* carry */
	uc->uc_mcontext.gregs[REG_EFL] &= ~0x200; /* interrupts: not a program's to turn off */
	sigaddset(&uc->uc_sigmask, SIGUSR2);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = skip, .sa_flags = SA_SIGINFO };
	unsigned long a = 1, b = 2;
	unsigned char carry;
	sigset_t mask;

	sigaction(SIGILL, &sa, NULL);
	__asm__ volatile("mov $2, %%r13; clc; ud2; setc %2; mov %%r13, %1"
			 : "=a"(a), "=r"(b), "=r"(carry)
			 : "a"(a)
			 : "r13", "cc");
	SAY(a);
	SAY(b);
	SAY(carry);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	SAY(sigismember(&mask, SIGUSR2));
	SAY(sigismember(&mask, SIGILL));
	return 0;
}
