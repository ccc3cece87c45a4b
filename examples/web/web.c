/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web: a small HTTP server on epoll, the program that `make run` boots.  It answers every GET with a page that
 * says where it runs.  One source for Linux and Coracle.
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { PORT = 8080, EVENTS = 64, REQUEST_MAX = 8192 };

struct client {
	int fd;
	size_t used;
	char request[REQUEST_MAX];
};

static unsigned long served;

static int open_listener(int port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_port = htons((unsigned short)port) };
	int s = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

	if (s < 0)
		err(1, "socket");
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s, 1024) < 0)
		err(1, "port %d", port);
	return s;
}

static int make_page(char *out, size_t size)
{
	struct utsname u;
	struct sysinfo si;
	char body[1024];
	int n;

	uname(&u);
	sysinfo(&si);
	n = snprintf(body, sizeof(body),
		     "<!doctype html><title>Coracle</title><h1>It floats.</h1>\n"
		     "<p>%s %s on %s, up %ld s, %lu of %lu MB free, %lu requests served.</p>\n",
		     u.sysname, u.release, u.machine, si.uptime, si.freeram * si.mem_unit >> 20,
		     si.totalram * si.mem_unit >> 20, ++served);
	return snprintf(
		out, size,
		"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", n,
		body);
}

static void add(int ep, int fd, void *ptr)
{
	struct epoll_event ev = { .events = EPOLLIN, .data = { .ptr = ptr } };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		err(1, "epoll_ctl");
}

static void accept_all(int ep, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct client *c = calloc(1, sizeof(*c));

		if (!c) {
			close(fd);
			continue;
		}
		c->fd = fd;
		add(ep, fd, c);
	}
}

static void drop(struct client *c)
{
	close(c->fd);
	free(c);
}

/* A page for each whole request that lies in the buffer; 0: the client is gone. */
static int answer(struct client *c)
{
	char page[2048], *end;

	while ((end = strstr(c->request, "\r\n\r\n")) != NULL) {
		size_t len = (size_t)(end + 4 - c->request);
		int n = make_page(page, sizeof(page));

		if (send(c->fd, page, (size_t)n, MSG_NOSIGNAL) != n)
			return 0;
		memmove(c->request, end + 4, c->used - len + 1);
		c->used -= len;
	}
	return c->used < REQUEST_MAX - 1;
}

static void serve(struct client *c)
{
	ssize_t n = read(c->fd, c->request + c->used, REQUEST_MAX - 1 - c->used);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0) {
		c->used += (size_t)n;
		c->request[c->used] = 0;
		if (answer(c))
			return;
	}
	drop(c);
}

int main(int argc, char **argv)
{
	int port = argc > 1 ? atoi(argv[1]) : PORT;
	int listener = open_listener(port), ep = epoll_create1(0);
	struct epoll_event ev[EVENTS];

	if (ep < 0)
		err(1, "epoll_create1");
	add(ep, listener, NULL);
	printf("web: listening on port %d\n", port);
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(ep, ev, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr)
				serve(ev[i].data.ptr);
			else
				accept_all(ep, listener);
		}
	}
}
