/* SPDX-License-Identifier: Apache-2.0 */
/* mmap(): which error for which argument. */
#include "mem.h"

int main(void)
{
	char *p = mem_map(1, RW);
	int fd = mem_file(PAGE);

	MMAP(0, 0, RW, ANON, -1, 0);
	MMAP(0, PAGE, RW, MAP_ANONYMOUS, -1, 0);
	MMAP(0, PAGE, RW, MAP_ANONYMOUS | 0x0f, -1, 0);
	MMAP(0, PAGE, RW, ANON, -1, 1);
	MMAP(0, PAGE, RW, MAP_PRIVATE, -1, 0);
	MMAP(0, PAGE, RW, MAP_PRIVATE, 999, 0);
	MMAP(0, PAGE, RW, MAP_PRIVATE, fd, 5);
	MMAP(0, PAGE, RW, 0, fd, 0);
	MMAP(0, PAGE, RW, MAP_PRIVATE | MAP_SHARED, fd, -(long)PAGE);
	MMAP(0, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, -(long)PAGE);
	MMAP(p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	MMAP(p + 1, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	MMAP(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	MMAP(0, 1ul << 47, PROT_NONE, ANON, -1, 0);
	MMAP(0, ~0ul, PROT_NONE, ANON, -1, 0);
	MMAP(0, ~0ul - 4095, PROT_NONE, ANON, -1, 0);
	MMAP(1ul << 47, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	MMAP((1ul << 47) - PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	MMAP(0xffffffff80000000, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	MMAP(0, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
	MMAP(0, PAGE, RW, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0);
	MMAP(0, PAGE, RW, MAP_SHARED_VALIDATE | 0x4000000, fd, 0);
	MMAP(0, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0);
	MMAP(0, PAGE, RW, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0);
	MMAP(0, 1, RW, ANON, -1, 0);
	return 0;
}
