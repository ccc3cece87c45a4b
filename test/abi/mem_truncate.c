/* SPDX-License-Identifier: Apache-2.0 */
/* Truncation takes pages out of all mappings, private copies too. */
#include "mem.h"

int main(void)
{
	int fd = mem_file(4 * PAGE);
	char *s = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);

	mem_catch();
	WRITE(s + 2 * PAGE, 70);
	WRITE(p + PAGE, 80);
	WRITE(p + 3 * PAGE, 81);
	SHOW(ftruncate(fd, 2 * PAGE));
	READ(s + PAGE);
	READ(s + 2 * PAGE);
	READ(p + PAGE);
	READ(p + 3 * PAGE);
	SHOW(ftruncate(fd, 4 * PAGE));
	READ(s + 2 * PAGE);
	READ(p + 3 * PAGE);
	SHOW(ftruncate(fd, PAGE + 10));
	READ(s + PAGE + 9);
	READ(s + PAGE + 10);
	return 0;
}
