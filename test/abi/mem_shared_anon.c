/* SPDX-License-Identifier: Apache-2.0 */
/* Shared anonymous memory, and /dev/zero, which is the same by another name. */
#include "mem.h"

int main(void)
{
	char *p = mmap(NULL, 100 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *z;
	int fd = open("/dev/zero", O_RDWR);
	unsigned long sum = 0;

	mem_catch();
	for (unsigned i = 0; i < 100; i++)
		p[i * PAGE] = (char)i;
	SHOW(mprotect(p, 50 * PAGE, PROT_READ));
	WRITE(p, 1);
	for (unsigned i = 0; i < 100; i++)
		sum += (unsigned char)p[i * PAGE];
	SAY(sum);
	SHOW(mprotect(p, 50 * PAGE, RW));
	WRITE(p, 1);
	munmap(p + 10 * PAGE, 80 * PAGE);
	READ(p + 9 * PAGE);
	READ(p + 10 * PAGE);
	READ(p + 95 * PAGE);
	z = MMAP(0, 3 * PAGE, RW, MAP_PRIVATE, fd, 0);
	READ(z + PAGE);
	WRITE(z + PAGE, 1);
	z = MMAP(0, 3 * PAGE, RW, MAP_SHARED, fd, 0);
	READ(z + PAGE);
	WRITE(z + PAGE, 1);
	READ(z + PAGE);
	return 0;
}
