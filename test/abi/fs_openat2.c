/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"
#include <linux/openat2.h>

static long open2(int d, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .resolve = resolve };
	long r = syscall(SYS_openat2, d, path, &how, sizeof(how));

	if (r >= 0) {
		close(r);
		return 0;
	}
	return r;
}

int main(void)
{
	struct {
		struct open_how how;
		uint64_t extra;
	} big = { 0 };
	int d;

	own_dir(".");
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	close(make_file("d/e/f", "x"));
	close(make_file("top", "x"));
	symlink("e/f", "d/in");
	symlink("../top", "d/out");
	symlink("/", "d/abs");
	d = open("d", O_PATH);
	SHOW(open2(d, "e/f", O_RDONLY, 0));
	SHOW(open2(d, "../top", O_RDONLY, 0));
	SHOW(open2(d, "e/f", O_RDONLY, RESOLVE_BENEATH));
	SHOW(open2(d, "e/../e/f", O_RDONLY, RESOLVE_BENEATH));
	SHOW(open2(d, "../top", O_RDONLY, RESOLVE_BENEATH));
	SHOW(open2(d, "in", O_RDONLY, RESOLVE_BENEATH));
	SHOW(open2(d, "out", O_RDONLY, RESOLVE_BENEATH));
	SHOW(open2(d, "abs", O_RDONLY, RESOLVE_BENEATH));
	SHOW(open2(d, "/etc", O_RDONLY, RESOLVE_BENEATH));
	SHOW(open2(d, "../../e/f", O_RDONLY, RESOLVE_IN_ROOT));
	SHOW(open2(d, "/e/f", O_RDONLY, RESOLVE_IN_ROOT));
	SHOW(open2(d, "abs/e/f", O_RDONLY, RESOLVE_IN_ROOT));
	SHOW(open2(d, "in", O_RDONLY, RESOLVE_NO_SYMLINKS));
	SHOW(open2(d, "in", O_RDONLY | O_NOFOLLOW, 0));
	SHOW(open2(AT_FDCWD, "/proc/self/fd/0", O_RDONLY, RESOLVE_NO_MAGICLINKS));
	SHOW(open2(AT_FDCWD, "/proc/self/status", O_RDONLY, RESOLVE_NO_XDEV));
	SHOW(open2(d, "e/f", O_RDONLY, 0x100));
	SHOW(open2(d, "e/f", 0x80000000, 0));
	SHOW(open2(d, "e/f", O_RDONLY, RESOLVE_BENEATH | RESOLVE_IN_ROOT));
	SHOW(syscall(SYS_openat2, d, "e/f", &big, 8));
	big.extra = 1;
	SHOW(syscall(SYS_openat2, d, "e/f", &big, sizeof(big)));
	big.extra = 0;
	WORKS(syscall(SYS_openat2, d, "e/f", &big, sizeof(big)));
	big.how.mode = 0600;
	SHOW(syscall(SYS_openat2, d, "e/f", &big, sizeof(big)));
	return 0;
}
