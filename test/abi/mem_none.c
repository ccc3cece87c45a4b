/* SPDX-License-Identifier: Apache-2.0 */
/* PROT_NONE keeps what was there and lets nobody at it. */
#include "mem.h"

int main(void)
{
	char *p = mem_map(4, RW), *n = mem_map(2, PROT_NONE);

	mem_catch();
	memset(p, 0x55, 4 * PAGE);
	SHOW(mprotect(p + PAGE, 2 * PAGE, PROT_NONE));
	READ(p + PAGE);
	WRITE(p + 2 * PAGE, 1);
	READ(p + 3 * PAGE);
	SHOW(mprotect(p, 4 * PAGE, PROT_READ));
	READ(p + PAGE);
	WRITE(p + 2 * PAGE, 1);
	SHOW(mprotect(p, 4 * PAGE, RW));
	WRITE(p + 2 * PAGE, 1);
	READ(p + 2 * PAGE);
	READ(p + 2 * PAGE + 1);
	READ(n);
	SHOW(mprotect(n, PAGE, PROT_READ));
	READ(n);
	READ(n + PAGE);
	return 0;
}
