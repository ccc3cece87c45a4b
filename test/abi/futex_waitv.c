/* SPDX-License-Identifier: Apache-2.0 */
/* futex_waitv: waits for any of several words. */
#include "futex.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

static volatile uint32_t w[128];
static struct futex_waitv v[130];

static long waitv(unsigned n, unsigned flags, struct timespec *t, clockid_t c)
{
	return syscall(SYS_futex_waitv, v, n, flags, t, c);
}

static void set(unsigned n)
{
	memset(v, 0, sizeof(v));
	for (unsigned i = 0; i < n; i++)
		v[i] = (struct futex_waitv){ .val = 0,
					     .uaddr = (uintptr_t)&w[i % 128],
					     .flags = FUTEX_32 };
}

static void *wake_later(void *arg)
{
	let_sleep();
	printf("woke %ld\n", futex(arg, FUTEX_WAKE, 9, NULL, NULL, 0));
	return NULL;
}

static void handler(int sig)
{
}

static void *signal_later(void *arg)
{
	let_sleep();
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	let_sleep();
	futex(&w[0], FUTEX_WAKE, 9, NULL, NULL, 0);
	return NULL;
}

int main(void)
{
	struct timespec t;
	pthread_t th, self = pthread_self();

	set(130);
	SHOW(waitv(0, 0, NULL, 0));
	SHOW(waitv(129, 0, NULL, 0));
	SHOW(waitv(1, 1, NULL, 0));
	SHOW(syscall(SYS_futex_waitv, NULL, 1, 0, NULL, 0));
	SHOW(syscall(SYS_futex_waitv, NOT_MAPPED, 1, 0, NULL, 0));
	t = in_ms(CLOCK_MONOTONIC, 20);
	SHOW(waitv(1, 0, &t, CLOCK_BOOTTIME));
	SHOW(waitv(128, 0, &t, CLOCK_MONOTONIC));
	t = in_ms(CLOCK_REALTIME, 20);
	SHOW(waitv(3, 0, &t, CLOCK_REALTIME));
	t.tv_nsec = 1000000000;
	SHOW(waitv(3, 0, &t, CLOCK_REALTIME));
	w[5] = 1;
	SHOW(waitv(8, 0, NULL, 0));
	w[5] = 0;
	v[2].flags = 0;
	SHOW(waitv(8, 0, NULL, 0));
	v[2].flags = FUTEX_32;
	v[2].__reserved = 1;
	SHOW(waitv(8, 0, NULL, 0));
	v[2].__reserved = 0;
	v[2].uaddr++;
	SHOW(waitv(8, 0, NULL, 0));
	v[2].uaddr = 4096;
	SHOW(waitv(8, 0, NULL, 0));
	set(8);
	pthread_create(&th, NULL, wake_later, (void *)&w[6]);
	SHOW(waitv(8, 0, NULL, 0));
	pthread_join(th, NULL);
	for (int i = 0; i < 8; i++)
		v[i].flags |= FUTEX_PRIVATE_FLAG;
	v[3].flags = FUTEX_32;
	pthread_create(&th, NULL, wake_later, (void *)&w[3]);
	SHOW(waitv(8, 0, NULL, 0));
	pthread_join(th, NULL);
	set(2);
	v[1] = v[0]; /* the same word twice */
	pthread_create(&th, NULL, wake_later, (void *)&w[0]);
	IS(waitv(2, 0, NULL, 0) >= 0);
	pthread_join(th, NULL);
	for (int restart = 0; restart < 2; restart++) {
		sigaction(SIGUSR1,
			  &(struct sigaction){ .sa_handler = handler,
					       .sa_flags = restart ? SA_RESTART : 0 },
			  NULL);
		pthread_create(&th, NULL, signal_later, &self);
		SHOW(waitv(2, 0, NULL, 0));
		pthread_join(th, NULL);
	}
	return 0;
}
