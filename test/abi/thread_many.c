/* SPDX-License-Identifier: Apache-2.0 */
/* abi: timeout 60 */
#include "abi.h"
#include <pthread.h>

static _Atomic int alive, most, total;

static void *run(void *arg)
{
	int n = ++alive;

	if (n > most)
		most = n;
	total++;
	usleep(20000);
	alive--;
	return arg;
}

/* 300 at once, then 2000 one after the other: numbers and stacks come back. */
int main(void)
{
	static pthread_t t[300];
	pthread_attr_t a;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 65536);
	for (int i = 0; i < 300; i++)
		if (pthread_create(&t[i], &a, run, NULL))
			return 1;
	for (int i = 0; i < 300; i++)
		pthread_join(t[i], NULL);
	SAY(total);
	IS(most > 50);
	for (int i = 0; i < 2000; i++) {
		pthread_create(&t[0], &a, (void *(*)(void *))(void *)getpid, NULL);
		pthread_join(t[0], NULL);
	}
	puts("done");
	return 0;
}
