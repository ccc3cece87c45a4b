/* SPDX-License-Identifier: Apache-2.0 */
/* A memfd: two windows, growth, a hole punched by MADV_REMOVE. */
#include "mem.h"

int main(void)
{
	int fd = memfd_create("x", MFD_CLOEXEC);
	char *p, *q, c = 0;

	mem_catch();
	SHOW(ftruncate(fd, 8 * PAGE));
	p = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0);
	q = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 2 * PAGE);
	for (int i = 0; i < 8; i++)
		p[i * PAGE] = (char)(i + 1);
	READ(q);
	READ(q + 3 * PAGE);
	WRITE(q, 99);
	SHOW(pread(fd, &c, 1, 2 * PAGE));
	SAY(c);
	SHOW(madvise(p + PAGE, 2 * PAGE, MADV_REMOVE));
	READ(p);
	READ(p + PAGE);
	READ(q);
	READ(p + 3 * PAGE);
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5 * PAGE, PAGE));
	READ(q + 3 * PAGE);
	READ(p + 6 * PAGE);
	SHOW(madvise(p, PAGE, MADV_DONTNEED));
	READ(p);
	return 0;
}
