/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/bench/ask.c: load for memcached: `ask ADDRESS PORT CONNECTIONS DEPTH SECONDS`.  Each connection has DEPTH gets of
 * the same 100-byte value under way; the number of answers and the seconds taken are printed.  It is
 * small so that the machine's few cores are left to the guests.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { VALUE = 100, CONNECTIONS_MAX = 1024, DEPTH_MAX = 64 };

static const char get[] = "get k\r\n";
static char batch[DEPTH_MAX * sizeof(get)];
static size_t batch_len, answer_len;

struct conn {
	int fd;
	size_t due; /* bytes of the answers under way */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int dial(const char *address, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (inet_pton(AF_INET, address, &a.sin_addr) != 1)
		errx(2, "%s: not an address", address);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		err(1, "%s:%d", address, port);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void must_write(int fd, const char *p, size_t len)
{
	if (write(fd, p, len) != (ssize_t)len)
		err(1, "write");
}

static void must_read(int fd, const char *want)
{
	char buf[4 * VALUE];
	size_t have = 0, len = strlen(want);

	while (have < len) {
		ssize_t n = read(fd, buf + have, sizeof(buf) - have);

		if (n <= 0)
			err(1, "read");
		have += (size_t)n;
	}
	if (have != len || memcmp(buf, want, len))
		errx(1, "not the answer that was expected: %.*s", (int)have, buf);
}

/* Set the value and see it come back; every later answer has that length. */
static void prepare(int fd)
{
	char value[VALUE + 1], text[4 * VALUE];

	memset(value, 'v', VALUE);
	value[VALUE] = 0;
	snprintf(text, sizeof(text), "set k 0 0 %d\r\n%s\r\n", VALUE, value);
	must_write(fd, text, strlen(text));
	must_read(fd, "STORED\r\n");
	must_write(fd, get, sizeof(get) - 1);
	snprintf(text, sizeof(text), "VALUE k 0 %d\r\n%s\r\nEND\r\n", VALUE, value);
	must_read(fd, text);
	answer_len = strlen(text);
}

static void ask(struct conn *c, int depth)
{
	must_write(c->fd, batch, batch_len);
	c->due = (size_t)depth * answer_len;
}

/* Bytes of answers; a connection that has all of them asks again. */
static size_t serve(struct conn *c, int depth)
{
	static char buf[1 << 16];
	ssize_t n = read(c->fd, buf, sizeof(buf));

	if (n <= 0 || (size_t)n > c->due)
		err(1, "read");
	c->due -= (size_t)n;
	if (c->due == 0)
		ask(c, depth);
	return (size_t)n;
}

static void load(int ep, int depth, double seconds)
{
	struct epoll_event got[64];
	double begin = now(), end;
	size_t bytes = 0;

	do {
		int n = epoll_wait(ep, got, 64, 1000);

		for (int i = 0; i < n; i++)
			bytes += serve(got[i].data.ptr, depth);
		end = now();
	} while (end - begin < seconds);
	printf("%zu %f\n", bytes / answer_len, end - begin);
}

int main(int argc, char **argv)
{
	static struct conn conns[CONNECTIONS_MAX];
	int n = argc == 6 ? atoi(argv[3]) : 0, depth = argc == 6 ? atoi(argv[4]) : 0;
	int ep = epoll_create1(0);

	if (n < 1 || n > CONNECTIONS_MAX || depth < 1 || depth > DEPTH_MAX)
		errx(2, "usage: ask ADDRESS PORT CONNECTIONS DEPTH SECONDS");
	for (int i = 0; i < depth; i++, batch_len += sizeof(get) - 1)
		memcpy(batch + batch_len, get, sizeof(get) - 1);
	for (int i = 0; i < n; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &conns[i] };

		conns[i].fd = dial(argv[1], atoi(argv[2]));
		if (i == 0)
			prepare(conns[0].fd);
		if (epoll_ctl(ep, EPOLL_CTL_ADD, conns[i].fd, &e) < 0)
			err(1, "epoll_ctl");
		ask(&conns[i], depth);
	}
	load(ep, depth, atof(argv[5]));
	return 0;
}
