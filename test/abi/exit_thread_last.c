/* SPDX-License-Identifier: Apache-2.0 */
/* The main thread leaves with pthread_exit: the process goes on, and ends with 0 when the last thread is gone. */
#include "abi.h"
#include <pthread.h>

static void *later(void *arg)
{
	usleep(20000);
	puts("still here");
	fflush(stdout);
	return arg;
}

int main(void)
{
	pthread_t t;

	pthread_create(&t, NULL, later, NULL);
	pthread_detach(t);
	pthread_exit(NULL);
}
