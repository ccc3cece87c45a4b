/* SPDX-License-Identifier: Apache-2.0 */
/* UDP over loopback: destinations, truncation, errors that come back, control messages, many at once. abi: netns */
#include "sock.h"

#include <linux/errqueue.h>
#include <netinet/udp.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static char buf[70000];

static int bound4(int port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (bind4(fd, "127.0.0.1", port))
		printf("bind: %s\n", err(-1));
	return fd;
}

static void basics(void)
{
	int a = bound4(5001), b = bound4(5002), c = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in to = in4("127.0.0.1", 5002), from;
	socklen_t n = sizeof(from);

	printf("--- basics\n");
	show_poll("fresh", c);
	SHOW(send(c, "x", 1, 0));
	SHOW(getpeername(c, (void *)&from, &n));
	SHOW(recv(c, buf, 10, 0));
	SHOW(listen(c, 1));
	SHOW(accept(c, NULL, NULL));
	SHOW(shutdown(c, SHUT_RD));
	SHOW(sendto(a, "hello", 5, 0, ADDR(to)));
	show_poll("waiting", b);
	SHOW(ioctl(b, FIONREAD, &n));
	SAY(n);
	n = sizeof(from);
	SHOW(recvfrom(b, buf, 2, MSG_PEEK | MSG_TRUNC, (void *)&from, &n));
	SAY(ntohs(from.sin_port));
	SHOW(recvfrom(b, buf, 2, 0, (void *)&from, &n));
	SHOW(recv(b, buf, 2, 0));
	SHOW(sendto(a, "", 0, 0, ADDR(to)));
	SHOW(recv(b, buf, 10, 0));
	SHOW(sendto(a, buf, 65507, 0, ADDR(to)));
	SHOW(recv(b, buf, 70000, 0));
	SHOW(sendto(a, buf, 65508, 0, ADDR(to)));
	SHOW(sendto(a, (void *)16, 5, 0, ADDR(to)));
	SHOW(sendto(a, "x", 1, 0, (void *)&to, 8));
	SHOW(sendto(a, "x", 1, MSG_OOB, ADDR(to)));
	to.sin_port = 0;
	SHOW(sendto(a, "x", 1, 0, ADDR(to)));
	to = in4("127.0.0.1", 5002);
	to.sin_family = AF_INET6;
	SHOW(sendto(a, "x", 1, 0, ADDR(to)));
	to.sin_family = AF_UNSPEC;
	SHOW(sendto(a, "x", 1, 0, ADDR(to)));
	SHOW(recv(b, buf, 10, 0));
	to = in4("255.255.255.255", 5002);
	SHOW(sendto(a, "x", 1, 0, ADDR(to)));
	to = in4("9.9.9.9", 5002);
	SHOW(sendto(a, "x", 1, 0, ADDR(to)));
	to = in4("0.0.0.0", 5002);
	SHOW(sendto(c, "x", 1, 0, ADDR(to)));
	SHOW(recv(b, buf, 10, 0));
	close(a);
	close(b);
	close(c);
}

