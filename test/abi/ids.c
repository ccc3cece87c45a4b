/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <grp.h>
#include <sys/fsuid.h>

static void show(const char *when)
{
	uid_t r, e, s;
	gid_t g, h, i;

	getresuid(&r, &e, &s);
	getresgid(&g, &h, &i);
	printf("%s: %u %u %u, %u %u %u, fs %d %d\n", when, r, e, s, g, h, i, setfsuid(-1),
	       setfsgid(-1));
}

/* Raw calls: the C library's wrappers act on all threads by signals. */
int main(void)
{
	gid_t groups[4] = { 40, 10, 30, 20 };

	show("start");
	SHOW(syscall(SYS_setgroups, 4, groups));
	SHOW(getgroups(0, NULL));
	memset(groups, 0, sizeof(groups));
	SHOW(getgroups(2, groups));
	SHOW(getgroups(4, groups));
	printf("%u %u %u %u\n", groups[0], groups[1], groups[2], groups[3]);
	SHOW(syscall(SYS_setresgid, 100, 101, 102));
	show("resgid");
	SHOW(syscall(SYS_setresuid, -1, 1000, -1));
	show("seteuid");
	SHOW(syscall(SYS_setuid, 2000));
	SHOW(syscall(SYS_setresuid, -1, 0, -1));
	show("back");
	SHOW(syscall(SYS_setreuid, 500, 600));
	show("reuid");
	SHOW(syscall(SYS_setreuid, 600, 500));
	show("swapped");
	SHOW(syscall(SYS_setuid, 600));
	SHOW(syscall(SYS_setuid, 0));
	show("end");
	SHOW(syscall(SYS_setgroups, 1, groups));
	SHOW(syscall(SYS_setgid, 102));
	SHOW(syscall(SYS_setgid, 7));
	SHOW(syscall(SYS_setuid, -1));
	return 0;
}
