/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

int main(void)
{
	int fd;

	own_dir(".");
	close(make_file("a", "content"));
	SHOW(link("a", "b"));
	say_lstat("a");
	SHOW(unlink("a"));
	say_lstat("b");
	SHOW(link("b", "b"));
	SHOW(link("none", "x"));
	SHOW(link("b", "none/x"));
	mkdir("d", 0755);
	SHOW(link("d", "e"));
	symlink("b", "s");
	SHOW(link("s", "s2"));
	say_lstat("s2");
	SHOW(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW));
	say_lstat("s3");
	SHOW(linkat(AT_FDCWD, "b", AT_FDCWD, "x", 0x80));
	SHOW(link("b", "c/"));
	fd = open("b", O_RDWR);
	unlink("b");
	unlink("s3");
	SHOW(write(fd, "!", 1));
	struct stat st;
	fstat(fd, &st);
	printf("nlink %ld size %ld\n", (long)st.st_nlink, (long)st.st_size);
	SHOW(linkat(fd, "", AT_FDCWD, "back", AT_EMPTY_PATH));
	SHOW(link("b", "/dev/shm/x"));
	return 0;
}
