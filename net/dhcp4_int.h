/* SPDX-License-Identifier: Apache-2.0 */
/* net/dhcp4_int.h: a DHCPv4 message as a checked value. */
#pragma once

#include "abi/wire_dhcp.h"
#include "net/net_int.h"

enum { DHCP4_ROUTES_MAX = 16 };

struct dhcp4_msg {
	uint8_t type;
	uint32_t xid;
	uint8_t chaddr[6];
	struct ip_addr yiaddr, server;
	bool has_server, has_mask, has_lease;
	uint32_t mask, lease_s, t1_s, t2_s; /* t1, t2: 0 when absent */
	uint16_t mtu;			    /* 0 when absent */
	uint8_t nrouters, ndns, nntp, nroutes;
	struct ip_addr router[4], dns[NET_DNS_MAX], ntp[4];
	struct {
		struct ip_addr dst, via;
		uint8_t bits;
	} route[DHCP4_ROUTES_MAX];
	char hostname[64], domain[256];
};

/* DROP-free: 0, or -EBADMSG for what is no reply to a client. */
must_check err_t dhcp4_parse(const uint8_t *b, size_t n, struct dhcp4_msg *m);

struct dhcp4_req {
	uint8_t type;
	uint32_t xid;
	uint16_t secs;
	bool broadcast;
	struct eth_addr mac;
	struct ip_addr ciaddr, requested, server; /* any: absent */
	const char *hostname;			  /* NULL: absent */
};
enum { DHCP4_MSG_MAX = 400 };
/* Returns the bytes written to `out`. */
size_t dhcp4_build(uint8_t out[DHCP4_MSG_MAX], const struct dhcp4_req *r);
