/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX: names, states, messages, rights, credentials, and what each end sees when the other goes. */
#include "sock.h"

static struct sockaddr_un un(const char *path, socklen_t *len)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (path[0] == '@') {
		memcpy(a.sun_path + 1, path + 1, strlen(path + 1));
		*len = offsetof(struct sockaddr_un, sun_path) + strlen(path);
	} else {
		strcpy(a.sun_path, path);
		*len = offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
	}
	return a;
}

static int bind_un(int fd, const char *path)
{
	socklen_t n;
	struct sockaddr_un a = un(path, &n);

	return bind(fd, (void *)&a, n);
}

static int connect_un(int fd, const char *path)
{
	socklen_t n;
	struct sockaddr_un a = un(path, &n);

	return connect(fd, (void *)&a, n);
}

static void show_name(const char *what, int fd, bool peer)
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);
	int r;

	memset(&a, 'x', sizeof(a));
	r = peer ? getpeername(fd, (void *)&a, &n) : getsockname(fd, (void *)&a, &n);
	printf("%s: %s", what, err(r));
	if (!r && n > 2)
		printf(" len %u '%s%.*s'", n, a.sun_path[0] ? "" : "@", (int)(n - 3),
		       a.sun_path + !a.sun_path[0]);
	else if (!r)
		printf(" len %u", n);
	printf("\n");
}

static void names(void)
{
	int a = socket(AF_UNIX, SOCK_STREAM, 0), b = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un long_name = { .sun_family = AF_UNIX };
	socklen_t n = sizeof(long_name);

	show_name("fresh", a, false);
	show_name("fresh peer", a, true);
	SHOW(bind_un(a, "one.sock"));
	show_name("bound", a, false);
	SHOW(bind_un(a, "two.sock"));
	SHOW(bind_un(b, "one.sock"));
	SHOW(access("one.sock", F_OK));
	SHOW(bind_un(b, "no/such/dir"));
	SHOW(connect_un(b, "one.sock"));
	SHOW(connect_un(b, "none.sock"));
	close(open("plain", O_CREAT | O_WRONLY, 0600));
	SHOW(connect_un(b, "plain"));
	SHOW(open("one.sock", O_RDONLY));
	SHOW(bind(b, (void *)&long_name, 1));
	SHOW(bind(b, (void *)&long_name, sizeof(long_name) + 1));
	memset(long_name.sun_path, 'y', sizeof(long_name.sun_path));
	SHOW(bind(b, (void *)&long_name, sizeof(long_name)));
	SHOW(getsockname(b, (void *)&long_name, &n));
	SAY(n);
	close(b);
	b = socket(AF_UNIX, SOCK_STREAM, 0);
	SHOW(bind_un(b, "@abstract"));
	show_name("abstract", b, false);
	SHOW(listen(b, 1));
	SHOW(connect_un(a, "@abstract"));
	show_name("peer", a, true);
	SHOW(connect_un(a, "@abstract"));
	SHOW(listen(a, 1));
	SHOW(bind_un(a, "@other"));
	close(a);
	close(b);
	a = socket(AF_UNIX, SOCK_STREAM, 0);
	SHOW(connect_un(a, "@abstract"));
	SHOW(listen(a, 1));
	n = 2;
	SHOW(bind(a, (void *)&(struct sockaddr_un){ .sun_family = AF_UNIX }, 2));
	long_name = (struct sockaddr_un){ 0 };
	n = sizeof(long_name);
	SHOW(getsockname(a, (void *)&long_name, &n));
	printf("autobound: len %u, %d, five digits %d\n", n, long_name.sun_path[0],
	       (int)strspn(long_name.sun_path + 1, "0123456789abcdef"));
	SHOW(listen(a, 1));
	close(a);
	SHOW(socket(AF_UNIX, SOCK_RAW, 0) >= 0);
	SHOW(socket(AF_UNIX, SOCK_RDM, 0));
	SHOW(socket(AF_UNIX, SOCK_STREAM, 1) >= 0);
	SHOW(socket(AF_UNIX, SOCK_STREAM, 2));
	SHOW(socket(AF_UNIX, 77, 0));
	SHOW(socketpair(AF_INET, SOCK_STREAM, 0, (int[2]){ 0 }));
}

