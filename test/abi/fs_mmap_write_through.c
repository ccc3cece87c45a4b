/* SPDX-License-Identifier: Apache-2.0 */
/* Shared writes reach the file through msync, close and the cache being dropped. */
#include "fs.h"
#include <sys/mman.h>

enum { PAGES = 300 };

int main(void)
{
	long bad = 0;
	char c;
	int fd;

	own_dir(".");
	fd = open("f", O_CREAT | O_RDWR, 0600);
	ftruncate(fd, PAGES * 4096l);
	unsigned char *m = mmap(NULL, PAGES * 4096l, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (int round = 1; round < 4; round++) {
		for (long i = 0; i < PAGES; i++)
			m[i * 4096 + i] = (unsigned char)(i + round);
		if (round == 2)
			SHOW(msync(m, PAGES * 4096l, MS_SYNC));
		if (round == 1)
			SHOW(fsync(fd)); /* pages become clean: the next write must be noticed */
		for (long i = 0; i < PAGES; i++)
			bad += pread(fd, &c, 1, i * 4096 + i) != 1 ||
			       (unsigned char)c != (unsigned char)(i + round);
	}
	munmap(m, PAGES * 4096l);
	fsync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	fd = open("f", O_RDONLY);
	for (long i = 0; i < PAGES; i++)
		bad += pread(fd, &c, 1, i * 4096 + i) != 1 ||
		       (unsigned char)c != (unsigned char)(i + 3);
	SAY(bad);
	SHOW(msync((void *)8, 4096, MS_SYNC));
	return 0;
}
