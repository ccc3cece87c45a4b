/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that ends with a robust mutex held leaves it to the next with EOWNERDEAD. */
#include "abi.h"
#include <pthread.h>

static pthread_mutex_t m;

static void *die(void *arg)
{
	pthread_mutex_lock(&m);
	return arg;
}

static void *wait_for_it(void *arg)
{
	int r = pthread_mutex_lock(&m);

	printf("waiter: %s\n", strerrorname_np(r));
	pthread_mutex_consistent(&m);
	pthread_mutex_unlock(&m);
	return arg;
}

static void *die_later(void *arg)
{
	pthread_mutex_lock(&m);
	usleep(30000);
	return arg;
}

int main(void)
{
	pthread_mutexattr_t a;
	pthread_t t, u;
	int r;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&m, &a);
	pthread_create(&t, NULL, die, NULL);
	pthread_join(t, NULL);
	r = pthread_mutex_lock(&m);
	printf("%s\n", strerrorname_np(r));
	SHOW(pthread_mutex_consistent(&m));
	SHOW(pthread_mutex_unlock(&m));
	pthread_create(&t, NULL, die_later, NULL);
	usleep(10000);
	pthread_create(&u, NULL, wait_for_it, NULL);
	pthread_join(t, NULL);
	pthread_join(u, NULL);
	SHOW(pthread_mutex_lock(&m));
	SHOW(syscall(SYS_set_robust_list, NULL, 5));
	return 0;
}