static void states(int type, const char *what)
{
	int p[2], q[2];
	char buf[100];
	int e;
	socklen_t n = sizeof(e);

	printf("--- %s\n", what);
	socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, p);
	show_name("pair", p[0], false);
	show_name("pair peer", p[0], true);
	show_poll("pair", p[0]);
	SHOW(recv(p[0], buf, 10, 0));
	SHOW(recv(p[0], buf, 0, 0));
	SHOW(send(p[0], "hello", 5, 0));
	show_poll("filled", p[1]);
	SHOW(ioctl(p[1], FIONREAD, &e));
	SAY(e);
	SHOW(recv(p[1], buf, 2, MSG_PEEK));
	SHOW(recv(p[1], buf, 2, MSG_PEEK | MSG_TRUNC));
	SHOW(recv(p[1], buf, 2, 0));
	SHOW(recv(p[1], buf, 10, 0));
	SHOW(send(p[0], "", 0, 0));
	SHOW(recv(p[1], buf, 10, 0));
	while (recv(p[1], buf, 10, 0) > 0)
		;
	SHOW(sendto(p[0], "x", 1, 0,
		    (void *)&(struct sockaddr_un){ .sun_family = AF_UNIX, .sun_path = "zz" }, 5));
	SHOW(send(p[0], "last", 4, 0));
	SHOW(shutdown(p[0], SHUT_WR));
	show_poll("peer shut wr", p[1]);
	show_poll("shut wr", p[0]);
	SHOW(send(p[0], "x", 1, MSG_NOSIGNAL));
	SHOW(recv(p[1], buf, 10, 0));
	SHOW(recv(p[1], buf, 10, 0));
	SHOW(send(p[1], "back", 4, MSG_NOSIGNAL));
	SHOW(shutdown(p[0], SHUT_RD));
	show_poll("shut both", p[0]);
	show_poll("peer shut both", p[1]);
	SHOW(recv(p[0], buf, 10, 0));
	SHOW(recv(p[0], buf, 10, 0));
	SHOW(send(p[1], "x", 1, MSG_NOSIGNAL));
	close(p[0]);
	show_poll("peer closed", p[1]);
	SHOW(recv(p[1], buf, 10, 0));
	SHOW(send(p[1], "x", 1, MSG_NOSIGNAL));
	SHOW(shutdown(p[1], 3));
	close(p[1]);
	/* closing with unread data */
	socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, q);
	send(q[0], "unread", 6, 0);
	send(q[1], "waits", 5, 0);
	close(q[1]);
	show_poll("closed with unread", q[0]);
	SHOW(recv(q[0], buf, 10, 0));
	SHOW(recv(q[0], buf, 10, 0));
	SHOW(getsockopt(q[0], SOL_SOCKET, SO_ERROR, &e, &n));
	SAY(e);
	SHOW(recv(q[0], buf, 10, 0));
	close(q[0]);
}

static void dgram(void)
{
	int a = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0),
	    b = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_un from;
	socklen_t n = sizeof(from);
	char buf[100];
	int c;

	printf("--- dgram\n");
	SHOW(send(a, "x", 1, 0));
	SHOW(bind_un(a, "@dga"));
	SHOW(connect_un(b, "@dga"));
	show_name("peer", b, true);
	SHOW(send(b, "one", 3, 0));
	SHOW(recvfrom(a, buf, 10, 0, (void *)&from, &n));
	SAY(n);
	SHOW(bind_un(b, "@dgb"));
	SHOW(send(b, "two", 3, 0));
	n = sizeof(from);
	SHOW(recvfrom(a, buf, 10, 0, (void *)&from, &n));
	printf("from %.*s\n", (int)n - 3, from.sun_path + 1);
	c = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	SHOW(connect_un(a, "@dgb"));
	SHOW(connect_un(c, "@dga"));
	{
		socklen_t m;
		struct sockaddr_un to = un("@dga", &m);

		SHOW(sendto(c, "x", 1, 0, (void *)&to, m));
	}
	SHOW(connect(a, (void *)&(struct sockaddr){ .sa_family = AF_UNSPEC },
		     sizeof(struct sockaddr)));
	show_name("unconnected", a, true);
	SHOW(listen(a, 1));
	SHOW(accept(a, NULL, NULL));
	close(a);
	SHOW(send(b, "x", 1, 0));
	SHOW(send(b, "x", 1, 0));
	show_name("peer gone", b, true);
	show_poll("peer gone", b);
	close(b);
	close(c);
}

