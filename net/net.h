/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/net.h: a TCP/IP stack as a value.  A struct net_stack is one shard: its own interfaces' queues,
 * connections, timers and packet pool.  There is no other state, so several live side by side, one a
 * CPU, and any number in a test.
 *
 * Context:  any; the stack never blocks and never calls out but to net_ops.
 * Locks:    none inside.  Whoever owns the stack holds its lock around every call on it and on what
 *           hangs from it (endpoints, connections, packets).
 * Time:     monotonic nanoseconds, given by the caller, never less than the last one given.
 * Memory:   pages and blocks through struct net_mem.  Out of memory is an error of the call, or a drop.
 *
 * One turn of whoever drives a shard:
 *
 *	net_input(st, ifc, &batch, now);	frames in, one pass, replies gathered
 *	net_poll(st, now);			timers that are due
 *	net_flush(st);				everything gathered goes to the devices, a kick each
 *	while ((ep = net_ready_pop(st, &ev)))	endpoints with news (loopback makes some), each once
 *		... wake ep->owner for `ev` ...
 *	deadline = net_deadline(st);
 *
 * and after any call from a socket (tcp_send, udp_send, ...): net_flush(st), net_deadline(st).
 */
#pragma once

#include "iface/netif.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/pkt.h"
#include "net/addr.h"
#include "net/drop.h"
#include "net/mib.h"

struct net_stack;
struct net_if;

/* --- a stack ----------------------------------------------------------------------------------- */

/* Blocks larger than an object: hash tables.  alloc() returns zeroed memory or NULL. */
struct net_mem {
	struct page_src pages;
	void *(*alloc)(void *ctx, size_t size);
	void (*free)(void *ctx, void *p, size_t size);
	void *ctx;
};

struct net_flow {
	struct ip_addr local, remote;
	uint16_t lport, rport;
	uint8_t proto;
};

struct net_ops {
	/* Is this the shard of the flow?  Asked when a local port is chosen, and for packets that could not be
	 * steered: fragments, extension headers, loopback.  NULL: yes, of all. */
	bool (*flow_here)(void *ctx, const struct net_flow *f);
	/* This packet changes what every shard must know (ARP, ND, ICMP errors, IGMP, MLD): give a copy to
	 * each other shard with net_input_shared().  The packet is the stack's.  NULL: there is one. */
	void (*share)(void *ctx, struct net_if *ifc, const struct pkt *p);
	/* A packet of a flow that flow_here() denied, found only now: it goes to the flow's shard, there into
	 * net_input_stray().  Takes it.  Given together with flow_here. */
	void (*give)(void *ctx, struct pkt *p, const struct net_flow *f);
	/* An address, route, link or neighbour has changed: tell netlink, the resolver file, waiters. */
	void (*changed)(void *ctx, struct net_if *ifc, unsigned what);
	/* A shard that is not the primary begins or ends to hear a group: the primary, which speaks to the routers,
	 * joins or leaves it too.  -ENOBUFS: it cannot be told. */
	err_t (*group)(void *ctx, struct net_if *ifc, struct ip_addr group, bool join);
	/* A packet died.  For traces; the counters are kept anyway.  NULL: nobody looks. */
	void (*dropped)(void *ctx, const struct pkt *p, enum drop why);
};

enum { NET_CHG_ADDR = 1, NET_CHG_ROUTE = 2, NET_CHG_LINK = 4, NET_CHG_NEIGH = 8, NET_CHG_DNS = 16 };

struct net_cfg {
	struct net_mem mem;
	const struct net_ops *ops; /* NULL: none of them */
	void *ctx;		   /* for ops */
	uint32_t max_pages;	   /* packet memory of this stack, in pages */
	unsigned queue;		   /* this shard's queue pair of every device */
	bool primary;		   /* runs DHCP, SLAAC, ND and ARP answers; one shard does */
	uint8_t key[32];	   /* secret random bytes: ISNs, ports, cookies, hashes */
	uint64_t now;
	uint64_t wall_ns; /* wall clock at `now`, for DHCP DUIDs; 0: not known */
};

must_check err_t net_new(const struct net_cfg *cfg, struct net_stack **out);
/* Frees everything; endpoints not closed by their owner are gone after it. */
void net_free(struct net_stack *st);

/* --- a turn -------------------------------------------------------------------------------------- */

/* Frames from `ifc`'s device; takes them all. */
void net_input(struct net_stack *st, struct net_if *ifc, struct pkt_list *batch, uint64_t now);
/* A copy of a packet that another shard was given; see net_ops.share.  Never answered. */
void net_input_shared(struct net_stack *st, struct net_if *ifc, struct pkt *p, uint64_t now);
/* A packet that another shard's stack gave away; see net_ops.give. */
void net_input_stray(struct net_stack *st, struct pkt *p, uint64_t now);
/* Run what is due. */
void net_poll(struct net_stack *st, uint64_t now);
/* When net_poll() must be called next at the latest; UINT64_MAX: never.  May be early, never late. */
uint64_t net_deadline(struct net_stack *st);
/* Has net_deadline() perhaps become earlier since it was last asked? */
bool net_deadline_moved(const struct net_stack *st);
/* Give the gathered frames to the devices.  True: some wait for tx_room (call again then). */
bool net_flush(struct net_stack *st);
/* Nothing to flush, nobody with news, no earlier deadline: the turn may end as it is. */
bool net_quiet(const struct net_stack *st);
struct pkt_pool *net_pool(struct net_stack *st);

