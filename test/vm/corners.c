/* SPDX-License-Identifier: Apache-2.0 */
/* corners.c: what once brought the kernel down or stuck, one function each.  Prints "done". */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(x)                                               \
	do {                                                   \
		if (!(x)) {                                    \
			printf("line %d: %s\n", __LINE__, #x); \
			exit(1);                               \
		}                                              \
	} while (0)

static struct sockaddr_in here = { .sin_family = AF_INET };

/* Options of a listening socket go to the listeners of all CPUs. */
static void options_of_a_listener(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), one = 1, seen = 0;
	socklen_t n = sizeof(seen);

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(bind(s, (void *)&here, sizeof(here)) == 0);
	CHECK(listen(s, 5) == 0);
	CHECK(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
	CHECK(setsockopt(s, IPPROTO_TCP, TCP_DEFER_ACCEPT, &one, sizeof(one)) == 0);
	CHECK(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) == 0);
	CHECK(getsockopt(s, IPPROTO_TCP, TCP_NODELAY, &seen, &n) == 0 && seen);
	close(s);
}

/* More watches than /proc/self/fdinfo has room for. */
static void many_watches(void)
{
	char path[64], text[8192];
	int in = inotify_init(), fd;

	mkdir("/tmp", 0777);
	for (int i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "/tmp/w%d", i);
		close(open(path, O_CREAT | O_RDWR, 0600));
		CHECK(inotify_add_watch(in, path, IN_MODIFY) > 0);
	}
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", in);
	fd = open(path, O_RDONLY);
	CHECK(read(fd, text, sizeof(text)) > 0);
	close(fd);
	close(in);
}

/* What is sent lies in pages of a file that nobody has touched: they come in with no lock held. */
static void send_untouched(int family, int type, int protocol)
{
	enum { BYTES = 20000 };
	int f = open("/tmp/file", O_CREAT | O_TRUNC | O_RDWR, 0600);
	int to = socket(family, type, protocol), s = socket(family, type, protocol);
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	char *p;

	CHECK(ftruncate(f, BYTES) == 0);
	p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	CHECK(p != MAP_FAILED);
	CHECK(bind(to, (void *)&at, sizeof(at)) == 0 && getsockname(to, (void *)&at, &n) == 0);
	if (type == SOCK_STREAM) {
		CHECK(listen(to, 1) == 0);
		CHECK(connect(s, (void *)&at, n) == 0);
	}
	CHECK(sendto(s, p, BYTES, 0, type == SOCK_STREAM ? NULL : (void *)&at, n) == BYTES);
	munmap(p, BYTES);
	close(f);
	close(s);
	close(to);
}

/* Fragments that are longer than a page. */
static void long_fragments(void)
{
	enum { BYTES = 60000 };
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	struct ifreq lo = { .ifr_name = "lo", .ifr_mtu = 16000 };
	int to = socket(AF_INET6, SOCK_DGRAM, 0), s = socket(AF_INET6, SOCK_DGRAM, 0);
	socklen_t n = sizeof(at);
	static unsigned char out[BYTES], in[BYTES + 1];

	CHECK(bind(to, (void *)&at, n) == 0 && getsockname(to, (void *)&at, &n) == 0);
	CHECK(ioctl(s, SIOCSIFMTU, &lo) == 0);
	for (int i = 0; i < BYTES; i++)
		out[i] = (unsigned char)(i * 7 + i / 251);
	for (int i = 0; i < 20; i++) {
		CHECK(sendto(s, out, BYTES, 0, (void *)&at, n) == BYTES);
		CHECK(recv(to, in, sizeof(in), 0) == BYTES && memcmp(in, out, BYTES) == 0);
	}
	close(s);
	close(to);
}

static int nl;

static void *peek(void *arg)
{
	char b[4096];

	for (int i = 0; i < 3000; i++)
		recv(nl, b, sizeof(b), MSG_DONTWAIT | (arg ? MSG_PEEK : 0));
	return NULL;
}

/* One looks at what another takes away; and who never reads takes no more than its buffer. */
static void netlink_queue(void)
{
	struct {
		struct nlmsghdr h;
		struct rtgenmsg g;
	} ask = { { sizeof(ask), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { AF_UNSPEC } };
	pthread_t t[2];
	char b[65536];
	long sum = 0, n;

	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	for (long i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, peek, (void *)i);
	for (int i = 0; i < 1000; i++)
		send(nl, &ask, sizeof(ask), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < 5000; i++)
		send(nl, &ask, sizeof(ask), 0);
	while ((n = recv(nl, b, sizeof(b), MSG_DONTWAIT)) > 0)
		sum += n;
	CHECK(sum < 1 << 20);
	close(nl);
}

int main(void)
{
	options_of_a_listener();
	many_watches();
	send_untouched(AF_INET, SOCK_DGRAM, 0);
	send_untouched(AF_INET, SOCK_RAW, 200);
	send_untouched(AF_INET, SOCK_STREAM, 0);
	long_fragments();
	netlink_queue();
	puts("done");
	return 0;
}
