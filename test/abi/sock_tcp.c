/* SPDX-License-Identifier: Apache-2.0 */
/* TCP over loopback: what each call and poll() say in each state; linger, urgent data, half close, resets. abi: netns */
#include "sock.h"

#include <linux/errqueue.h>

static char buf[100];

static void show_error(const char *when, int fd)
{
	int e = -1;
	socklen_t n = sizeof(e);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n);
	printf("SO_ERROR %s: %s\n", when, e ? strerrorname_np(e) : "none");
}

static int state(int fd)
{
	struct tcp_info i = { 0 };
	socklen_t n = sizeof(i);

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &n);
	return i.tcpi_state;
}

static void fresh(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	printf("--- fresh\n");
	show_poll("fresh", fd);
	SAY(state(fd));
	SHOW(recv(fd, buf, 10, 0));
	SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
	SHOW(getpeername(fd, (void *)&a, &n));
	SHOW(accept(fd, NULL, NULL));
	SHOW(shutdown(fd, SHUT_RD));
	SHOW(shutdown(fd, SHUT_RDWR));
	SHOW(ioctl(fd, FIONREAD, &n));
	SHOW(connect4(fd, "127.0.0.1", 1));
	show_error("after refusal", fd);
	SHOW(connect4(fd, "127.0.0.1", 1));
	SHOW(listen(fd, 1));
	show_poll("listening", fd);
	SHOW(connect4(fd, "127.0.0.1", 1));
	SHOW(recv(fd, buf, 10, 0));
	SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
	SHOW(getpeername(fd, (void *)&a, &n));
	SHOW(listen(fd, 5));
	SHOW(bind4(fd, "127.0.0.1", 0));
	SHOW(shutdown(fd, SHUT_WR));
	SHOW(shutdown(fd, SHUT_RD));
	show_poll("listener shut", fd);
	SHOW(accept(fd, NULL, NULL));
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	SHOW(connect(fd, (void *)&a, 4));
	a = in4("127.0.0.1", 1);
	a.sin_family = AF_INET6;
	SHOW(connect(fd, ADDR(a)));
	SHOW(connect4(fd, "255.255.255.255", 1));
	SHOW(connect4(fd, "9.9.9.9", 1));
	SHOW(connect4(fd, "0.0.0.0", 1));
	a.sin_family = AF_UNSPEC;
	SHOW(connect(fd, ADDR(a)));
	close(fd);
}

static void refused_later(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	printf("--- refused\n");
	SHOW(connect4(fd, "127.0.0.1", 1));
	wait_poll("refused", fd, POLLOUT);
	show_error("refused", fd);
	show_error("again", fd);
	show_poll("after", fd);
	SHOW(recv(fd, buf, 1, 0));
	SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect4(fd, "127.0.0.1", 1);
	usleep(20000);
	SHOW(connect4(fd, "127.0.0.1", 1));
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect4(fd, "127.0.0.1", 1);
	usleep(20000);
	SHOW(recv(fd, buf, 1, 0));
	SHOW(recv(fd, buf, 1, 0));
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect4(fd, "127.0.0.1", 1);
	usleep(20000);
	SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
	SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
}

