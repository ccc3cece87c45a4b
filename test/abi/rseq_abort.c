/* SPDX-License-Identifier: Apache-2.0 */
/* A signal inside a critical section: the program comes back at the abort handler, and the pointer is cleared. */
#include "abi.h"
#include <sys/rseq.h>

static struct rseq *area(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

static void handler(int sig)
{
	(void)sig;
	IS(area()->rseq_cs == 0);
}

int main(void)
{
	long aborted;

	signal(SIGILL, handler);
	__asm__ volatile(".pushsection .data\n\t"
			 ".balign 32\n"
			 "3:\t.long 0, 0\n\t"
			 ".quad 1f, 2f - 1f, 4f\n\t"
			 ".popsection\n\t"
			 "mov $0, %0\n\t"
			 "lea 3b(%%rip), %%rax\n\t"
			 "mov %%rax, 8(%1)\n"
			 "1:\tnop\n\t"
			 "ud2\n\t"
			 "nop\n"
			 "2:\tmov $7, %0\n\t"
			 "jmp 5f\n\t"
			 ".byte 0x0f, 0xb9, 0x3d\n\t"
			 ".long 0x53053053\n"
			 "4:\tmov $1, %0\n"
			 "5:"
			 : "=&r"(aborted)
			 : "r"(area())
			 : "rax", "memory");
	SAY(aborted);
	return 0;
}
