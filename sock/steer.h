/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/steer.h: packets on their way from one shard to another.  A flow belongs to the shard that the hash of its
 * addresses and ports says, for ever; who takes another shard's frames off a ring puts them into that one's box,
 * a batch at a time, and pokes its CPU once.  What a shard lent out (frames sent by another's queue pair, packets
 * whose pages moved) comes back by its box as well.
 *
 * Locks: the caller holds its own shard's lock; a box has one of rank RANK_STEER, held for a few list operations.
 */
#pragma once

#include "sock/shard.h"

/* Which shard a flow belongs to. Any context. */
struct shard *steer_flow(const struct net_flow *f);
struct shard *steer_port(uint16_t udp_port); /* all of a UDP port's sockets are in one */

/* Frames off a device that shard s holds: those of other shards go there, the rest stays in `batch`. */
void steer_frames(struct shard *s, struct pkt_list *batch);
/* Packets of s for shard `to`: by their flags, frames for net_input(), shared or stray ones. */
void steer_give(struct shard *s, struct shard *to, struct pkt_list *l);
/* A copy for each other shard: net_ops.share. */
void steer_share(struct shard *s, const struct pkt *p);
/* Packets of any shards but s that were sent: home. */
void steer_sent(struct pkt_list *done);
/* What is in the box of s, into its stack. */
void steer_take(struct shard *s);
