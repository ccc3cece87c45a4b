/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/pcache.h: the page cache of one file, shared by read, write and mmap.  A page that is in the tree and up to
 * date is the content of the file; what the device or nobody has (tmpfs) is behind struct pcache_ops.
 *
 * States of a page in the tree: LOCKED while it is filled, then UPTODATE; DIRTY (and tagged) when the file system
 * does not have it yet; WRITEBACK while it is on its way.  A page leaves the tree only when none of LOCKED
 * and WRITEBACK is set.  Leaving sets page->owner to NULL.
 *
 * Locks: inode->lock serialises writers and truncation (by the caller).  pc->lock guards the tree.  A cached
 *        read takes pc->lock for one look-up and nothing else.
 * Order: inode->lock, a file system's locks, lru_lock, pc->lock.
 *
 *   [I] set once   [p] pc->lock   [w] writeback.c's list lock
 */
#pragma once

#include "kern/vm.h"
#include "lib/radix.h"
#include "vfs/inode.h"

struct pcache;

struct pcache_ops {
	/*
	 * Fill n consecutive new pages from `index` on; each is LOCKED. pcache_filled() ends each of
	 * them, before or after this returns, from any context. NULL: they are zero.
	 */
	void (*fill)(struct pcache *pc, uint64_t index, struct page **pages, unsigned n);
	/* The page is about to become dirty: promise it space. -ENOSPC. NULL: there is enough. */
	err_t (*reserve)(struct pcache *pc, struct page *p);
	/* A dirty page is thrown away. */
	void (*unreserve)(struct pcache *pc, struct page *p);
	/*
	 * Write these pages (rising index, not always consecutive) and wait. `size`: the file's length when they
	 * were taken; what lies behind it in the last page is written as zeros. NULL: never written.
	 */
	err_t (*write)(struct pcache *pc, struct page **pages, unsigned n, uint64_t size);
};

struct pcache {
	struct vm_object obj;	      /* what the address space maps */
	struct inode *inode;	      /* [I] */
	const struct pcache_ops *ops; /* [I] */
	struct spinlock lock;	      /* RANK_PCACHE */
	struct radix tree;	      /* [p] of struct page; tag: dirty */
	uint64_t npages, ndirty;      /* [p] */
	_Atomic uint32_t nflying;     /* [a] pages being written */
	struct list dirty_link;	      /* [w] */
	uint64_t dirty_since;	      /* [w] mono ns */
	_Atomic int error;	      /* a write-back failed: the next fsync says so */
};

enum { PCACHE_BATCH = 64, PCACHE_INDEX_MAX = UINT32_MAX };
#define PCACHE_SIZE_MAX ((uint64_t)PCACHE_INDEX_MAX << PAGE_SHIFT) /* 16 TB */

static inline struct pcache *pcache_of(struct vm_object *o)
{
	return container_of(o, struct pcache, obj);
}

void pcache_boot(void);
void pcache_init(struct pcache *pc, struct inode *i, const struct pcache_ops *ops);
/* Everything out, dirty or not; nothing maps it. */
void pcache_fini(struct pcache *pc);

/* An up-to-date page that is there, with a reference; NULL. */
struct page *pcache_peek(struct pcache *pc, uint64_t index);
/* The same, read or made if it is not; f (or NULL) carries the read-ahead state. -EIO, -ENOMEM. */
err_t pcache_get(struct pcache *pc, uint64_t index, struct file *f, struct page **out) must_check;
/* From the file system: this page is filled, or is not. Any context. */
void pcache_filled(struct page *p, err_t err);

/* read(2) and write(2) on the cached content. The caller of write holds inode->lock. */
long pcache_read(struct pcache *pc, struct file *f, struct uio *u, uint64_t *pos);
long pcache_write(struct pcache *pc, struct uio *u, uint64_t pos);
void pcache_readahead(struct pcache *pc, uint64_t first, uint64_t n);

/* inode->lock held. */
err_t pcache_truncate(struct pcache *pc, uint64_t size) must_check;
/* [off, off + len) reads as zeros: whole pages leave the cache, edges are zeroed and dirty. */
err_t pcache_zero_range(struct pcache *pc, uint64_t off, uint64_t len) must_check;
/* Clean pages of [first, last] out, as far as nobody uses them. */
void pcache_forget(struct pcache *pc, uint64_t first, uint64_t last);

/* Write what is dirty of [first, last]; `wait`: all of it, and also what was on its way. */
err_t pcache_flush(struct pcache *pc, uint64_t first, uint64_t last, bool wait);
/* The first dirty page at or after *index. */
bool pcache_next_dirty(struct pcache *pc, uint64_t *index);
err_t pcache_take_error(struct pcache *pc);

/* Between the files of the cache. */
void pcache_wait(struct page *p, uint16_t flags);  /* until none of the flags is set */
void pcache_clear(struct page *p, uint16_t flags); /* and wake who waits */
/* Out of the tree if it is clean and only the tree has it (plus `refs`). lru_lock held. */
bool pcache_evict_locked(struct page *p, unsigned refs);
err_t pcache_dirty(struct pcache *pc, struct page *p) must_check;
