/* SPDX-License-Identifier: Apache-2.0 */
/* abi: netns */
/* Fast open from both sides: connect that waits for data, send that connects; and what is refused. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "abi.h"

enum { SYN_DATA = 32 };

static int lis;
static struct sockaddr_in to = { .sin_family = AF_INET };

static void serve(int c, size_t want)
{
	char b[20000];
	int s = accept(lis, NULL, NULL);
	size_t got = 0;
	long n;

	while (got < want && (n = read(s, b + got, sizeof(b) - got)) > 0)
		got += (size_t)n;
	SAY(got);
	SHOW(write(s, "answer", 6));
	SHOW(read(c, b, 6));
	close(s);
	close(c);
}

/* Did the SYN's data arrive with it? */
static void syn_data(int c)
{
	struct tcp_info i = { 0 };
	socklen_t n = sizeof(i);

	getsockopt(c, IPPROTO_TCP, TCP_INFO, &i, &n);
	IS(i.tcpi_options & SYN_DATA);
}

static void connect_waits_for_data(size_t len)
{
	static char b[20000];
	int c = socket(AF_INET, SOCK_STREAM, 0), one = 1, v = -1;
	socklen_t n = sizeof(v);

	SHOW(setsockopt(c, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one)));
	SHOW(getsockopt(c, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &v, &n));
	SAY(v);
	SHOW(connect(c, (struct sockaddr *)&to, sizeof(to)));
	SHOW(write(c, b, len));
	usleep(20000);
	syn_data(c);
	serve(c, len);
}

static void send_connects(size_t len)
{
	static char b[20000];
	int c = socket(AF_INET, SOCK_STREAM, 0);

	SHOW(sendto(c, b, len, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to)));
	usleep(20000);
	syn_data(c);
	SHOW(sendto(c, b, len, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to)));
	serve(c, len);
}

int main(void)
{
	int queue = 5, c, f = open("/proc/sys/net/ipv4/tcp_fastopen", O_WRONLY);
	socklen_t n = sizeof(to);

	if (f >= 0) /* Linux: servers too */
		if (write(f, "3", 1) != 1)
			return 1;
	lis = socket(AF_INET, SOCK_STREAM, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(lis, (struct sockaddr *)&to, sizeof(to));
	getsockname(lis, (struct sockaddr *)&to, &n);
	SHOW(setsockopt(lis, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue)));
	SHOW(listen(lis, 8));
	connect_waits_for_data(100); /* fetches a cookie */
	connect_waits_for_data(100);
	connect_waits_for_data(20000);
	send_connects(100);
	send_connects(5000);
	c = socket(AF_INET, SOCK_STREAM, 0);
	to.sin_port = htons(1);
	SHOW(sendto(c, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to)));
	to.sin_family = AF_UNSPEC;
	SHOW(sendto(c, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to)));
	return 0;
}
