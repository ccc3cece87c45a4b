/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

static unsigned sum(int fd)
{
	static unsigned char b[20000];
	ssize_t n = pread(fd, b, sizeof(b), 0);
	unsigned s = (unsigned)n;

	for (ssize_t i = 0; i < n; i++)
		s = s * 31 + b[i];
	return s;
}

int main(void)
{
	static char big[10000];
	int fd, ro;

	own_dir(".");
	memset(big, 'x', sizeof(big));
	fd = open("f", O_CREAT | O_RDWR, 0600);
	SHOW(write(fd, big, sizeof(big)));
	SHOW(ftruncate(fd, 5000));
	printf("%u\n", sum(fd));
	SHOW(ftruncate(fd, 9000));
	printf("%u\n", sum(fd));
	SHOW(ftruncate(fd, 4096));
	SHOW(ftruncate(fd, 12288));
	printf("%u\n", sum(fd));
	SHOW(ftruncate(fd, 0));
	printf("%u\n", sum(fd));
	SHOW(pwrite(fd, "end", 3, 8191));
	printf("%u\n", sum(fd));
	SHOW(truncate("f", 100));
	say_lstat("f");
	SHOW(truncate("f", -1));
	SHOW(truncate("none", 0));
	SHOW(truncate(".", 0));
	ro = open("f", O_RDONLY);
	SHOW(ftruncate(ro, 0));
	SHOW(ftruncate(99, 0));
	SHOW(ftruncate(fd, -1));
	int p[2];
	pipe(p);
	SHOW(ftruncate(p[1], 0));
	mkfifo("fifo", 0600);
	SHOW(truncate("fifo", 0));
	SHOW(ftruncate(fd, 1l << 42));
	say_lstat("f");
	SHOW(pread(fd, big, 10, (1l << 42) - 4));
	return 0;
}