static void connected(void)
{
	int a = bound4(5001), b = bound4(5002), c = bound4(5003), e;
	struct sockaddr_in to = in4("127.0.0.1", 5002), name;
	socklen_t n = sizeof(e);

	printf("--- connected\n");
	SHOW(connect4(b, "127.0.0.1", 5001));
	SHOW(sendto(c, "stranger", 8, 0, ADDR(to)));
	usleep(10000);
	SHOW(recv(b, buf, 10, 0));
	SHOW(sendto(a, "friend", 6, 0, ADDR(to)));
	SHOW(recv(b, buf, 10, 0));
	SHOW(send(b, "answer", 6, 0));
	SHOW(recv(a, buf, 10, 0));
	to = in4("127.0.0.1", 5003);
	SHOW(sendto(b, "elsewhere", 9, 0, ADDR(to)));
	SHOW(recv(c, buf, 10, 0));
	SHOW(connect4(b, "127.0.0.1", 5003));
	n = sizeof(name);
	SHOW(getpeername(b, (void *)&name, &n));
	SAY(ntohs(name.sin_port));
	SHOW(shutdown(b, SHUT_WR));
	SHOW(send(b, "x", 1, MSG_NOSIGNAL));
	SHOW(shutdown(b, SHUT_RD));
	show_poll("shut", b);
	SHOW(recv(b, buf, 10, 0));
	to.sin_family = AF_UNSPEC;
	SHOW(connect(b, ADDR(to)));
	SHOW(getpeername(b, (void *)&name, &n));
	SHOW(send(b, "x", 1, MSG_NOSIGNAL));
	n = sizeof(name);
	SHOW(getsockname(b, (void *)&name, &n));
	printf("still bound: %d %x\n", ntohs(name.sin_port), ntohl(name.sin_addr.s_addr));
	close(b);
	/* a port that nobody has */
	b = bound4(5002);
	SHOW(connect4(b, "127.0.0.1", 5999));
	SHOW(send(b, "x", 1, 0));
	usleep(10000);
	show_poll("unreachable", b);
	SHOW(recv(b, buf, 10, 0));
	SHOW(recv(b, buf, 10, 0));
	SHOW(send(b, "x", 1, 0));
	usleep(10000);
	SHOW(send(b, "x", 1, 0));
	usleep(10000);
	n = sizeof(e);
	SHOW(getsockopt(b, SOL_SOCKET, SO_ERROR, &e, &n));
	SAY(e);
	close(b);
	b = bound4(5002);
	to = in4("127.0.0.1", 5999);
	SHOW(sendto(b, "x", 1, 0, ADDR(to)));
	usleep(10000);
	SHOW(recv(b, buf, 10, 0));
	close(a);
	close(b);
	close(c);
}

/* Control messages by level and type, as numbers. */
static long receive(int fd, int flags)
{
	_Alignas(8) char ctl[512];
	struct sockaddr_storage from;
	struct iovec v = { buf, 100 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = ctl,
			    .msg_controllen = sizeof(ctl),
			    .msg_name = &from,
			    .msg_namelen = sizeof(from) };
	long r = recvmsg(fd, &m, flags);

	printf("recvmsg %ld %s namelen %u flags %x:", r, err(r), m.msg_namelen, m.msg_flags);
	for (struct cmsghdr *c = r < 0 ? NULL : CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		unsigned char *d = CMSG_DATA(c);

		printf(" [%d/%d len %zu", c->cmsg_level, c->cmsg_type, c->cmsg_len);
		if (c->cmsg_level != SOL_SOCKET)
			for (size_t i = 0; i < c->cmsg_len - sizeof(*c) && i < 44; i++)
				printf("%s%02x", i % 4 ? "" : " ", d[i]);
		printf("]");
	}
	printf("\n");
	return r;
}

static long send_ctl(int fd, void *to, socklen_t n, int level, int type, const void *data,
		     size_t len)
{
	_Alignas(8) char ctl[256] = { 0 };
	struct iovec v = { "payload", 7 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = ctl,
			    .msg_controllen = CMSG_SPACE(len),
			    .msg_name = to,
			    .msg_namelen = n };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	return sendmsg(fd, &m, 0);
}