/*
 * Hash of a frame's flow, for steering by software; what is no flow hashes to 0.  TCP: the same for both
 * directions.  UDP: of the port that it comes to alone.
 */
uint32_t net_flow_hash(const uint8_t *frame, size_t len);
uint32_t net_flow_hash_tuple(const struct net_flow *f); /* the same value */
uint32_t net_port_hash(uint16_t lport);			/* and this, of UDP's */

/* --- endpoints: what a socket holds -------------------------------------------------------------- */

/* Both events (edges, from net_ready_pop) and levels (from tcp_level() and the like). */
enum {
	NET_IN = 1 << 0,    /* something to read, or to accept, or end of file */
	NET_OUT = 1 << 1,   /* room to write, or connected */
	NET_PRI = 1 << 2,   /* urgent data */
	NET_ERR = 1 << 3,   /* an error is pending, or the error queue is not empty */
	NET_HUP = 1 << 4,   /* both directions are closed */
	NET_RDHUP = 1 << 5, /* the peer has closed its direction */
	NET_CONN = 1 << 6,  /* connect() has come to an end, well or badly */
};

enum net_kind { NET_TCP, NET_LISTENER, NET_UDP, NET_RAW, NET_TAP };

/* First member of every endpoint. */
struct net_ep {
	struct list ready; /* in the stack's list while events != 0 */
	struct net_stack *st;
	void *owner;	 /* the socket's; the stack only keeps it */
	uint16_t events; /* NET_*, since the last pop */
	uint8_t kind;	 /* enum net_kind */
	uint8_t flags;	 /* the kind's */
	int err;	 /* pending error, positive errno; see net_ep_error() */
};

/* The next endpoint with news and its events; NULL: no more.  Endpoints without owner never appear. */
struct net_ep *net_ready_pop(struct net_stack *st, unsigned *events);
/* Take the pending error (SO_ERROR): positive errno, 0 if none. */
int net_ep_error(struct net_ep *ep);

/*
 * User bytes.  Copies the next `n` bytes between the caller's message and `buf` and advances; returns how
 * many it copied.  Fewer than n means a page was not there: the stack keeps what was copied and the
 * call returns a short count (or -EFAULT if nothing was); the caller may fault the page in without the
 * lock and come again.
 */
typedef size_t (*net_copy_fn)(void *ctx, void *buf, size_t n);
struct net_iov {
	net_copy_fn copy;
	void *ctx;
};

/* --- interfaces ---------------------------------------------------------------------------------- */

/* Add a device; its loopback feature decides what it is.  The stack keeps `nif` until net_if_del(). */
must_check err_t net_if_add(struct net_stack *st, struct netif *nif, struct net_if **out);
/* An 802.1Q interface on top of `lower`, `nif` being its face (features and mtu are taken from lower). */
must_check err_t net_if_add_vlan(struct net_stack *st, struct net_if *lower, uint16_t vid,
				 struct netif *nif, struct net_if **out);
void net_if_del(struct net_if *ifc);
void net_if_up(struct net_if *ifc, bool up, uint64_t now);
/* The device's link or mtu changed. */
void net_if_link(struct net_if *ifc, uint64_t now);
must_check err_t net_if_set_mtu(struct net_if *ifc, uint32_t mtu);
struct net_if *net_if_by_index(struct net_stack *st, uint32_t index);
struct net_if *net_if_by_name(struct net_stack *st, const char *name);
struct net_if *net_if_next(struct net_stack *st,
			   struct net_if *prev); /* NULL: first; NULL at the end */
struct netif *net_if_dev(struct net_if *ifc);
bool net_if_is_up(const struct net_if *ifc);
uint32_t net_if_mtu(const struct net_if *ifc);

enum net_addr_origin {
	NET_ADDR_STATIC,
	NET_ADDR_DHCP,
	NET_ADDR_SLAAC,
	NET_ADDR_TEMP,
	NET_ADDR_LINK
};
enum {
	NET_ADDR_TENTATIVE = 1,
	NET_ADDR_DEPRECATED = 2,
	NET_ADDR_DUPLICATE = 4,
	NET_ADDR_NODAD = 8
};

struct net_ifaddr {
	struct ip_addr addr;
	uint8_t bits;			 /* prefix: 0..32 for IPv4, 0..128 for IPv6 */
	uint8_t origin;			 /* enum net_addr_origin */
	uint8_t flags;			 /* NET_ADDR_* */
	uint64_t preferred_ns, valid_ns; /* absolute; UINT64_MAX: for ever */
};

