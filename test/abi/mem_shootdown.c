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

enum { ROUNDS = 80, STEPS = 4 }; /* of a round: made, read, taken away, missed */

static void await(int step)
{
	while (atomic_load(&turn) != step)
		;
}

static void *reader(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		await(STEPS * i + 1);
		(void)*(volatile char *)page; /* this CPU knows it now */
		atomic_store(&turn, STEPS * i + 2);
		await(STEPS * i + 3);
		if (!sigsetjmp(mem_back, 1)) {
			(void)*(volatile char *)page;
			stale++;
		} else {
			caught++;
		}
		atomic_store(&turn, STEPS * i + 4);
	}
	return NULL;
}

static void make(bool by_mprotect)
{
	if (by_mprotect)
		mprotect(page, PAGE, RW);
	else
		page = mem_map(1, RW);
	*page = 1;
}

static void take_away(bool by_mprotect)
{
	if (by_mprotect)
		mprotect(page, PAGE, PROT_NONE);
	else
		munmap(page, PAGE);
}

int main(void)
{
	pthread_t t;

	mem_catch();
	page = mem_map(1, RW);
	pthread_create(&t, NULL, reader, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		bool by_mprotect = i < ROUNDS / 2;

		await(STEPS * i);
		make(by_mprotect);
		atomic_store(&turn, STEPS * i + 1);
		await(STEPS * i + 2);
		take_away(by_mprotect);
		atomic_store(&turn, STEPS * i + 3);
	}
	pthread_join(t, NULL);
	SAY(stale);
	SAY(caught);
	return 0;
}
