/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

int main(void)
{
	SHOW(raise(SIGCHLD));
	SHOW(raise(SIGURG));
	SHOW(raise(SIGWINCH));
	SHOW(raise(SIGCONT));
	signal(SIGTERM, SIG_IGN);
	SHOW(raise(SIGTERM));
	signal(SIGTERM, SIG_DFL);
	return 0;
}
