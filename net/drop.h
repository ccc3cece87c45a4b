/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/drop.h: why a packet died.  Every packet that the stack does not deliver, forward to a queue or
 * consume ends in net_drop() with one of these; the counters are in /proc/net and in traces.
 */
#pragma once

/* X(NAME, "text") */
#define NET_DROPS(X)                                                            \
	X(NONE, "not dropped")                                                  \
	X(NOMEM, "no memory")                                                   \
	X(ETH_SHORT, "frame shorter than its header")                           \
	X(ETH_TYPE, "no handler for this EtherType")                            \
	X(ETH_OTHER, "frame for another station")                               \
	X(VLAN_UNKNOWN, "no interface for this VLAN")                           \
	X(ARP_BAD, "malformed ARP packet")                                      \
	X(ARP_IGNORED, "ARP not for us")                                        \
	X(IF_DOWN, "interface is down")                                         \
	X(IP_SHORT, "IP packet shorter than its header")                        \
	X(IP_VERSION, "IP version field is wrong")                              \
	X(IP_LENGTH, "IP length field does not fit the packet")                 \
	X(IP_CSUM, "IPv4 header checksum is wrong")                             \
	X(IP_OPTION, "IPv4 option is malformed or refused")                     \
	X(IP_SRC, "source address that cannot be one")                          \
	X(IP_NOT_OURS, "destination is not this host")                          \
	X(IP_NO_ROUTE, "no route to the destination")                           \
	X(IP_TTL, "hop limit exceeded")                                         \
	X(IP_PROTO, "no handler for this protocol")                             \
	X(IP_TOO_BIG, "packet does not fit the path and may not be fragmented") \
	X(IP6_EXT, "malformed or refused IPv6 extension header")                \
	X(IP6_OPTION, "IPv6 option that orders a discard")                      \
	X(FRAG_BAD, "malformed fragment")                                       \
	X(FRAG_OVERLAP, "overlapping fragment")                                 \
	X(FRAG_LIMIT, "reassembly memory is full")                              \
	X(FRAG_TIMEOUT, "fragments never completed")                            \
	X(ICMP_BAD, "malformed ICMP message")                                   \
	X(ICMP_CSUM, "ICMP checksum is wrong")                                  \
	X(ICMP_TYPE, "ICMP type that nobody wants")                             \
	X(ICMP_RATE, "ICMP reply suppressed by the rate limit")                 \
	X(ICMP_STALE, "ICMP error about nothing that we sent")                  \
	X(ND_BAD, "malformed or off-link neighbour discovery message")          \
	X(NEIGH_FAILED, "neighbour does not answer")                            \
	X(NEIGH_QUEUE, "too many packets wait for a neighbour")                 \
	X(UDP_SHORT, "UDP length field does not fit")                           \
	X(UDP_CSUM, "UDP checksum is wrong")                                    \
	X(UDP_NO_PORT, "no UDP socket")                                         \
	X(RCVBUF_FULL, "socket receive buffer is full")                         \
	X(RAW_NONE, "no raw socket wants it")                                   \
	X(FILTER, "refused by a filter")                                        \
	X(TX_DOWN, "sent on an interface that is down")                         \
	X(TX_QUEUE, "transmit queue is full")                                   \
	X(TCP_SHORT, "TCP header does not fit")                                 \
	X(TCP_CSUM, "TCP checksum is wrong")                                    \
	X(TCP_FLAGS, "TCP flags that make no sense")                            \
	X(TCP_OPTION, "malformed TCP option")                                   \
	X(TCP_NO_CONN, "no TCP connection or listener")                         \
	X(TCP_BAD_SEQ, "TCP segment outside the window")                        \
	X(TCP_OLD_DUP, "TCP segment wholly received before")                    \
	X(TCP_PAWS, "TCP timestamp from the past")                              \
	X(TCP_BAD_ACK, "TCP ACK of what was never sent")                        \
	X(TCP_OLD_ACK, "TCP ACK older than the window")                         \
	X(TCP_NO_ACK, "TCP segment without ACK")                                \
	X(TCP_NO_SYN, "TCP segment without SYN in SYN-SENT")                    \
	X(TCP_SYN_IN_WINDOW, "TCP SYN in a synchronized state")                 \
	X(TCP_RST, "TCP reset, accepted")                                       \
	X(TCP_BAD_RST, "TCP reset that does not match")                         \
	X(TCP_BACKLOG, "TCP accept queue is full")                              \
	X(TCP_SYN_QUEUE, "TCP SYN queue is full")                               \
	X(TCP_COOKIE, "TCP SYN cookie is wrong")                                \
	X(TCP_CLOSED_DATA, "TCP data for a reader that is gone")                \
	X(TCP_ZERO_WINDOW, "TCP data beyond a closed window")                   \
	X(TCP_OFO_LIMIT, "TCP out-of-order queue is full")                      \
	X(TCP_MEMORY, "packet memory is scarce and the reader is slow")         \
	X(TCP_TIME_WAIT, "TCP segment for a connection in TIME-WAIT")

enum drop {
#define X(name, text) DROP_##name,
	NET_DROPS(X)
#undef X
		DROP_COUNT
};

const char *drop_name(enum drop d); /* "TCP_RST" */
const char *drop_text(enum drop d);
