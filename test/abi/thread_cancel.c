/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <pthread.h>

static void cleanup(void *arg)
{
	printf("cleanup %s\n", (char *)arg);
}

static void *sleeper(void *arg)
{
	pthread_cleanup_push(cleanup, "sleeper");
	sleep(100);
	pthread_cleanup_pop(0);
	return arg;
}

static void *spinner(void *arg)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;)
		__asm__ volatile("pause");
	return arg;
}

int main(void)
{
	pthread_t t;
	void *r;

	pthread_create(&t, NULL, sleeper, NULL);
	usleep(10000);
	pthread_cancel(t);
	pthread_join(t, &r);
	IS(r == PTHREAD_CANCELED);
	pthread_create(&t, NULL, spinner, NULL);
	usleep(10000);
	pthread_cancel(t);
	pthread_join(t, &r);
	IS(r == PTHREAD_CANCELED);
	return 0;
}
