/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a file in a mapping: zeroes to the page's end, then SIGBUS, and alive again when the file grows. */
#include "mem.h"

int main(void)
{
	int fd = mem_file(PAGE + 100);
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0), c = 9;
	char *r = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);

	mem_catch();
	READ(p + PAGE + 99);
	READ(p + PAGE + 100);
	WRITE(p + PAGE + 200, 5);
	READ(p + 2 * PAGE);
	WRITE(p + 2 * PAGE, 1);
	READ(r + 2 * PAGE);
	WRITE(r + 3 * PAGE, 1);
	SHOW(ftruncate(fd, 3 * PAGE));
	READ(p + 2 * PAGE);
	READ(r + 2 * PAGE);
	READ(p + 3 * PAGE);
	SHOW(pwrite(fd, &c, 1, 3 * PAGE));
	READ(p + 3 * PAGE);
	SHOW(read(fd, p + 4 * PAGE - 1, 0));
	SHOW(mprotect(p, 4 * PAGE, PROT_READ));
	READ(p + 3 * PAGE);
	return 0;
}
