/* SPDX-License-Identifier: Apache-2.0 */
/* exit_group ends threads that sleep, spin and read. */
#include "abi.h"
#include <pthread.h>

static void *spin(void *arg)
{
	for (;;)
		__asm__ volatile("pause");
	return arg;
}

static void *sleeper(void *arg)
{
	sleep(1000);
	return arg;
}

static void *reader(void *arg)
{
	char c;

	if (read(*(int *)arg, &c, 1) == 1)
		puts("?");
	return NULL;
}

int main(void)
{
	pthread_t t;
	int fds[2];

	if (pipe(fds))
		return 1;
	pthread_create(&t, NULL, spin, NULL);
	pthread_create(&t, NULL, sleeper, NULL);
	pthread_create(&t, NULL, reader, &fds[0]);
	usleep(10000);
	puts("leaving");
	exit(3);
}
