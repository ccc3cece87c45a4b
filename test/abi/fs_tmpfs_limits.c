/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse files, holes that read as zeroes, and sizes at the edge. */
#include "fs.h"
#include <sys/resource.h>

int main(void)
{
	char b[8];
	int fd;

	signal(SIGXFSZ, SIG_IGN);
	own_dir("/dev/shm");
	fd = open("f", O_CREAT | O_RDWR, 0600);
	SHOW(pwrite(fd, "x", 1, 1l << 33));
	memset(b, 1, 8);
	SHOW(pread(fd, b, 8, 1l << 32));
	SAY(b[0] + b[7]);
	struct stat st;
	fstat(fd, &st);
	SAY(st.st_size);
	IS(st.st_blocks <= 64);
	struct rlimit l = { 1000, 1000 };
	setrlimit(RLIMIT_FSIZE, &l);
	fd = open("g", O_CREAT | O_RDWR, 0600);
	SHOW(pwrite(fd, b, 8, 996));
	SHOW(pwrite(fd, b, 8, 1000));
	SHOW(ftruncate(fd, 2000));
	SHOW(ftruncate(fd, 1000));
	say_lstat("g");
	return 0;
}
