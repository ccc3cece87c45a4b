/* SPDX-License-Identifier: Apache-2.0 */
/* A private mapping of a file: our writes are ours; the file's are seen until then. */
#include "mem.h"

int main(void)
{
	int fd = mem_file(4 * PAGE);
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0), c = 50;

	mem_catch();
	READ(p + PAGE);
	WRITE(p + PAGE, 77);
	SHOW(pread(fd, &c, 1, PAGE));
	SAY(c);
	c = 60;
	SHOW(pwrite(fd, &c, 1, PAGE));
	READ(p + PAGE);
	SHOW(pwrite(fd, &c, 1, 2 * PAGE));
	READ(p + 2 * PAGE);
	WRITE(p + 3 * PAGE, 1);
	READ(p + 3 * PAGE + 1);
	SHOW(mprotect(p, PAGE, PROT_READ));
	WRITE(p, 1);
	close(fd);
	READ(p);
	return 0;
}
