/* SPDX-License-Identifier: Apache-2.0 */
/* From another thread, with everything blocked. */
#include "abi.h"
#include <pthread.h>

static void *other(void *arg)
{
	kill(getpid(), SIGKILL);
	return arg;
}

int main(void)
{
	sigset_t all;
	pthread_t t;

	puts("before");
	fflush(stdout);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	pthread_create(&t, NULL, other, NULL);
	for (;;)
		pause();
}
