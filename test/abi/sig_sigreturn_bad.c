/* SPDX-License-Identifier: Apache-2.0 */
/* rt_sigreturn with nonsense on the stack is a SIGSEGV, and nothing worse. */
#include "abi.h"

int main(void)
{
	puts("before");
	fflush(stdout);
	__asm__ volatile("mov $64, %%rsp; mov $15, %%eax; syscall" : : : "rax", "memory");
	return 0;
}