static void cmsgs4(void)
{
	int a = bound4(5001), b = bound4(5002), on = 1, v;
	struct sockaddr_in to = in4("127.0.0.1", 5002);
	struct in_pktinfo pi = { 0 };

	printf("--- control messages\n");
	setsockopt(b, IPPROTO_IP, IP_PKTINFO, &on, 4);
	setsockopt(b, IPPROTO_IP, IP_RECVTTL, &on, 4);
	setsockopt(b, IPPROTO_IP, IP_RECVTOS, &on, 4);
	setsockopt(b, IPPROTO_IP, IP_RECVORIGDSTADDR, &on, 4);
	setsockopt(b, SOL_SOCKET, SO_TIMESTAMP, &on, 4);
	SHOW(sendto(a, "x", 1, 0, ADDR(to)));
	receive(b, 0);
	setsockopt(b, SOL_SOCKET, SO_TIMESTAMPNS, &on, 4);
	v = 9;
	SHOW(send_ctl(a, ADDR(to), IPPROTO_IP, IP_TTL, &v, sizeof(v)));
	receive(b, 0);
	v = 0x48;
	SHOW(send_ctl(a, ADDR(to), IPPROTO_IP, IP_TOS, &v, sizeof(v)));
	receive(b, MSG_PEEK);
	receive(b, 0);
	pi.ipi_spec_dst.s_addr = htonl(0x7f000009);
	SHOW(send_ctl(a, ADDR(to), IPPROTO_IP, IP_PKTINFO, &pi, sizeof(pi)));
	receive(b, 0);
	pi.ipi_ifindex = 4242;
	SHOW(send_ctl(a, ADDR(to), IPPROTO_IP, IP_PKTINFO, &pi, sizeof(pi)));
	SHOW(send_ctl(a, ADDR(to), IPPROTO_IP, IP_PKTINFO, &pi, 4));
	v = 0;
	SHOW(send_ctl(a, ADDR(to), IPPROTO_IP, IP_TTL, &v, sizeof(v)));
	v = 256;
	SHOW(send_ctl(a, ADDR(to), IPPROTO_IP, IP_TTL, &v, sizeof(v)));
	SHOW(send_ctl(a, ADDR(to), IPPROTO_IP, 222, &v, sizeof(v)));
	SHOW(send_ctl(a, ADDR(to), 222, 222, &v, sizeof(v)));
	SHOW(send_ctl(a, ADDR(to), SOL_SOCKET, 222, &v, sizeof(v)));
	while (recv(b, buf, 10, 0) >= 0)
		;
	close(a);
	close(b);
}

static void cmsgs6(void)
{
	int a = socket(AF_INET6, SOCK_DGRAM, 0),
	    b = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0), on = 1, v;
	struct sockaddr_in6 me = in6("::", 5002), to = in6("::1", 5002),
			    mapped = in6("::ffff:127.0.0.1", 5002);
	struct sockaddr_in four = in4("127.0.0.1", 5002);

	printf("--- control messages, IPv6\n");
	SHOW(bind(b, ADDR(me)));
	setsockopt(b, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, 4);
	setsockopt(b, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, 4);
	setsockopt(b, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, 4);
	me = in6("::", 5001);
	SHOW(bind(a, ADDR(me)));
	SHOW(sendto(a, "x", 1, 0, ADDR(to)));
	receive(b, 0);
	v = 7;
	SHOW(send_ctl(a, ADDR(to), IPPROTO_IPV6, IPV6_HOPLIMIT, &v, sizeof(v)));
	receive(b, 0);
	v = 0x48;
	SHOW(send_ctl(a, ADDR(to), IPPROTO_IPV6, IPV6_TCLASS, &v, sizeof(v)));
	receive(b, 0);
	SHOW(sendto(a, "x", 1, 0, ADDR(mapped)));
	receive(b, 0);
	SHOW(sendto(a, "x", 1, 0, ADDR(four)));
	receive(b, 0);
	close(a);
	close(b);
}

/* IP_RECVERR: what was refused, and by whom. */
static void error_queue(void)
{
	int a = bound4(5001), on = 1;
	struct sockaddr_in to = in4("127.0.0.1", 5999);

	printf("--- error queue\n");
	SHOW(setsockopt(a, IPPROTO_IP, IP_RECVERR, &on, 4));
	receive(a, MSG_ERRQUEUE);
	SHOW(sendto(a, "quoted", 6, 0, ADDR(to)));
	usleep(10000);
	show_poll("error", a);
	receive(a, MSG_ERRQUEUE);
	receive(a, MSG_ERRQUEUE);
	show_poll("taken", a);
	SHOW(sendto(a, "again", 5, 0, ADDR(to)));
	usleep(10000);
	SHOW(recv(a, buf, 10, 0));
	SHOW(recv(a, buf, 10, 0));
	receive(a, MSG_ERRQUEUE);
	SHOW(sendto(a, buf, 65508, 0, ADDR(to)));
	receive(a, MSG_ERRQUEUE);
	close(a);
}

