/* SPDX-License-Identifier: Apache-2.0 */
/* Names in /proc/self/maps: heap, stack, vdso, a file and one whose name is gone. */
#include "mem.h"

static void find(const char *what, unsigned long addr)
{
	char line[512], path[256];
	unsigned long a, b, off, ino;
	unsigned maj, min;
	char perms[8];
	FILE *f = fopen("/proc/self/maps", "r");

	while (f && fgets(line, sizeof(line), f)) {
		path[0] = 0;
		if (sscanf(line, "%lx-%lx %7s %lx %x:%x %lu %255[^\n]", &a, &b, perms, &off, &maj,
			   &min, &ino, path) < 7)
			continue;
		if (addr >= a && addr < b)
			printf("%s: %s off %lx ino %s path %s\n", what, perms, off,
			       ino ? "some" : "0",
			       strncmp(path, "/tmp/mem-", 9) ? path
			       : strstr(path, " (deleted)")  ? "/tmp/mem-... (deleted)"
							     : "/tmp/mem-...");
	}
	if (f)
		fclose(f);
}

int main(void)
{
	char name[] = "/tmp/mem-XXXXXX", *p, local;
	int fd = mkstemp(name), gone = mem_file(3 * PAGE);

	find("heap", (unsigned long)sbrk(4096));
	find("stack", (unsigned long)&local);
	SHOW(ftruncate(fd, 3 * PAGE));
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE);
	find("file", (unsigned long)p);
	unlink(name);
	find("file", (unsigned long)p);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, gone, PAGE);
	find("gone", (unsigned long)p);
	find("anon", (unsigned long)mem_map(1, PROT_NONE));
	return 0;
}
