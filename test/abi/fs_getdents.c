/* SPDX-License-Identifier: Apache-2.0 */
/* A directory read while it changes: what stays is seen once. */
#include "fs.h"
#include <dirent.h>

enum { FILES = 200 };

static void read_all(bool change)
{
	static int seen[FILES];
	int dots = 0, other = 0, twice = 0, missing = 0, n = 0, id;
	DIR *d = opendir(".");
	struct dirent *e;
	char name[32];

	memset(seen, 0, sizeof(seen));
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			dots++;
		else if (sscanf(e->d_name, "keep%d", &id) == 1)
			twice += seen[id]++;
		else
			other++;
		if (change) {
			snprintf(name, sizeof(name), "drop%d", n);
			unlink(name);
			snprintf(name, sizeof(name), "late%d", n++);
			if (n < 50)
				close(open(name, O_CREAT | O_WRONLY, 0600));
		}
	}
	for (int i = 0; i < FILES; i++)
		missing += !seen[i];
	printf("dots %d twice %d missing %d\n", dots, twice, missing);
	if (!change)
		printf("other %d\n", other);
	rewinddir(d);
	IS((e = readdir(d)) != NULL);
	closedir(d);
}

int main(void)
{
	char name[32], buf[1024];
	struct dirent *e;
	int fd;

	for (int pass = 0; pass < 2; pass++) {
		own_dir(pass ? "/tmp" : ".");
		for (int i = 0; i < FILES; i++) {
			snprintf(name, sizeof(name), "keep%d", i);
			close(open(name, O_CREAT | O_WRONLY, 0600));
			snprintf(name, sizeof(name), "drop%d", i);
			close(open(name, O_CREAT | O_WRONLY, 0600));
		}
		read_all(false);
		read_all(true);
		fd = open("keep0", O_RDONLY);
		SHOW(syscall(SYS_getdents64, fd, buf, sizeof(buf)));
		SHOW(syscall(SYS_getdents64, 99, buf, sizeof(buf)));
		close(fd);
		fd = open(".", O_RDONLY);
		SHOW(syscall(SYS_getdents64, fd, buf, 8));
		SHOW(syscall(SYS_getdents64, fd, (void *)8, 1024));
		mkdir("t", 0755);
		chdir("t");
		symlink("x", "link");
		mkdir("dir", 0755);
		mkfifo("fifo", 0600);
		close(open("file", O_CREAT | O_WRONLY, 0600));
		DIR *d = opendir(".");
		int types = 0;
		while ((e = readdir(d))) {
			struct stat st;
			lstat(e->d_name, &st);
			types += e->d_type == IFTODT(st.st_mode) &&
				 (e->d_ino == st.st_ino || e->d_name[1] == '.');
		}
		printf("right %d\n", types);
		closedir(d);
		rmdir("dir");
		fd = open("../t", O_RDONLY);
		unlink("link");
		unlink("fifo");
		unlink("file");
		rmdir("../t");
		SHOW(syscall(SYS_getdents64, fd, buf, sizeof(buf)));
	}
	return 0;
}
