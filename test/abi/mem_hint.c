/* SPDX-License-Identifier: Apache-2.0 */
/* An address without MAP_FIXED is taken where it is free, rounded; otherwise another place is found. */
#include "mem.h"

int main(void)
{
	char *p = mem_map(64, PROT_NONE), *q;

	munmap(p, 64 * PAGE);
	q = mmap(p + 10 * PAGE, PAGE, RW, ANON, -1, 0);
	IS(q == p + 10 * PAGE);
	q = mmap(p + 20 * PAGE + 123, PAGE, RW, ANON, -1, 0);
	IS(q == p + 20 * PAGE || q == p + 21 * PAGE);
	q = mmap(p + 10 * PAGE, PAGE, RW, ANON, -1, 0);
	IS(q != MAP_FAILED && q != p + 10 * PAGE);
	q = mmap(p + 9 * PAGE, 2 * PAGE, RW, ANON, -1, 0);
	IS(q != MAP_FAILED && q != p + 9 * PAGE);
	q = mmap((void *)0xfffffffffffff000, PAGE, RW, ANON, -1, 0);
	IS(q != MAP_FAILED);
	return 0;
}
