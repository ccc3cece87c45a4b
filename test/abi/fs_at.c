/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that begin at a descriptor. */
#include "fs.h"

int main(void)
{
	int d, f, o;

	own_dir(".");
	SHOW(mkdirat(AT_FDCWD, "d", 0755));
	d = open("d", O_RDONLY | O_DIRECTORY);
	o = open("d", O_PATH);
	SHOW(mkdirat(d, "e", 0755));
	SHOW(mkdirat(o, "p", 0755));
	f = SHOW(openat(d, "f", O_CREAT | O_RDWR, 0644));
	SHOW(symlinkat("f", d, "l"));
	SHOW(linkat(d, "f", d, "g", 0));
	SHOW(renameat(d, "g", AT_FDCWD, "h"));
	SHOW(fchmodat(d, "f", 0600, 0));
	SHOW(unlinkat(d, "e", 0));
	SHOW(unlinkat(d, "e", AT_REMOVEDIR));
	SHOW(mkdirat(f, "x", 0755));
	SHOW(mkdirat(99, "x", 0755));
	SHOW(faccessat(d, "f", R_OK, 0));
	SHOW(faccessat(f, "f", R_OK, 0));
	SHOW(unlinkat(d, "f", 0));
	rename("d", "moved");
	SHOW(mkdirat(d, "after", 0755));
	say_lstat("moved/after");
	unlinkat(d, "after", AT_REMOVEDIR);
	unlinkat(d, "l", 0);
	unlinkat(d, "p", AT_REMOVEDIR);
	rmdir("moved");
	SHOW(mkdirat(d, "x", 0755));
	SHOW(openat(d, ".", O_RDONLY) >= 0);
	SHOW(openat(d, "x", O_CREAT | O_RDWR, 0600));
	SHOW(openat(d, "x", O_RDONLY));
	return 0;
}
