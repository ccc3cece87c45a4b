/* SPDX-License-Identifier: Apache-2.0 */
/*
 * echod: sends each UDP datagram back to where it came from.  One source for Linux and Coracle:
 *
 *	coracle run --publish 7777/udp examples/echod/echod
 *	nc -u4 localhost 7777
 */
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 7777, DATAGRAM_MAX = 65535 };

static int open_socket(int port)
{
	/* An IPv6 socket takes IPv4 too. */
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_port = htons((unsigned short)port) };
	int s = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (s < 0)
		err(1, "socket");
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) < 0)
		err(1, "port %d", port);
	return s;
}

/* All that has come; the socket does not block. */
static void echo_all(int s)
{
	static char buf[DATAGRAM_MAX];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(s, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len)) >= 0) {
		if (sendto(s, buf, (size_t)n, 0, (struct sockaddr *)&from, len) != n)
			warn("sendto");
		len = sizeof(from);
	}
}

int main(int argc, char **argv)
{
	int port = argc > 1 ? atoi(argv[1]) : PORT;
	int s = open_socket(port), ep = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLIN };

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, s, &ev) < 0)
		err(1, "epoll");
	printf("echod: listening on UDP port %d\n", port);
	fflush(stdout);
	for (;;) {
		if (epoll_wait(ep, &ev, 1, -1) > 0)
			echo_all(s);
	}
}
