/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

int main(void)
{
	own_dir(".");
	printf("%03o\n", umask(027));
	printf("%03o\n", umask(0177777));
	printf("%03o\n", umask(027));
	close(open("a", O_CREAT | O_WRONLY, 0666));
	close(open("b", O_CREAT | O_WRONLY, 07777));
	mkdir("d", 0777);
	mkdir("e", 07777);
	mkfifo("f", 0666);
	umask(0);
	close(open("g", O_CREAT | O_WRONLY, 0642));
	say_lstat("a");
	say_lstat("b");
	say_lstat("d");
	say_lstat("e");
	say_lstat("f");
	say_lstat("g");
	SHOW(chmod("a", 04711));
	say_lstat("a");
	SHOW(fchmodat(AT_FDCWD, "b", 0, 0));
	say_lstat("b");
	SHOW(chmod("none", 0));
	SHOW(fchmod(99, 0));
	return 0;
}
