/* SPDX-License-Identifier: Apache-2.0 */
/* net/udp_int.h: what UDP's files share. */
#pragma once

#include "net/net_int.h"
#include "net/udp.h"

enum { UDP_BUCKETS = 256, UDP_ERRORS_MAX = 64 };

struct udp_member {
	struct list link; /* ep->members */
	struct net_if *ifc;
	struct ip_addr group, src; /* src any: from all */
};

struct udp_error {
	struct list link; /* ep->errors */
	struct net_error e;
	struct pkt *quote; /* our payload, as far as it is known; may be NULL */
};

struct udp_ep {
	struct net_ep ep;
	struct net_stack *st;
	struct list link;     /* table->bucket[port], or table->unbound */
	struct net_flow addr; /* remote any: not connected */
	struct net_if *ifc;
	unsigned flags; /* UDP_* of bind */
	uint32_t opt[UDP_OPT_COUNT];
	struct net_dst dst; /* to the connected peer */
	struct ip_addr src; /* and from */
	struct pkt_list rx;
	uint32_t rx_bytes, rx_mem;
	uint64_t rx_drops;
	struct list members, errors;
	uint32_t nerrors;
	struct pkt *pend; /* MSG_MORE: a datagram not yet complete */
};

struct udp_table {
	struct list bucket[UDP_BUCKETS];
	struct list unbound;
	struct objcache eps;
};

/* In each packet of an rx queue. */
_Static_assert(sizeof(struct udp_rx) <= PKT_SCRATCH, "fits the scratch");
static inline struct udp_rx *udp_cb(struct pkt *p)
{
	return (struct udp_rx *)(void *)p->scratch;
}

/* A send of ours that failed here: for the error queue, if there is one. */
void udp_local_error(struct udp_ep *u, int err, uint32_t info);

static inline struct list *udp_bucket(struct udp_table *t, uint16_t port)
{
	return &t->bucket[port % UDP_BUCKETS];
}
