/* SPDX-License-Identifier: Apache-2.0 */
/* epoll: arguments and their errors, level, edge, one-shot, exclusive; what is reported and in which order. */
#include "abi.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

static int ep;

static void wait_show(const char *what, int max)
{
	struct epoll_event ev[8];
	int n = epoll_wait(ep, ev, max, 0);

	printf("%s: %d", what, n);
	for (int i = 0; i < n; i++)
		printf(" %#x/%llu", ev[i].events, (unsigned long long)ev[i].data.u64);
	puts("");
}

static int ctl(int op, int fd, uint32_t events, uint64_t data)
{
	return epoll_ctl(ep, op, fd, &(struct epoll_event){ events, { .u64 = data } });
}

static void arguments(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int e = eventfd(0, 0), f = open("f", O_RDWR | O_CREAT, 0600), d = open(".", O_RDONLY);

	SHOW(syscall(SYS_epoll_create, 0));
	SHOW(syscall(SYS_epoll_create, -1));
	SHOW(epoll_create1(1));
	SHOW(fcntl(ep, F_GETFD));
	SHOW(fcntl(epoll_create1(EPOLL_CLOEXEC), F_GETFD));
	SHOW(ctl(EPOLL_CTL_ADD, f, EPOLLIN, 0));
	SHOW(ctl(EPOLL_CTL_ADD, d, EPOLLIN, 0));
	SHOW(ctl(EPOLL_CTL_ADD, open("/dev/null", O_RDWR), EPOLLIN, 0));
	SHOW(ctl(EPOLL_CTL_ADD, 99, EPOLLIN, 0));
	SHOW(epoll_ctl(99, EPOLL_CTL_ADD, e, &ev));
	SHOW(epoll_ctl(e, EPOLL_CTL_ADD, ep, &ev));
	SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev));
	SHOW(epoll_ctl(ep, 77, e, &ev));
	SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, e, NULL));
	SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, e, NOT_MAPPED));
	SHOW(epoll_ctl(ep, EPOLL_CTL_MOD, e, &ev));
	SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, e, &ev));
	SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
	SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
	SHOW(epoll_ctl(ep, EPOLL_CTL_MOD, e, NULL));
	SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, e, NULL));
	SHOW(ctl(EPOLL_CTL_ADD, e, 0, 0));
	SHOW(ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLEXCLUSIVE, 0));
	SHOW(ctl(EPOLL_CTL_MOD, e, EPOLLIN | EPOLLEXCLUSIVE, 0));
	SHOW(ctl(EPOLL_CTL_DEL, e, 0, 0));
	SHOW(ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 0));
	SHOW(ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP, 0));
	SHOW(ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET | EPOLLWAKEUP, 0));
	SHOW(ctl(EPOLL_CTL_MOD, e, EPOLLIN, 0));
	SHOW(ctl(EPOLL_CTL_DEL, e, 0, 0));
	SHOW(epoll_wait(ep, &ev, 0, 0));
	SHOW(epoll_wait(ep, &ev, -1, 0));
	SHOW(epoll_wait(ep, &ev, 0x7fffffff, 0));
	SHOW(epoll_wait(ep, NULL, 1, 0));
	SHOW(epoll_wait(e, &ev, 1, 0));
	SHOW(epoll_wait(99, &ev, 1, 0));
	SHOW(epoll_wait(ep, &ev, 1, 10));
	SHOW(syscall(SYS_epoll_pwait, ep, &ev, 1, 0, &ev, 4));
	SHOW(syscall(SYS_epoll_pwait2, ep, &ev, 1, &(struct timespec){ 0, 1000000000 }, NULL, 8));
	SHOW(syscall(SYS_epoll_pwait2, ep, &ev, 1, &(struct timespec){ 0, 1000000 }, NULL, 8));
	SHOW(syscall(SYS_epoll_pwait2, ep, &ev, 1, NOT_MAPPED, NULL, 8));
	ctl(EPOLL_CTL_ADD, e, EPOLLOUT, 0);
	SHOW(epoll_wait(ep, NOT_MAPPED, 1, 0));
	SHOW(read(ep, &ev, 8));
	SHOW(write(ep, &ev, 8));
	SHOW(lseek(ep, 0, SEEK_SET));
	close(e);
	wait_show("closed", 8);
}

