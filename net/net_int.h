/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/net_int.h: what the files of net/ share: the stack, its interfaces, and the way from one layer to
 * the next.  Frames flow upwards by calls that take the packet (each ends it: delivers, queues, or
 * net_drop()s it), and downwards into the interface's txq.
 */
#pragma once

#include "abi/wire_ip.h"
#include "lib/assert.h"
#include "lib/mem.h"
#include "lib/siphash.h"
#include "lib/wheel.h"
#include "net/net.h"

struct arp_entry;
struct tcp_table;
struct udp_table;
struct raw_table;
struct frag_table;

enum { NET_MAX_IF_ADDRS = 32, NET_MCAST_MAX = 256 };

/* A neighbour: RFC 4861 7.3.2's states for both families; RFC 826 makes the IPv4 ones. */
enum neigh_state {
	NEIGH_INCOMPLETE = 0x01, /* values of NUD_* */
	NEIGH_REACHABLE = 0x02,
	NEIGH_STALE = 0x04,
	NEIGH_DELAY = 0x08,
	NEIGH_PROBE = 0x10,
	NEIGH_FAILED = 0x20,
	NEIGH_NOARP = 0x40,
	NEIGH_PERMANENT = 0x80,
};

struct neigh {
	struct list link; /* st->neighs[hash of addr] */
	struct wheel_timer timer;
	struct net_if *ifc;
	struct ip_addr addr;
	struct eth_addr mac;
	uint8_t state; /* enum neigh_state */
	uint8_t probes;
	bool router;
	uint64_t confirmed_ns; /* last sign of life */
	uint64_t used_ns;      /* last packet to it */
	struct pkt_list wait;  /* INCOMPLETE: packets for it */
};

/* A cached way to a destination; valid while gen == st->gen. */
struct net_dst {
	struct net_if *ifc;
	struct neigh *neigh; /* NULL: none needed (loopback, multicast, broadcast) */
	uint32_t gen;
	uint32_t mtu;
	struct eth_addr mac; /* when neigh is NULL */
};

struct mcast_group {
	struct list link; /* ifc->groups */
	struct wheel_timer timer;
	struct net_if *ifc;
	struct ip_addr addr;
	uint32_t users;
	uint8_t reports; /* unsolicited ones still to send */
	bool last;	 /* we sent the last report: leave needs saying (IGMPv2) */
};

struct if_addr {
	struct net_ifaddr a;
	struct wheel_timer timer; /* DAD, then lifetimes */
	struct net_if *ifc;
	uint8_t dad_left; /* IPv4: steps of acd.c still to do */
	bool used;
	bool replaced;	      /* a temporary address whose successor is there */
	uint64_t defended_ns; /* IPv4: when another was last told that this is ours */
};

enum dns_source { DNS_DHCP4, DNS_RA, DNS_DHCP6, DNS_SOURCES };

struct dns_list {
	struct ip_addr addr[NET_DNS_MAX];
	uint8_t n;
};

/* One interface of one shard. */
struct net_if {
	struct list link; /* st->ifs */
	struct net_stack *st;
	struct netif *dev;
	struct pkt_list txq; /* gathered, for net_flush() */
	uint32_t txq_max;
	uint32_t features; /* of dev, as far as they may be used */
	uint32_t mtu;
	uint16_t vid; /* VLAN: the tag, and below it */
	struct net_if *lower;
	struct list vlans; /* upper interfaces, by vlan_link */
	struct list vlan_link;
	struct eth_addr mac;
	bool up;
	bool loopback;
	uint8_t naddrs;
	struct if_addr addr[NET_MAX_IF_ADDRS];
	struct list groups; /* struct mcast_group */
	uint32_t ngroups;
	struct dhcp4 *dhcp4; /* while the client runs */
	struct auto6 *auto6; /* while IPv6 is configured automatically */
	struct dhcp6 *dhcp6; /* once a router has named it */
	struct net_lease lease;
	struct dns_list dns[DNS_SOURCES];      /* what lease.dns is made of */
	struct wheel_timer mcast_timer;	       /* general query: report all */
	uint64_t igmp_v1_until, igmp_v2_until; /* an older querier was heard (RFC 3376 7.2.1) */
	uint8_t ip6_hops;		       /* from router advertisements */
	uint32_t nd_reachable_ms, nd_retrans_ms;
};

struct route {
	struct list link; /* st->routes: longest prefix first, then lowest metric */
	struct net_route r;
};

struct pmtu {
	struct ip_addr dst;
	uint32_t mtu;
	uint64_t expires_ns;
};

enum { NET_PMTUS = 64, NET_NEIGHS_MAX = 1024, NET_NEIGH_BUCKETS = 64 };

struct net_counters {
	struct net_mib mib;
	uint64_t drops[DROP_COUNT];
};

