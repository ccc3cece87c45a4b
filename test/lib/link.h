/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/lib/link.h: a link between two stacks that loses, duplicates, reorders, delays and corrupts, by a
 * seed: the same seed gives the same run.  Time is virtual.
 */
#pragma once

#include "net/net.h"
#include "net/tcp.h"
#include "test/lib/pages.h"

struct link_cfg {
	uint64_t seed;
	uint64_t delay_ns;  /* one way */
	uint64_t jitter_ns; /* added, at random: reorders */
	uint32_t rate;	    /* bytes a second, 0: no limit */
	uint32_t queue;	    /* bytes that wait for the rate, then loss; 0: no limit */
	unsigned loss, dup, corrupt, reorder; /* in 1/1000 */
	unsigned ce;			      /* Congestion Experienced on ECT packets, in 1/1000 */
	uint32_t mtu;			      /* of both ends, 0: 1500 */
	uint32_t path_mtu;		      /* packets larger vanish without a word; 0: none */
	uint32_t features[2];		      /* NETIF_* of the ends */
	uint32_t pages[2];		      /* packet memory of the ends, 0: plenty */
	uint64_t burst_from, burst_to;	      /* everything sent between is lost */
};

struct link;

/* One end: a stack with eth0 (10.0.0.1 or .2, fd00::1 or ::2) and lo. */
struct end {
	struct net_stack *st;
	struct net_if *ifc, *lo;
	struct netif dev, lodev;
	struct test_pages pages;
	struct link *link;
	int side;
	struct pkt_list in; /* frames that have arrived */
	uint64_t frames_out, frames_in;
};

struct flight;

struct link {
	struct link_cfg cfg;
	struct end end[2];
	uint64_t now;
	uint64_t rnd;
	uint64_t free_at[2];  /* when the wire is free again */
	struct flight *queue; /* by time of arrival */
	uint64_t lost, carried;
	void (*tap)(struct link *l, int from, const uint8_t *frame,
		    size_t len); /* sees all that is sent */
	/* May change a frame on the wire (its sums are its business); false: lose it. */
	bool (*mangle)(struct link *l, int from, uint8_t *frame, size_t len);
};

void link_init(struct link *l, const struct link_cfg *cfg);
void link_fini(struct link *l);
uint32_t link_random(struct link *l, uint32_t below);
/* Advance to the next event (arrival or timer), at most to `until`.  False: time is `until`. */
bool link_step(struct link *l, uint64_t until);
/* Put a frame on the wire from outside, for tests with a scripted peer. */
void link_inject(struct link *l, int to, const void *frame, size_t len);

struct ip_addr end_addr4(int side);
struct ip_addr end_addr6(int side);
