/* SPDX-License-Identifier: Apache-2.0 */
/* mremap(): grows in place or moves, shrinks, and the data comes along. */
#include "mem.h"

int main(void)
{
	char *p = mem_map(16, RW), *q;

	mem_catch();
	munmap(p + 8 * PAGE, 8 * PAGE);
	for (int i = 0; i < 8; i++)
		p[i * PAGE] = (char)(i + 1);
	q = mremap(p, 8 * PAGE, 12 * PAGE, 0);
	IS(q == p);
	READ(p + 7 * PAGE);
	READ(p + 11 * PAGE);
	READ(p + 12 * PAGE);
	q = mremap(p, 12 * PAGE, 4 * PAGE, 0);
	IS(q == p);
	READ(p + 3 * PAGE);
	READ(p + 4 * PAGE);
	mmap(p + 4 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	mprotect(p + 4 * PAGE, PAGE, PROT_READ);
	SHOW(mremap(p, 4 * PAGE, 5 * PAGE, 0));
	q = mremap(p, 4 * PAGE, 1000 * PAGE, MREMAP_MAYMOVE);
	IS(q != MAP_FAILED && q != p);
	READ(p);
	READ(q);
	READ(q + 3 * PAGE);
	READ(q + 999 * PAGE);
	WRITE(q + 999 * PAGE, 1);
	SHOW(mremap(q, 4 * PAGE, 0, MREMAP_MAYMOVE));
	SHOW(mremap(q + 1, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE));
	SHOW(mremap(q, 2000 * PAGE, 2000 * PAGE, 0) == q);
	SHOW(mremap(q, 2000 * PAGE, 2001 * PAGE, MREMAP_MAYMOVE));
	SHOW(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	SHOW(mremap(q, 0, PAGE, MREMAP_MAYMOVE));
	SHOW(mremap(q, PAGE, PAGE, 16));
	SHOW(mremap(q, PAGE, PAGE, 0) == q);
	return 0;
}
