/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/shard.h: what drives the network stacks (net/), one a CPU: lock, timer, devices' interrupts, and the waking
 * of sockets.  Every call on a stack and on what hangs from it happens between shard_lock() and
 * shard_unlock(); the unlock does what a turn owes: sockets with news are told once each, gathered frames go to
 * the devices with one kick, the timer is set.
 *
 * Locks: rank RANK_SHARD, interrupts off.  User memory is not faulted in under it: copies stop short
 *        where a page is not there (sock/ucopy.h).
 */
#pragma once

#include "kern/spinlock.h"
#include "kern/timer.h"
#include "kern/waitq.h"
#include "net/net.h"

/* What other CPUs have put down for a shard (sock/steer.h). */
struct steer_box {
	struct spinlock lock; /* rank RANK_STEER */
	_Atomic bool some;    /* [a] there is something in it: a hint */
	struct pkt_list in;   /* [lock] frames of its flows */
	struct pkt_list back; /* [lock] its own packets, that others are done with */
};

struct shard {
	struct spinlock lock;
	struct net_stack *st; /* [lock] */
	struct timer timer;
	uint64_t armed_ns; /* [lock] what the timer is set for; UINT64_MAX: not */
	unsigned index;	   /* [I] its place among the shards, and the CPU where its interrupts go */
	uint64_t now;	   /* [lock] of this turn */
	unsigned nevents;  /* [lock] owners told so far */
	struct steer_box box;
	struct pkt_list *sorted; /* [lock] by shard: what is being gathered for the others */
	uint64_t sorted_mask;	 /* [lock] which of them are not empty */
	uint64_t steer_drops;	 /* [lock] packets that found no room in a box */
};

/* What every endpoint's owner begins with: told of news under the shard's lock. */
struct shard_owner {
	void (*event)(struct shard_owner *o, unsigned events);
};

extern struct page_src shard_pages;		  /* the kernel's pages for net/; any context */
err_t shard_init(void) must_check;		  /* the stack and its loopback */
err_t shard_add_if(struct netif *nif) must_check; /* a device; boot thread */
unsigned shard_count(void);			  /* as many as CPUs; the same from boot on */
struct shard *shard_at(unsigned index);
struct shard *shard_here(void);	   /* this CPU's: where a new flow goes */
struct shard *shard_primary(void); /* whose configuration is the machine's; UDP and raw sockets */
bool shard_lock(struct shard *s);  /* the state of interrupts, for the unlock */
void shard_unlock(struct shard *s, bool on);
/* The same for a look only: nothing is sent, nobody told, and s->now is not set. */
static inline bool shard_look(struct shard *s) no_lock_analysis
{
	return spin_lock_irq(&s->lock);
}
static inline void shard_looked(struct shard *s, bool on) no_lock_analysis
{
	spin_unlock_irq(&s->lock, on);
}
/*
 * With the lock held: finish the turn, sleep on wq (whose lock is the shard's) and begin a new turn. 0, -ETIMEDOUT,
 * -EINTR; -EAGAIN at once when the deadline is 0. Returns 0 without sleeping, too: loop on the condition.
 */
err_t shard_wait(struct shard *s, struct waitq *wq, uint64_t deadline_ns) must_check;
/* An interface's face in a shard; NULL: no such index. Shard locked. */
struct net_if *shard_if(struct shard *s, uint32_t index);
/*
 * The primary shard's configuration was changed by a call from here: the others follow before this returns. Thread, no
 * lock held.
 */
void shard_sync(void);
/* Called once per interface when something changed (NET_CHG_*), in a thread, no lock held. */
void shard_on_change(void (*fn)(unsigned what));
