/* SPDX-License-Identifier: Apache-2.0 */
/* What clone and clone3 refuse before they look at what kind of process is wanted. */
#include "abi.h"
#include <linux/sched.h>

int main(void)
{
	struct clone_args c;

	SHOW(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
	SHOW(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
	memset(&c, 0, sizeof(c));
	SHOW(syscall(SYS_clone3, &c, 8));
	SHOW(syscall(SYS_clone3, &c, 100000));
	SHOW(syscall(SYS_clone3, NOT_MAPPED, sizeof(c)));
	c.flags = CLONE_THREAD;
	SHOW(syscall(SYS_clone3, &c, sizeof(c)));
	c.flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
	c.exit_signal = SIGCHLD;
	SHOW(syscall(SYS_clone3, &c, sizeof(c)));
	c.exit_signal = 0;
	c.stack = 4096;
	SHOW(syscall(SYS_clone3, &c, sizeof(c)));
	return 0;
}
