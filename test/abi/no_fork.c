/* SPDX-License-Identifier: Apache-2.0 */
/* abi: vm-only-status 0 */
/* One program, one process: each way to another says ENOSYS, and the program goes on. */
#include "abi.h"
#include <spawn.h>
#include <sys/wait.h>

int main(void)
{
	char *argv[] = { "/bin/true", NULL };
	pid_t pid;

	if (fork() != -1 || errno != ENOSYS)
		return 1;
	if (vfork() != -1 || errno != ENOSYS)
		return 2;
	if (execv("/bin/true", argv) != -1 || errno != ENOSYS)
		return 3;
	if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, argv) != ENOSYS)
		return 4;
	if (WEXITSTATUS(system("true")) != 127)
		return 5;
	return 0;
}
