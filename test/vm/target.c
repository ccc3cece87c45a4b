/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.c: what test_load.py attacks.  One thread, one epoll, no memory of its own for a connection, so that what a
 * connection costs is what it costs the kernel.
 *
 *	7000  echo
 *	7001  a path in, the file's contents out: /proc/meminfo, /proc/net/netstat, ...; "count" is the connections open
 *	7002  bytes without end, as fast as they are read
 *	7003  takes what comes, and says how many bytes it was when the peer has finished
 *	7004  never reads
 *	7005  echo, with keepalive after a second and three probes
 *	7006  bytes without end, given up when they are not acknowledged for two seconds
 *	7000/udp  echo
 *	7001/udp  never reads
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ECHO = 7000, FILES, SOURCE, SINK, DEAF, ALIVE, TIMED, LAST, MAX_FDS = 150000 };

static uint16_t kind[MAX_FDS];	/* the port it came by; a listener has LISTEN added */
static uint64_t taken[MAX_FDS]; /* bytes that a sink has had */
enum { LISTEN = 0x8000, DATAGRAM = 0x4000 };
static char buf[1 << 16];
static const char zeros[1 << 16];
static int ep, open_now;

static void watch(int fd, unsigned k, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	kind[fd] = (uint16_t)k;
	taken[fd] = 0;
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static int bound(int type, int port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (void *)&a, sizeof(a)))
		perror("bind");
	return fd;
}

static void end(int fd)
{
	close(fd);
	open_now--;
}

static void set(int fd, int name, int value)
{
	setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value));
}

static void accepted(int listener, unsigned k)
{
	int one = 1, fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		if (fd >= MAX_FDS) {
			close(fd);
			continue;
		}
		open_now++;
		if (k == ALIVE) {
			setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
			set(fd, TCP_KEEPIDLE, 1);
			set(fd, TCP_KEEPINTVL, 1);
			set(fd, TCP_KEEPCNT, 3);
		}
		if (k == TIMED)
			set(fd, TCP_USER_TIMEOUT, 2000);
		watch(fd, k,
		      k == SOURCE || k == TIMED ? EPOLLOUT | EPOLLIN
		      : k == DEAF		? EPOLLHUP
						: EPOLLIN);
	}
	if (errno != EAGAIN)
		perror("accept");
}

static void answer_file(int fd)
{
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	int f;

	if (n > 0) {
		buf[n] = 0;
		buf[strcspn(buf, "\r\n")] = 0;
		if (strcmp(buf, "count") == 0) {
			dprintf(fd, "%d\n", open_now);
		} else if ((f = open(buf, O_RDONLY)) >= 0) {
			while ((n = read(f, buf, sizeof(buf))) > 0)
				if (write(fd, buf, (size_t)n) != n)
					break;
			close(f);
		}
	}
	end(fd);
}

static void echo(int fd)
{
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		n = write(fd, buf,
			  (size_t)n); /* a test that sends more than there is room for loses it */
	if (n == 0 || (n < 0 && errno != EAGAIN))
		end(fd);
}

static void sink(int fd)
{
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0) {
		taken[fd] += (uint64_t)n;
	} else if (n == 0) {
		dprintf(fd, "%llu\n", (unsigned long long)taken[fd]);
		end(fd);
	} else if (errno != EAGAIN) {
		end(fd);
	}
}

static void source(int fd, uint32_t events)
{
	ssize_t n = 1;

	if (events & EPOLLIN)
		n = read(fd, buf, 1);
	if (n > 0 && events & EPOLLOUT)
		n = write(fd, zeros, sizeof(zeros));
	if (n == 0 || (n < 0 && errno != EAGAIN))
		end(fd);
}

static void datagrams(int fd, unsigned k)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);
	ssize_t n;

	if (k == ECHO && (n = recvfrom(fd, buf, sizeof(buf), 0, (void *)&a, &len)) >= 0)
		sendto(fd, buf, (size_t)n, 0, (void *)&a, len);
}

static void event(int fd, uint32_t events)
{
	unsigned k = kind[fd];

	if (k & LISTEN)
		accepted(fd, k & ~LISTEN);
	else if (k & DATAGRAM)
		datagrams(fd, k & ~DATAGRAM);
	else if (events & EPOLLERR || k == DEAF)
		end(fd);
	else if (k == FILES)
		answer_file(fd);
	else if (k == SINK)
		sink(fd);
	else if (k == SOURCE || k == TIMED)
		source(fd, events);
	else
		echo(fd);
}

int main(void)
{
	struct rlimit most = { MAX_FDS, MAX_FDS };
	struct epoll_event e[256];
	int n, fd;

	setrlimit(RLIMIT_NOFILE, &most);
	ep = epoll_create1(0);
	for (int port = ECHO; port < LAST; port++) {
		fd = bound(SOCK_STREAM, port);
		if (listen(fd, 4096))
			perror("listen");
		watch(fd, (unsigned)port | LISTEN, EPOLLIN);
	}
	watch(bound(SOCK_DGRAM, ECHO), ECHO | DATAGRAM, EPOLLIN);
	bound(SOCK_DGRAM, FILES);
	while ((n = epoll_wait(ep, e, 256, -1)) >= 0 || errno == EINTR)
		for (int i = 0; i < n; i++)
			event(e[i].data.fd, e[i].events);
	perror("epoll_wait");
	return 1;
}