static void connected(void)
{
	int port, l = listener(&port), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), s;
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	printf("--- connected\n");
	fcntl(l, F_SETFL, O_NONBLOCK);
	SHOW(accept(l, NULL, NULL));
	SHOW(connect4(fd, "127.0.0.1", port));
	wait_poll("connect", fd, POLLOUT);
	SHOW(connect4(fd, "127.0.0.1", port));
	SHOW(connect4(fd, "127.0.0.1", port));
	wait_poll("listener", l, POLLIN);
	s = accept4(l, (void *)&a, &n, SOCK_NONBLOCK);
	SAY(n);
	SAY(a.sin_family);
	SHOW(fcntl(s, F_GETFL));
	SAY(state(s));
	show_poll("accepted", s);
	SHOW(recv(s, buf, 10, 0));
	SHOW(listen(s, 1));
	SHOW(bind4(s, "127.0.0.1", 0));
	SHOW(sendto(s, "hello", 5, 0, ADDR(a)));
	wait_poll("data", fd, POLLIN);
	SHOW(ioctl(fd, FIONREAD, &n));
	SAY(n);
	SHOW(recv(fd, buf, 2, MSG_PEEK));
	SHOW(recv(fd, buf, 2, MSG_TRUNC));
	SHOW(recv(fd, NULL, 1, MSG_TRUNC));
	SHOW(recv(fd, buf, 0, 0));
	SHOW(recv(fd, buf, 10, MSG_WAITALL));
	SHOW(recv(fd, buf, 0, 0));
	SHOW(recv(fd, (void *)16, 10, 0));
	SHOW(send(s, "zz", 2, 0));
	usleep(10000);
	SHOW(recv(fd, (void *)16, 10, 0));
	SHOW(recv(fd, buf, 10, 0));
	SHOW(send(s, (void *)16, 10, 0));
	n = sizeof(a);
	a.sin_port = 7;
	SHOW(recvfrom(fd, buf, 10, 0, (void *)&a, &n));
	close(l);
	/* half close */
	SHOW(send(s, "tail", 4, 0));
	SHOW(shutdown(s, SHUT_WR));
	wait_poll("half closed", fd, POLLRDHUP);
	show_poll("its end", s);
	SHOW(send(s, "x", 1, MSG_NOSIGNAL));
	SHOW(recv(fd, buf, 10, 0));
	SHOW(recv(fd, buf, 10, 0));
	SHOW(send(fd, "still", 5, 0));
	usleep(10000);
	SHOW(recv(s, buf, 10, 0));
	SHOW(shutdown(s, SHUT_WR));
	SHOW(shutdown(fd, SHUT_WR));
	usleep(20000);
	show_poll("both closed", fd);
	show_poll("both closed", s);
	SHOW(recv(s, buf, 10, 0));
	SHOW(shutdown(fd, SHUT_WR));
	SHOW(shutdown(fd, SHUT_RD));
	n = sizeof(a);
	SHOW(getpeername(fd, (void *)&a, &n));
	SHOW(connect4(fd, "127.0.0.1", port));
	close(fd);
	close(s);
}

static void shut_rd(void)
{
	int p[2];

	printf("--- shut rd\n");
	tcp_pair(p);
	SHOW(send(p[0], "before", 6, 0));
	usleep(10000);
	SHOW(shutdown(p[1], SHUT_RD));
	show_poll("shut rd", p[1]);
	SHOW(recv(p[1], buf, 10, 0));
	SHOW(recv(p[1], buf, 10, 0));
	SHOW(send(p[0], "after", 5, MSG_NOSIGNAL));
	usleep(10000);
	SHOW(recv(p[1], buf, 10, MSG_DONTWAIT));
	SHOW(send(p[1], "other way", 9, 0));
	usleep(10000);
	SHOW(recv(p[0], buf, 20, 0));
	close(p[0]);
	close(p[1]);
}

