/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

int main(void)
{
	own_dir(".");
	SHOW(unlink("none"));
	SHOW(unlink("."));
	SHOW(unlink(".."));
	SHOW(unlink("/"));
	mkdir("d", 0755);
	SHOW(unlink("d"));
	SHOW(unlink("d/"));
	close(make_file("f", ""));
	SHOW(unlink("f/"));
	SHOW(rmdir("f"));
	SHOW(rmdir("none"));
	SHOW(rmdir("."));
	SHOW(rmdir(".."));
	SHOW(rmdir("d/."));
	SHOW(rmdir("/"));
	close(make_file("d/x", ""));
	SHOW(rmdir("d"));
	SHOW(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
	SHOW(unlink("d/x"));
	SHOW(unlinkat(AT_FDCWD, "d/", AT_REMOVEDIR));
	SHOW(unlinkat(AT_FDCWD, "f", 0x80));
	SHOW(unlinkat(AT_FDCWD, "f", 0));
	mkdir("a", 0755);
	symlink("a", "l");
	SHOW(rmdir("l"));
	SHOW(rmdir("l/"));
	SHOW(unlink("l"));
	SHOW(rmdir("a"));
	SHOW(unlink(""));
	SHOW(rmdir(""));
	SHOW(mkdir("", 0755));
	SHOW(mkdir("/", 0755));
	SHOW(mkdir(".", 0755));
	SHOW(mkdir("x/", 0755));
	SHOW(mkdir("x", 0755));
	SHOW(mkdir("y/z", 0755));
	return 0;
}