static void kinds(void)
{
	uint64_t v = 1;
	int e = eventfd(0, EFD_NONBLOCK);

	ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLOUT, 1);
	wait_show("level out", 8);
	wait_show("level again", 8);
	eventfd_write(e, 1);
	wait_show("level in", 8);
	ctl(EPOLL_CTL_MOD, e, EPOLLIN | EPOLLET, 2);
	wait_show("edge after mod", 8);
	wait_show("edge again", 8);
	eventfd_write(e, 1);
	wait_show("edge, written again", 8);
	wait_show("edge, nothing new", 8);
	eventfd_read(e, &v);
	wait_show("edge, read", 8);
	eventfd_write(e, 1);
	eventfd_read(e, &v);
	wait_show("edge, came and went", 8);
	ctl(EPOLL_CTL_MOD, e, EPOLLIN | EPOLLONESHOT, 3);
	eventfd_write(e, 1);
	wait_show("oneshot", 8);
	eventfd_write(e, 1);
	wait_show("oneshot spent", 8);
	ctl(EPOLL_CTL_MOD, e, EPOLLIN | EPOLLONESHOT, 4);
	wait_show("oneshot again", 8);
	ctl(EPOLL_CTL_MOD, e, 0, 5);
	wait_show("nothing asked", 8);
	ctl(EPOLL_CTL_DEL, e, 0, 0);
	ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLET | EPOLLONESHOT, 6);
	wait_show("edge oneshot", 8);
	wait_show("edge oneshot spent", 8);
	ctl(EPOLL_CTL_DEL, e, 0, 0);
	ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLOUT | EPOLLET, 7);
	wait_show("edge both", 8);
	eventfd_read(e, &v);
	wait_show("edge both, read", 8);
	close(e);
}

static void rotation(void)
{
	int e[4];

	for (int i = 0; i < 4; i++) {
		e[i] = eventfd(1, 0);
		ctl(EPOLL_CTL_ADD, e[i], EPOLLIN, i);
	}
	for (int i = 0; i < 4; i++)
		wait_show("two of four", 2);
	wait_show("all", 8);
	for (int i = 0; i < 4; i++)
		close(e[i]);
	wait_show("none", 8);
}

static void sockets(void)
{
	int s[2], p[2];
	char c;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) || pipe(p))
		return;
	ctl(EPOLL_CTL_ADD, s[0], EPOLLIN | EPOLLRDHUP | EPOLLOUT, 1);
	wait_show("socket", 8);
	shutdown(s[1], SHUT_WR);
	wait_show("peer shut", 8);
	close(s[1]);
	wait_show("peer closed", 8);
	close(s[0]);
	ctl(EPOLL_CTL_ADD, p[0], 0, 1);
	ctl(EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLET, 2);
	wait_show("pipe", 8);
	close(p[0]);
	wait_show("reader gone", 8);
	close(p[1]);
	if (pipe(p))
		return;
	ctl(EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET, 1);
	(void)!write(p[1], "ab", 2);
	wait_show("pipe edge", 8);
	(void)!read(p[0], &c, 1);
	wait_show("pipe edge, part read", 8);
	(void)!write(p[1], "c", 1);
	wait_show("pipe edge, more", 8);
	close(p[1]);
	wait_show("pipe edge, hup", 8);
	wait_show("pipe edge, hup again", 8);
}

int main(void)
{
	ep = epoll_create1(0);
	arguments();
	kinds();
	rotation();
	sockets();
	return 0;
}
