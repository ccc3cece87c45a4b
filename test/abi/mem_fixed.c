/* SPDX-License-Identifier: Apache-2.0 */
/* MAP_FIXED takes the place of what is there, page by page; MAP_FIXED_NOREPLACE does not. */
#include "mem.h"

int main(void)
{
	char *p = mem_map(8, RW), *q;

	mem_catch();
	memset(p, 7, 8 * PAGE);
	q = mmap(p + 2 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	IS(q == p + 2 * PAGE);
	READ(p + PAGE);
	READ(p + 2 * PAGE);
	READ(p + 3 * PAGE);
	READ(p + 4 * PAGE);
	munmap(p + 5 * PAGE, PAGE);
	IS(mmap(p + 5 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == p + 5 * PAGE);
	MMAP(p + 5 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	munmap(p + 5 * PAGE, PAGE);
	MMAP(p + 5 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	READ(p + 6 * PAGE);
	READ(p + 5 * PAGE);
	/* With both, nothing is replaced. */
	MMAP(p, PAGE, RW, ANON | MAP_FIXED | MAP_FIXED_NOREPLACE, -1, 0);
	READ(p);
	return 0;
}
