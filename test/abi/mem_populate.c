/* SPDX-License-Identifier: Apache-2.0 */
/* MAP_POPULATE and MADV_POPULATE_*: the pages are there without a touch. */
#include "mem.h"
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

static int resident(char *p, unsigned n)
{
	unsigned char v[64];
	int sum = 0;

	if (mincore(p, n * PAGE, v))
		return -1;
	for (unsigned i = 0; i < n; i++)
		sum += v[i] & 1;
	return sum;
}

int main(void)
{
	char *p = mmap(NULL, 20 * PAGE, RW, ANON | MAP_POPULATE, -1, 0), *q = mem_map(20, RW), *n;

	SAY(resident(p, 20));
	SAY(resident(q, 20));
	SHOW(madvise(q, 5 * PAGE, MADV_POPULATE_READ));
	SAY(resident(q, 20));
	SHOW(madvise(q + 10 * PAGE, 5 * PAGE, MADV_POPULATE_WRITE));
	SAY(resident(q, 20));
	SAY(q[0] + q[12 * PAGE]);
	n = mem_map(4, PROT_NONE);
	SHOW(madvise(n, PAGE, MADV_POPULATE_READ));
	mprotect(n, PAGE, PROT_READ);
	SHOW(madvise(n, PAGE, MADV_POPULATE_READ));
	SHOW(madvise(n, PAGE, MADV_POPULATE_WRITE));
	munmap(n + 2 * PAGE, PAGE);
	SHOW(madvise(n + 2 * PAGE, PAGE, MADV_POPULATE_READ));
	p = mmap(NULL, 4 * PAGE, PROT_NONE, ANON | MAP_POPULATE, -1, 0);
	SAY(resident(p, 4));
	return 0;
}
