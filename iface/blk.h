/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iface/blk.h: a block device, as its users see it and as its drivers fill it.
 *
 * Two ways in.  The synchronous calls serve metadata (the file-system core) and host tools: they may
 * sleep, so thread context only, no spinlock held.  The asynchronous call serves the page cache:
 * submit() never sleeps, never fails (errors go to done()), and may be called from any context.
 *
 * Sectors are BLK_SECTOR bytes whatever the medium's own block is; `phys_sectors` says what it writes
 * at once.  Every number is in sectors unless its name says otherwise.
 *
 * Ordering: a device may reorder and cache writes freely.  What completed before a flush was
 * submitted is durable when that flush completes; nothing else is promised.
 *
 *   [I] set by the driver before it registers the device
 *   [a] written by the driver when the medium changes size, read without a lock
 */
#pragma once

#include "lib/err.h"
#include "lib/list.h"

enum {
	BLK_SECTOR = 512,
	BLK_SERIAL_MAX = 20, /* VIRTIO 1.2 5.2.6.1: GET_ID answers 20 bytes */
};

enum blk_op {
	BLK_READ,
	BLK_WRITE,
	BLK_FLUSH,   /* no segments */
	BLK_DISCARD, /* no segments; `nsect` sectors from `sector` need not be kept */
};

/* One piece of memory.  In the kernel: inside the direct map, so that a driver finds its frame. */
struct blk_seg {
	void *va;
	uint32_t len; /* bytes, a multiple of BLK_SECTOR */
};

struct blk;

/*
 * A request.  The caller owns it and its segments until done() is called.  done() runs once, maybe in
 * interrupt context, maybe before submit() returns; it may submit the same request again.
 */
struct blk_req {
	enum blk_op op;
	uint64_t sector;
	uint64_t nsect; /* BLK_DISCARD only; reads and writes count their segments */
	const struct blk_seg *seg;
	unsigned nseg; /* at most blk->max_segs */
	void (*done)(struct blk_req *, err_t);
	void *arg;	  /* the caller's */
	struct list link; /* the caller's before submit(), the driver's until done() */
	void *driver;	  /* the driver's until done() */
};

struct blk {
	const char *name;		 /* [I] "vda"; for messages */
	char serial[BLK_SERIAL_MAX + 1]; /* [I] "" when there is none */
	uint64_t nsect;			 /* [a] size */
	bool readonly;			 /* [I] writes and discards answer -EROFS */
	bool discards;			 /* [I] BLK_DISCARD does something */
	bool write_cache;		 /* [I] false: a completed write is durable */
	uint32_t phys_sectors;		 /* [I] sectors written as one unit, at least 1 */
	uint32_t opt_sectors;		 /* [I] preferred size of a request, 0: no preference */
	uint32_t max_segs;		 /* [I] segments in one request, at least 1 */
	uint32_t max_sectors;		 /* [I] sectors in one request, 0: no limit */

	/*
	 * `buf` holds nsect sectors; in the kernel: contiguous direct-map memory (the heap, not
	 * a stack), aligned to 16.
	 * 0; -EIO; -EINVAL: outside the device; -EROFS.
	 */
	err_t (*read)(struct blk *, uint64_t sector, void *buf, uint32_t nsect);
	err_t (*write)(struct blk *, uint64_t sector, const void *buf, uint32_t nsect);
	err_t (*flush)(struct blk *);

	void (*submit)(struct blk *, struct blk_req *);

	void *priv; /* [I] the driver's */
};

/* True if [sector, sector + n) lies on the device.  Drivers check with it, so that callers need not. */
static inline bool blk_range_ok(const struct blk *b, uint64_t sector, uint64_t n)
{
	return sector <= b->nsect && n <= b->nsect - sector;
}
