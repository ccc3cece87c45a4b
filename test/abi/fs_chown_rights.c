/* SPDX-License-Identifier: Apache-2.0 */
/* Owners, and what changes for a program that gave up being root. */
#include "fs.h"

int main(void)
{
	int fd;

	own_dir("/tmp");
	chmod(".", 0755);
	close(make_file("a", "x"));
	chmod("a", 06755);
	SHOW(chown("a", 1000, 1001));
	say_lstat("a");
	SHOW(chown("a", -1, 1002));
	SHOW(chown("a", 1003, -1));
	say_lstat("a");
	symlink("a", "l");
	SHOW(lchown("l", 7, 8));
	say_lstat("l");
	SHOW(chown("none", 1, 1));
	fd = open("a", O_RDWR);
	SHOW(fchown(fd, 1000, 1000));
	SHOW(fchownat(fd, "", 1001, 1001, AT_EMPTY_PATH));
	SHOW(fchownat(AT_FDCWD, "a", 1000, 1000, 0x80));
	say_lstat("a");
	close(make_file("secret", "s"));
	chmod("secret", 0600);
	mkdir("mine", 0777);
	chmod("mine", 0777);
	mkdir("sticky", 0777);
	chmod("sticky", 01777);
	close(make_file("sticky/root", "r"));
	SHOW(setgid(1000));
	SHOW(setuid(1000));
	SHOW(open("secret", O_RDONLY));
	SHOW(open("new", O_CREAT | O_RDWR, 0600));
	SHOW(open("a", O_RDWR));
	SHOW(chmod("secret", 0666));
	SHOW(chmod("a", 0640));
	SHOW(chown("a", 0, 0));
	SHOW(unlink("secret"));
	SHOW(mkdir("mine/x", 0700));
	say_lstat("mine/x");
	SHOW(unlink("sticky/root"));
	SHOW(access("secret", R_OK));
	SHOW(access("a", R_OK | W_OK));
	SHOW(truncate("secret", 0));
	SHOW(utimensat(AT_FDCWD, "secret", NULL, 0));
	SHOW(rename("sticky/root", "mine/r"));
	SHOW(link("a", "mine/l") == 0 || errno == EPERM);
	return 0;
}
