/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

int main(void)
{
	pid_t me = getpid();
	siginfo_t si = { .si_code = SI_QUEUE };

	SHOW(kill(me, 0));
	SHOW(kill(me, 65));
	SHOW(kill(me, -1));
	SHOW(kill(999999, 0));
	SHOW(kill(-999999, 0));
	SHOW(syscall(SYS_tkill, gettid(), 0));
	SHOW(syscall(SYS_tkill, 0, 0));
	SHOW(syscall(SYS_tkill, 999999, 0));
	SHOW(syscall(SYS_tgkill, me, gettid(), 0));
	SHOW(syscall(SYS_tgkill, me, -1, 0));
	SHOW(syscall(SYS_tgkill, 999999, gettid(), 0));
	SHOW(syscall(SYS_tgkill, me, gettid(), 99));
	SHOW(syscall(SYS_rt_sigqueueinfo, me, 99, &si));
	SHOW(syscall(SYS_rt_sigqueueinfo, 999999, SIGUSR1, &si));
	SHOW(syscall(SYS_rt_sigqueueinfo, me, SIGUSR1, NOT_MAPPED));
	return 0;
}
