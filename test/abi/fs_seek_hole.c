/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

static void try(void)
{
	int fd = open("f", O_CREAT | O_RDWR | O_TRUNC, 0600);

	SHOW(lseek(fd, 0, SEEK_DATA));
	SHOW(lseek(fd, 0, SEEK_HOLE));
	pwrite(fd, "x", 1, 65536);
	pwrite(fd, "y", 1, 200000);
	ftruncate(fd, 300000);
	SHOW(lseek(fd, 0, SEEK_DATA));
	SHOW(lseek(fd, 0, SEEK_HOLE));
	SHOW(lseek(fd, 65536, SEEK_HOLE));
	SHOW(lseek(fd, 70000, SEEK_DATA));
	SHOW(lseek(fd, 196609, SEEK_DATA));
	SHOW(lseek(fd, 200000, SEEK_HOLE));
	SHOW(lseek(fd, 250000, SEEK_DATA));
	SHOW(lseek(fd, 250000, SEEK_HOLE));
	SHOW(lseek(fd, 300000, SEEK_HOLE));
	SHOW(lseek(fd, -1, SEEK_DATA));
	close(fd);
}

int main(void)
{
	own_dir("/dev/shm");
	try();
	own_dir("/var/tmp");
	try();
	return 0;
}
