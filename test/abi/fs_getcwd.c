/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

static const char *tail(void)
{
	static char buf[4096];
	char *s = getcwd(buf, sizeof(buf));

	return s ? strrchr(s, '/') : strerrorname_np(errno);
}

int main(void)
{
	char buf[4096];
	int fd;

	own_dir("/tmp");
	mkdir("d", 0755);
	chdir("d");
	printf("%s\n", tail());
	rename("../d", "../e");
	printf("%s\n", tail());
	fd = open("..", O_RDONLY);
	rmdir("../e");
	printf("%s\n", tail());
	SHOW(syscall(SYS_getcwd, buf, sizeof(buf)));
	SHOW(fchdir(fd));
	SHOW(syscall(SYS_getcwd, buf, 1));
	SHOW(syscall(SYS_getcwd, buf, 0));
	SHOW(syscall(SYS_getcwd, (char *)1, 100));
	SHOW(chdir("/"));
	printf("%s\n", getcwd(buf, sizeof(buf)));
	printf("%ld\n", syscall(SYS_getcwd, buf, 2));
	return 0;
}
