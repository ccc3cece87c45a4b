/* SPDX-License-Identifier: Apache-2.0 */
/* mprotect(): rights change, splits keep the data, and a hole ends the call with what came before it done. */
#include "mem.h"

int main(void)
{
	char *p = mem_map(8, RW);

	mem_catch();
	memset(p, 9, 8 * PAGE);
	SHOW(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ));
	WRITE(p + PAGE, 1);
	WRITE(p + 2 * PAGE, 1);
	READ(p + 2 * PAGE);
	WRITE(p + 4 * PAGE, 1);
	SHOW(mprotect(p + 2 * PAGE, 2 * PAGE, RW));
	WRITE(p + 2 * PAGE, 2);
	SHOW(munmap(p + 5 * PAGE, PAGE));
	SHOW(mprotect(p, 8 * PAGE, PROT_READ));
	WRITE(p + 4 * PAGE, 1);
	WRITE(p + 6 * PAGE, 1);
	SHOW(mprotect(p + 5 * PAGE, 2 * PAGE, PROT_READ));
	SHOW(mprotect(p + 1, PAGE, RW));
	SHOW(mprotect(p, 0, PROT_NONE));
	SHOW(mprotect(p + 5 * PAGE, 0, PROT_NONE));
	SHOW(mprotect(p, PAGE, 0x100));
	SHOW(mprotect(p, ~0ul, RW));
	SHOW(mprotect((void *)-PAGE, 2 * PAGE, RW));
	SHOW(mprotect((void *)(1ul << 47), PAGE, RW));
	SHOW(mprotect(p, PAGE, RW | PROT_GROWSDOWN));
	SHOW(mprotect(p, PAGE, RW | PROT_GROWSUP));
	SHOW(mprotect(p, PAGE, RW | PROT_GROWSDOWN | PROT_GROWSUP));
	SHOW(mprotect(p, PAGE, PROT_READ | 8));
	SHOW(syscall(SYS_pkey_mprotect, p, PAGE, RW, -1));
	WRITE(p, 1);
	return 0;
}
