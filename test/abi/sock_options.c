/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of every family: what it is at first, what can be set, what is refused and how. abi: netns */
#include "sock.h"

#include <linux/errqueue.h>
#include <netinet/udp.h>

#ifndef SO_MAX_PACING_RATE
#define SO_MAX_PACING_RATE 47
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum {
	T = 1,
	U = 2,
	R = 4,
	X = 8,
	S = 16 /* the first value depends on the machine */,
	N = 32 /* and what -1 does */
};

static const struct opt {
	int level, name;
	const char *text;
	int where;
} opts[] = {
#define O(l, n, where)          \
	{                       \
		l, n, #n, where \
	}
	O(SOL_SOCKET, SO_DEBUG, T | U | R),
	O(SOL_SOCKET, SO_REUSEADDR, T | U | R | X),
	O(SOL_SOCKET, SO_TYPE, T | U | R | X),
	O(SOL_SOCKET, SO_ERROR, T | U | R | X),
	O(SOL_SOCKET, SO_BROADCAST, T | U | R | X),
	O(SOL_SOCKET, SO_SNDBUF, T | U | R | X | S | N),
	O(SOL_SOCKET, SO_RCVBUF, T | U | R | X | S | N),
	O(SOL_SOCKET, SO_KEEPALIVE, T | U | R | X),
	O(SOL_SOCKET, SO_OOBINLINE, T | U | R),
	O(SOL_SOCKET, SO_NO_CHECK, U),
	O(SOL_SOCKET, SO_PRIORITY, T | U | R | X),
	O(SOL_SOCKET, SO_REUSEPORT, T | U),
	O(SOL_SOCKET, SO_PASSCRED, X),
	O(SOL_SOCKET, SO_RCVLOWAT, T | U | R | N),
	O(SOL_SOCKET, SO_SNDLOWAT, T | U | R | X),
	O(SOL_SOCKET, SO_ACCEPTCONN, T | U | R | X),
	O(SOL_SOCKET, SO_PROTOCOL, T | U | R | X),
	O(SOL_SOCKET, SO_DOMAIN, T | U | R | X),
	O(SOL_SOCKET, SO_TIMESTAMP, T | U | R | X),
	O(SOL_SOCKET, SO_TIMESTAMPNS, T | U | R | X),
	O(SOL_SOCKET, SO_MARK, T | U | R | X),
	O(SOL_SOCKET, SO_RXQ_OVFL, T | U | R),
	O(SOL_SOCKET, SO_BUSY_POLL, T | U | R | X),
	O(SOL_SOCKET, SO_ZEROCOPY, T | U | R | X),
	O(SOL_SOCKET, 9999, T | U | R | X),
	O(IPPROTO_IP, IP_TOS, T | U | R),
	O(IPPROTO_IP, IP_TTL, T | U | R),
	O(IPPROTO_IP, IP_HDRINCL, R),
	O(IPPROTO_IP, IP_PKTINFO, T | U | R),
	O(IPPROTO_IP, IP_MTU_DISCOVER, T | U),
	O(IPPROTO_IP, IP_RECVERR, U),
	O(IPPROTO_IP, IP_RECVTTL, T | U | R),
	O(IPPROTO_IP, IP_RECVTOS, T | U | R),
	O(IPPROTO_IP, IP_MTU, T | U),
	O(IPPROTO_IP, IP_FREEBIND, T | U | R),
	O(IPPROTO_IP, IP_TRANSPARENT, T | U | R),
	O(IPPROTO_IP, IP_RECVORIGDSTADDR, T | U | R),
	O(IPPROTO_IP, IP_MULTICAST_TTL, U | R),
	O(IPPROTO_IP, IP_MULTICAST_LOOP, U | R),
	O(IPPROTO_IP, 222, T | U | R),
	O(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, U),
	O(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, U),
	O(IPPROTO_IPV6, IPV6_MTU_DISCOVER, T | U),
	O(IPPROTO_IPV6, IPV6_RECVERR, U),
	O(IPPROTO_IPV6, IPV6_V6ONLY, T | U),
	O(IPPROTO_IPV6, IPV6_RECVPKTINFO, T | U),
	O(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, T | U),
	O(IPPROTO_IPV6, IPV6_RECVTCLASS, T | U),
	O(IPPROTO_IPV6, IPV6_TCLASS, T | U),
	O(IPPROTO_IPV6, IPV6_FREEBIND, T | U),
	O(IPPROTO_IPV6, IPV6_TRANSPARENT, T | U),
	O(IPPROTO_IPV6, IPV6_MULTICAST_ALL, U),
	O(IPPROTO_IPV6, 222, T | U | R),
	O(IPPROTO_TCP, TCP_NODELAY, T | U | R),
	O(IPPROTO_TCP, TCP_MAXSEG, T | S),
	O(IPPROTO_TCP, TCP_CORK, T),
	O(IPPROTO_TCP, TCP_KEEPIDLE, T),
	O(IPPROTO_TCP, TCP_KEEPINTVL, T),
	O(IPPROTO_TCP, TCP_KEEPCNT, T),
	O(IPPROTO_TCP, TCP_SYNCNT, T),
	O(IPPROTO_TCP, TCP_LINGER2, T),
	O(IPPROTO_TCP, TCP_DEFER_ACCEPT, T),
	O(IPPROTO_TCP, TCP_WINDOW_CLAMP, T),
	O(IPPROTO_TCP, TCP_QUICKACK, T),
	O(IPPROTO_TCP, TCP_USER_TIMEOUT, T),
	O(IPPROTO_TCP, TCP_NOTSENT_LOWAT, T | N),
	O(IPPROTO_TCP, 222, T | U | R),
	O(IPPROTO_UDP, UDP_SEGMENT, U | T),
	O(IPPROTO_UDP, UDP_GRO, U),
	O(IPPROTO_UDP, 222, U | T),
};

