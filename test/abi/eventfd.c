/* SPDX-License-Identifier: Apache-2.0 */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

static void *add_later(void *arg)
{
	uint64_t v = 2;

	usleep(30000);
	(void)!write(*(int *)arg, &v, 8);
	return NULL;
}

static void *take_later(void *arg)
{
	uint64_t v;

	usleep(30000);
	(void)!read(*(int *)arg, &v, 8);
	return NULL;
}

int main(void)
{
	uint64_t v = 0, two[2] = { 0, 0 };
	struct iovec iov[2] = { { &two[0], 4 }, { (char *)&two[0] + 4, 4 } };
	int e = eventfd(5, EFD_NONBLOCK), s = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK), b;
	struct pollfd p = { e, POLLIN | POLLOUT, 0 };
	pthread_t t;

	SHOW(read(e, &v, 8));
	SAY(v);
	SHOW(read(e, &v, 8));
	SHOW(read(e, &v, 7));
	SHOW(write(e, &v, 4));
	v = 7;
	v = UINT64_MAX;
	SHOW(write(e, &v, 8));
	v = UINT64_MAX - 1;
	SHOW(write(e, &v, 8));
	SHOW(poll(&p, 1, 0));
	SAY(p.revents);
	v = 1;
	SHOW(write(e, &v, 8));
	v = 0;
	SHOW(write(e, &v, 8));
	SHOW(read(e, &v, 8));
	IS(v == UINT64_MAX - 1);
	SHOW(write(e, NOT_MAPPED, 8));
	v = 1;
	SHOW(write(e, &v, 8));
	SHOW(read(e, NOT_MAPPED, 8));
	SHOW(read(e, &v, 8));
	v = 9;
	SHOW(write(e, &v, 8));
	SHOW(readv(e, iov, 2));
	SAY(two[0]);
	for (int i = 0; i < 4; i++) {
		SHOW(read(s, &v, 8));
		SAY(v);
	}
	SHOW(lseek(e, 0, SEEK_SET));
	SHOW(pread(e, &v, 8, 0));
	SHOW(syscall(SYS_eventfd2, 0, 0x1234));
	SHOW(fcntl(syscall(SYS_eventfd2, 0, EFD_CLOEXEC), F_GETFD));
	SHOW(fcntl(e, F_GETFL));
	b = eventfd(0, 0);
	pthread_create(&t, NULL, add_later, &b);
	SHOW(read(b, &v, 8));
	SAY(v);
	pthread_join(t, NULL);
	v = UINT64_MAX - 1;
	SHOW(write(b, &v, 8));
	pthread_create(&t, NULL, take_later, &b);
	v = 3;
	SHOW(write(b, &v, 8));
	pthread_join(t, NULL);
	SHOW(read(b, &v, 8));
	SAY(v);
	return 0;
}
