/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"
#include <linux/falloc.h>

static void size(int fd)
{
	struct stat st;

	fstat(fd, &st);
	printf("size %ld\n", (long)st.st_size);
}

static void bytes(int fd, off_t at)
{
	char b[4] = { 1, 1, 1, 1 };

	printf("%zd: %d %d %d %d\n", pread(fd, b, 4, at), b[0], b[1], b[2], b[3]);
}

static void run(const char *where)
{
	static char x[20000];
	int fd, p[2];

	own_dir(where);
	memset(x, 'x', sizeof(x));
	fd = open("f", O_CREAT | O_RDWR, 0600);
	SHOW(fallocate(fd, 0, 0, 5000));
	size(fd);
	SHOW(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 50000));
	size(fd);
	write(fd, x, sizeof(x));
	size(fd);
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4095, 8194));
	bytes(fd, 4094);
	bytes(fd, 12287);
	bytes(fd, 12289);
	size(fd);
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 15000, 100000));
	bytes(fd, 14998);
	size(fd);
	SHOW(fallocate(fd, 0, -1, 10));
	SHOW(fallocate(fd, 0, 0, 0));
	SHOW(fallocate(fd, 0x80, 0, 10));
	SHOW(fallocate(99, 0, 0, 10));
	SHOW(fallocate(open("f", O_RDONLY), 0, 0, 10));
	SHOW(fallocate(open(".", O_RDONLY), 0, 0, 10));
	pipe(p);
	SHOW(fallocate(p[1], 0, 0, 10));
	SHOW(posix_fallocate(fd, 0, 100000));
	size(fd);
}

int main(void)
{
	run("/dev/shm");
	run("/var/tmp");
	return 0;
}
