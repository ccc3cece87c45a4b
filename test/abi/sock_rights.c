/* SPDX-License-Identifier: Apache-2.0 */
/* What a process without capabilities may not do with sockets. abi: netns */
#include "sock.h"

#include <linux/if_packet.h>

static void all(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET6, SOCK_DGRAM, 0), one = 1;
	struct sockaddr_in6 six = in6("::", 53);

	WORKS(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	WORKS(socket(AF_INET6, SOCK_RAW, 89));
	WORKS(socket(AF_PACKET, SOCK_RAW, 0));
	WORKS(socket(AF_PACKET, SOCK_STREAM, 0));
	WORKS(bind4(fd, "127.0.0.1", 1023));
	WORKS(bind4(fd, "127.0.0.1", 1024));
	WORKS(bind(u, ADDR(six)));
	WORKS(setsockopt(fd, SOL_SOCKET, SO_MARK, &one, sizeof(one)));
	WORKS(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &one, sizeof(one)));
	WORKS(setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof(one)));
	WORKS(setsockopt(u, IPPROTO_IPV6, IPV6_TRANSPARENT, &one, sizeof(one)));
	WORKS(setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one)));
	close(fd);
	close(u);
}

int main(void)
{
	all();
	SHOW(setuid(65534));
	all();
	return 0;
}
