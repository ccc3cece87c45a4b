/* SPDX-License-Identifier: Apache-2.0 */
/* sock.h: what the socket programs share: addresses of loopback ports, pairs, and showing options. */
#pragma once

#include "abi.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static inline struct sockaddr_in in4(const char *ip, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

static inline struct sockaddr_in6 in6(const char *ip, int port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	inet_pton(AF_INET6, ip, &a.sin6_addr);
	return a;
}

#define ADDR(a) (struct sockaddr *)&(a), sizeof(a)

static inline int bind4(int fd, const char *ip, int port)
{
	struct sockaddr_in a = in4(ip, port);

	return bind(fd, ADDR(a));
}

static inline int connect4(int fd, const char *ip, int port)
{
	struct sockaddr_in a = in4(ip, port);

	return connect(fd, ADDR(a));
}

/* A listener on a port that the system chooses. */
static inline int listener(int *port)
{
	struct sockaddr_in a = in4("127.0.0.1", 0);
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, ADDR(a)) || listen(fd, 8) || getsockname(fd, (struct sockaddr *)&a, &n))
		return -1;
	*port = ntohs(a.sin_port);
	return fd;
}

/* Both ends of a TCP connection over loopback. */
static inline void tcp_pair(int fd[2])
{
	int port, l = listener(&port);

	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect4(fd[0], "127.0.0.1", port))
		perror("connect");
	fd[1] = accept(l, NULL, NULL);
	close(l);
}

static inline const char *poll_text(int revents)
{
	static char text[128];
	static const struct {
		int bit;
		const char *name;
	} bits[] = {
		{ POLLIN, "IN" },	  { POLLPRI, "PRI" },	    { POLLOUT, "OUT" },
		{ POLLERR, "ERR" },	  { POLLHUP, "HUP" },	    { POLLNVAL, "NVAL" },
		{ POLLRDNORM, "RDNORM" }, { POLLRDBAND, "RDBAND" }, { POLLWRNORM, "WRNORM" },
		{ POLLWRBAND, "WRBAND" }, { POLLRDHUP, "RDHUP" },
	};

	text[0] = 0;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (revents & bits[i].bit) {
			strcat(text, " ");
			strcat(text, bits[i].name);
		}
	return text;
}

/* What poll() says now of everything that it can say. */
static inline void show_poll(const char *when, int fd)
{
	struct pollfd p = { fd, 0x7fff & ~POLLNVAL, 0 };

	poll(&p, 1, 0);
	printf("poll %s:%s\n", when, poll_text(p.revents));
}

/* The same, after waiting for any of `want`. */
static inline void wait_poll(const char *when, int fd, int want)
{
	struct pollfd p = { fd, want, 0 };

	if (poll(&p, 1, 3000) <= 0)
		printf("(nothing came) ");
	show_poll(when, fd);
}

static inline const char *err(long r)
{
	return r == -1 ? strerrorname_np(errno) : "ok";
}