struct net_stack {
	uint64_t now;	 /* of the call in progress */
	uint64_t now_us; /* the same in microseconds: dividing once a call is enough */
	struct pkt_pool pool;
	struct wheel wheel;
	struct list ready; /* struct net_ep with events */
	struct list ifs;
	struct net_if *lo;
	bool txq_some;		/* a frame waits in some txq */
	struct net_if *txq_one; /* in this one only; NULL: in several, or of loopback */
	uint32_t gen;		/* changes whenever a cached net_dst may have gone wrong */
	struct list routes;
	struct list neighs[NET_NEIGH_BUCKETS];
	uint32_t nneighs;
	struct pmtu pmtu[NET_PMTUS];
	struct tcp_table *tcp;
	struct udp_table *udp;
	struct raw_table *raw;
	uint32_t nraw; /* raw endpoints: none of them, and nobody looks for one */
	struct frag_table *frags;
	struct net_mem mem;
	struct net_ops ops;
	void *ctx;
	unsigned queue;
	bool primary;
	uint16_t stray; /* PKT_STRAY, when there are other shards */
	bool in_shared; /* the packet at hand is another shard's: learn, never answer */
	struct siphash_key key_isn, key_port;
	uint64_t key_hash[2];
	uint64_t rnd_count;
	struct siphash_key key_rnd;
	uint64_t boot_ns, wall_ns;
	uint64_t icmp_tokens_ns; /* rate limit of errors sent: time at which the bucket was full */
	uint32_t ip_id;
	struct objcache obj_small; /* 192: neigh, route, group, ... */
	struct net_counters count;
	struct net_counters kept; /* while in_shared */
};

/* What the network layer found out about a packet, for the layer above. */
struct ip_rx {
	struct ip_addr src, dst;
	struct net_if *ifc;
	uint8_t proto, ttl, tos;
	bool v6;
	bool multi; /* destination is multicast or broadcast */
};

#define MIB_ADD(st, id, n) ((st)->count.mib.v[MIB_##id] += (uint64_t)(n))
#define MIB_INC(st, id)	   ((st)->count.mib.v[MIB_##id]++)

/* The time of the call that begins. */
static inline void net_at(struct net_stack *st, uint64_t now)
{
	if (st->now == now)
		return;
	st->now = now;
	st->now_us = now / 1000;
}

/* --- stack.c --- */
void net_drop(struct net_stack *st, struct pkt *p, enum drop why); /* counts and frees */
uint32_t net_random(struct net_stack *st);
uint64_t net_random64(struct net_stack *st);
void net_ep_init(struct net_ep *ep, struct net_stack *st, enum net_kind kind, void *owner);
void net_ep_raise(struct net_ep *ep, unsigned events);
void net_ep_fini(struct net_ep *ep);
void *net_obj_alloc(struct net_stack *st); /* 192 bytes, zeroed; NULL */
void net_obj_free(struct net_stack *st, void *p);
enum { NET_OBJ_SIZE = 240 };

/* --- eth.c --- */
void eth_input(struct net_if *ifc, struct pkt *p);
/* Queue a whole network-layer packet to a link address.  Takes it. */
void eth_output(struct net_if *ifc, struct pkt *p, struct eth_addr dst, uint16_t type);
/* Queue a frame that is complete. */
void eth_queue(struct net_if *ifc, struct pkt *p);

/* --- neigh.c, arp.c --- */
struct neigh *neigh_get(struct net_if *ifc, struct ip_addr a, bool make);
/* Send by the neighbour, or hold the packet until it is known. */
void neigh_output(struct neigh *n, struct pkt *p, uint16_t type);
void neigh_learned(struct neigh *n, struct eth_addr mac, bool solicited, bool override);
void neigh_confirm(struct neigh *n); /* forward progress (RFC 4861 7.3.1) */
void neigh_flush_if(struct net_if *ifc);
void arp_input(struct net_if *ifc, struct pkt *p);
void arp_request(struct net_if *ifc, struct ip_addr target, struct ip_addr from,
		 const struct eth_addr *to);
void arp_announce(struct net_if *ifc, struct ip_addr addr);
void arp_probe(struct net_if *ifc, struct ip_addr addr);

/* --- route.c --- */
/* Find the way to dst; ifc restricts (NULL: any).  0 or -ENETUNREACH. */
must_check err_t dst_resolve(struct net_stack *st, struct ip_addr dst, struct net_if *ifc,
			     struct net_dst *out);
