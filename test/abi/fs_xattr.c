/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"
#include <sys/xattr.h>

int main(void)
{
	char b[64];
	int fd;

	own_dir(".");
	fd = make_file("f", "x");
	SHOW(setxattr("f", "user.a", "value", 5, 0));
	SHOW(getxattr("f", "user.a", b, sizeof(b)));
	printf("%.5s\n", b);
	SHOW(getxattr("f", "user.a", NULL, 0));
	SHOW(getxattr("f", "user.a", b, 2));
	SHOW(getxattr("f", "user.none", b, 2));
	SHOW(setxattr("f", "user.a", "v2", 2, XATTR_CREATE));
	SHOW(setxattr("f", "user.b", "v2", 2, XATTR_REPLACE));
	SHOW(setxattr("f", "user.a", "v2", 2, XATTR_REPLACE));
	SHOW(fgetxattr(fd, "user.a", b, sizeof(b)));
	SHOW(setxattr("f", "user.a", "v2", 2, 4));
	SHOW(setxattr("f", "nonsense", "v", 1, 0));
	SHOW(setxattr("f", "user.", "v", 1, 0));
	SHOW(setxattr("f", "", "v", 1, 0));
	SHOW(setxattr("none", "user.a", "v", 1, 0));
	SHOW(removexattr("f", "user.none"));
	SHOW(removexattr("f", "user.a"));
	SHOW(getxattr("f", "user.a", b, sizeof(b)));
	symlink("f", "l");
	SHOW(lsetxattr("l", "user.a", "v", 1, 0));
	SHOW(setxattr("l", "user.c", "", 0, 0));
	SHOW(getxattr("f", "user.c", b, sizeof(b)));
	ssize_t n = listxattr("f", b, sizeof(b));
	IS(n >= 7 && memmem(b, n, "user.c", 7));
	SHOW(fgetxattr(99, "user.a", b, 1));
	return 0;
}
