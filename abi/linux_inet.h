/* SPDX-License-Identifier: Apache-2.0 */
/* abi/linux_inet.h: option numbers and control messages of ip(7), ipv6(7), tcp(7), udp(7) on Linux. */
#pragma once

#include <stdint.h>

enum {
	LX_IPPROTO_IP = 0,
	LX_IPPROTO_ICMP = 1,
	LX_IPPROTO_TCP = 6,
	LX_IPPROTO_UDP = 17,
	LX_IPPROTO_IPV6 = 41,
	LX_IPPROTO_ICMPV6 = 58,
	LX_SOL_RAW = 255
};

enum {
	LX_IP_TOS = 1,
	LX_IP_TTL = 2,
	LX_IP_HDRINCL = 3,
	LX_IP_PKTINFO = 8,
	LX_IP_MTU_DISCOVER = 10,
	LX_IP_RECVERR = 11,
	LX_IP_RECVTTL = 12,
	LX_IP_RECVTOS = 13,
	LX_IP_MTU = 14,
	LX_IP_FREEBIND = 15,
	LX_IP_TRANSPARENT = 19,
	LX_IP_RECVORIGDSTADDR = 20,
	LX_IP_BIND_ADDRESS_NO_PORT = 24,
	LX_IP_MULTICAST_IF = 32,
	LX_IP_MULTICAST_TTL = 33,
	LX_IP_MULTICAST_LOOP = 34,
	LX_IP_ADD_MEMBERSHIP = 35,
	LX_IP_DROP_MEMBERSHIP = 36,
	LX_IP_ADD_SOURCE_MEMBERSHIP = 39,
	LX_IP_DROP_SOURCE_MEMBERSHIP = 40,
	LX_IP_MULTICAST_ALL = 49,
	LX_MCAST_JOIN_GROUP = 42, /* at level IPV6, too */
	LX_MCAST_LEAVE_GROUP = 45,
	LX_MCAST_JOIN_SOURCE_GROUP = 46,
	LX_MCAST_LEAVE_SOURCE_GROUP = 47,
};

enum {
	LX_IPV6_CHECKSUM = 7,
	LX_IPV6_UNICAST_HOPS = 16,
	LX_IPV6_MULTICAST_IF = 17,
	LX_IPV6_MULTICAST_HOPS = 18,
	LX_IPV6_MULTICAST_LOOP = 19,
	LX_IPV6_ADD_MEMBERSHIP = 20,
	LX_IPV6_DROP_MEMBERSHIP = 21,
	LX_IPV6_MTU_DISCOVER = 23,
	LX_IPV6_MTU = 24,
	LX_IPV6_RECVERR = 25,
	LX_IPV6_V6ONLY = 26,
	LX_IPV6_MULTICAST_ALL = 29,
	LX_IPV6_RECVPKTINFO = 49,
	LX_IPV6_PKTINFO = 50,
	LX_IPV6_RECVHOPLIMIT = 51,
	LX_IPV6_HOPLIMIT = 52,
	LX_IPV6_RECVTCLASS = 66,
	LX_IPV6_TCLASS = 67,
	LX_IPV6_TRANSPARENT = 75,
	LX_IPV6_FREEBIND = 78,
};

enum {
	LX_TCP_NODELAY = 1,
	LX_TCP_MAXSEG = 2,
	LX_TCP_CORK = 3,
	LX_TCP_KEEPIDLE = 4,
	LX_TCP_KEEPINTVL = 5,
	LX_TCP_KEEPCNT = 6,
	LX_TCP_SYNCNT = 7,
	LX_TCP_LINGER2 = 8,
	LX_TCP_DEFER_ACCEPT = 9,
	LX_TCP_WINDOW_CLAMP = 10,
	LX_TCP_INFO = 11,
	LX_TCP_QUICKACK = 12,
	LX_TCP_CONGESTION = 13,
	LX_TCP_USER_TIMEOUT = 18,
	LX_TCP_FASTOPEN = 23,
	LX_TCP_NOTSENT_LOWAT = 25,
	LX_TCP_FASTOPEN_CONNECT = 30,
	LX_UDP_SEGMENT = 103,
	LX_UDP_GRO = 104,
};

struct linux_in_pktinfo {
	int32_t ifindex;
	uint8_t spec_dst[4], addr[4];
};
struct linux_in6_pktinfo {
	uint8_t addr[16];
	uint32_t ifindex;
};
struct linux_ip_mreqn {
	uint8_t group[4], address[4];
	int32_t ifindex;
};
struct linux_ip_mreq_source {
	uint8_t group[4], interface[4], source[4];
};
struct linux_ipv6_mreq {
	uint8_t group[16];
	uint32_t ifindex;
};
struct linux_sock_extended_err {
	uint32_t err;
	uint8_t origin, type, code, pad;
	uint32_t info, data;
};

/* struct tcp_info, as far as Linux 6.1 has it (up to tcpi_reord_seen, rcv_ooopack, snd_wnd). */
struct linux_tcp_info {
	uint8_t state, ca_state, retransmits, probes, backoff, options;
	uint8_t wscale; /* snd low, rcv high nibble */
	uint8_t flags;	/* delivery_rate_app_limited:1, fastopen_client_fail:2 */
	uint32_t rto, ato, snd_mss, rcv_mss;
	uint32_t unacked, sacked, lost, retrans, fackets;
	uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
	uint32_t rcv_rtt, rcv_space, total_retrans;
	uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
	uint32_t segs_out, segs_in;
	uint32_t notsent_bytes, min_rtt, data_segs_in, data_segs_out;
	uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
	uint32_t delivered, delivered_ce;
	uint64_t bytes_sent, bytes_retrans;
	uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd;
};
_Static_assert(sizeof(struct linux_tcp_info) == 232, "struct tcp_info of the uapi, Linux 6.1");
