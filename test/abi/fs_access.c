/* SPDX-License-Identifier: Apache-2.0 */
/* As root: what nobody may run, root may not run either. */
#include "fs.h"

int main(void)
{
	own_dir("/tmp");
	close(open("none", O_CREAT | O_WRONLY, 0));
	close(open("run", O_CREAT | O_WRONLY, 0100));
	mkdir("dir", 0);
	SHOW(access("none", R_OK | W_OK));
	SHOW(access("none", X_OK));
	SHOW(access("run", X_OK));
	SHOW(access("dir", R_OK | W_OK | X_OK));
	SHOW(access("missing", F_OK));
	SHOW(access("none", 8));
	SHOW(access("none/x", F_OK));
	SHOW(faccessat(AT_FDCWD, "none", R_OK, AT_EACCESS));
	SHOW(syscall(SYS_faccessat2, AT_FDCWD, "none", R_OK, 0x4));
	symlink("missing", "l");
	SHOW(access("l", F_OK));
	SHOW(syscall(SYS_faccessat2, AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW));
	SHOW(access("/proc/self/status", W_OK) == 0 || errno == EACCES);
	return 0;
}
