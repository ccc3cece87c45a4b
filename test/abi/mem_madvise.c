/* SPDX-License-Identifier: Apache-2.0 */
/* madvise(): which advice is taken where. */
#include "mem.h"
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

int main(void)
{
	char *a = mem_map(8, RW), *f, *s;
	int fd = mem_file(4 * PAGE);

	f = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	s = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
	SHOW(madvise(a, PAGE, MADV_NORMAL));
	SHOW(madvise(a, PAGE, MADV_RANDOM));
	SHOW(madvise(a, PAGE, MADV_SEQUENTIAL));
	SHOW(madvise(a, PAGE, MADV_WILLNEED));
	SHOW(madvise(f, PAGE, MADV_WILLNEED));
	SHOW(madvise(a, PAGE, MADV_FREE));
	SHOW(madvise(f, PAGE, MADV_FREE));
	SHOW(madvise(s, PAGE, MADV_FREE));
	SHOW(madvise(a, PAGE, MADV_REMOVE));
	SHOW(madvise(f, PAGE, MADV_REMOVE));
	SHOW(madvise(a, PAGE, MADV_DONTFORK));
	SHOW(madvise(a, PAGE, MADV_DOFORK));
	SHOW(madvise(a, PAGE, MADV_DONTDUMP));
	SHOW(madvise(a, PAGE, MADV_DODUMP));
	SHOW(madvise(a, PAGE, MADV_WIPEONFORK));
	SHOW(madvise(a, PAGE, MADV_KEEPONFORK));
	SHOW(madvise(f, PAGE, MADV_WIPEONFORK));
	SHOW(madvise(s, PAGE, MADV_WIPEONFORK));
	SHOW(madvise(a, PAGE, MADV_COLD));
	SHOW(madvise(a, PAGE, MADV_PAGEOUT));
	SHOW(madvise(a, PAGE, 7));
	SHOW(madvise(a, PAGE, -1));
	SHOW(madvise(a, PAGE, 1000));
	SHOW(madvise(a, 0, MADV_DONTNEED));
	SHOW(madvise(a, 0, 1000));
	SHOW(madvise(a + 1, PAGE, MADV_DONTNEED));
	SHOW(madvise(a + 1, 0, MADV_DONTNEED));
	SHOW(madvise(a, ~0ul, MADV_DONTNEED));
	SHOW(madvise(a, ~0ul - 8191, MADV_DONTNEED));
	SHOW(madvise(NULL, PAGE, MADV_DONTNEED));
	SHOW(madvise(NULL, 0, MADV_DONTNEED));
	munmap(a + 2 * PAGE, PAGE);
	SHOW(madvise(a, 8 * PAGE, MADV_DONTNEED));
	SHOW(madvise(a, 8 * PAGE, MADV_NORMAL));
	SHOW(madvise(a + 2 * PAGE, PAGE, MADV_NORMAL));
	SHOW(mlock(a, PAGE));
	SHOW(madvise(a, PAGE, MADV_DONTNEED));
	SHOW(madvise(a, PAGE, MADV_DONTNEED_LOCKED));
	return 0;
}
