/* SPDX-License-Identifier: Apache-2.0 */
/* mincore(): what is in memory, and errors. */
#include "mem.h"

int main(void)
{
	char *p = mem_map(10, RW);
	unsigned char v[16];
	int fd = mem_file(4 * PAGE);

	memset(v, 0xaa, sizeof(v));
	p[3 * PAGE] = 1;
	p[7 * PAGE] = 1;
	SHOW(mincore(p, 10 * PAGE, v));
	for (int i = 0; i < 10; i++)
		printf("%d", v[i] & 1);
	printf(" then %#x\n", v[10]);
	SHOW(mincore(p + 3 * PAGE, 1, v));
	SAY(v[0] & 1);
	SHOW(mincore(p + 1, PAGE, v));
	SHOW(mincore(p, 0, v));
	SHOW(mincore(p, PAGE, NOT_MAPPED));
	SHOW(mincore(p, ~0ul, v));
	munmap(p + 5 * PAGE, PAGE);
	SHOW(mincore(p, 10 * PAGE, v));
	SHOW(mincore(p + 5 * PAGE, PAGE, v));
	p = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	SHOW(mincore(p, 4 * PAGE, v));
	SAY((v[0] & 1) + (v[1] & 1) + (v[2] & 1) + (v[3] & 1));
	return 0;
}
