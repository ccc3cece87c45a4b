/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

static void handler(int sig)
{
	printf("handler %d\n", sig);
}

int main(void)
{
	int fds[2];

	if (pipe(fds))
		return 1;
	close(fds[0]);
	signal(SIGPIPE, SIG_IGN);
	SHOW(write(fds[1], "x", 1));
	signal(SIGPIPE, handler);
	SHOW(write(fds[1], "x", 1));
	signal(SIGPIPE, SIG_DFL);
	fflush(stdout);
	SHOW(write(fds[1], "x", 1));
	return 0;
}
