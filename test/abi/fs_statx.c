/* SPDX-License-Identifier: Apache-2.0 */
#include "fs.h"

int main(void)
{
	struct statx x;
	struct stat st;
	int fd;

	own_dir(".");
	fd = make_file("f", "123");
	memset(&x, 0xff, sizeof(x));
	SHOW(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS | STATX_BTIME, &x));
	stat("f", &st);
	IS((x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
	SAY(x.stx_size);
	SAY(x.stx_nlink);
	SAY(x.stx_mode);
	IS(x.stx_ino == st.st_ino);
	IS(x.stx_mtime.tv_sec == st.st_mtim.tv_sec && x.stx_mtime.tv_nsec == st.st_mtim.tv_nsec);
	IS(x.stx_btime.tv_sec <= x.stx_mtime.tv_sec);
	symlink("f", "l");
	SHOW(statx(AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &x));
	SAY(x.stx_mode & S_IFMT);
	SHOW(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &x));
	SAY(x.stx_size);
	SHOW(statx(fd, "", 0, STATX_SIZE, &x));
	SHOW(statx(AT_FDCWD, "none", 0, STATX_SIZE, &x));
	SHOW(statx(AT_FDCWD, "f", 0x8000000, STATX_SIZE, &x));
	SHOW(statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_SIZE, &x));
	SHOW(statx(AT_FDCWD, "f", 0, 0x80000000u, &x));
	SHOW(statx(AT_FDCWD, "f", 0, 0, (void *)1));
	SHOW(statx(99, "f", 0, 0, &x));
	return 0;
}