static void many(void)
{
	int a = bound4(5001), b = bound4(5002);
	struct sockaddr_in to = in4("127.0.0.1", 5002);
	struct mmsghdr m[8] = { 0 };
	struct iovec v[8];
	char text[8][16];
	struct timespec ts = { 0, 20000000 };

	printf("--- many\n");
	for (int i = 0; i < 8; i++) {
		sprintf(text[i], "message %d", i);
		v[i] = (struct iovec){ text[i], strlen(text[i]) };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i],
						.msg_iovlen = 1,
						.msg_name = &to,
						.msg_namelen = sizeof(to) };
	}
	SHOW(sendmmsg(a, m, 8, 0));
	SAY(m[7].msg_len);
	m[3].msg_hdr.msg_name = (void *)16;
	SHOW(sendmmsg(a, m, 8, 0));
	SHOW(sendmmsg(a, m + 3, 5, 0));
	SHOW(sendmmsg(a, m, 0, 0));
	for (int i = 0; i < 8; i++) {
		v[i].iov_len = 16;
		m[i].msg_hdr.msg_name = NULL;
		m[i].msg_hdr.msg_namelen = 0;
	}
	SHOW(recvmmsg(b, m, 8, 0, NULL));
	SAY(m[7].msg_len);
	SHOW(recvmmsg(b, m, 8, 0, NULL));
	SHOW(recvmmsg(b, m, 8, 0, NULL));
	fcntl(b, F_SETFL, 0);
	SHOW(recvmmsg(b, m, 8, MSG_WAITFORONE | MSG_DONTWAIT, NULL));
	sendto(a, "one", 3, 0, ADDR(to));
	SHOW(recvmmsg(b, m, 8, MSG_WAITFORONE, NULL));
	sendto(a, "one", 3, 0, ADDR(to));
	sendto(a, "one", 3, 0, ADDR(to));
	setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 0, 20000 },
		   sizeof(struct timeval));
	SHOW(recvmmsg(b, m, 3, 0, &ts));
	close(a);
	close(b);
}

static void segments(void)
{
	int a = bound4(5001), b = bound4(5002), on = 1;
	struct sockaddr_in to = in4("127.0.0.1", 5002);
	uint16_t size = 100;
	long r, n = 0;

	printf("--- segments\n");
	SHOW(send_ctl(a, ADDR(to), IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)));
	SHOW(setsockopt(a, IPPROTO_UDP, UDP_SEGMENT, &(int){ 100 }, 4));
	SHOW(recv(b, buf, 1000, 0));
	SHOW(sendto(a, buf, 450, 0, ADDR(to)));
	while ((r = recv(b, buf, 1000, 0)) >= 0)
		printf("%ld ", r);
	printf("\n");
	SHOW(sendto(a, buf, 100 * 130, 0, ADDR(to)));
	SHOW(setsockopt(b, IPPROTO_UDP, UDP_GRO, &on, 4));
	SHOW(sendto(a, buf, 90, 0, ADDR(to)));
	receive(b, 0);
	SHOW(sendto(a, buf, 450, 0, ADDR(to)));
	receive(b, MSG_PEEK | MSG_TRUNC);
	receive(b, 0);
	close(a);
	close(b);
}

