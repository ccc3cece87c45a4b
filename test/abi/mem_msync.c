/* SPDX-License-Identifier: Apache-2.0 */
/* msync(): flags, holes, and what is written through a mapping is in the file. */
#include "mem.h"

int main(void)
{
	int fd = mem_file(4 * PAGE);
	char *s = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0), c;

	SHOW(msync(s, 4 * PAGE, MS_SYNC));
	SHOW(msync(s, 4 * PAGE, MS_ASYNC));
	SHOW(msync(s, 4 * PAGE, MS_INVALIDATE));
	SHOW(msync(s, 4 * PAGE, 0));
	SHOW(msync(s, 4 * PAGE, MS_SYNC | MS_ASYNC));
	SHOW(msync(s, 4 * PAGE, 8));
	SHOW(msync(s + 1, PAGE, MS_SYNC));
	SHOW(msync(s, 0, MS_SYNC));
	SHOW(msync(s, ~0ul, MS_SYNC));
	munmap(s + PAGE, PAGE);
	SHOW(msync(s, 4 * PAGE, MS_SYNC));
	SHOW(msync(s + PAGE, PAGE, MS_SYNC));
	s[2 * PAGE] = 99;
	SHOW(msync(s + 2 * PAGE, PAGE, MS_SYNC));
	SHOW(pread(fd, &c, 1, 2 * PAGE));
	SAY(c);
	return 0;
}
