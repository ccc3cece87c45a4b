/* SPDX-License-Identifier: Apache-2.0 */
/* Vector and floating-point registers survive a handler that uses them; the frame shows them. */
#include "abi.h"
#include <ucontext.h>

static void handler(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	unsigned mxcsr;

	(void)sig;
	(void)si;
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	printf("in handler: mxcsr %x, saved xmm3 %u, saved mxcsr %x\n", mxcsr,
	       uc->uc_mcontext.fpregs->_xmm[3].element[0], uc->uc_mcontext.fpregs->mxcsr);
	__asm__ volatile("pxor %%xmm3, %%xmm3; pxor %%xmm15, %%xmm15; fninit"
			 :
			 :
			 : "xmm3", "xmm15");
	uc->uc_mcontext.fpregs->_xmm[15].element[0] = 99;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	unsigned a = 7, b = 8, mxcsr = 0x9f80;
	double x = 0;

	sigaction(SIGUSR1, &sa, NULL);
	__asm__ volatile("ldmxcsr %5; movd %3, %%xmm3; movd %4, %%xmm15; fld1; fldpi; faddp\n\t"
			 "mov %6, %%eax; syscall\n\t"
			 "movd %%xmm3, %0; movd %%xmm15, %1; fstpl %2"
			 : "=r"(a), "=r"(b), "=m"(x)
			 : "r"(a), "r"(b), "m"(mxcsr), "i"(SYS_tkill), "D"(gettid()), "S"(SIGUSR1)
			 : "rax", "rcx", "r11", "xmm3", "xmm15", "memory");
	SAY(a);
	SAY(b);
	printf("%.6f\n", x);
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	printf("%x\n", mxcsr);
	return 0;
}
