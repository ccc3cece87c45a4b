/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

int main(void)
{
	char buf[64], name[16], target[16], longer[5000];

	own_dir(".");
	SHOW(symlink("target", "l"));
	SHOW(symlink("target", "l"));
	SHOW(symlink("", "e"));
	SHOW(symlink("x", ""));
	SHOW(symlink("x", "none/l"));
	memset(buf, '#', sizeof(buf));
	printf("%zd %.8s\n", readlink("l", buf, sizeof(buf)), buf);
	printf("%zd %.3s\n", readlink("l", buf, 3), buf);
	SHOW(readlink("l", buf, 0));
	SHOW(readlink("none", buf, 9));
	SHOW(readlink(".", buf, 9));
	SHOW(readlink("", buf, 9));
	say_lstat("l");
	symlink("loop", "loop");
	SHOW(open("loop", O_RDONLY));
	SHOW(access("loop/x", F_OK));
	say_lstat("loop");
	symlink("two", "one");
	symlink("one", "two");
	SHOW(open("one", O_RDONLY));
	close(make_file("f0", "end"));
	for (int i = 1; i <= 41; i++) {
		snprintf(target, sizeof(target), "f%d", i - 1);
		snprintf(name, sizeof(name), "f%d", i);
		symlink(target, name);
	}
	say_content("f40");
	say_content("f41");
	mkdir("d", 0755);
	close(make_file("d/x", "in d"));
	symlink("d", "ld");
	say_content("ld/x");
	say_content("ld/../d/x");
	symlink("d/", "lds");
	say_content("lds/x");
	symlink("../nothing", "d/up");
	SHOW(open("d/up", O_RDONLY));
	SHOW(lstat("ld/", &(struct stat){ 0 }));
	memset(longer, 'a', sizeof(longer));
	longer[4095] = 0;
	SHOW(symlink(longer, "long"));
	longer[4096] = 0;
	longer[4095] = 'a';
	SHOW(symlink(longer, "long2"));
	longer[256] = 0;
	SHOW(symlink("x", longer));
	longer[255] = 0;
	SHOW(symlink("x", longer));
	SHOW(open(longer + 1, O_RDONLY));
	return 0;
}