static inline bool dst_valid(const struct net_stack *st, const struct net_dst *d)
{
	return d->gen == st->gen;
}
bool ip_is_local(const struct net_stack *st, struct ip_addr a);
/* A broadcast address of `ifc`, the limited one included. */
bool ip_is_if_bcast(const struct net_if *ifc, struct ip_addr a);
const struct net_ifaddr *if_addr_find(const struct net_if *ifc, struct ip_addr a);
void if_addr_mirror(struct net_if *ifc, const struct net_ifaddr *a);
void if_addr_lifetimes(struct if_addr *a); /* arm the timer of its lifetimes */
void routes_flush_if(struct net_if *ifc);
void net_changed(struct net_if *ifc, unsigned what);
/*
 * No path is believed to be narrower.  RFC 8201 4 for IPv6; for IPv4 the links that are (RFC 791 has 68) are gone, and
 * an ICMP message is easily forged: segments of 16 bytes would be an attack on ourselves.  TCP lets routers cut what
 * it sends over a path this narrow, should there be one.
 */
enum { PMTU_MIN4 = 552, PMTU_MIN6 = 1280 };
void pmtu_set(struct net_stack *st, struct ip_addr dst, uint32_t mtu);
uint32_t pmtu_get(const struct net_stack *st, struct ip_addr dst, uint32_t mtu);

/* --- ip4.c, ip6.c, ip.c --- */
void ip4_input(struct net_if *ifc, struct pkt *p);
void ip6_input(struct net_if *ifc, struct pkt *p);
/* The transport payload begins at p->data (also p->l4); the IP header at p->l3.  Takes the packet. */
void ip_deliver(struct net_stack *st, struct pkt *p, const struct ip_rx *rx);

struct ip_tx {
	struct ip_addr src, dst;
	uint8_t proto;
	uint8_t ttl; /* 0: the default */
	uint8_t tos;
	bool df;
	bool router_alert; /* IGMP, MLD */
	uint32_t flow;	   /* IPv6 flow label */
};
/*
 * Add the IP header to a transport packet and send it by `d`; fragments where that is allowed.  The
 * headroom must be there.  0, or -EMSGSIZE, -ENOMEM, -ENETDOWN; the packet is gone in any case.
 */
err_t ip_output(struct net_stack *st, struct pkt *p, const struct ip_tx *tx,
		const struct net_dst *d);
/* The packet has its network header; hand it to the link. */
err_t ip_link_output(struct net_stack *st, struct pkt *p, const struct net_dst *d, bool v6);
/* Cut a finished IP packet into fragments that fit `mtu`, and send them. */
err_t ip_fragment(struct net_stack *st, struct pkt *p, const struct net_dst *d, bool v6);
/* A fragment arrived: returns the whole packet once complete, else NULL.  data at the IP header. */
struct pkt *frag4_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx);
/* data after the fragment header, l3 at the IPv6 header; `unfrag` bytes of headers stay, and the byte at
 * `prev_next` of them names what follows. */
struct pkt *frag6_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx,
			const struct wire_ip6_frag *fh, uint32_t unfrag, uint32_t prev_next);

/* --- icmp --- */
void icmp4_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx);
void icmp6_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx);
/* Answer `p` (data anywhere, l3 set) with an error; does not take it.  `info` is the rest of the header. */
void icmp_error(struct net_stack *st, const struct pkt *p, const struct ip_rx *rx, uint8_t type,
		uint8_t code, uint32_t info);

/* A packet of ours (data at its IP header) cannot be sent: tell its socket. */
void icmp_local_unreach(struct net_stack *st, const struct pkt *p, int err);

/* An ICMP error about a packet of ours. */
struct icmp_err {
	struct ip_addr src, dst; /* of our packet */
	struct ip_addr offender;
	uint8_t proto;
	uint8_t type, code;
	bool v6;
	bool hard;	   /* ends a connect; never an established connection (RFC 5461) */
	int err;	   /* errno */
	uint32_t mtu;	   /* packet too big */
	const uint8_t *l4; /* quoted transport header */
	uint32_t l4_len;
};
void icmp_err_deliver(struct net_stack *st, const struct icmp_err *e);
/* Fill addresses, proto, l4 from an IP packet of ours; false: cannot be told. */
bool icmp_quote_parse(struct icmp_err *e, const uint8_t *b, uint32_t n, bool v6);
void tcp_icmp(struct net_stack *st, const struct icmp_err *e);
void udp_icmp(struct net_stack *st, const struct icmp_err *e);
void raw_icmp(struct net_stack *st, const struct icmp_err *e);

/* --- IPv6 neighbour discovery and configuration --- */
void nd_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx,
	      const struct wire_icmp *h);
void nd_solicit(struct net_if *ifc, struct ip_addr target, const struct eth_addr *to);
void nd_dad_start(struct if_addr *a);
void nd_addr_group(struct if_addr *a); /* join its solicited-node group, if it has one */
void nd_addr_gone(struct net_if *ifc, struct ip_addr a);
/* Send an ND message (data at its header; the sum is made here).  `to`: straight to this station. */
void nd_send(struct net_if *ifc, struct pkt *p, struct ip_addr src, struct ip_addr dst,
	     const struct eth_addr *to);
