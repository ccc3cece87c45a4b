/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/wire_ip.h: headers of Ethernet, ARP, IPv4, IPv6, ICMP, UDP and TCP as they lie in a packet.  Only
 * byte arrays inside, so that any address may be read as one of these.
 */
#pragma once

#include "abi/endian.h"

/* --- link: IEEE 802.3, 802.1Q, RFC 826 ----------------------------------------------------------- */

/*   0 dst[6]   6 src[6]   12 type */
struct wire_eth {
	uint8_t dst[6], src[6];
	be16 type;
};
_Static_assert(sizeof(struct wire_eth) == 14, "Ethernet header");

/*   0 tci: priority 3, drop eligible 1, id 12   2 type of what follows */
struct wire_vlan {
	be16 tci, type;
};
_Static_assert(sizeof(struct wire_vlan) == 4, "802.1Q tag");

enum { ETH_P_IPV4 = 0x0800, ETH_P_ARP = 0x0806, ETH_P_VLAN = 0x8100, ETH_P_IPV6 = 0x86dd };
enum { ETH_HLEN = 14 };

struct wire_arp {
	be16 htype;	    /* 1: Ethernet */
	be16 ptype;	    /* 0x0800 */
	uint8_t hlen, plen; /* 6, 4 */
	be16 op;	    /* 1 request, 2 reply */
	uint8_t sha[6];
	be32 spa;
	uint8_t tha[6];
	be32 tpa;
};
_Static_assert(sizeof(struct wire_arp) == 28, "ARP for IPv4 over Ethernet");

/* --- IPv4: RFC 791 ------------------------------------------------------------------------------- */

struct wire_ip4 {
	uint8_t ver_ihl; /* 0x45: version 4, header of 5 words */
	uint8_t tos;	 /* DSCP 6 bits, ECN 2 bits */
	be16 len;	 /* header and payload */
	be16 id;
	be16 frag; /* IP4_DF, IP4_MF, offset in 8-byte units */
	uint8_t ttl, proto;
	be16 csum;
	be32 src, dst;
};
_Static_assert(sizeof(struct wire_ip4) == 20, "IPv4 header");

enum { IP4_DF = 0x4000, IP4_MF = 0x2000, IP4_OFFSET = 0x1fff };
enum {
	IP_P_HOPOPTS = 0,
	IP_P_ICMP = 1,
	IP_P_IGMP = 2,
	IP_P_TCP = 6,
	IP_P_UDP = 17,
	IP_P_ROUTING = 43,
	IP_P_FRAGMENT = 44,
	IP_P_ICMPV6 = 58,
	IP_P_NONE = 59,
	IP_P_DSTOPTS = 60,
};
enum { ECN_NOT = 0, ECN_ECT1 = 1, ECN_ECT0 = 2, ECN_CE = 3, ECN_MASK = 3 }; /* RFC 3168 5 */

/* --- IPv6: RFC 8200 ------------------------------------------------------------------------------ */

struct wire_ip6 {
	be32 vtf;  /* version 4 bits, traffic class 8, flow label 20 */
	be16 plen; /* extension headers and payload */
	uint8_t next, hops;
	uint8_t src[16], dst[16];
};
_Static_assert(sizeof(struct wire_ip6) == 40, "IPv6 header");

struct wire_ip6_frag {
	uint8_t next, zero;
	be16 off; /* offset in bytes (a multiple of 8), bit 0: more */
	be32 id;
};
_Static_assert(sizeof(struct wire_ip6_frag) == 8, "IPv6 fragment header");

/* --- ICMP: RFC 792, 4443, 4861 ------------------------------------------------------------------- */

struct wire_icmp {
	uint8_t type, code;
	be16 csum;
	union {
		be32 rest;
		struct {
			be16 id, seq;
		} echo;
		struct {
			be16 zero, mtu;
		} ptb;
	};
};
_Static_assert(sizeof(struct wire_icmp) == 8, "ICMP header");

enum {
	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACH = 3,
	ICMP4_REDIRECT = 5,
	ICMP4_ECHO = 8,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAM = 12,
	ICMP4_TIMESTAMP = 13,
	ICMP4_TIMESTAMP_REPLY = 14,
	/* codes of UNREACH */
	ICMP4_UNREACH_NET = 0,
	ICMP4_UNREACH_HOST = 1,
	ICMP4_UNREACH_PROTO = 2,
	ICMP4_UNREACH_PORT = 3,
	ICMP4_UNREACH_FRAG = 4,
};

enum {
	ICMP6_UNREACH = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAM = 4,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_MLD_QUERY = 130,
	ICMP6_MLD_REPORT = 131,
	ICMP6_MLD_DONE = 132,
	ICMP6_RS = 133,
	ICMP6_RA = 134,
	ICMP6_NS = 135,
	ICMP6_NA = 136,
	ICMP6_REDIRECT = 137,
	ICMP6_MLD2_REPORT = 143,
};

/* --- UDP: RFC 768 -------------------------------------------------------------------------------- */

struct wire_udp {
	be16 sport, dport, len, csum;
};
_Static_assert(sizeof(struct wire_udp) == 8, "UDP header");

/* --- TCP: RFC 9293 3.1 --------------------------------------------------------------------------- */

struct wire_tcp {
	be16 sport, dport;
	be32 seq, ack;
	uint8_t off; /* header words << 4 */
	uint8_t flags;
	be16 win, csum, urp;
};
_Static_assert(sizeof(struct wire_tcp) == 20, "TCP header");

enum {
	TCPF_FIN = 0x01,
	TCPF_SYN = 0x02,
	TCPF_RST = 0x04,
	TCPF_PSH = 0x08,
	TCPF_ACK = 0x10,
	TCPF_URG = 0x20,
	TCPF_ECE = 0x40,
	TCPF_CWR = 0x80,
};
enum {
	TCPO_END = 0,
	TCPO_NOP = 1,
	TCPO_MSS = 2,	   /* 4 bytes */
	TCPO_WSCALE = 3,   /* 3, RFC 7323 2.2 */
	TCPO_SACK_OK = 4,  /* 2, RFC 2018 2 */
	TCPO_SACK = 5,	   /* 2 + 8n */
	TCPO_TS = 8,	   /* 10, RFC 7323 3.2 */
	TCPO_FASTOPEN = 34 /* 2, or 6..18, RFC 7413 4.1.1 */
};
