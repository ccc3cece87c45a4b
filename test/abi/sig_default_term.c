/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"

int main(void)
{
	puts("before");
	fflush(stdout);
	kill(getpid(), SIGTERM);
	puts("after");
	return 0;
}