static void get(int fd, const struct opt *o, const char *what, bool show)
{
	int v = 0x55555555;
	socklen_t n = sizeof(v);
	int r = getsockopt(fd, o->level, o->name, &v, &n);

	if (r)
		printf(" %s %s", what, err(r));
	else if (show)
		printf(" %s %d/%u", what, n == 1 ? v & 0xff : v, n);
	else
		printf(" %s ?/%u", what, n);
}

static void try_all(const char *family, int domain, int type, int proto, int where)
{
	static const int values[] = { 1, 0, -1, 2, 7, 300, 100000 };

	printf("--- %s\n", family);
	for (size_t i = 0; i < sizeof(opts) / sizeof(opts[0]); i++) {
		const struct opt *o = &opts[i];
		int fd;

		if (!(o->where & where))
			continue;
		fd = socket(domain, type, proto);
		printf("%s:", o->text);
		get(fd, o, "first", !(o->where & S));
		printf(" short %s", err(setsockopt(fd, o->level, o->name, &values[0], 2)));
		printf(" null %s", err(setsockopt(fd, o->level, o->name, NULL, 4)));
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			if (values[v] == -1 && o->where & N)
				continue;
			printf(" | %d %s", values[v],
			       err(setsockopt(fd, o->level, o->name, &values[v], sizeof(int))));
			get(fd, o, "->",
			    !(o->where & S) || o->name == SO_SNDBUF || o->name == SO_RCVBUF);
		}
		printf("\n");
		close(fd);
	}
}

int main(void)
{
	try_all("tcp", AF_INET, SOCK_STREAM, 0, T);
	try_all("udp", AF_INET, SOCK_DGRAM, 0, U);
	try_all("tcp6", AF_INET6, SOCK_STREAM, 0, T);
	try_all("udp6", AF_INET6, SOCK_DGRAM, 0, U);
	try_all("raw", AF_INET, SOCK_RAW, IPPROTO_ICMP, R);
	try_all("unix stream", AF_UNIX, SOCK_STREAM, 0, X);
	try_all("unix dgram", AF_UNIX, SOCK_DGRAM, 0, X);
	return 0;
}
