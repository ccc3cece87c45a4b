/* SPDX-License-Identifier: Apache-2.0 */
/* abi/linux_netlink.h: netlink(7) and rtnetlink(7) messages of Linux. */
#pragma once

#include <stdint.h>

struct linux_sockaddr_nl {
	uint16_t family, pad;
	uint32_t pid, groups;
};

struct linux_nlmsghdr {
	uint32_t len;
	uint16_t type, flags;
	uint32_t seq, pid;
};
_Static_assert(sizeof(struct linux_nlmsghdr) == 16, "struct nlmsghdr of the uapi");

enum { LX_NLMSG_ERROR = 2, LX_NLMSG_DONE = 3, LX_NETLINK_ROUTE = 0, LX_SOL_NETLINK = 270 };
enum { LX_NLM_F_REQUEST = 1, LX_NLM_F_MULTI = 2, LX_NLM_F_ACK = 4, LX_NLM_F_DUMP = 0x300 };
enum {
	LX_RTM_NEWLINK = 16,
	LX_RTM_GETLINK = 18,
	LX_RTM_NEWADDR = 20,
	LX_RTM_DELADDR = 21,
	LX_RTM_GETADDR = 22,
	LX_RTM_NEWROUTE = 24,
	LX_RTM_DELROUTE = 25,
	LX_RTM_GETROUTE = 26,
	LX_RTM_NEWNEIGH = 28,
	LX_RTM_DELNEIGH = 29,
	LX_RTM_GETNEIGH = 30,
};
enum { LX_NLM_F_CAPPED = 0x100 /* of NLMSG_ERROR */ };
enum { LX_NLM_F_REPLACE = 0x100, LX_NLM_F_EXCL = 0x200, LX_NLM_F_CREATE = 0x400 };
enum {
	LX_RTNLGRP_LINK = 1,
	LX_RTNLGRP_NEIGH = 3,
	LX_RTNLGRP_IPV4_IFADDR = 5,
	LX_RTNLGRP_IPV4_ROUTE = 7,
	LX_RTNLGRP_IPV6_IFADDR = 9,
	LX_RTNLGRP_IPV6_ROUTE = 11,
};

struct linux_ifinfomsg {
	uint8_t family, pad;
	uint16_t type;
	int32_t index;
	uint32_t flags, change;
};
struct linux_ifaddrmsg {
	uint8_t family, bits, flags, scope;
	uint32_t index;
};
struct linux_rtmsg {
	uint8_t family, dst_len, src_len, tos, table, protocol, scope, type;
	uint32_t flags;
};
struct linux_ndmsg {
	uint8_t family, pad1;
	uint16_t pad2;
	int32_t ifindex;
	uint16_t state;
	uint8_t flags, type;
};
struct linux_rtattr {
	uint16_t len, type;
};

enum {
	LX_IFLA_ADDRESS = 1,
	LX_IFLA_BROADCAST = 2,
	LX_IFLA_IFNAME = 3,
	LX_IFLA_MTU = 4,
	LX_IFLA_QDISC = 6,
	LX_IFLA_TXQLEN = 13,
	LX_IFLA_OPERSTATE = 16,
	LX_IFLA_LINKMODE = 17,
	LX_IFLA_STATS64 = 23,
	LX_IFLA_GROUP = 27,
	LX_IFA_ADDRESS = 1,
	LX_IFA_LOCAL = 2,
	LX_IFA_LABEL = 3,
	LX_IFA_BROADCAST = 4,
	LX_IFA_CACHEINFO = 6,
	LX_IFA_FLAGS = 8,
	LX_RTA_DST = 1,
	LX_RTA_OIF = 4,
	LX_RTA_GATEWAY = 5,
	LX_RTA_PRIORITY = 6,
	LX_RTA_PREFSRC = 7,
	LX_RTA_TABLE = 15,
	LX_RTA_UID = 25,
	LX_NDA_DST = 1,
	LX_NDA_LLADDR = 2,
};