static void backlog(void)
{
	int l = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), c[5];

	printf("--- backlog\n");
	bind_un(l, "@backlog");
	SHOW(accept(l, NULL, NULL));
	SHOW(listen(l, 1));
	SHOW(accept(l, NULL, NULL));
	show_poll("listening", l);
	for (int i = 0; i < 4; i++) {
		c[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		SHOW(connect_un(c[i], "@backlog"));
	}
	show_poll("waiting", l);
	SHOW(send(c[0], "early", 5, 0));
	SHOW(recv(l, (char[1]){ 0 }, 1, 0));
	SHOW(send(l, "x", 1, MSG_NOSIGNAL));
	c[4] = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	SHOW(fcntl(c[4], F_GETFD));
	SHOW(fcntl(c[4], F_GETFL));
	SHOW(recv(c[4], (char[10]){ 0 }, 10, 0));
	SHOW(accept4(l, NULL, NULL, 1));
	close(l);
	show_poll("listener gone", c[1]);
	SHOW(send(c[1], "x", 1, MSG_NOSIGNAL));
	SHOW(recv(c[1], (char[10]){ 0 }, 10, 0));
}

static void show_ctl(struct msghdr *m)
{
	printf("flags%s%s controllen %zu:", m->msg_flags & MSG_CTRUNC ? " CTRUNC" : "",
	       m->msg_flags & MSG_TRUNC ? " TRUNC" : "", m->msg_controllen);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		printf(" level %d type %d len %zu", c->cmsg_level, c->cmsg_type, c->cmsg_len);
		if (c->cmsg_type == SCM_RIGHTS)
			for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / 4; i++) {
				int fd = ((int *)CMSG_DATA(c))[i];

				printf(" [fd %s, cloexec %d]",
				       fcntl(fd, F_GETFD) >= 0 ? "good" : "bad",
				       fcntl(fd, F_GETFD));
				close(fd);
			}
		if (c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred *u = (void *)CMSG_DATA(c);

			printf(" pid is mine %d uid %u gid %u", u->pid == getpid(), u->uid, u->gid);
		}
	}
	printf("\n");
}

static long receive(int fd, size_t room, int flags)
{
	char buf[64];
	_Alignas(8) char ctl[256];
	struct iovec v = { buf, 64 };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = room
	};
	long r = recvmsg(fd, &m, flags);

	printf("recvmsg %ld %s ", r, err(r));
	if (r >= 0)
		show_ctl(&m);
	else
		printf("\n");
	return r;
}

