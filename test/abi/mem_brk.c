/* SPDX-License-Identifier: Apache-2.0 */
/* brk(): grows, shrinks, is zero again, and refuses what it must by answering where it is. */
#include "mem.h"

static long brk_(unsigned long a)
{
	return syscall(SYS_brk, a);
}

int main(void)
{
	unsigned long b0 = (unsigned long)brk_(0), b = (b0 + PAGE - 1) & ~(PAGE - 1);

	mem_catch();
	SAY(brk_(b + 10) - (long)b);
	WRITE((char *)b + 5, 9);
	WRITE((char *)b + PAGE - 1, 9);
	READ((char *)b + PAGE);
	SAY(brk_(b + 50 * PAGE) - (long)b);
	READ((char *)b + 5);
	WRITE((char *)b + 49 * PAGE, 1);
	SAY(brk_(b + 3 * PAGE + 1) - (long)b);
	READ((char *)b + 3 * PAGE);
	READ((char *)b + 4 * PAGE);
	SAY(brk_(b) - (long)b);
	READ((char *)b + 5);
	SAY(brk_(b + PAGE) - (long)b);
	READ((char *)b + 5);
	SAY(brk_(1) - (long)b);
	SAY(brk_(~0ul) - (long)b);
	mmap((char *)b + 10 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	SAY(brk_(b + 20 * PAGE) - (long)b);
	SAY(brk_(b + 9 * PAGE) - (long)b);
	return 0;
}
