/* SPDX-License-Identifier: Apache-2.0 */
/* FUTEX_WAIT, WAKE and their BITSET forms: values, timeouts on both clocks, bits, counts, order, errors, signals. */
#include "futex.h"
#include <sys/mman.h>

static volatile uint32_t word, word2;
static volatile int order[8], norder;
static int id[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
static long result[8];
static uint32_t bits[8];

static void *waiter(void *arg)
{
	int i = *(int *)arg;

	result[i] = futex(&word, FUTEX_WAIT_BITSET, word, NULL, NULL, bits[i]);
	order[__atomic_fetch_add(&norder, 1, __ATOMIC_SEQ_CST)] = i;
	return NULL;
}

static void errors(void)
{
	char misaligned[8];
	struct timespec t = ms(20);

	SHOW(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, &t, NULL, 0));
	SHOW(futex(misaligned + 1, FUTEX_WAIT, 0, &t, NULL, 0));
	SHOW(futex(misaligned + 1, FUTEX_WAKE, 1, NULL, NULL, 0));
	SHOW(futex(NULL, FUTEX_WAIT, 0, &t, NULL, 0));
	SHOW(futex(NULL, FUTEX_WAKE, 1, NULL, NULL, 0));
	SHOW(futex(NULL, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SHOW(futex((void *)-4096, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SHOW(futex((void *)-4096, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
	t = (struct timespec){ 0, 1000000000 };
	SHOW(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0));
	t = (struct timespec){ -1, 0 };
	SHOW(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT, 0, NOT_MAPPED, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_FD, 0, NULL, NULL, 0));
	SHOW(futex(&word, 99, 0, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE, 0, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE, -1, NULL, NULL, 0));
}

static void clocks(void)
{
	struct timespec t = in_ms(CLOCK_MONOTONIC, 20);

	SHOW(futex(&word, FUTEX_WAIT_BITSET, 0, &t, NULL, -1));
	SHOW(futex(&word, FUTEX_WAIT_BITSET, 0, &t, NULL, -1)); /* in the past now */
	SHOW(futex(&word, FUTEX_WAIT_BITSET, 1, &t, NULL, -1));
	t = in_ms(CLOCK_REALTIME, 20);
	SHOW(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, NULL, -1));
	t = (struct timespec){ 0, 0 };
	SHOW(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &t, NULL, -1));
	SHOW(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0));
}

static void waking(int nwake, int n)
{
	pthread_t t[8];

	norder = 0;
	for (int i = 0; i < n; i++) {
		bits[i] = -1;
		pthread_create(&t[i], NULL, waiter, &id[i]);
		let_sleep();
	}
	printf("wake %d of %d: %ld\n", nwake, n, futex(&word, FUTEX_WAKE, nwake, NULL, NULL, 0));
	let_sleep();
	printf("woken %d\n", norder);
	if (norder == 1)
		SAY(order[0]);
	printf("the rest: %ld\n", futex(&word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0));
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

static void bitsets(void)
{
	pthread_t t[4];

	norder = 0;
	for (int i = 0; i < 4; i++) {
		bits[i] = 1u << i | 0x100;
		pthread_create(&t[i], NULL, waiter, &id[i]);
		let_sleep();
	}
	SHOW(futex(&word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 0x80));
	SHOW(futex(&word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 0x4));
	let_sleep();
	SAY(order[0]);
	SHOW(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0x100));
	let_sleep();
	SAY(order[1]);
	SHOW(futex(&word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 0x100));
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		SAY(result[i]);
	}
}

/* A shared word is the same word at two addresses; a private one is not. */
static volatile uint32_t *view;

static void *shared_waiter(void *arg)
{
	result[0] = futex(view, (int)(long)arg, 0, &(struct timespec){ 0, 300000000 }, NULL, 0);
	result[1] = errno;
	return NULL;
}

static void shared(void)
{
	int fd = memfd_create("w", 0);
	volatile uint32_t *a, *b;
	pthread_t t;

	ftruncate(fd, 4096);
	a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	view = a + 3;
	pthread_create(&t, NULL, shared_waiter, (void *)FUTEX_WAIT);
	let_sleep();
	SHOW(futex(b + 3, FUTEX_WAKE, 9, NULL, NULL, 0));
	pthread_join(t, NULL);
	SAY(result[0]);
	pthread_create(&t, NULL, shared_waiter, (void *)FUTEX_WAIT_PRIVATE);
	let_sleep();
	SHOW(futex(b + 3, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	SHOW(futex(a + 3, FUTEX_WAKE, 9, NULL, NULL, 0));
	SHOW(futex(a + 3, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	pthread_join(t, NULL);
	SAY(result[0]);
}

static void handler(int sig)
{
}

static void *interrupted(void *arg)
{
	struct timespec t = ms(400);

	result[0] = futex(&word, FUTEX_WAIT, 0, arg ? &t : NULL, NULL, 0);
	result[1] = errno;
	return NULL;
}

static void signals(int flags, void *timed)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };
	pthread_t t;

	sigaction(SIGUSR1, &sa, NULL);
	pthread_create(&t, NULL, interrupted, timed);
	let_sleep();
	pthread_kill(t, SIGUSR1);
	let_sleep();
	SHOW(futex(&word, FUTEX_WAKE, 9, NULL, NULL, 0));
	pthread_join(t, NULL);
	printf("flags %#x timed %d: %ld %s\n", flags, timed != NULL, result[0],
	       result[0] ? strerrorname_np(result[1]) : "");
}

int main(void)
{
	errors();
	clocks();
	waking(1, 3);
	waking(2, 3);
	waking(0, 2);
	waking(9, 3);
	bitsets();
	shared();
	signals(0, NULL);
	signals(SA_RESTART, NULL);
	signals(0, "t");
	signals(SA_RESTART, "t");
	return 0;
}
