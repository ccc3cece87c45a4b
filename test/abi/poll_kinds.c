/* SPDX-License-Identifier: Apache-2.0 */
/* poll, ppoll, select, pselect6: what each kind of descriptor says, bad arguments, what is written back. */
#include "abi.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

static void show(const char *what, int fd, short events)
{
	struct pollfd p = { fd, events, 0x5555 };
	int n = poll(&p, 1, 0);

	printf("%s: %d %#x\n", what, n, (unsigned short)p.revents);
}

#define ALL \
	(POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLRDBAND | POLLWRBAND)

static void pipes(void)
{
	char buf[4096];
	int p[2];

	if (pipe2(p, O_NONBLOCK))
		return;
	show("pipe r empty", p[0], ALL);
	show("pipe w empty", p[1], ALL);
	show("pipe r, no events", p[0], 0);
	if (write(p[1], "a", 1) != 1)
		puts("?");
	show("pipe r one byte", p[0], ALL);
	while (write(p[1], buf, sizeof(buf)) > 0)
		;
	show("pipe w full", p[1], ALL);
	SHOW(read(p[0], buf, 1));
	show("pipe w, one byte read", p[1], ALL);
	SHOW(read(p[0], buf, 4096));
	show("pipe w, a page read", p[1], ALL);
	close(p[1]);
	show("pipe r, writer gone, data", p[0], ALL);
	show("pipe r, writer gone, no events", p[0], 0);
	while (read(p[0], buf, sizeof(buf)) > 0)
		;
	show("pipe r, writer gone", p[0], ALL);
	close(p[0]);
	if (pipe2(p, O_NONBLOCK))
		return;
	close(p[0]);
	show("pipe w, reader gone", p[1], ALL);
	show("pipe w, reader gone, no events", p[1], 0);
	close(p[1]);
}

static void others(void)
{
	int s[2], e = eventfd(0, 0), f = open("f", O_RDWR | O_CREAT, 0600), d = open(".", O_RDONLY),
		  ep = epoll_create1(0), n = open("/dev/null", O_RDWR);

	show("file", f, ALL);
	show("directory", d, ALL);
	show("null", n, ALL);
	show("eventfd 0", e, ALL);
	eventfd_write(e, 3);
	show("eventfd 3", e, ALL);
	eventfd_write(e, 0xfffffffffffffffbull);
	show("eventfd full", e, ALL);
	show("epoll empty", ep, ALL);
	epoll_ctl(ep, EPOLL_CTL_ADD, e, &(struct epoll_event){ .events = EPOLLIN });
	show("epoll ready", ep, ALL);
	show("closed", 77, ALL);
	show("negative", -1, ALL);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		return;
	show("unix", s[0], ALL);
	SHOW(write(s[1], "x", 1));
	show("unix data", s[0], ALL);
	shutdown(s[1], SHUT_WR);
	show("unix rdhup", s[0], ALL);
	show("unix rdhup not asked", s[0], POLLIN);
	close(s[1]);
	show("unix hup", s[0], ALL);
	close(open("p", O_RDONLY | O_CREAT, 0600));
	show("O_PATH", open("p", O_PATH), ALL);
}

static void arguments(void)
{
	struct pollfd many[3] = { { -5, POLLIN, 9 }, { 99, POLLIN, 9 }, { 1, 0, 9 } };
	struct rlimit r;
	struct timespec ts;
	fd_set in, out, ex;
	struct timeval tv;
	int p[2];

	SHOW(poll(many, 3, 0));
	printf("%x %x %x\n", many[0].revents, many[1].revents, many[2].revents);
	SHOW(poll(NULL, 0, 1));
	SHOW(poll(NULL, 1, 1));
	SHOW(poll(NOT_MAPPED, 1, 1));
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = 64;
	setrlimit(RLIMIT_NOFILE, &r);
	SHOW(poll(many, 65, 0));
	SHOW(poll(many, (unsigned)-1, 0));
	SHOW(syscall(SYS_ppoll, many, 1, &(struct timespec){ 0, 1000000000 }, NULL, 8));
	SHOW(syscall(SYS_ppoll, many, 1, &(struct timespec){ -1, 0 }, NULL, 8));
	SHOW(syscall(SYS_ppoll, many, 1, NOT_MAPPED, NULL, 8));
	SHOW(syscall(SYS_ppoll, many, 1, &(struct timespec){ 0, 0 }, &r, 4));
	SHOW(syscall(SYS_ppoll, many, 1, &(struct timespec){ 0, 0 }, NOT_MAPPED, 8));
	ts = (struct timespec){ 0, 30000000 };
	many[0].fd = -1;
	SHOW(syscall(SYS_ppoll, many, 1, &ts, NULL, 8));
	SAY(ts.tv_sec * 1000000000 + ts.tv_nsec);
	if (pipe(p))
		return;
	ts = (struct timespec){ 5, 0 };
	many[0] = (struct pollfd){ p[1], POLLOUT, 0 };
	SHOW(syscall(SYS_ppoll, many, 1, &ts, NULL, 8));
	IS(ts.tv_sec == 4 && ts.tv_nsec > 500000000);

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&ex);
	FD_SET(p[0], &in);
	FD_SET(p[1], &out);
	FD_SET(p[0], &ex);
	tv = (struct timeval){ 0, 0 };
	SHOW(select(p[1] + 1, &in, &out, &ex, &tv));
	SAY(FD_ISSET(p[0], &in));
	SAY(FD_ISSET(p[1], &out));
	SAY(FD_ISSET(p[0], &ex));
	SHOW(select(-1, &in, NULL, NULL, &tv));
	FD_ZERO(&in);
	FD_SET(50, &in);
	SHOW(select(51, &in, NULL, NULL, &tv));
	SAY(FD_ISSET(50, &in));
	SHOW(select(50, &in, NULL, NULL, &tv));
	SAY(FD_ISSET(50, &in));
	SHOW(select(1024, NOT_MAPPED, NULL, NULL, &tv));
	FD_ZERO(&in);
	SHOW(select(1 << 20, &in, NULL, NULL, &tv));
	tv = (struct timeval){ 0, 30000 };
	SHOW(select(0, NULL, NULL, NULL, &tv));
	SAY(tv.tv_sec * 1000000 + tv.tv_usec);
	tv = (struct timeval){ 0, 2500000 };
	FD_SET(p[1], &out);
	SHOW(select(p[1] + 1, NULL, &out, NULL, &tv));
	IS(tv.tv_sec == 2 && tv.tv_usec > 200000);
	tv = (struct timeval){ -1, 0 };
	SHOW(select(0, NULL, NULL, NULL, &tv));
	tv = (struct timeval){ 0, -1 };
	SHOW(select(0, NULL, NULL, NULL, &tv));
	SHOW(syscall(SYS_select, 0, NULL, NULL, NULL, NOT_MAPPED));
	ts = (struct timespec){ 0, 2000000000 };
	SHOW(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, NULL));
	ts = (struct timespec){ 0, 20000000 };
	SHOW(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, NULL));
	SAY(ts.tv_nsec);
	SHOW(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, NOT_MAPPED));
	SHOW(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, (void *[]){ &in, (void *)4 }));
	/* a file is always ready, and exceptional conditions are not */
	FD_ZERO(&in);
	FD_SET(p[0], &in);
	close(p[1]);
	SHOW(select(p[0] + 1, &in, NULL, NULL, NULL));
}

int main(void)
{
	pipes();
	others();
	arguments();
	return 0;
}
