/* SPDX-License-Identifier: Apache-2.0 */
/* Long names, dots, slashes. */
#include "fs.h"

int main(void)
{
	static char p[8192];
	struct stat st;

	own_dir(".");
	mkdir("d", 0755);
	close(make_file("d/f", "x"));
	SHOW(stat("d/f", &st));
	SHOW(stat("d//f", &st));
	SHOW(stat("./d/./f", &st));
	SHOW(stat("d/../d/f", &st));
	SHOW(stat("d/f/..", &st));
	SHOW(stat("d/f/.", &st));
	SHOW(stat("d/f/", &st));
	SHOW(stat("d/none/..", &st));
	SHOW(stat("/../../..", &st));
	SHOW(stat("//", &st));
	memset(p, 'n', 256);
	SHOW(stat(p, &st));
	SHOW(open(p, O_CREAT | O_RDWR, 0600));
	SHOW(mkdir(p, 0700));
	p[255] = 0;
	SHOW(stat(p, &st));
	for (int i = 0; i < 4096; i += 2)
		memcpy(p + i, "./", 2);
	p[4095] = 0;
	SHOW(stat(p, &st));
	p[4095] = '/';
	p[4096] = 0;
	SHOW(stat(p, &st));
	SHOW(stat((char *)1, &st));
	SHOW(stat("d", (void *)1));
	SHOW(stat("", &st));
	SHOW(fstatat(AT_FDCWD, "", &st, 0));
	SHOW(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH));
	SHOW(fstatat(AT_FDCWD, "d", &st, 0x8000000));
	SHOW(fstat(-1, &st));
	SHOW(chdir("d/f"));
	SHOW(chdir("none"));
	SHOW(chdir("d"));
	say_content("f");
	SHOW(fchdir(0x7fffffff));
	SHOW(fchdir(open("f", O_RDONLY)));
	return 0;
}
