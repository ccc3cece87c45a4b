/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own copies meet the same pages: EFAULT, or a short count where some bytes could be moved. */
#include "mem.h"

int main(void)
{
	char *p = mem_map(4, RW), *ro = mem_map(1, PROT_READ), *none = mem_map(1, PROT_NONE), c;
	int fds[2], fd = mem_file(3 * PAGE);

	SHOW(pipe(fds));
	munmap(p + 2 * PAGE, 2 * PAGE);
	memset(p, 6, 2 * PAGE);
	SHOW(write(fds[1], p + PAGE, 100));
	SHOW(read(fds[0], ro, 10));
	SHOW(read(fds[0], none, 10));
	SHOW(read(fds[0], p + 2 * PAGE, 10));
	SHOW(write(fds[1], none, 10));
	SHOW(write(fds[1], p + 2 * PAGE, 10));
	SHOW(write(fds[1], (void *)0xffffffff80000000, 10));
	SHOW(read(fds[0], (void *)0xffff800000000000, 10));
	SHOW(read(fds[0], p, 100));
	SHOW(write(fd, p + 2 * PAGE - 30, 60));
	SHOW(pread(fd, p + 2 * PAGE - 10, 60, 0));
	SHOW(pread(fd, p + 2 * PAGE - 5000, 8192, 0));
	SHOW(pread(fd, p + 2 * PAGE, 60, 0));
	SHOW(pread(fd, NULL, 1, 0));
	SHOW(pread(fd, NULL, 0, 0));
	SHOW(open(p + 2 * PAGE, O_RDONLY));
	memcpy(p + 2 * PAGE - 4, "/tmp", 4);
	SHOW(open(p + 2 * PAGE - 4, O_RDONLY));
	memcpy(p + 2 * PAGE - 5, "/tmp", 5);
	WORKS(open(p + 2 * PAGE - 5, O_RDONLY));
	SHOW(pread(fd, &c, 1, 2 * PAGE));
	SAY(c);
	return 0;
}
