/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"
#include <sys/uio.h>

int main(void)
{
	char b[64];
	int fd, ro, wo;

	own_dir(".");
	fd = make_file("f", "0123456789");
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(read(fd, b, 4));
	SHOW(lseek(fd, 3, SEEK_SET));
	SHOW(read(fd, b, 4));
	printf("%.4s\n", b);
	SHOW(pread(fd, b, 3, 8));
	SHOW(pread(fd, b, 3, 10));
	SHOW(pread(fd, b, 3, 1000));
	SHOW(pread(fd, b, 3, -1));
	SHOW(pwrite(fd, "xy", 2, 20));
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(pread(fd, b, 64, 8));
	for (int i = 0; i < 14; i++)
		printf("%02x", b[i] & 0xff);
	printf("\n");
	SHOW(lseek(fd, -1, SEEK_SET));
	SHOW(lseek(fd, 0, 99));
	SHOW(lseek(fd, -100, SEEK_END));
	SHOW(lseek(fd, 1l << 40, SEEK_SET));
	SHOW(read(fd, b, 1));
	ro = open("f", O_RDONLY);
	wo = open("f", O_WRONLY);
	SHOW(write(ro, "x", 1));
	SHOW(read(wo, b, 1));
	SHOW(write(ro, "x", 0));
	SHOW(read(fd, (char *)1, 1));
	SHOW(pread(ro, (char *)1, 1, 0));
	SHOW(pwrite(wo, (char *)1, 1, 0));
	SHOW(read(ro, b, 0));
	struct iovec v[3] = { { b, 2 }, { NULL, 0 }, { b + 10, 3 } };
	SHOW(readv(ro, v, 3));
	printf("%.2s %.3s\n", b, b + 10);
	SHOW(readv(ro, v, 0));
	SHOW(readv(ro, v, -1));
	SHOW(readv(ro, v, 1025));
	SHOW(writev(wo, v, 3));
	SHOW(preadv(ro, v, 3, 1));
	SHOW(pwritev(wo, v, 3, 30));
	say_lstat("f");
	int p[2];
	pipe(p);
	SHOW(lseek(p[0], 0, SEEK_CUR));
	SHOW(pread(p[0], b, 1, 0));
	int d = open(".", O_RDONLY);
	SHOW(read(d, b, 1));
	SHOW(pread(d, b, 1, 0));
	SHOW(write(d, b, 1));
	return 0;
}