static long send_ctl(int fd, int type, const void *data, size_t len)
{
	_Alignas(8) char ctl[2048] = { 0 };
	struct iovec v = { "c", 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = ctl,
			    .msg_controllen = CMSG_SPACE(len) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	return sendmsg(fd, &m, 0);
}

/* The same list in two messages of one call. */
static long send_two(int fd, const int *fds, size_t first, size_t second)
{
	_Alignas(8) char ctl[2048] = { 0 };
	struct iovec v = { "t", 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = ctl,
			    .msg_controllen = CMSG_SPACE(first * 4) + CMSG_SPACE(second * 4) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	*c = (struct cmsghdr){ CMSG_LEN(first * 4), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(c), fds, first * 4);
	c = (void *)(ctl + CMSG_SPACE(first * 4));
	*c = (struct cmsghdr){ CMSG_LEN(second * 4), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(c), fds + first, second * 4);
	return sendmsg(fd, &m, 0);
}

static void rights(int type, const char *what)
{
	int p[2], fds[300], one = 1;
	struct ucred me = { getpid(), getuid(), getgid() }, other = { getpid(), 12345, 12345 };
	char buf[10];

	printf("--- rights %s\n", what);
	socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, p);
	for (int i = 0; i < 300; i++)
		fds[i] = 1;
	SHOW(send_ctl(p[0], SCM_RIGHTS, fds, 8));
	receive(p[1], 256, 0);
	SHOW(send_ctl(p[0], SCM_RIGHTS, fds, 8));
	receive(p[1], 256, MSG_CMSG_CLOEXEC);
	SHOW(send_ctl(p[0], SCM_RIGHTS, fds, 12));
	receive(p[1], CMSG_LEN(4), 0);
	SHOW(send_ctl(p[0], SCM_RIGHTS, fds, 8));
	receive(p[1], 0, 0);
	SHOW(send_ctl(p[0], SCM_RIGHTS, fds, 8));
	SHOW(recv(p[1], buf, 10, 0));
	SHOW(send_ctl(p[0], SCM_RIGHTS, fds, 8));
	receive(p[1], 256, MSG_PEEK);
	receive(p[1], 256, 0);
	SHOW(send_ctl(p[0], SCM_RIGHTS, fds, 0));
	receive(p[1], 256, 0);
	SHOW(send_two(p[0], fds, 1, 2));
	receive(p[1], 256, 0);
	SHOW(send_two(p[0], fds, 200, 54));
	fds[0] = -1;
	SHOW(send_ctl(p[0], SCM_RIGHTS, fds, 8));
	fds[0] = 1;
	SHOW(send_ctl(p[0], SCM_RIGHTS, fds, 254 * 4));
	SHOW(send_ctl(p[0], SCM_RIGHTS, fds, 253 * 4));
	close(p[0]);
	close(p[1]);
	socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, p);
	SHOW(send_ctl(p[0], SCM_CREDENTIALS, &me, sizeof(me)));
	receive(p[1], 256, 0);
	SHOW(setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)));
	SHOW(send_ctl(p[0], SCM_CREDENTIALS, &me, sizeof(me)));
	receive(p[1], 256, 0);
	SHOW(send(p[0], "x", 1, 0));
	receive(p[1], 256, 0);
	SHOW(send_ctl(p[0], SCM_RIGHTS, fds, 4));
	receive(p[1], 256, 0);
	SHOW(send_ctl(p[0], SCM_CREDENTIALS, &me, 4));
	SHOW(send_ctl(p[0], 77, &me, 4));
	me.pid = 999999;
	SHOW(send_ctl(p[0], SCM_CREDENTIALS, &me, sizeof(me)));
	socklen_t n = sizeof(me);
	SHOW(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &me, &n));
	printf("peer pid mine %d uid %u gid %u len %u\n", me.pid == getpid(), me.uid, me.gid, n);
	close(p[0]);
	close(p[1]);
	n = sizeof(me);
	p[0] = socket(AF_UNIX, type, 0);
	SHOW(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &me, &n));
	printf("no peer: pid %d uid %d gid %d\n", me.pid, (int)me.uid, (int)me.gid);
	close(p[0]);
}

/* Rights split a stream: one read does not take bytes of two sends with different rights. */
static void boundaries(void)
{
	int p[2], fd = 1;

	printf("--- boundaries\n");
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p);
	send(p[0], "aa", 2, 0);
	send(p[0], "bb", 2, 0);
	send_ctl(p[0], SCM_RIGHTS, &fd, 4);
	send(p[0], "dd", 2, 0);
	for (int i = 0; i < 4; i++)
		receive(p[1], 256, 0);
}

static void full(int type, const char *what)
{
	int p[2], n = 0;
	char big[1000] = { 0 };
	int size = 8192;

	printf("--- full %s\n", what);
	socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, p);
	setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	while (send(p[0], big, sizeof(big), 0) > 0)
		n++;
	printf("full: %s, some %d\n", err(-1), n > 0);
	show_poll("full", p[0]);
	if (type != SOCK_STREAM) {
		char *huge = calloc(1, 1 << 20);

		SHOW(send(p[0], huge, 1 << 20, 0));
	}
	while (recv(p[1], big, sizeof(big), 0) > 0)
		;
	show_poll("drained", p[0]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	names();
	states(SOCK_STREAM, "stream");
	states(SOCK_SEQPACKET, "seqpacket");
	states(SOCK_DGRAM, "dgram pair");
	dgram();
	backlog();
	rights(SOCK_STREAM, "stream");
	rights(SOCK_SEQPACKET, "seqpacket");
	rights(SOCK_DGRAM, "dgram");
	boundaries();
	full(SOCK_STREAM, "stream");
	full(SOCK_DGRAM, "dgram");
	full(SOCK_SEQPACKET, "seqpacket");
	return 0;
}
