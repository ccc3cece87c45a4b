/* SPDX-License-Identifier: Apache-2.0 */
/* mlock() and kin: pages are there, counts are kept, errors. */
#include "mem.h"

static long locked(void)
{
	char line[256];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "VmLck: %ld", &kb);
	if (f)
		fclose(f);
	return kb;
}

int main(void)
{
	char *p = mem_map(8, RW), *none = mem_map(1, PROT_NONE);
	unsigned char v[8];

	SHOW(mlock(p + 100, 2 * PAGE));
	mincore(p, 8 * PAGE, v);
	for (int i = 0; i < 8; i++)
		printf("%d", v[i] & 1);
	printf("\n");
	SAY(locked());
	SHOW(mlock(p, PAGE));
	SAY(locked());
	SHOW(munlock(p, 2 * PAGE));
	SAY(locked());
	SHOW(mlock2(p + 4 * PAGE, 2 * PAGE, MLOCK_ONFAULT));
	mincore(p + 4 * PAGE, 2 * PAGE, v);
	SAY(v[0] & 1);
	SHOW(mlock2(p, PAGE, 2));
	munmap(p + 6 * PAGE, PAGE);
	SHOW(mlock(p + 5 * PAGE, 3 * PAGE));
	SHOW(munlock(p + 5 * PAGE, 3 * PAGE));
	SHOW(mlock(none, PAGE));
	SHOW(munlock(none, PAGE));
	SHOW(munlock(p, 6 * PAGE));
	SAY(locked());
	SHOW(mlockall(0));
	SHOW(mlockall(8));
	SHOW(mlockall(MCL_ONFAULT));
	SHOW(mlockall(MCL_FUTURE));
	p = mem_map(3, RW);
	mincore(p, 3 * PAGE, v);
	SAY((v[0] & 1) + (v[1] & 1) + (v[2] & 1));
	SAY(locked());
	SHOW(munlockall());
	SAY(locked());
	return 0;
}
