/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <pthread.h>

static void *run(void *arg)
{
	char name[16];

	pthread_getname_np(pthread_self(), name, sizeof(name));
	printf("inherits %s\n", name);
	pthread_setname_np(pthread_self(), "worker");
	pthread_getname_np(pthread_self(), name, sizeof(name));
	printf("now %s\n", name);
	return arg;
}

int main(void)
{
	char name[16];
	pthread_t t;

	pthread_setname_np(pthread_self(), "boss");
	pthread_create(&t, NULL, run, NULL);
	pthread_join(t, NULL);
	pthread_getname_np(pthread_self(), name, sizeof(name));
	puts(name);
	SHOW(pthread_setname_np(pthread_self(), "a name longer than that"));
	return 0;
}