static void resets(void)
{
	int p[2];
	struct linger hard = { 1, 0 };

	printf("--- resets\n");
	tcp_pair(p);
	send(p[0], "unread", 6, 0);
	usleep(10000);
	close(p[1]);
	wait_poll("closed with unread", p[0], POLLHUP);
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	SHOW(recv(p[0], buf, 10, 0));
	show_error("reset", p[0]);
	close(p[0]);
	tcp_pair(p);
	SHOW(setsockopt(p[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
	send(p[1], "lost?", 5, 0);
	usleep(10000);
	close(p[1]);
	wait_poll("hard close", p[0], POLLHUP);
	SHOW(recv(p[0], buf, 10, 0));
	SHOW(recv(p[0], buf, 10, 0));
	SHOW(getpeername(p[0], (void *)buf, &(socklen_t){ 16 }));
	close(p[0]);
	tcp_pair(p);
	close(p[1]);
	wait_poll("closed", p[0], POLLIN);
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	usleep(20000);
	show_poll("after a write", p[0]);
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	SHOW(recv(p[0], buf, 10, 0));
	show_error("after EPIPE", p[0]);
	close(p[0]);
	/* connect(AF_UNSPEC) ends a connection and frees the socket for another */
	tcp_pair(p);
	SHOW(connect(p[0], (void *)&(struct sockaddr){ .sa_family = AF_UNSPEC },
		     sizeof(struct sockaddr)));
	wait_poll("peer disconnected", p[1], POLLIN);
	SHOW(recv(p[1], buf, 10, 0));
	SHOW(getpeername(p[0], (void *)buf, &(socklen_t){ 16 }));
	close(p[0]);
	close(p[1]);
	signal(SIGPIPE, SIG_IGN);
	tcp_pair(p);
	shutdown(p[0], SHUT_WR);
	SHOW(write(p[0], "x", 1));
	close(p[0]);
	close(p[1]);
}

static void urgent(bool in_line)
{
	int p[2], mark = -1, on = in_line;

	printf("--- urgent %s\n", in_line ? "in line" : "out of band");
	tcp_pair(p);
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	SHOW(setsockopt(p[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
	SHOW(recv(p[1], buf, 1, MSG_OOB));
	SHOW(send(p[0], "ab", 2, 0));
	SHOW(send(p[0], "cU", 2, MSG_OOB));
	SHOW(send(p[0], "de", 2, 0));
	usleep(20000);
	show_poll("urgent", p[1]);
	SHOW(ioctl(p[1], SIOCATMARK, &mark));
	SAY(mark);
	SHOW(ioctl(p[1], FIONREAD, &mark));
	SAY(mark);
	SHOW(recv(p[1], buf, 10, 0));
	SHOW(ioctl(p[1], SIOCATMARK, &mark));
	SAY(mark);
	SHOW(recv(p[1], buf, 1, MSG_OOB | MSG_PEEK));
	SHOW(recv(p[1], buf, 1, MSG_OOB));
	printf("byte %c\n", buf[0]);
	SHOW(recv(p[1], buf, 1, MSG_OOB));
	show_poll("taken", p[1]);
	SHOW(recv(p[1], buf, 10, 0));
	printf("first %c\n", buf[0]);
	SHOW(ioctl(p[1], SIOCATMARK, &mark));
	SAY(mark);
	SHOW(recv(p[1], buf, 10, 0));
	close(p[0]);
	close(p[1]);
}

static void lowat_and_timeouts(void)
{
	int p[2], four = 4;
	struct timeval tv = { 0, 30000 }, bad = { 0, 1000000 };

	printf("--- lowat and timeouts\n");
	tcp_pair(p);
	SHOW(setsockopt(p[1], SOL_SOCKET, SO_RCVLOWAT, &four, sizeof(four)));
	send(p[0], "12", 2, 0);
	usleep(10000);
	show_poll("two of four", p[1]);
	send(p[0], "345", 3, 0);
	usleep(10000);
	show_poll("five of four", p[1]);
	SHOW(recv(p[1], buf, 100, 0));
	SHOW(setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &bad, sizeof(bad)));
	SHOW(setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	SHOW(recv(p[1], buf, 100, 0));
	send(p[0], "12", 2, 0);
	SHOW(recv(p[1], buf, 100, MSG_WAITALL));
	close(p[0]);
	SHOW(recv(p[1], buf, 100, MSG_WAITALL));
	close(p[1]);
}

/* What was sent with MSG_ZEROCOPY is told of once it may be changed; over loopback it was copied. */
static void zerocopy(void)
{
	_Alignas(8) char ctl[128];
	struct iovec v = { buf, 100 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl };
	struct cmsghdr *c = (void *)ctl;
	struct sock_extended_err *e;
	int p[2];

	printf("--- zerocopy\n");
	tcp_pair(p);
	SHOW(recvmsg(p[0], &m, MSG_ERRQUEUE | MSG_DONTWAIT));
	SHOW(send(p[0], "first", 5, MSG_ZEROCOPY));
	SHOW(setsockopt(p[0], SOL_SOCKET, SO_ZEROCOPY, &(int){ 1 }, 4));
	for (unsigned i = 0; i < 3; i++) {
		SHOW(send(p[0], "later", 5, MSG_ZEROCOPY));
		SHOW(recv(p[1], buf, 100, 0) > 0);
		wait_poll("sent", p[0], POLLERR);
		m.msg_controllen = sizeof(ctl);
		SHOW(recvmsg(p[0], &m, MSG_ERRQUEUE));
		e = (void *)CMSG_DATA(c);
		printf("cmsg %d/%d %zu: errno %u origin %u code %u from %u to %u flags %x\n",
		       c->cmsg_level, c->cmsg_type, c->cmsg_len, e->ee_errno, e->ee_origin,
		       e->ee_code, e->ee_info, e->ee_data, m.msg_flags);
		show_poll("told", p[0]);
	}
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	fresh();
	refused_later();
	connected();
	shut_rd();
	resets();
	urgent(false);
	urgent(true);
	lowat_and_timeouts();
	zerocopy();
	return 0;
}
