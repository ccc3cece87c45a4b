/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/udp.h: UDP endpoints.  A bound UDP socket has one in every shard where its packets may arrive; what
 * arrives is queued whole, by reference, until it is taken.
 */
#pragma once

#include "net/net.h"

struct udp_ep;

enum { UDP_V6ONLY = 1, UDP_REUSE = 2, UDP_REUSEPORT = 4, UDP_BIND_V6 = 8 };

must_check err_t udp_new(struct net_stack *st, void *owner, struct udp_ep **out);
void udp_close(struct udp_ep *u);
struct net_ep *udp_net_ep(struct udp_ep *u);
/*
 * Receive for addr:port.  addr any: every address (with UDP_BIND_V6 it is ::).  Whether the port is free
 * is the caller's business (net/ports.h); `port` is not 0.  ifc: only by this interface, or NULL.
 */
must_check err_t udp_bind(struct udp_ep *u, struct ip_addr addr, uint16_t port, unsigned flags,
			  struct net_if *ifc);
/* Receive nothing until bound again. */
void udp_unbind(struct udp_ep *u);
/* Only from and to this peer; remote any: no longer.  -ENETUNREACH, -EADDRNOTAVAIL. */
must_check err_t udp_connect(struct udp_ep *u, struct ip_addr remote, uint16_t rport);
void udp_addr(const struct udp_ep *u, struct net_flow *out);

/* Where and how one datagram goes; members that are 0 take the endpoint's defaults. */
struct udp_tx {
	struct ip_addr dst, src;
	uint16_t dport;
	uint16_t gso_size; /* UDP_SEGMENT: send as datagrams of this many bytes */
	struct net_if *ifc;
	int16_t ttl; /* -1: default */
	int16_t tos; /* -1: default */
	bool more;   /* MSG_MORE: keep it open, the next call adds to it */
};
/* The whole datagram or nothing.  Count, -EMSGSIZE, -EAGAIN, -ENETUNREACH, -EDESTADDRREQ, -EACCES (broadcast
 * not allowed), -EFAULT, -ENOMEM, or the pending error. */
long udp_send(struct udp_ep *u, const struct udp_tx *tx, const struct net_iov *src, size_t len,
	      uint64_t now);

/* What is known of a received datagram, in its packet; data..len is the payload. */
struct udp_rx {
	struct ip_addr src, dst;
	uint16_t sport, dport;
	uint32_t ifindex;
	uint8_t ttl, tos;
};
/* The oldest datagram, still queued (NULL: none), and what is known of it. */
struct pkt *udp_rx_peek(struct udp_ep *u, struct udp_rx *rx);
/* Take it off the queue: it is the caller's to pkt_free(). */
struct pkt *udp_rx_pop(struct udp_ep *u);
size_t udp_readable(const struct udp_ep *u); /* bytes of the next datagram */
unsigned udp_level(const struct udp_ep *u);
uint32_t udp_path_mtu(struct udp_ep *u);    /* to the connected peer; 0: no way */
uint32_t udp_drops(const struct udp_ep *u); /* datagrams that found no room */

enum udp_opt {
	UDP_OPT_RCVBUF, /* bytes of memory */
	UDP_OPT_SNDBUF,
	UDP_OPT_BROADCAST, /* bool */
	UDP_OPT_TTL,	   /* 0: default */
	UDP_OPT_MCAST_TTL,
	UDP_OPT_TOS,
	UDP_OPT_MCAST_LOOP, /* bool, default true */
	UDP_OPT_MCAST_IF,   /* ifindex */
	UDP_OPT_MCAST_ALL,  /* bool: groups that others joined too */
	UDP_OPT_PMTUDISC,
	UDP_OPT_NO_CHECK, /* bool: no checksum out (IPv4) */
	UDP_OPT_RECVERR,  /* bool: keep an error queue */
	UDP_OPT_GRO,	  /* bool: may be given merged datagrams */
	UDP_OPT_COUNT
};
must_check err_t udp_opt_set(struct udp_ep *u, enum udp_opt o, uint32_t v);
uint32_t udp_opt_get(const struct udp_ep *u, enum udp_opt o);

/* Membership: delivery to this endpoint, and a counted join of the interface.  src any: from all. */
must_check err_t udp_join(struct udp_ep *u, struct net_if *ifc, struct ip_addr group,
			  struct ip_addr src, uint64_t now);
must_check err_t udp_leave(struct udp_ep *u, struct net_if *ifc, struct ip_addr group,
			   struct ip_addr src, uint64_t now);

/* The n-th membership; false: there are fewer. */
bool udp_group_at(const struct udp_ep *u, unsigned n, uint32_t *ifindex, struct ip_addr *group,
		  struct ip_addr *src);

/* One entry of the error queue (IP_RECVERR). */
struct net_error {
	int err;		    /* errno, positive */
	uint8_t origin, type, code; /* SO_EE_ORIGIN_*, ICMP's */
	uint32_t info;		    /* the mtu, for EMSGSIZE */
	struct ip_addr dst;	    /* where the datagram went */
	uint16_t dport;
	struct ip_addr offender; /* who said so */
};
/* Take the oldest; false: none.  *p (may be NULL) gets the payload of ours that was quoted, or NULL. */
bool udp_error_pop(struct udp_ep *u, struct net_error *out, struct pkt **p);

void udp_each(struct net_stack *st,
	      void (*f)(void *ctx, const struct net_flow *addr, uint32_t rx_queue, uint32_t drops,
			void *owner),
	      void *ctx);
