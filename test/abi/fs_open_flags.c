/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

static void flags_of(int fd)
{
	printf("F_GETFL %#o F_GETFD %d\n", fcntl(fd, F_GETFL) & ~O_LARGEFILE, fcntl(fd, F_GETFD));
}

int main(void)
{
	int fd;

	own_dir(".");
	SHOW(open("none", O_RDONLY));
	SHOW(open("", O_RDONLY));
	SHOW(open("none/x", O_CREAT | O_RDWR, 0600));
	fd = SHOW(open("a", O_CREAT | O_EXCL | O_RDWR, 0666));
	flags_of(fd);
	close(fd);
	SHOW(open("a", O_CREAT | O_EXCL | O_RDWR, 0666));
	fd = SHOW(open("a", O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_SYNC));
	flags_of(fd);
	SHOW(read(fd, &fd, 1));
	fd = SHOW(open("a", O_RDONLY | O_DIRECTORY));
	fd = SHOW(open(".", O_RDONLY | O_DIRECTORY));
	flags_of(fd);
	SHOW(open(".", O_RDWR));
	SHOW(open(".", O_CREAT | O_RDONLY, 0600));
	SHOW(open("newdir/", O_CREAT | O_RDWR, 0600));
	SHOW(open("a/", O_RDONLY));
	SHOW(open("a/b", O_RDONLY));
	SHOW(open("a/b", O_CREAT | O_RDWR, 0600));
	symlink("a", "l");
	symlink("nowhere", "dangling");
	SHOW(open("l", O_RDONLY | O_NOFOLLOW));
	SHOW(open("dangling", O_RDONLY));
	SHOW(open("dangling", O_CREAT | O_EXCL | O_RDWR, 0600));
	fd = SHOW(open("dangling", O_CREAT | O_RDWR, 0600));
	say_lstat("nowhere");
	fd = SHOW(open("l", O_PATH | O_NOFOLLOW));
	flags_of(fd);
	SHOW(read(fd, &fd, 1));
	SHOW(fchmod(fd, 0600));
	SHOW(open("a", O_PATH | O_DIRECTORY));
	fd = open("a", O_RDWR | O_TRUNC);
	SHOW(write(fd, "hello", 5));
	close(fd);
	SHOW(open("a", O_RDONLY | O_TRUNC));
	say_lstat("a");
	SHOW(open((char *)16, O_RDONLY));
	SHOW(openat(999, "a", O_RDONLY));
	fd = open("a", O_RDONLY);
	SHOW(openat(fd, "a", O_RDONLY));
	SHOW(openat(fd, "", O_RDONLY));
	return 0;
}
