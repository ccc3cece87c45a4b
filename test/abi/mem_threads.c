/* SPDX-License-Identifier: Apache-2.0 */
/* Four threads touch the same pages for the first time, at once. */
#include "mem.h"
#include <pthread.h>
#include <stdatomic.h>

static _Atomic unsigned *words;
static char *file;

static void *touch(void *arg)
{
	unsigned long me = (unsigned long)arg, bad = 0;

	for (unsigned long i = 0; i < 512; i++)
		atomic_fetch_add(&words[i * 1024 + me], 1);
	for (unsigned long i = 0; i < 512; i++)
		atomic_fetch_add(&words[i * 1024], 1);
	for (unsigned long i = 0; i < 32; i++)
		bad += file[i * PAGE] != (char)(i + 1);
	return (void *)bad;
}

int main(void)
{
	pthread_t t[4];
	unsigned long sum = 0, own = 0, bad = 0;

	words = (void *)mem_map(512, RW);
	file = mmap(NULL, 32 * PAGE, RW, MAP_PRIVATE, mem_file(32 * PAGE), 0);
	for (unsigned long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, touch, (void *)(i + 1));
	for (int i = 0; i < 4; i++) {
		void *r;

		pthread_join(t[i], &r);
		bad += (unsigned long)r;
	}
	for (unsigned long i = 0; i < 512; i++) {
		sum += words[i * 1024];
		for (int k = 1; k < 5; k++)
			own += words[i * 1024 + k];
	}
	SAY(sum);
	SAY(own);
	SAY(bad);
	return 0;
}
