/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <linux/membarrier.h>
#include <pthread.h>

static _Atomic int stop;

static void *spin(void *arg)
{
	while (!stop)
		;
	return arg;
}

int main(void)
{
	pthread_t t;

	IS(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	pthread_create(&t, NULL, spin, NULL);
	for (int i = 0; i < 100; i++)
		if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0))
			puts("?");
	SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0));
	SHOW(syscall(SYS_membarrier, 1 << 30, 0, 0));
	SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 5, 0));
	stop = 1;
	pthread_join(t, NULL);
	return 0;
}