const uint8_t *nd_option(const uint8_t *o, uint32_t n, uint8_t type, uint32_t *len);
void auto6_input_ra(struct net_if *ifc, const struct ip_rx *rx, const uint8_t *msg, uint32_t len);
void auto6_addr_dup(struct if_addr *a);
enum { NET_REGEN_S = 5 }; /* RFC 8981 3.8: REGEN_ADVANCE */
void auto6_temp_next(struct net_if *ifc, struct ip_addr old);
void auto6_stop(struct net_if *ifc);
void auto6_link(struct net_if *ifc);

/* --- dhcp4.c --- */
void dhcp4_input(struct net_if *ifc, struct pkt *p);	   /* data at the message; takes it */
void dhcp4_conflict(struct net_if *ifc, struct ip_addr a); /* another has it (RFC 2131 3.1, 5) */

/* --- dhcp6.c --- */
/* A router's M and O flags: an address, or only the rest, is to be had by DHCPv6. */
void dhcp6_wanted(struct net_if *ifc, bool managed, bool other);
void dhcp6_input(struct net_if *ifc, struct pkt *p); /* data at the message; takes it */
void dhcp6_conflict(struct net_if *ifc, struct ip_addr a);
void dhcp6_link(struct net_if *ifc); /* the link was away */
void dhcp6_stop(struct net_if *ifc);

/* --- acd.c: IPv4 address conflict detection --- */
void acd_start(struct if_addr *a);
/* An ARP packet of another station says that it has, or wants, `a`. */
void acd_conflict(struct net_if *ifc, struct ip_addr a, bool wants);

/* --- lease.c --- */
void lease_dns(struct net_if *ifc, enum dns_source s, const struct ip_addr *a, unsigned n);
/* RFC 1035 names in `b` to text separated by spaces; what is no host name ends the list. */
void lease_domains(char *to, size_t room, const uint8_t *b, size_t n);

/* --- multicast --- */
bool mcast_member(const struct net_if *ifc, struct ip_addr group);
struct eth_addr mcast_mac(struct ip_addr group);
void igmp_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx);
void mld_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx);
void mcast_if_fini(struct net_if *ifc);

/* --- transports --- */
struct udp_bare {
	struct ip_addr src, dst;
	uint16_t sport, dport;
	struct net_if *ifc;
};
/* A datagram of the stack's own (the payload in p, with headroom), by `ifc`.  Takes the packet. */
void udp_send_bare(struct net_stack *st, struct pkt *p, const struct udp_bare *u);
void tcp_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx);
void udp_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx);
/* Copies for raw endpoints; does not take the packet.  True: somebody wanted it. */
bool raw_copy(struct net_stack *st, const struct pkt *p, const struct ip_rx *rx);
/* The same for a protocol that nobody else handles: takes the packet if true. */
bool raw_input(struct net_stack *st, struct pkt *p, const struct ip_rx *rx);
void tap_deliver(struct net_if *ifc, const struct pkt *p, bool outgoing);
must_check err_t tcp_table_init(struct net_stack *st);
void tcp_table_fini(struct net_stack *st);
must_check err_t udp_table_init(struct net_stack *st);
void udp_table_fini(struct net_stack *st);
must_check err_t raw_table_init(struct net_stack *st);
void raw_table_fini(struct net_stack *st);
bool raw_has_taps(const struct net_stack *st);
must_check err_t frag_table_init(struct net_stack *st);
void frag_table_fini(struct net_stack *st);

/* --- gro.c --- */
/* Merge runs of in-order TCP segments of one flow; afterwards `batch` holds fewer packets. */
void gro_batch(struct net_if *ifc, struct pkt_list *batch);
/* --- gso.c --- */
/* Replace a packet with gso_size by its segments, appended to `out`; takes it. */
void gso_split(struct net_stack *st, struct pkt *p, struct pkt_list *out);

/* Keyed hash of a 4-tuple (for tables, not for secrets). */
static inline uint32_t net_hash(const struct net_stack *st, struct ip_addr local,
				struct ip_addr remote, uint16_t lport, uint16_t rport)
{
	uint64_t a = local.q[0] ^ (local.q[1] << 1) ^ st->key_hash[0];
	uint64_t b =
		remote.q[0] ^ remote.q[1] ^ ((uint64_t)lport << 16 | rport) << 16 ^ st->key_hash[1];
	unsigned __int128 m = (unsigned __int128)(a | 1) * b;
	uint64_t h = (uint64_t)m ^ (uint64_t)(m >> 64);

	return (uint32_t)(h ^ h >> 32);
}
