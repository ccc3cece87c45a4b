/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self/maps shows our areas: rights, joined neighbours, holes. */
#include "mem.h"

static void show(unsigned long base, unsigned long end)
{
	char line[512], perms[8];
	unsigned long a, b;
	FILE *f = fopen("/proc/self/maps", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s", &a, &b, perms) == 3 && a < end && b > base)
			printf("%ld..%ld %s\n", (long)(a - base) / 4096, (long)(b - base) / 4096,
			       perms);
	}
	if (f)
		fclose(f);
	printf("--\n");
}

int main(void)
{
	char *room = mem_map(40, PROT_NONE), *p = room + 10 * PAGE;
	unsigned long at = (unsigned long)room, end = at + 40 * PAGE;

	munmap(room, 40 * PAGE);
	mmap(p, 10 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	show(at, end);
	mprotect(p + 3 * PAGE, 2 * PAGE, PROT_READ);
	show(at, end);
	mprotect(p + 3 * PAGE, 2 * PAGE, RW);
	show(at, end);
	munmap(p + 5 * PAGE, PAGE);
	show(at, end);
	mmap(p + 5 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	show(at, end);
	mprotect(p, PAGE, PROT_NONE);
	mprotect(p + PAGE, PAGE, PROT_READ | PROT_EXEC);
	mprotect(p + 9 * PAGE, PAGE, PROT_WRITE);
	show(at, end);
	mmap(p + 20 * PAGE, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(p + 10 * PAGE, 2 * PAGE, PROT_WRITE, ANON | MAP_FIXED, -1, 0);
	show(at, end);
	return 0;
}
