/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

int main(void)
{
	struct stat a, b;

	own_dir(".");
	close(make_file("a", "A"));
	close(make_file("b", "B"));
	SHOW(rename("a", "c"));
	say_content("a");
	say_content("c");
	SHOW(rename("c", "b"));
	say_content("b");
	SHOW(rename("none", "x"));
	SHOW(rename("b", "none/x"));
	SHOW(rename("b", "b"));
	link("b", "b2");
	SHOW(rename("b", "b2"));
	say_lstat("b");
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	SHOW(rename("d", "d/e/f"));
	SHOW(rename("d", "d/e"));
	SHOW(rename("d/e", "d"));
	SHOW(rename("b", "d"));
	SHOW(rename("d", "b"));
	mkdir("empty", 0755);
	SHOW(rename("d", "empty"));
	say_lstat("empty/e");
	mkdir("full", 0755);
	close(make_file("full/x", ""));
	SHOW(rename("empty", "full"));
	SHOW(rename(".", "x"));
	SHOW(rename("full", "."));
	SHOW(rename("full", ".."));
	SHOW(rename("full/", "full2/"));
	SHOW(rename("b/", "b3"));
	SHOW(rename("b", "b3/"));
	SHOW(rename("", "x"));
	SHOW(rename("b", ""));
	/* EXCHANGE and NOREPLACE */
	SHOW(renameat2(AT_FDCWD, "b", AT_FDCWD, "full2", RENAME_NOREPLACE));
	SHOW(renameat2(AT_FDCWD, "b", AT_FDCWD, "fresh", RENAME_NOREPLACE));
	SHOW(renameat2(AT_FDCWD, "fresh", AT_FDCWD, "full2", RENAME_EXCHANGE));
	say_lstat("fresh");
	say_content("full2");
	SHOW(renameat2(AT_FDCWD, "fresh", AT_FDCWD, "none", RENAME_EXCHANGE));
	SHOW(renameat2(AT_FDCWD, "fresh", AT_FDCWD, "none", RENAME_EXCHANGE | RENAME_NOREPLACE));
	SHOW(renameat2(AT_FDCWD, "fresh", AT_FDCWD, "none", 0x80));
	stat("fresh/x", &a);
	SHOW(rename("fresh", "moved"));
	stat("moved/x", &b);
	IS(a.st_ino == b.st_ino);
	SHOW(rename("moved/x", "/dev/shm/abs-x"));
	return 0;
}
