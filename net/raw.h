/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/raw.h: raw IP endpoints (SOCK_RAW, and SOCK_DGRAM ICMP for ping) and taps (AF_PACKET).  They see
 * copies by reference of what passes; they take nothing away from the protocols.
 */
#pragma once

#include "net/net.h"

struct raw_ep;
struct net_tap;
struct bpf_prog;

enum { RAW_HDRINCL = 1, RAW_PING = 2 /* echo only, the id is the port */ };

must_check err_t raw_new(struct net_stack *st, bool v6, uint8_t proto, unsigned flags, void *owner,
			 struct raw_ep **out);
void raw_close(struct raw_ep *r);
struct net_ep *raw_net_ep(struct raw_ep *r);
must_check err_t raw_bind(struct raw_ep *r, struct ip_addr addr, uint16_t id, struct net_if *ifc);
must_check err_t raw_connect(struct raw_ep *r, struct ip_addr remote);

struct raw_tx {
	struct ip_addr dst, src;
	struct net_if *ifc;
	int16_t ttl, tos; /* -1: default */
	uint8_t proto;	  /* 0: the endpoint's */
};
/* IPv6: the checksum at `csum_off` is made when it is >= 0 (ICMPv6: always, at 2). */
long raw_send(struct raw_ep *r, const struct raw_tx *tx, const struct net_iov *src, size_t len,
	      uint64_t now);
void raw_set_flags(struct raw_ep *r, unsigned flags, int csum_off);
void raw_set_rcvbuf(struct raw_ep *r, uint32_t bytes);
/* RFC 3542 3.2 / ICMP_FILTER: a set bit refuses the type. */
void raw_set_icmp_filter(struct raw_ep *r, const uint32_t bits[8]);

struct raw_rx {
	struct ip_addr src, dst;
	uint32_t ifindex;
	uint8_t ttl, tos;
};
/* IPv4: the packet begins with its IP header; IPv6: with the payload. */
struct pkt *raw_rx_peek(struct raw_ep *r, struct raw_rx *rx);
struct pkt *raw_rx_pop(struct raw_ep *r);
unsigned raw_level(const struct raw_ep *r);
struct raw_row {
	struct ip_addr local, remote;
	uint32_t rx_queue;
	uint16_t id; /* the protocol, or the number of a ping socket */
	bool v6, ping;
	void *owner;
};
void raw_each(struct net_stack *st, void (*f)(void *ctx, const struct raw_row *r), void *ctx);

/*
 * AF_PACKET.  proto: EtherType, 0x0003 for all, 0 for none.  ifc NULL: all interfaces.  Frames that leave are seen
 * by taps for all types only, and never by the tap that sent them.
 */
must_check err_t tap_new(struct net_stack *st, uint16_t proto, struct net_if *ifc, void *owner,
			 struct net_tap **out);
void tap_close(struct net_tap *t);
struct net_ep *tap_net_ep(struct net_tap *t);
void tap_bind(struct net_tap *t, uint16_t proto, struct net_if *ifc);
void tap_set_rcvbuf(struct net_tap *t, uint32_t bytes);
/*
 * Only what `prog` wants, cut to the length that it returns; NULL: all.  It stays the caller's and must outlive its
 * use.  `base`: what the program sees at 0, bytes into the frame.
 */
void tap_set_filter(struct net_tap *t, const struct bpf_prog *prog, uint32_t base);
void tap_set_ignore_outgoing(struct net_tap *t, bool on);

/* What is known of a frame that lies in a tap's queue. */
struct tap_rx {
	uint32_t ifindex;
	uint32_t pkttype; /* PACKET_* */
	uint32_t want;	  /* bytes from `base` on that the filter wants */
	uint16_t hatype;
};
struct pkt *tap_rx_peek(struct net_tap *t, struct tap_rx *rx);
struct pkt *tap_rx_pop(struct net_tap *t); /* data begins at the Ethernet header */
unsigned tap_level(const struct net_tap *t);
/* Frames that passed the filter, and those of them that found no room, since it was last asked. */
void tap_stats(struct net_tap *t, uint32_t *packets, uint32_t *drops);
/* A whole frame, as it is.  Takes the packet.  -ENETDOWN, -EINVAL, -EMSGSIZE. */
must_check err_t tap_send(struct net_tap *t, struct net_if *ifc, struct pkt *p);
