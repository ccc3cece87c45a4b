/* SPDX-License-Identifier: Apache-2.0 */
/* Who may bind what beside whom: addresses, families, REUSEADDR, REUSEPORT, listening. abi: netns */
#include "sock.h"

struct side {
	const char *ip;
	bool v6, only6, reuseaddr, reuseport, listen;
};

static int make(int type, const struct side *s, int port, int *e)
{
	int fd = socket(s->v6 ? AF_INET6 : AF_INET, type, 0), one = 1, r;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ s->reuseaddr }, 4);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){ s->reuseport }, 4);
	if (s->v6) {
		struct sockaddr_in6 a = in6(s->ip, port);

		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ s->only6 }, 4);
		r = bind(fd, ADDR(a));
	} else {
		r = bind4(fd, s->ip, port);
	}
	*e = r ? errno : 0;
	if (!r && s->listen && type == SOCK_STREAM && listen(fd, 1))
		*e = errno;
	return fd;
}

static const char *name(int e)
{
	return e ? strerrorname_np(e) : "ok";
}

static void matrix(int type)
{
	static const struct {
		const char *ip;
		bool v6, only6;
	} addrs[] = {
		{ "0.0.0.0", 0, 0 },
		{ "127.0.0.1", 0, 0 },
		{ "127.0.0.2", 0, 0 },
		{ "::", 1, 0 },
		{ "::", 1, 1 },
		{ "::1", 1, 0 },
		{ "::ffff:127.0.0.1", 1, 0 },
	};
	const int n = sizeof(addrs) / sizeof(addrs[0]);
	int port = 20000;

	for (int flags = 0; flags < 32; flags++) {
		printf("type %d: first%s%s%s second%s%s:", type, flags & 1 ? " addr" : "",
		       flags & 2 ? " port" : "", flags & 16 ? " listens" : "",
		       flags & 4 ? " addr" : "", flags & 8 ? " port" : "");
		if (flags & 16 && type == SOCK_DGRAM) {
			printf("\n");
			continue;
		}
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++) {
				struct side a = { addrs[i].ip, addrs[i].v6, addrs[i].only6,
						  flags & 1,   flags & 2,   flags & 16 };
				struct side b = { addrs[j].ip, addrs[j].v6, addrs[j].only6,
						  flags & 4, flags & 8 };
				int e, x = make(type, &a, port, &e), y;

				if (e)
					printf(" [first %s]", name(e));
				y = make(type, &b, port, &e);
				printf(" %d%d%s", i, j,
				       e == 0		 ? "+"
				       : e == EADDRINUSE ? "-"
							 : name(e));
				close(x);
				close(y);
				port = port == 30000 ? 20000 : port + 1;
			}
		printf("\n");
	}
}

static void both_listen(void)
{
	int e, a, b;
	struct side s = { "127.0.0.1", 0, 0, true, false, false };

	a = make(SOCK_STREAM, &s, 31000, &e);
	b = make(SOCK_STREAM, &s, 31000, &e);
	printf("second of two with REUSEADDR: %s\n", name(e));
	SHOW(listen(a, 1));
	SHOW(listen(b, 1));
	close(a);
	SHOW(listen(b, 1));
	close(b);
	s.reuseport = true;
	a = make(SOCK_STREAM, &s, 31001, &e);
	b = make(SOCK_STREAM, &s, 31001, &e);
	SHOW(listen(a, 1));
	SHOW(listen(b, 1));
	close(a);
	close(b);
}

/* A connection in TIME-WAIT holds the port against who does not say REUSEADDR. */
static void time_wait(void)
{
	int e, port = 31002, l, c, s;
	struct side plain = { "127.0.0.1" }, reuse = { "127.0.0.1", .reuseaddr = true };
	char b;

	l = make(SOCK_STREAM, &reuse, port, &e);
	listen(l, 1);
	c = socket(AF_INET, SOCK_STREAM, 0);
	SHOW(connect4(c, "127.0.0.1", port));
	s = accept(l, NULL, NULL);
	close(l);
	close(make(SOCK_STREAM, &plain, port, &e));
	printf("established: %s\n", name(e));
	close(make(SOCK_STREAM, &reuse, port, &e));
	printf("established, reuse: %s\n", name(e));
	close(s);
	read(c, &b, 1);
	close(c);
	usleep(50000);
	close(make(SOCK_STREAM, &plain, port, &e));
	printf("time-wait: %s\n", name(e));
	close(make(SOCK_STREAM, &reuse, port, &e));
	printf("time-wait, reuse: %s\n", name(e));
}

static void errors(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), six = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in a = in4("127.0.0.1", 31010);
	struct sockaddr_in6 b = in6("::1", 31011);
	socklen_t n = sizeof(a);

	SHOW(bind(fd, (void *)&a, 15));
	SHOW(bind(fd, (void *)&b, sizeof(b)));
	SHOW(bind(six, ADDR(a)));
	SHOW(bind(six, (void *)&b, 23));
	SHOW(bind4(fd, "9.9.9.9", 31012));
	SHOW(bind4(fd, "255.255.255.255", 31012));
	SHOW(bind4(fd, "224.0.0.1", 31012));
	a.sin_family = AF_UNSPEC;
	SHOW(bind(fd, ADDR(a)));
	a.sin_addr.s_addr = 0;
	SHOW(bind(fd, ADDR(a)));
	SHOW(bind(fd, ADDR(a)));
	SHOW(getsockname(fd, (void *)&a, &n));
	SAY(ntohs(a.sin_port));
	SHOW(bind(-1, ADDR(a)));
	SHOW(bind(0, ADDR(a)));
	SHOW(bind(six, NULL, 16));
	SHOW(bind(six, (void *)&b, -1));
	SHOW(bind(six, (void *)&b, 1000));
	b = in6("fe80::1", 31013);
	SHOW(bind(six, ADDR(b)));
	n = 4;
	memset(&a, 0x77, sizeof(a));
	SHOW(getsockname(fd, (void *)&a, &n));
	printf("cut: %u, %d %x\n", n, a.sin_family, a.sin_addr.s_addr);
	n = -1;
	SHOW(getsockname(fd, (void *)&a, &n));
	SHOW(getsockname(fd, (void *)&a, NULL));
	close(fd);
	close(six);
	SHOW(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	SHOW(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
	SHOW(socket(AF_INET, SOCK_SEQPACKET, 0));
	SHOW(socket(AF_INET, SOCK_RDM, 0));
	SHOW(socket(AF_INET, 0, 0));
	SHOW(socket(AF_INET, 11, 0));
	SHOW(socket(AF_INET, SOCK_STREAM | 0x100, 0));
	SHOW(socket(AF_INET, SOCK_RAW, 0));
	SHOW(socket(AF_INET, SOCK_STREAM, -1));
	SHOW(socket(AF_INET, SOCK_STREAM, 300));
	SHOW(socket(-1, SOCK_STREAM, 0));
	SHOW(socket(0, SOCK_STREAM, 0));
	SHOW(socket(45, SOCK_STREAM, 0));
	SHOW(socket(46, SOCK_STREAM, 0));
}

int main(void)
{
	matrix(SOCK_STREAM);
	matrix(SOCK_DGRAM);
	both_listen();
	time_wait();
	errors();
	return 0;
}
