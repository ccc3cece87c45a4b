/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <sched.h>
#include <sys/wait.h>

int main(void)
{
	int st;

	IS(getpid() > 0);
	IS(gettid() == getpid());
	SHOW(getpgid(999999));
	SHOW(getsid(999999));
	IS(getpgid(0) == getpgrp());
	SHOW(setpgid(999999, 0));
	SHOW(setpgid(0, -1));
	SHOW(wait(&st));
	SHOW(waitpid(-1, &st, WNOHANG));
	SHOW(waitpid(-1, &st, 0x7fff));
	SHOW(waitid(P_ALL, 0, NULL, WEXITED));
	SHOW(waitid(P_ALL, 0, NULL, 0));
	SHOW(waitid(77, 0, NULL, WEXITED));
	return 0;
}
