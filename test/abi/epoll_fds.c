/* SPDX-License-Identifier: Apache-2.0 */
/* epoll and descriptors: duplicates, closing, the same number again, epolls in epolls, loops, depth. */
#include "abi.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int wait_one(int ep)
{
	struct epoll_event ev = { 0 };
	int n = epoll_wait(ep, &ev, 1, 0);

	return n == 1 ? (int)ev.data.u32 : n == 0 ? -1 : -errno;
}

static int add(int ep, int fd, int data)
{
	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &(struct epoll_event){ EPOLLIN, { .u32 = data } });
}

static void duplicates(void)
{
	int ep = epoll_create1(0), e = eventfd(1, 0), d = dup(e), n;

	SHOW(add(ep, e, 10));
	SHOW(add(ep, d, 11));
	SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, d, NULL));
	close(e);
	SHOW(wait_one(ep)); /* the open file lives on by d */
	SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, e, NULL));
	n = eventfd(0, 0);
	IS(n == e);
	SHOW(add(ep, n, 12)); /* same number, another file */
	SHOW(wait_one(ep));
	SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, n, NULL));
	SHOW(wait_one(ep));
	close(d);
	SHOW(wait_one(ep));
	dup2(n, d);
	SHOW(add(ep, d, 13));
	SHOW(add(ep, n, 14));
	eventfd_write(n, 1);
	SHOW(wait_one(ep));
	SHOW(wait_one(ep));
	dup2(ep, d); /* replaces a watched number: its file is still open as n */
	SHOW(wait_one(ep));
	close(ep);
	SHOW(wait_one(d));
	close(n);
	SHOW(wait_one(d));
	close(d);
}

static void nested(void)
{
	int a = epoll_create1(0), b = epoll_create1(0), c = epoll_create1(0), e = eventfd(0, 0);
	struct pollfd p;
	int chain[8];

	SHOW(add(a, b, 1));
	SHOW(add(b, c, 2));
	SHOW(add(c, a, 3));
	SHOW(add(b, a, 3));
	SHOW(add(c, e, 4));
	SHOW(wait_one(a));
	eventfd_write(e, 1);
	SHOW(wait_one(a));
	SHOW(wait_one(b));
	SHOW(wait_one(c));
	p = (struct pollfd){ a, POLLIN, 0 };
	SHOW(poll(&p, 1, 0));
	eventfd_read(e, &(uint64_t){ 0 });
	SHOW(wait_one(a));
	SHOW(poll(&p, 1, 0));
	SHOW(epoll_ctl(b, EPOLL_CTL_DEL, c, NULL));
	SHOW(add(c, a, 5));
	for (int i = 0; i < 8; i++)
		chain[i] = epoll_create1(0);
	for (int i = 0; i < 7; i++)
		printf("chain %d: %d %s\n", i, add(chain[i + 1], chain[i], i),
		       errno ? strerrorname_np(errno) : "");
	close(e);
}

static void edge_nested(void)
{
	int in = epoll_create1(0), out = epoll_create1(0), e = eventfd(0, 0);

	add(in, e, 1);
	epoll_ctl(out, EPOLL_CTL_ADD, in, &(struct epoll_event){ EPOLLIN | EPOLLET, { .u32 = 2 } });
	SHOW(wait_one(out));
	eventfd_write(e, 1);
	SHOW(wait_one(out));
	SHOW(wait_one(out));
	eventfd_write(e, 1);
	SHOW(wait_one(out));
	SHOW(wait_one(in));
	SHOW(wait_one(out));
}

static int shared_ep;

static void *writer(void *arg)
{
	usleep(30000);
	eventfd_write(*(int *)arg, 1);
	return NULL;
}

static void *waiter(void *arg)
{
	struct epoll_event ev;
	int n = epoll_wait(shared_ep, &ev, 1, 300);

	__atomic_fetch_add((int *)arg, n, __ATOMIC_SEQ_CST);
	return NULL;
}

static void threads(void)
{
	int e = eventfd(0, 0), woken = 0;
	pthread_t w, t[3];
	struct epoll_event ev;

	shared_ep = epoll_create1(0);
	pthread_create(&w, NULL, writer, &e);
	add(shared_ep, e, 1);
	SHOW(epoll_wait(shared_ep, &ev, 1, 5000));
	pthread_join(w, NULL);
	eventfd_read(e, &(uint64_t){ 0 });
	epoll_ctl(shared_ep, EPOLL_CTL_MOD, e, &(struct epoll_event){ EPOLLIN | EPOLLET });
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, waiter, &woken);
	pthread_create(&w, NULL, writer, &e);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	pthread_join(w, NULL);
	SAY(woken);
	/* added while another waits */
	woken = 0;
	close(e);
	e = eventfd(1, 0);
	pthread_create(&t[0], NULL, waiter, &woken);
	usleep(50000);
	add(shared_ep, e, 1);
	pthread_join(t[0], NULL);
	SAY(woken);
}

int main(void)
{
	duplicates();
	nested();
	edge_nested();
	threads();
	return 0;
}
