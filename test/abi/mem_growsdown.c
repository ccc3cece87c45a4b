/* SPDX-License-Identifier: Apache-2.0 */
/* MAP_GROWSDOWN: a touch below makes it grow, but not next to another mapping. */
#include "mem.h"

int main(void)
{
	char *room = mem_map(2048, PROT_NONE), *p;

	mem_catch();
	munmap(room, 2048 * PAGE);
	p = mmap(room + 1000 * PAGE, 4 * PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
	IS(p == room + 1000 * PAGE);
	WRITE(p - 1, 1);
	WRITE(p - 3 * PAGE, 2);
	READ(p - 2 * PAGE);
	WRITE(p - 100 * PAGE, 3);
	READ(p - 3 * PAGE);
	p = mmap(room + 500 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	WRITE(room + 800 * PAGE, 1);
	WRITE(room + 760 * PAGE, 1);
	WRITE(room + 740 * PAGE, 1);
	WRITE(room + 502 * PAGE, 1);
	munmap(p, PAGE);
	WRITE(room + 740 * PAGE, 1);
	return 0;
}
