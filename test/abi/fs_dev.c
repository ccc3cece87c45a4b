/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"
#include <sys/mman.h>

int main(void)
{
	unsigned char b[64], c[64];
	int fd, n = 0;

	fd = open("/dev/null", O_RDWR);
	SHOW(write(fd, b, 64));
	SHOW(read(fd, b, 64));
	SHOW(lseek(fd, 100, SEEK_SET));
	SHOW(pwrite(fd, b, 4, 1000));
	SHOW(ftruncate(fd, 0));
	SHOW(fsync(fd));
	fd = open("/dev/null", O_RDWR | O_TRUNC | O_CREAT | O_APPEND, 0600);
	IS(fd >= 0);
	fd = open("/dev/zero", O_RDWR);
	memset(b, 1, 64);
	SHOW(read(fd, b, 64));
	for (int i = 0; i < 64; i++)
		n += b[i];
	SAY(n);
	SHOW(write(fd, b, 7));
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	IS(m != MAP_FAILED && m[5000] == 0);
	m[1] = 2;
	m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	IS(m != MAP_FAILED && m[5000] == 0);
	m[1] = 2;
	fd = open("/dev/full", O_RDWR);
	SHOW(write(fd, b, 1));
	SHOW(read(fd, b, 5));
	fd = open("/dev/urandom", O_RDONLY);
	SHOW(read(fd, b, 64));
	read(fd, c, 64);
	IS(memcmp(b, c, 64));
	fd = open("/dev/random", O_RDWR);
	SHOW(read(fd, b, 64));
	SHOW(write(fd, b, 64));
	SHOW(access("/dev/shm", W_OK));
	SHOW(access("/dev/fd/0", F_OK));
	char path[64];
	printf("%.*s\n", (int)readlink("/dev/fd", path, 64), path);
	printf("%.*s\n", (int)readlink("/dev/stdin", path, 64), path);
	SHOW(open("/dev/none", O_RDONLY));
	SHOW(isatty(open("/dev/null", O_RDONLY)));
	return 0;
}
