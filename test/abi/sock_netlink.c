/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink: what is asked for, what is answered, and what those who joined a group hear of it. abi: netns */
#include "sock.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

static struct {
	struct nlmsghdr h;
	union {
		struct ifaddrmsg ifa;
		struct rtmsg rt;
		struct ifinfomsg ifi;
		struct ndmsg nd;
	};
	char attrs[256];
} req;

static size_t fixed;

static void begin(int type, int flags, size_t size)
{
	memset(&req, 0, sizeof(req));
	req.h = (struct nlmsghdr){ NLMSG_LENGTH(size), type, NLM_F_REQUEST | NLM_F_ACK | flags, 77,
				   0 };
	fixed = size;
}

static void attr(int type, const void *data, size_t len)
{
	struct rtattr *a = (void *)((char *)&req + NLMSG_ALIGN(req.h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	req.h.nlmsg_len = NLMSG_ALIGN(req.h.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

static void ask(int fd, const char *what)
{
	char buf[8192];
	struct nlmsghdr *h = (void *)buf;
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	long n;

	sendto(fd, &req, req.h.nlmsg_len, 0, ADDR(to));
	n = recv(fd, buf, sizeof(buf), 0);
	printf("%s: %ld bytes, type %d seq %u", what, n, h->nlmsg_type, h->nlmsg_seq);
	if (h->nlmsg_type == NLMSG_ERROR)
		printf(" error %s",
		       strerrorname_np(-((struct nlmsgerr *)NLMSG_DATA(h))->error) ?: "none");
	printf("\n");
}

static const char *text(int family, const void *a)
{
	static char t[64];

	return inet_ntop(family, a, t, sizeof(t));
}

static void show_attrs(struct rtattr *a, int len, int family, int dst, int other)
{
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if (a->rta_type == dst || a->rta_type == other)
			printf(" %d:%s", a->rta_type, text(family, RTA_DATA(a)));
}

static void hear(int fd)
{
	char buf[8192];
	struct sockaddr_nl from;
	socklen_t len = sizeof(from);
	long n;

	while ((n = recvfrom(fd, buf, sizeof(buf), 0, (void *)&from, &len)) > 0)
		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			void *p = NLMSG_DATA(h);

			if (h->nlmsg_type == RTM_NEWADDR || h->nlmsg_type == RTM_DELADDR) {
				struct ifaddrmsg *m = p;

				printf("heard %s addr, group %x, bits %d scope %d:",
				       h->nlmsg_type == RTM_NEWADDR ? "new" : "del", from.nl_groups,
				       m->ifa_prefixlen, m->ifa_scope);
				show_attrs(IFA_RTA(m), IFA_PAYLOAD(h), m->ifa_family, IFA_ADDRESS,
					   IFA_LOCAL);
				printf("\n");
			} else if (h->nlmsg_type == RTM_NEWLINK) {
				struct ifinfomsg *m = p;

				printf("heard link, group %x, index %d up %d\n", from.nl_groups,
				       m->ifi_index, !!(m->ifi_flags & 1));
			} else if (h->nlmsg_type == RTM_NEWROUTE || h->nlmsg_type == RTM_DELROUTE) {
				struct rtmsg *m = p;

				if (m->rtm_table != RT_TABLE_MAIN)
					continue; /* the table of local addresses is not kept here */
				printf("heard %s route, group %x, bits %d:",
				       h->nlmsg_type == RTM_NEWROUTE ? "new" : "del",
				       from.nl_groups, m->rtm_dst_len);
				show_attrs(RTM_RTA(m), RTM_PAYLOAD(h), m->rtm_family, RTA_DST,
					   RTA_GATEWAY);
				printf("\n");
			} else {
				printf("heard type %d\n", h->nlmsg_type);
			}
		}
}

static int opened(unsigned groups)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct sockaddr_nl me = { .nl_family = AF_NETLINK, .nl_groups = groups };

	SHOW(bind(fd, ADDR(me)));
	return fd;
}

static void request_addr(int type, int flags, int family, const char *ip, int bits, int index)
{
	uint8_t a[16];

	begin(type, flags, sizeof(req.ifa));
	req.ifa = (struct ifaddrmsg){ family, bits, 0, 0, index };
	inet_pton(family, ip, a);
	attr(IFA_LOCAL, a, family == AF_INET ? 4 : 16);
	attr(IFA_ADDRESS, a, family == AF_INET ? 4 : 16);
}

static void request_route(int type, int flags, const char *ip, int bits, int oif)
{
	uint8_t a[4];

	begin(type, flags, sizeof(req.rt));
	req.rt = (struct rtmsg){ AF_INET,	bits,	       0,	    0, RT_TABLE_MAIN,
				 RTPROT_STATIC, RT_SCOPE_LINK, RTN_UNICAST, 0 };
	inet_pton(AF_INET, ip, a);
	attr(RTA_DST, a, 4);
	attr(RTA_OIF, &oif, 4);
}

int main(void)
{
	int ask_fd = opened(0), v = RTNLGRP_LINK;
	int ears = opened(RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE);

	SHOW(setsockopt(ears, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &v, sizeof(v)));
	fcntl(ears, F_SETFL, O_NONBLOCK);
	show_poll("quiet", ears);
	request_addr(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, AF_INET, "10.9.8.7", 24, 1);
	ask(ask_fd, "add");
	show_poll("told", ears);
	hear(ears);
	request_addr(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, AF_INET, "10.9.8.7", 24, 1);
	ask(ask_fd, "add again");
	request_addr(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, AF_INET6, "2001:db8::7", 64, 1);
	ask(ask_fd, "add 6");
	hear(ears);
	request_addr(RTM_NEWADDR, NLM_F_CREATE, AF_INET, "10.9.8.8", 24, 4242);
	ask(ask_fd, "no such link");
	request_addr(RTM_NEWADDR, NLM_F_CREATE, AF_INET, "10.9.8.8", 33, 1);
	ask(ask_fd, "bad prefix");
	request_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "10.77.0.0", 16, 1);
	ask(ask_fd, "route");
	hear(ears);
	request_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "10.77.0.0", 16, 1);
	ask(ask_fd, "route again");
	request_route(RTM_DELROUTE, 0, "10.77.0.0", 16, 1);
	ask(ask_fd, "route del");
	hear(ears);
	request_route(RTM_DELROUTE, 0, "10.77.0.0", 16, 1);
	ask(ask_fd, "route del again");
	request_addr(RTM_DELADDR, 0, AF_INET, "10.9.8.7", 24, 1);
	ask(ask_fd, "del");
	request_addr(RTM_DELADDR, 0, AF_INET, "10.9.8.7", 24, 1);
	ask(ask_fd, "del again");
	request_addr(RTM_DELADDR, 0, AF_INET6, "2001:db8::7", 64, 1);
	ask(ask_fd, "del 6");
	hear(ears);
	SHOW(setsockopt(ears, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &(int){ RTNLGRP_IPV4_IFADDR },
			4));
	request_addr(RTM_NEWADDR, NLM_F_CREATE, AF_INET, "10.9.8.9", 32, 1);
	ask(ask_fd, "add unheard");
	hear(ears);
	begin(RTM_NEWLINK, 0, sizeof(req.ifi));
	req.ifi.ifi_index = 1;
	req.ifi.ifi_change = 1;
	ask(ask_fd, "link down");
	hear(ears);
	req.ifi.ifi_flags = 1;
	ask(ask_fd, "link up");
	hear(ears);
	begin(250, 0, sizeof(req.ifi));
	ask(ask_fd, "no such request");
	SHOW(socket(AF_NETLINK, SOCK_STREAM, 0));
	SHOW(socket(AF_NETLINK, SOCK_RAW, 99));
	return 0;
}
