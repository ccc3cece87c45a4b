/* SPDX-License-Identifier: Apache-2.0 */
/* net/raw_int.h: what raw.c and tap.c share. */
#pragma once

#include "net/net_int.h"
#include "net/raw.h"

struct raw_ep {
	struct net_ep ep;
	struct net_stack *st;
	struct list link;
	struct ip_addr local, remote;
	struct net_if *ifc;
	unsigned flags;
	int csum_off;
	uint16_t id;
	uint8_t proto;
	bool v6;
	uint32_t filter[8];
	struct pkt_list rx;
	uint32_t rx_mem, rcvbuf;
};

struct net_tap {
	struct net_ep ep;
	struct net_stack *st;
	struct list link;
	struct net_if *ifc;
	uint16_t proto;
	bool ignore_outgoing;
	const struct bpf_prog *filter;
	uint32_t base; /* of what the filter and the reader see */
	uint32_t packets, drops;
	struct pkt_list rx;
	uint32_t rx_mem, rcvbuf;
};
_Static_assert(sizeof(struct tap_rx) <= PKT_SCRATCH, "fits the scratch");
_Static_assert(sizeof(struct net_tap) <= sizeof(struct raw_ep), "both come from one cache");

struct raw_table {
	struct list eps, taps;
	struct objcache objs;
	const struct net_tap *sender; /* of the frame that is leaving: it does not hear it */
};

_Static_assert(sizeof(struct raw_rx) <= PKT_SCRATCH, "fits the scratch");
static inline struct raw_rx *raw_cb(struct pkt *p)
{
	return (struct raw_rx *)(void *)p->scratch;
}
