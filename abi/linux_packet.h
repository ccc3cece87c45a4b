/* SPDX-License-Identifier: Apache-2.0 */
/* abi/linux_packet.h: packet(7): AF_PACKET addresses, options, the receive ring; and classic BPF programs. */
#pragma once

#include <stdint.h>

struct linux_sockaddr_ll {
	uint16_t family;
	uint8_t protocol[2]; /* network order */
	int32_t ifindex;
	uint16_t hatype;
	uint8_t pkttype, halen;
	uint8_t addr[8];
};
_Static_assert(sizeof(struct linux_sockaddr_ll) == 20, "struct sockaddr_ll of the uapi");

enum {
	LX_PACKET_HOST = 0,
	LX_PACKET_BROADCAST = 1,
	LX_PACKET_MULTICAST = 2,
	LX_PACKET_OTHERHOST = 3,
	LX_PACKET_OUTGOING = 4,
};

enum { LX_ETH_P_ALL = 0x0003, LX_ARPHRD_ETHER = 1, LX_ARPHRD_LOOPBACK = 772 };

enum {
	LX_SOL_PACKET = 263,
	LX_PACKET_ADD_MEMBERSHIP = 1,
	LX_PACKET_DROP_MEMBERSHIP = 2,
	LX_PACKET_RX_RING = 5,
	LX_PACKET_STATISTICS = 6,
	LX_PACKET_AUXDATA = 8,
	LX_PACKET_VERSION = 10,
	LX_PACKET_HDRLEN = 11,
	LX_PACKET_RESERVE = 12,
	LX_PACKET_IGNORE_OUTGOING = 23,
};

enum {
	LX_PACKET_MR_MULTICAST = 0,
	LX_PACKET_MR_PROMISC = 1,
	LX_PACKET_MR_ALLMULTI = 2,
	LX_PACKET_MR_UNICAST = 3,
};

struct linux_packet_mreq {
	int32_t ifindex;
	uint16_t type, alen;
	uint8_t address[8];
};

struct linux_tpacket_stats {
	uint32_t packets, drops;
};

struct linux_tpacket_auxdata {
	uint32_t status, len, snaplen;
	uint16_t mac, net, vlan_tci, vlan_tpid;
};

struct linux_tpacket_req {
	uint32_t block_size, block_nr, frame_size, frame_nr;
};

/* TPACKET_V1 and V2 headers of a frame of the ring; a struct sockaddr_ll follows at the next multiple of 16. */
enum { LX_TPACKET_V1 = 0, LX_TPACKET_V2 = 1, LX_TPACKET_V3 = 2, LX_TPACKET_ALIGNMENT = 16 };
struct linux_tpacket2_hdr {
	uint32_t status, len, snaplen;
	uint16_t mac, net;
	uint32_t sec, nsec;
	uint16_t vlan_tci, vlan_tpid;
	uint8_t pad[4];
};
_Static_assert(sizeof(struct linux_tpacket2_hdr) == 32, "struct tpacket2_hdr of the uapi");

enum {
	LX_TP_STATUS_KERNEL = 0,
	LX_TP_STATUS_USER = 1,
	LX_TP_STATUS_LOSING = 4,
	LX_TP_STATUS_CSUM_VALID = 1 << 7,
};

/* One instruction of a classic BPF program, and the program as SO_ATTACH_FILTER takes it. */
struct linux_sock_filter {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};
_Static_assert(sizeof(struct linux_sock_filter) == 8, "struct sock_filter of the uapi");

struct linux_sock_fprog {
	uint16_t len;
	uint16_t pad[3];
	uint64_t filter;
};
_Static_assert(sizeof(struct linux_sock_fprog) == 16, "struct sock_fprog of the uapi");

/* Loads at these offsets (as a signed k) are not of the packet's bytes. */
enum {
	LX_SKF_LL_OFF = -0x200000,
	LX_SKF_NET_OFF = -0x100000,
	LX_SKF_AD_OFF = -0x1000,
	LX_SKF_AD_PROTOCOL = 0,
	LX_SKF_AD_PKTTYPE = 4,
	LX_SKF_AD_IFINDEX = 8,
	LX_SKF_AD_MARK = 20,
	LX_SKF_AD_QUEUE = 24,
	LX_SKF_AD_HATYPE = 28,
	LX_SKF_AD_RXHASH = 32,
	LX_SKF_AD_CPU = 36,
	LX_SKF_AD_ALU_XOR_X = 40,
	LX_SKF_AD_VLAN_TAG = 44,
	LX_SKF_AD_VLAN_TAG_PRESENT = 48,
	LX_SKF_AD_RANDOM = 56,
	LX_SKF_AD_VLAN_TPID = 60,
};
