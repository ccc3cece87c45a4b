/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/poll.h: readiness.  A pollable object owns a struct poll_source and calls poll_notify() when its state
 * changes; whoever watches (poll, select, epoll, a blocking read that waits for two things) hangs a
 * struct poll_watch on it.  Nothing is scanned: the cost of an event is the watchers of that object.
 *
 * Context: poll_notify() from any context, interrupts included, with the object's own lock held or not (its
 *          rank must be below RANK_POLL).  The callback runs under source->lock: it may take RANK_WAITQ and
 *          above, and must not sleep.
 *
 *   [s] source->lock   [I] set once
 */
#pragma once

#include "kern/waitq.h"
#include "lib/list.h"

enum poll_mask { /* the ABI's bits */
		 POLL_IN = 0x001,
		 POLL_PRI = 0x002,
		 POLL_OUT = 0x004,
		 POLL_ERR = 0x008,
		 POLL_HUP = 0x010,
		 POLL_NVAL = 0x020,
		 POLL_RDNORM = 0x040,
		 POLL_RDBAND = 0x080,
		 POLL_WRNORM = 0x100,
		 POLL_WRBAND = 0x200,
		 POLL_MSG = 0x400,
		 POLL_RDHUP = 0x2000,
};

struct poll_source {
	struct spinlock lock; /* RANK_POLL */
	struct list watches;  /* [s] */
};

struct poll_watch {
	struct list link;	    /* [s] */
	struct poll_source *source; /* [I] while hung; NULL when not */
	uint32_t want;		    /* [s] mask; POLL_ERR and POLL_HUP are always wanted */
	bool exclusive;		    /* [I] one of several that are to be woken one at a time */
	/* mask: what may have become true. Returns whether it woke somebody. */
	bool (*fn)(struct poll_watch *w, uint32_t mask);
};

void poll_source_init(struct poll_source *s);
void poll_watch_add(struct poll_source *s, struct poll_watch *w);
void poll_watch_del(struct poll_watch *w); /* when it returns, fn is not running and will not */
void poll_notify_slow(struct poll_source *s, uint32_t mask);

/* Cheap when nobody watches. */
static inline void poll_notify(struct poll_source *s, uint32_t mask)
{
	if (!list_empty(&s->watches))
		poll_notify_slow(s, mask);
}

/*
 * A thread that waits for any of several sources (poll, select): hang a slot on each, look at the objects,
 * sleep while none is ready, look again; then poll_watch_del() each slot's watch.
 */
struct poll_sleeper {
	struct spinlock lock; /* RANK_WAITQ */
	struct waitq wq;
	bool fired; /* [lock] */
};
struct poll_slot {
	struct poll_watch watch;
	struct poll_sleeper *sleeper;
};
void poll_sleeper_init(struct poll_sleeper *sl);
void poll_slot_hang(struct poll_slot *slot, struct poll_sleeper *sl, struct poll_source *s,
		    uint32_t want); /* s NULL: never fires */
err_t poll_sleep(struct poll_sleeper *sl,
		 uint64_t deadline_ns) must_check; /* 0, -ETIMEDOUT, -EINTR */
