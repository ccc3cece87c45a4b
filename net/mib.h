/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/mib.h: the stack's counters, in the order and with the names of /proc/net/snmp, snmp6 and netstat.
 * One struct net_mib a stack; whoever prints them adds the shards up.
 */
#pragma once

#include <stdint.h>

/* X(group, Name) */
#define NET_MIB(X)                        \
	X(Ip, InReceives)                 \
	X(Ip, InHdrErrors)                \
	X(Ip, InAddrErrors)               \
	X(Ip, ForwDatagrams)              \
	X(Ip, InUnknownProtos)            \
	X(Ip, InDiscards)                 \
	X(Ip, InDelivers)                 \
	X(Ip, OutRequests)                \
	X(Ip, OutDiscards)                \
	X(Ip, OutNoRoutes)                \
	X(Ip, ReasmTimeout)               \
	X(Ip, ReasmReqds)                 \
	X(Ip, ReasmOKs)                   \
	X(Ip, ReasmFails)                 \
	X(Ip, FragOKs)                    \
	X(Ip, FragFails)                  \
	X(Ip, FragCreates)                \
	X(Icmp, InMsgs)                   \
	X(Icmp, InErrors)                 \
	X(Icmp, InCsumErrors)             \
	X(Icmp, InDestUnreachs)           \
	X(Icmp, InTimeExcds)              \
	X(Icmp, InParmProbs)              \
	X(Icmp, InSrcQuenchs)             \
	X(Icmp, InRedirects)              \
	X(Icmp, InEchos)                  \
	X(Icmp, InEchoReps)               \
	X(Icmp, InTimestamps)             \
	X(Icmp, InTimestampReps)          \
	X(Icmp, InAddrMasks)              \
	X(Icmp, InAddrMaskReps)           \
	X(Icmp, OutMsgs)                  \
	X(Icmp, OutErrors)                \
	X(Icmp, OutDestUnreachs)          \
	X(Icmp, OutTimeExcds)             \
	X(Icmp, OutParmProbs)             \
	X(Icmp, OutEchos)                 \
	X(Icmp, OutEchoReps)              \
	X(Icmp, OutTimestampReps)         \
	X(Ip6, InReceives)                \
	X(Ip6, InHdrErrors)               \
	X(Ip6, InTooBigErrors)            \
	X(Ip6, InNoRoutes)                \
	X(Ip6, InAddrErrors)              \
	X(Ip6, InUnknownProtos)           \
	X(Ip6, InTruncatedPkts)           \
	X(Ip6, InDiscards)                \
	X(Ip6, InDelivers)                \
	X(Ip6, OutRequests)               \
	X(Ip6, OutDiscards)               \
	X(Ip6, OutNoRoutes)               \
	X(Ip6, ReasmTimeout)              \
	X(Ip6, ReasmReqds)                \
	X(Ip6, ReasmOKs)                  \
	X(Ip6, ReasmFails)                \
	X(Ip6, FragOKs)                   \
	X(Ip6, FragFails)                 \
	X(Ip6, FragCreates)               \
	X(Icmp6, InMsgs)                  \
	X(Icmp6, InErrors)                \
	X(Icmp6, OutMsgs)                 \
	X(Icmp6, OutErrors)               \
	X(Icmp6, InCsumErrors)            \
	X(Tcp, ActiveOpens)               \
	X(Tcp, PassiveOpens)              \
	X(Tcp, AttemptFails)              \
	X(Tcp, EstabResets)               \
	X(Tcp, CurrEstab)                 \
	X(Tcp, InSegs)                    \
	X(Tcp, OutSegs)                   \
	X(Tcp, RetransSegs)               \
	X(Tcp, InErrs)                    \
	X(Tcp, OutRsts)                   \
	X(Tcp, InCsumErrors)              \
	X(Udp, InDatagrams)               \
	X(Udp, NoPorts)                   \
	X(Udp, InErrors)                  \
	X(Udp, OutDatagrams)              \
	X(Udp, RcvbufErrors)              \
	X(Udp, SndbufErrors)              \
	X(Udp, InCsumErrors)              \
	X(Udp, IgnoredMulti)              \
	X(TcpExt, SyncookiesSent)         \
	X(TcpExt, SyncookiesRecv)         \
	X(TcpExt, SyncookiesFailed)       \
	X(TcpExt, EmbryonicRsts)          \
	X(TcpExt, TW)                     \
	X(TcpExt, TWRecycled)             \
	X(TcpExt, PAWSEstab)              \
	X(TcpExt, DelayedACKs)            \
	X(TcpExt, ListenOverflows)        \
	X(TcpExt, ListenDrops)            \
	X(TcpExt, TCPHPHits)              \
	X(TcpExt, TCPPureAcks)            \
	X(TcpExt, TCPSackRecovery)        \
	X(TcpExt, TCPRenoRecovery)        \
	X(TcpExt, TCPSACKReneging)        \
	X(TcpExt, TCPFastRetrans)         \
	X(TcpExt, TCPTimeouts)            \
	X(TcpExt, TCPSpuriousRTOs)        \
	X(TcpExt, TCPLossProbes)          \
	X(TcpExt, TCPLossProbeRecovery)   \
	X(TcpExt, TCPDSACKOldSent)        \
	X(TcpExt, TCPDSACKOfoSent)        \
	X(TcpExt, TCPDSACKRecv)           \
	X(TcpExt, TCPDSACKUndo)           \
	X(TcpExt, TCPAbortOnData)         \
	X(TcpExt, TCPAbortOnClose)        \
	X(TcpExt, TCPAbortOnTimeout)      \
	X(TcpExt, TCPAbortOnLinger)       \
	X(TcpExt, TCPAbortOnMemory)       \
	X(TcpExt, TCPBacklogDrop)         \
	X(TcpExt, TCPOFOQueue)            \
	X(TcpExt, TCPOFODrop)             \
	X(TcpExt, TCPOFOMerge)            \
	X(TcpExt, TCPRcvCoalesce)         \
	X(TcpExt, TCPChallengeACK)        \
	X(TcpExt, TCPSYNChallenge)        \
	X(TcpExt, TCPFastOpenActive)      \
	X(TcpExt, TCPFastOpenActiveFail)  \
	X(TcpExt, TCPFastOpenPassive)     \
	X(TcpExt, TCPFastOpenPassiveFail) \
	X(TcpExt, TCPFastOpenCookieReqd)  \
	X(TcpExt, TCPKeepAlive)           \
	X(TcpExt, TCPZeroWindowDrop)      \
	X(TcpExt, TCPWinProbe)            \
	X(TcpExt, TCPMTUPFail)            \
	X(TcpExt, TCPDelivered)           \
	X(TcpExt, TCPDeliveredCE)         \
	X(TcpExt, TCPRcvCollapsed)        \
	X(TcpExt, TCPRcvQDrop)            \
	X(TcpExt, TCPGroMerged)

enum net_mib_id {
#define X(group, name) MIB_##group##_##name,
	NET_MIB(X)
#undef X
		MIB_COUNT
};

struct net_mib {
	uint64_t v[MIB_COUNT];
};

/* What /proc/net/snmp calls the k-th: "Tcp", "InSegs". */
const char *net_mib_group(unsigned k);
const char *net_mib_name(unsigned k);
