/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/wire_dhcp.h: DHCP for IPv4 (RFC 2131 2, 2132) and IPv6 (RFC 8415 8, 21) as they lie in a UDP payload.
 *
 *   OFFSET  SIZE  FIELD (RFC 2131 Figure 1)
 *        0     4  op, htype, hlen, hops
 *        4     4  xid
 *        8     4  secs, flags
 *       12    16  ciaddr, yiaddr, siaddr, giaddr
 *       28    16  chaddr
 *       44   192  sname[64], file[128]
 *      236     4  magic cookie, then options
 */
#pragma once

#include "abi/endian.h"

struct wire_dhcp4 {
	uint8_t op, htype, hlen, hops;
	be32 xid;
	be16 secs, flags;
	be32 ciaddr, yiaddr, siaddr, giaddr;
	uint8_t chaddr[16];
	uint8_t sname[64];
	uint8_t file[128];
	be32 cookie;
};
_Static_assert(sizeof(struct wire_dhcp4) == 240, "DHCP header with cookie");

enum { DHCP4_COOKIE = 0x63825363, DHCP4_SERVER_PORT = 67, DHCP4_CLIENT_PORT = 68 };
enum {
	DHCP4_DISCOVER = 1,
	DHCP4_OFFER,
	DHCP4_REQUEST,
	DHCP4_DECLINE,
	DHCP4_ACK,
	DHCP4_NAK,
	DHCP4_RELEASE
};
enum {
	DHCP4_O_PAD = 0,
	DHCP4_O_MASK = 1,
	DHCP4_O_ROUTER = 3,
	DHCP4_O_DNS = 6,
	DHCP4_O_HOSTNAME = 12,
	DHCP4_O_DOMAIN = 15,
	DHCP4_O_MTU = 26,
	DHCP4_O_BROADCAST = 28,
	DHCP4_O_NTP = 42,
	DHCP4_O_REQUESTED = 50,
	DHCP4_O_LEASE = 51,
	DHCP4_O_OVERLOAD = 52,
	DHCP4_O_TYPE = 53,
	DHCP4_O_SERVER = 54,
	DHCP4_O_PARAMS = 55,
	DHCP4_O_MAX_SIZE = 57,
	DHCP4_O_T1 = 58,
	DHCP4_O_T2 = 59,
	DHCP4_O_CLIENT_ID = 61,
	DHCP4_O_ROUTES = 121, /* RFC 3442 */
	DHCP4_O_END = 255,
};

/* RFC 8415 8: type, transaction id of 24 bits, then options of code 2, length 2, data. */
enum { DHCP6_SERVER_PORT = 547, DHCP6_CLIENT_PORT = 546 };
enum {
	DHCP6_SOLICIT = 1,
	DHCP6_ADVERTISE,
	DHCP6_REQUEST,
	DHCP6_CONFIRM,
	DHCP6_RENEW,
	DHCP6_REBIND,
	DHCP6_REPLY,
	DHCP6_RELEASE,
	DHCP6_DECLINE,
	DHCP6_INFO_REQUEST = 11,
};
enum {
	DHCP6_O_CLIENTID = 1,
	DHCP6_O_SERVERID = 2,
	DHCP6_O_IA_NA = 3,
	DHCP6_O_IAADDR = 5,
	DHCP6_O_ORO = 6,
	DHCP6_O_PREFERENCE = 7,
	DHCP6_O_ELAPSED = 8,
	DHCP6_O_STATUS = 13,
	DHCP6_O_RAPID_COMMIT = 14,
	DHCP6_O_DNS = 23,
	DHCP6_O_DOMAINS = 24,
	DHCP6_O_REFRESH = 32, /* information refresh time */
	DHCP6_O_SOL_MAX_RT = 82,
	DHCP6_O_INF_MAX_RT = 83,
};
enum { /* RFC 8415 21.13 */
       DHCP6_S_SUCCESS,
       DHCP6_S_UNSPEC,
       DHCP6_S_NO_ADDRS,
       DHCP6_S_NO_BINDING,
       DHCP6_S_NOT_ON_LINK,
       DHCP6_S_USE_MULTICAST,
};
