/* SPDX-License-Identifier: Apache-2.0 */
/* net/dhcp6_int.h: a DHCPv6 message as a checked value (RFC 8415 8, 21). */
#pragma once

#include "abi/wire_dhcp.h"
#include "net/net_int.h"

enum {
	DHCP6_DUID_MAX = 130, /* 11.1 */
	DHCP6_DUID_OURS = 10, /* 11.4: DUID-LL of an Ethernet address */
	DHCP6_ADDRS_MAX = 4,
	DHCP6_MSG_MAX = 400,
};

struct dhcp6_duid {
	uint8_t b[DHCP6_DUID_MAX];
	uint8_t len; /* 0: none */
};

struct dhcp6_addr {
	struct ip_addr addr;
	uint32_t preferred_s, valid_s;
};

struct dhcp6_msg {
	uint8_t type;
	uint32_t xid;
	struct dhcp6_duid server;
	uint8_t preference;
	bool rapid;
	bool has_ia;
	uint16_t status, ia_status; /* DHCP6_S_* */
	uint32_t t1_s, t2_s;
	uint32_t sol_max_rt_s, inf_max_rt_s, refresh_s; /* 0 when absent or out of range */
	uint8_t naddrs, ndns;
	struct dhcp6_addr addr[DHCP6_ADDRS_MAX];
	struct ip_addr dns[NET_DNS_MAX];
	char domains[256];
};

/* Who we are: what a message must name to be for us. */
struct dhcp6_id {
	uint8_t duid[DHCP6_DUID_OURS];
	uint32_t iaid;
};

/* 0, or -EBADMSG for what is malformed or no answer to this client (16.2, 16.3, 16.10). */
must_check err_t dhcp6_parse(const uint8_t *b, size_t n, const struct dhcp6_id *id,
			     struct dhcp6_msg *m);

struct dhcp6_req {
	uint8_t type;
	uint32_t xid;
	uint32_t elapsed_ms;
	const struct dhcp6_id *id;
	const struct dhcp6_duid *server; /* NULL: to any */
	const struct dhcp6_addr *addr;	 /* in the IA */
	unsigned naddrs;
	bool ia; /* stateful */
};
/* Returns the bytes written to `out`. */
size_t dhcp6_build(uint8_t out[DHCP6_MSG_MAX], const struct dhcp6_req *r);
