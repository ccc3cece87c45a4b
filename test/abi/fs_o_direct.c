/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

int main(void)
{
	static char b[16384] __attribute__((aligned(4096)));
	int fd, plain;

	own_dir(".");
	fd = open("f", O_CREAT | O_RDWR | O_DIRECT, 0600);
	IS(fd >= 0);
	memset(b, 'd', sizeof(b));
	SHOW(write(fd, b, 8192));
	SHOW(pwrite(fd, b, 4096, 100));
	plain = open("f", O_RDWR);
	SHOW(pread(plain, b, 3, 4095));
	SHOW(pwrite(plain, "P", 1, 5));
	memset(b, 0, sizeof(b));
	SHOW(pread(fd, b, 4096, 0));
	printf("%c%c\n", b[5], b[6]);
	SHOW(pread(fd, b, 16384, 0));
	fd = open("s", O_CREAT | O_RDWR | O_SYNC, 0600);
	SHOW(write(fd, "sync", 4));
	fd = open("s", O_WRONLY | O_DSYNC | O_APPEND);
	SHOW(write(fd, "more", 4));
	say_content("s");
	return 0;
}
