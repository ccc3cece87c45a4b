/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <pthread.h>

static __thread int local = 5;
static pid_t tids[8];

static void *run(void *arg)
{
	long n = (long)arg;

	tids[n] = gettid();
	local += (int)n;
	return (void *)(long)local;
}

int main(void)
{
	pthread_t t[8];
	bool distinct = true;

	for (long i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, run, (void *)i);
	for (int i = 0; i < 8; i++) {
		void *r;

		pthread_join(t[i], &r);
		printf("%ld ", (long)r);
	}
	printf("main %d\n", local);
	for (int i = 0; i < 8; i++)
		for (int j = 0; j < i; j++)
			distinct &= tids[i] != tids[j] && tids[i] != getpid();
	IS(distinct);
	return 0;
}
