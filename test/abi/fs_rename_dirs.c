/* SPDX-License-Identifier: Apache-2.0 */
/* What ".." and link counts say after directories have moved. */
#include "fs.h"

static void links(const char *path)
{
	struct stat st;

	printf("%s nlink %ld\n", path, stat(path, &st) ? -1L : (long)st.st_nlink);
}

int main(void)
{
	struct stat a, b;

	own_dir("/tmp");
	mkdir("p", 0755);
	mkdir("q", 0755);
	mkdir("p/d", 0755);
	mkdir("p/d/s", 0755);
	links("p");
	links("q");
	SHOW(rename("p/d", "q/d"));
	links("p");
	links("q");
	links("q/d");
	stat("q", &a);
	stat("q/d/..", &b);
	IS(a.st_ino == b.st_ino);
	mkdir("p/e", 0755);
	SHOW(rename("p/e", "q/d/s"));
	links("p");
	links("q/d");
	close(make_file("q/f", ""));
	SHOW(renameat2(AT_FDCWD, "q/f", AT_FDCWD, "q/d/s", RENAME_EXCHANGE));
	links("q");
	links("q/d");
	chdir("q/s");
	chdir("f");
	SHOW(rmdir("../f"));
	links(".");
	SHOW(mkdir("x", 0755));
	SHOW(open("x", O_CREAT | O_RDWR, 0600));
	SHOW(getcwd((char[64]){ 0 }, 64) != NULL);
	return 0;
}
