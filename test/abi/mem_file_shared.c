/* SPDX-License-Identifier: Apache-2.0 */
/* A shared mapping of a file and read() and write() see the same bytes. */
#include "mem.h"

int main(void)
{
	int fd = mem_file(4 * PAGE);
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0), c;
	char *q = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, PAGE);

	mem_catch();
	READ(p + PAGE);
	READ(q);
	WRITE(p + PAGE, 33);
	READ(q);
	SHOW(pread(fd, &c, 1, PAGE));
	SAY(c);
	c = 44;
	SHOW(pwrite(fd, &c, 1, 2 * PAGE + 5));
	READ(p + 2 * PAGE + 5);
	READ(q + PAGE + 5);
	/* Written, cleaned, written again: the second write is not lost. */
	for (int i = 0; i < 3; i++) {
		p[3 * PAGE] = (char)(10 + i);
		SHOW(fsync(fd));
		SHOW(pread(fd, &c, 1, 3 * PAGE));
		SAY(c);
	}
	munmap(p, 4 * PAGE);
	READ(q);
	return 0;
}
