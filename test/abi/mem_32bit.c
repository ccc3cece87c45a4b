/* SPDX-License-Identifier: Apache-2.0 */
/* MAP_32BIT: in the first 2 GB, until they are full. */
#include "mem.h"

int main(void)
{
	bool low = true, apart = true;
	char *last = NULL;

	for (int i = 0; i < 100; i++) {
		char *p = mmap(NULL, 3 * PAGE, RW, ANON | MAP_32BIT, -1, 0);

		low &= p != MAP_FAILED && (unsigned long)p + 3 * PAGE <= 1ul << 31;
		apart &= p != last;
		p[2 * PAGE] = 1;
		last = p;
	}
	IS(low);
	IS(apart);
	MMAP(0, 3ul << 30, PROT_NONE, ANON | MAP_32BIT, -1, 0);
	IS(mmap((void *)0x50000000, PAGE, RW, ANON | MAP_32BIT, -1, 0) == (void *)0x50000000);
	IS(mmap((void *)0x20000000, PAGE, RW, ANON | MAP_32BIT, -1, 0) == (void *)0x20000000);
	IS((unsigned long)mmap((void *)0x7ffff000, 2 * PAGE, RW, ANON | MAP_32BIT, -1, 0) <
	   1ul << 31);
	return 0;
}
