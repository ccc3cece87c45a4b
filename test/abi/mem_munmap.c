/* SPDX-License-Identifier: Apache-2.0 */
/* munmap(): holes, edges, nothing there, errors. */
#include "mem.h"

int main(void)
{
	char *p = mem_map(6, RW);

	mem_catch();
	memset(p, 3, 6 * PAGE);
	SHOW(munmap(p + 2 * PAGE, 2 * PAGE));
	READ(p + 2 * PAGE - 1);
	READ(p + 2 * PAGE);
	READ(p + 4 * PAGE - 1);
	READ(p + 4 * PAGE);
	SHOW(munmap(p + 2 * PAGE, 2 * PAGE));
	SHOW(munmap(p, 6 * PAGE));
	READ(p);
	READ(p + 5 * PAGE);
	SHOW(munmap(p, 0));
	SHOW(munmap(p + 1, PAGE));
	SHOW(munmap(p, ~0ul));
	SHOW(munmap((void *)(1ul << 47), PAGE));
	SHOW(munmap((void *)-PAGE, PAGE));
	p = mem_map(2, RW);
	SHOW(munmap(p, 1));
	READ(p);
	READ(p + PAGE);
	return 0;
}
