/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"
#include <sys/mman.h>

int main(void)
{
	char b[100], path[64];
	struct stat st;
	int fd;

	fd = SHOW(memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(ftruncate(fd, 8192));
	fstat(fd, &st);
	printf("%s %o nlink %ld size %ld\n", type_name(st.st_mode), st.st_mode & 07777,
	       (long)st.st_nlink, (long)st.st_size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	printf("%.*s\n", (int)readlink(path, b, sizeof(b)), b);
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	strcpy(m, "text");
	SHOW(pread(fd, b, 4, 0));
	printf("%.4s\n", b);
	SHOW(fcntl(fd, F_GET_SEALS));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	munmap(m, 8192);
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	SHOW(ftruncate(fd, 4096));
	SHOW(ftruncate(fd, 10000));
	SHOW(ftruncate(fd, 8192));
	SHOW(pwrite(fd, "x", 1, 8192));
	SHOW(pwrite(fd, "x", 1, 8191));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
	SHOW(pwrite(fd, "x", 1, 0));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	WORKS(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	fd = memfd_create("", 0);
	SHOW(fcntl(fd, F_GET_SEALS));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	SHOW(memfd_create("x", 0x1000));
	SHOW(memfd_create((char *)1, 0));
	memset(b, 'n', sizeof(b));
	static char long_name[300];
	memset(long_name, 'n', 299);
	SHOW(memfd_create(long_name, 0));
	SHOW(fcntl(open("/dev/null", O_RDONLY), F_GET_SEALS));
	return 0;
}