/* 0, -EEXIST, -EINVAL, -ENOMEM.  Also makes the on-link route; IPv6 addresses go through DAD. */
must_check err_t net_addr_add(struct net_if *ifc, const struct net_ifaddr *a, uint64_t now);
must_check err_t net_addr_del(struct net_if *ifc, struct ip_addr addr, uint64_t now);
/* i-th address; false past the end. */
bool net_addr_at(const struct net_if *ifc, unsigned i, struct net_ifaddr *out);
/* Is it an address of this host, on any interface? */
bool net_addr_is_local(const struct net_stack *st, struct ip_addr a);

/* --- routes -------------------------------------------------------------------------------------- */

struct net_route {
	struct ip_addr dst;
	struct ip_addr gateway; /* any: on link */
	struct ip_addr src;	/* preferred source; any: choose */
	struct net_if *ifc;
	uint32_t metric;
	uint32_t mtu;  /* 0: the interface's */
	uint8_t bits;  /* of dst, as in net_ifaddr */
	uint8_t v6;    /* of the family of dst (the default routes differ in nothing else) */
	uint8_t proto; /* who made it: RTPROT_* as in netlink */
	uint8_t flags;
	uint64_t expires_ns; /* UINT64_MAX: never */
};
enum { NET_ROUTE_REJECT = 1 };

must_check err_t net_route_add(struct net_stack *st, const struct net_route *r);
must_check err_t net_route_del(struct net_stack *st, const struct net_route *r);
bool net_route_at(const struct net_stack *st, unsigned i, struct net_route *out);
/* Best route; `ifc` (or NULL) is the only interface allowed.  0 or -ENETUNREACH. */
must_check err_t net_route_lookup(struct net_stack *st, struct ip_addr dst, struct net_if *ifc,
				  struct net_route *out);
/* Source address for `dst` (RFC 6724 rules for IPv6).  0, -ENETUNREACH, -EADDRNOTAVAIL. */
must_check err_t net_source_for(struct net_stack *st, struct ip_addr dst, struct net_if *ifc,
				struct ip_addr *src);

/* --- what the primary shard tells the others -------------------------------------------------------- */

/* Interfaces (up, mtu), addresses and routes as a value. NULL: no memory. */
struct net_mirror *net_mirror_make(const struct net_stack *st);
/* As it is there from now on; interfaces that this shard lacks are left out. -ENOMEM. */
must_check err_t net_mirror_take(struct net_stack *st, const struct net_mirror *m, uint64_t now);
void net_mirror_free(const struct net_stack *st,
		     struct net_mirror *m); /* of the stack that made it */

/* --- neighbours ---------------------------------------------------------------------------------- */

struct net_neigh {
	struct ip_addr addr;
	struct eth_addr mac;
	struct net_if *ifc;
	uint8_t state; /* NUD_* as in netlink */
};
bool net_neigh_at(const struct net_stack *st, unsigned i, struct net_neigh *out);
must_check err_t net_neigh_set(struct net_stack *st, const struct net_neigh *n, uint64_t now);
must_check err_t net_neigh_del(struct net_stack *st, struct net_if *ifc, struct ip_addr a);

/* --- multicast ----------------------------------------------------------------------------------- */

/* Join or leave on behalf of one socket: counted.  IGMP or MLD reports follow. */
must_check err_t net_mcast_join(struct net_if *ifc, struct ip_addr group, uint64_t now);
must_check err_t net_mcast_leave(struct net_if *ifc, struct ip_addr group, uint64_t now);

/* The i-th group of an interface; false past the end. */
bool net_mcast_at(const struct net_if *ifc, unsigned i, struct ip_addr *group, uint32_t *users);

/* --- counters ------------------------------------------------------------------------------------ */

const struct net_mib *net_mib(const struct net_stack *st);
uint64_t net_drops(const struct net_stack *st, enum drop d);

/* --- automatic configuration --------------------------------------------------------------------- */

enum { NET_DNS_MAX = 6 };
/* What DHCP and router advertisements said, for resolv.conf, hostname and ntp. */
struct net_lease {
	struct ip_addr dns[NET_DNS_MAX];
	struct ip_addr ntp[4];
	uint8_t ndns, nntp;
	char hostname[64];
	char domain[256];
};

/* Start (or stop) the DHCPv4 client; `hostname` may be NULL.  The address, default route and mtu follow
 * by themselves; net_ops.changed tells. */
must_check err_t net_dhcp4_start(struct net_if *ifc, const char *hostname, uint64_t now);
void net_dhcp4_stop(struct net_if *ifc, uint64_t now); /* releases the address */
/*
 * Link-local address, router solicitation, SLAAC; DHCPv6 where a router says so.  `secret`: what makes the
 * addresses ours and no other machine's (RFC 7217); the same at each boot, or they change.  privacy: temporary
 * addresses besides (RFC 8981).
 */
enum { NET_SECRET = 16 };
must_check err_t net_auto6_start(struct net_if *ifc, const uint8_t secret[NET_SECRET], bool privacy,
				 uint64_t now);
const struct net_lease *net_if_lease(const struct net_if *ifc);
