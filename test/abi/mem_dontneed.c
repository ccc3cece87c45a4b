/* SPDX-License-Identifier: Apache-2.0 */
/* MADV_DONTNEED: private memory starts anew, what is shared stays. */
#include "mem.h"

int main(void)
{
	char *a = mem_map(4, RW), *f, *s;
	int fd = mem_file(3 * PAGE);

	mem_catch();
	memset(a, 1, 4 * PAGE);
	SHOW(madvise(a + PAGE, 2 * PAGE, MADV_DONTNEED));
	READ(a);
	READ(a + PAGE);
	READ(a + 3 * PAGE);
	f = mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE, fd, 0);
	memset(f, 9, 3 * PAGE);
	SHOW(madvise(f + PAGE, PAGE, MADV_DONTNEED));
	READ(f);
	READ(f + PAGE);
	s = mmap(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(s, 7, 2 * PAGE);
	SHOW(madvise(s, 2 * PAGE, MADV_DONTNEED));
	READ(s + PAGE);
	munmap(a + PAGE, PAGE);
	SHOW(madvise(a, 4 * PAGE, MADV_DONTNEED));
	READ(a);
	READ(a + 3 * PAGE);
	return 0;
}
