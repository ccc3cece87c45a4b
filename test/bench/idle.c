/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/bench/idle.c: holds every connection it is given, and answers each byte with the bytes of memory that are
 * free.  The first line of its output is what was free when it began, its own pages in the cache included.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 7001, CONNECTIONS = 110000 };

static unsigned long meminfo(const char *name)
{
	char line[128];
	unsigned long kb = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			kb = strtoul(line + strlen(name), NULL, 10);
	if (f)
		fclose(f);
	return kb * 1024;
}

static void serve(int ep, int listener, int fd)
{
	struct epoll_event e = { .events = EPOLLIN };
	char buf[64];

	if (fd == listener) {
		e.data.fd = accept(listener, NULL, NULL);
		if (e.data.fd < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, e.data.fd, &e) < 0)
			perror("accept");
	} else if (read(fd, buf, sizeof(buf)) <= 0) {
		close(fd);
	} else {
		int n = snprintf(buf, sizeof(buf), "%lu\n", meminfo("MemFree:"));

		if (write(fd, buf, (size_t)n) != n)
			perror("write");
	}
}

int main(void)
{
	struct rlimit files = { CONNECTIONS, CONNECTIONS };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), ep = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN, .data.fd = listener }, got[64];

	printf("free %lu of %lu\n", meminfo("MemFree:") + meminfo("Cached:"), meminfo("MemTotal:"));
	fflush(stdout);
	if (setrlimit(RLIMIT_NOFILE, &files) < 0 || bind(listener, (void *)&at, sizeof(at)) < 0 ||
	    listen(listener, 1024) < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e) < 0) {
		perror("idle");
		return 1;
	}
	for (;;) {
		int n = epoll_wait(ep, got, 64, -1);

		for (int i = 0; i < n; i++)
			serve(ep, listener, got[i].data.fd);
	}
}
