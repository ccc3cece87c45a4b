/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that are nobody's: null, the kernel's, and those that no CPU has. */
#include "mem.h"

int main(void)
{
	mem_catch();
	READ(0);
	WRITE(8, 1);
	READ(0xfff);
	READ(0x7ffffffff000);
	READ(0xffffffff80100000);
	READ(0xffff888000000000);
	WRITE(0xffffffffffffffff, 1);
	if (!sigsetjmp(mem_back, 1))
		(void)*(volatile char *)0x8000000000000000;
	printf("non-canonical: %s, address %#lx\n", mem_what(), (unsigned long)mem_info.si_addr);
	return 0;
}
