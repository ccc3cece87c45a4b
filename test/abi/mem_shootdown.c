/* SPDX-License-Identifier: Apache-2.0 */
/* What one thread takes away, another no longer has: at the next instruction, not some time. */
/* abi: timeout 60 */
/* abi: options -c 2 */
#include "mem.h"
#include <pthread.h>
#include <stdatomic.h>

static char *page;
static _Atomic int turn;
static _Atomic long caught, stale;

static void *reader(void *arg)
{
	(void)arg;
	for (int i = 0; i < 400; i++) {
		while (atomic_load(&turn) != 2 * i + 1)
			;
		/* The page is PROT_NONE now, or gone. */
		if (!sigsetjmp(mem_back, 1)) {
			(void)*(volatile char *)page;
			stale++;
		} else {
			caught++;
		}
		atomic_store(&turn, 2 * i + 2);
	}
	return NULL;
}

int main(void)
{
	pthread_t t;

	mem_catch();
	page = mem_map(1, RW);
	pthread_create(&t, NULL, reader, NULL);
	for (int i = 0; i < 400; i++) {
		while (atomic_load(&turn) != 2 * i)
			;
		if (i < 200) {
			mprotect(page, PAGE, RW);
			*page = 1;
			mprotect(page, PAGE, PROT_NONE);
		} else {
			page = mem_map(1, RW);
			*page = 1;
			munmap(page, PAGE);
		}
		atomic_store(&turn, 2 * i + 1);
	}
	pthread_join(t, NULL);
	SAY(stale);
	SAY(caught);
	return 0;
}
