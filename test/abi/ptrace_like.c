/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <linux/kcmp.h>

int main(void)
{
	int fd = dup(1), other = open("/dev/null", O_RDONLY);

	SHOW(syscall(SYS_kcmp, getpid(), getpid(), KCMP_VM, 0, 0));
	SHOW(syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, 1, fd));
	IS(syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, 1, other) > 0);
	SHOW(syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, 1, 77));
	SHOW(syscall(SYS_kcmp, getpid(), getpid(), 99, 0, 0));
	SHOW(syscall(SYS_kcmp, getpid(), 999999, KCMP_VM, 0, 0));
	SHOW(syscall(SYS_ioprio_get, 1, 0) >= 0);
	SHOW(syscall(SYS_ioprio_set, 9, 0, 0));
	SHOW(syscall(SYS_ioprio_set, 1, 0, 7 << 13));
	SHOW(syscall(SYS_personality, 0xffffffff));
	return 0;
}
