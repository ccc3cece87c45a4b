/* SPDX-License-Identifier: Apache-2.0 */
/* A file without a name lives until nobody holds it; its name is free at once. */
#include "fs.h"
#include <sys/mman.h>

int main(void)
{
	char b[128], path[64];
	struct stat st, st2;
	int fd, fd2;

	own_dir(".");
	fd = make_file("f", "old");
	unlink("f");
	SHOW(open("f", O_RDONLY));
	fd2 = open("f", O_CREAT | O_EXCL | O_RDWR, 0600);
	write(fd2, "new", 3);
	fstat(fd, &st);
	fstat(fd2, &st2);
	IS(st.st_ino != st2.st_ino);
	SAY(st.st_nlink);
	SHOW(pread(fd, b, 3, 0));
	printf("%.3s\n", b);
	SHOW(pwrite(fd, "more", 4, 3));
	SHOW(fsync(fd));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	b[readlink(path, b, sizeof(b))] = 0;
	printf("%s\n", strrchr(b, '/'));
	char *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	printf("%.7s\n", m);
	m[0] = 'O';
	printf("%.7s\n", m);
	munmap(m, 4096);
	say_content("f");
	fd = make_file("g", "g");
	rename("f", "g");
	fstat(fd, &st);
	SAY(st.st_nlink);
	say_content("g");
	return 0;
}