static void groups(void)
{
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0),
	    off = 0;
	struct sockaddr_in to = in4("239.1.2.3", 5004);
	struct ip_mreq r = { .imr_interface.s_addr = htonl(0x7f000001) };
	struct ip_mreqn rn = { .imr_ifindex = 1 };
	struct ip_mreq_source rs = { .imr_interface.s_addr = htonl(0x7f000001) };

	printf("--- groups\n");
	bind4(b, "0.0.0.0", 5004);
	SHOW(setsockopt(a, IPPROTO_IP, IP_MULTICAST_IF, &r.imr_interface, 4));
	SHOW(setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)));
	r.imr_multiaddr = to.sin_addr;
	SHOW(setsockopt(b, IPPROTO_IP, IP_DROP_MEMBERSHIP, &r, sizeof(r)));
	SHOW(setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)));
	SHOW(setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)));
	SHOW(setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, 4));
	SHOW(sendto(a, "group", 5, 0, ADDR(to)));
	usleep(10000);
	SHOW(recv(b, buf, 10, 0));
	SHOW(setsockopt(a, IPPROTO_IP, IP_MULTICAST_LOOP, &off, 4));
	SHOW(sendto(a, "quiet", 5, 0, ADDR(to)));
	SHOW(setsockopt(b, IPPROTO_IP, IP_DROP_MEMBERSHIP, &r, sizeof(r)));
	rn.imr_multiaddr = to.sin_addr;
	SHOW(setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &rn, sizeof(rn)));
	SHOW(setsockopt(b, IPPROTO_IP, IP_DROP_MEMBERSHIP, &rn, sizeof(rn)));
	rs.imr_multiaddr = to.sin_addr;
	rs.imr_sourceaddr.s_addr = htonl(0x7f000001);
	SHOW(setsockopt(a, IPPROTO_IP, IP_MULTICAST_LOOP, &(int){ 1 }, 4));
	SHOW(setsockopt(b, IPPROTO_IP, IP_MULTICAST_ALL, &off, 4));
	SHOW(setsockopt(b, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &rs, sizeof(rs)));
	SHOW(setsockopt(b, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &rs, sizeof(rs)));
	while (recv(b, buf, 10, 0) >= 0)
		;
	SHOW(sendto(a, "source", 6, 0, ADDR(to)));
	usleep(10000);
	SHOW(recv(b, buf, 10, 0));
	bind4(a, "127.0.0.5", 0);
	SHOW(sendto(a, "other", 5, 0, ADDR(to)));
	usleep(10000);
	SHOW(recv(b, buf, 10, 0));
	SHOW(setsockopt(b, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, &rs, sizeof(rs)));
	SHOW(setsockopt(b, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, &rs, sizeof(rs)));
	close(a);
	close(b);
}

/* getaddrinfo(3) asks with port 0 which source address a destination would have, from one socket for all. */
static void sources(void)
{
	static const char *const to[] = { "::1", "::ffff:127.0.0.1", "::", "::ffff:0.0.0.0" };
	struct sockaddr_in6 a, none = { .sin6_family = AF_UNSPEC };
	int s = socket(AF_INET6, SOCK_DGRAM, 0);
	char text[INET6_ADDRSTRLEN];

	for (unsigned i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		socklen_t len = sizeof(a);

		a = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
		inet_pton(AF_INET6, to[i], &a.sin6_addr);
		SHOW(connect(s, (struct sockaddr *)&a, sizeof(a)));
		SHOW(getsockname(s, (struct sockaddr *)&a, &len));
		printf("%s: from %s, a port %d\n", to[i],
		       inet_ntop(AF_INET6, &a.sin6_addr, text, sizeof(text)), a.sin6_port != 0);
		SHOW(getpeername(s, (struct sockaddr *)&a, &len));
		SHOW(connect(s, (struct sockaddr *)&none, sizeof(none)));
		SHOW(getsockname(s, (struct sockaddr *)&a, &len));
		printf("after: %s, a port %d\n",
		       inet_ntop(AF_INET6, &a.sin6_addr, text, sizeof(text)), a.sin6_port != 0);
	}
	close(s);
}

int main(void)
{
	basics();
	connected();
	sources();
	cmsgs4();
	cmsgs6();
	error_queue();
	many();
	segments();
	groups();
	return 0;
}
