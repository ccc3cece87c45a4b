/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/netconf.h: bringing interfaces up: addresses that were asked for, or DHCP and router advertisements; and
 * what these say about names, written where programs look for it.
 *
 * Context: boot thread, then the "netcfg" thread; no lock held.
 */
#pragma once

#include "net/net.h"

struct netconf {
	bool has_ip4;		     /* else DHCP */
	struct ip_addr ip4, gateway; /* gateway any: none */
	unsigned ip4_bits;
	bool has_ip6; /* besides what routers advertise */
	struct ip_addr ip6;
	unsigned ip6_bits;
	uint8_t ip6_secret[NET_SECRET]; /* RFC 7217 */
	uint32_t mtu;			/* 0: the device's */
	char hostname[64];		/* sent with DHCP; "": none */
	struct ip_addr dns[2];		/* from `ip=`; any: none */
};

err_t netconf_loopback(void) must_check;
err_t netconf_start(uint32_t ifindex, const struct netconf *c) must_check;
/* Who is told the host's name that a lease carries. Set before netconf_start(). */
void netconf_on_hostname(void (*f)(const char *name));
/* Wait until some interface but the loopback has an IPv4 (or v6: a global IPv6) address. False: time is up. */
bool netconf_wait(bool v6, uint64_t deadline_ns);
