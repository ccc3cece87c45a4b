/* SPDX-License-Identifier: Apache-2.0 */
/* mremap() of shared memory: an old length of 0 makes a second window onto the same pages. */
#include "mem.h"

int main(void)
{
	char *p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *q;
	int fd = mem_file(6 * PAGE);

	mem_catch();
	p[PAGE] = 3;
	q = mremap(p, 0, 4 * PAGE, MREMAP_MAYMOVE);
	IS(q != MAP_FAILED && q != p);
	READ(q + PAGE);
	q[2 * PAGE] = 4;
	READ(p + 2 * PAGE);
	munmap(p, 4 * PAGE);
	READ(q + 2 * PAGE);
	p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, PAGE);
	READ(p);
	q = mremap(p, 2 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
	IS(q != MAP_FAILED);
	READ(q);
	READ(q + 4 * PAGE);
	READ(q + 5 * PAGE);
	return 0;
}
