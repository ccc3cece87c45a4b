/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/page.h: physical memory.  A buddy allocator (4 KB .. 2 MB) behind per-CPU caches.  Memory is
 * brought under management in sections of 2 MB, on demand, so that boot does no work per page of the machine.
 *
 * Context: any, interrupts included (but only PAGE_ATOMIC there: no reclaim).  Returns NULL when there is
 * none: reclaim was tried already, in thread context.
 *
 *   [a] atomic   [o] owner of the page   [b] the buddy lock
 */
#pragma once

#include "arch/arch.h"
#include "arch/mmu.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (PAGE_SIZE - 1)
#define HUGE_SHIFT 21
#define HUGE_SIZE  (1ul << HUGE_SHIFT)
#define HUGE_ORDER (HUGE_SHIFT - PAGE_SHIFT)

enum page_flags {
	PAGE_BUDDY = 1 << 0,	 /* [b] free, head of a block of `order` */
	PAGE_SLAB = 1 << 1,	 /* [o] */
	PAGE_CACHE = 1 << 2,	 /* [o] in a page cache; owner is its struct vm_object */
	PAGE_DIRTY = 1 << 3,	 /* [a] must be written back */
	PAGE_WRITEBACK = 1 << 4, /* [a] a write is in flight */
	PAGE_UPTODATE = 1 << 5,	 /* [a] content valid */
	PAGE_ACTIVE = 1 << 6,	 /* second chance */
	PAGE_ERROR = 1 << 7,	 /* the device failed to read or write it */
	PAGE_ANON = 1 << 8,
	PAGE_LOCKED = 1 << 9,	  /* [a] being filled */
	PAGE_READAHEAD = 1 << 10, /* [a] reading this one asks for more */
	PAGE_RESERVED = 1 << 11,  /* [o] dirty, and its file system promised it space */
};

struct page {
	_Atomic uint32_t refs;	/* [a] 0: free */
	_Atomic uint16_t flags; /* [a] PAGE_* */
	uint8_t order;		/* [b] of a free or allocated block's head */
	uint8_t kind;		/* [b] of a section's first frame: kern/page_int.h */
	void *owner;		/* [o] slab cache, vm_object, ... */
	uint32_t index;		/* [o] page number within the owner */
	uint32_t maps;		/* [o] free for the owner: mapping count, slab state */
	uint32_t prev, next;	/* [o] free list or LRU, by page frame number; 0: end */
};
_Static_assert(sizeof(struct page) == 32, "struct page costs 0.8 % of memory");

enum page_alloc_flags {
	PAGE_ZERO = 1 << 0,
	PAGE_ATOMIC = 1 << 1, /* may not reclaim or sleep */
	PAGE_USER = 1 << 2,   /* for the program: leaves the kernel a reserve */
};

struct page *page_alloc(unsigned order, unsigned flags); /* refs = 1 */
static inline void page_get(struct page *p)
{
	/* Whoever calls holds a reference already, so nothing is ordered by this one. */
	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
}
void page_put(struct page *p); /* the last one frees the block */

/* A block of 2^order pages becomes that many single pages, each with one reference and the head's owner. */
void page_split(struct page *p);

/* By frame number: any frame of RAM has its place in the array, filled in once the frame was allocated. */
static inline struct page *pfn_to_page(uint64_t pfn)
{
	return (struct page *)(uintptr_t)PAGE_ARRAY_BASE + pfn;
}

static inline uint64_t page_to_pfn(const struct page *p)
{
	return (uint64_t)(p - (struct page *)(uintptr_t)PAGE_ARRAY_BASE);
}

static inline struct page *pa_to_page(paddr_t pa)
{
	return pfn_to_page(pa.v >> PAGE_SHIFT);
}

static inline paddr_t page_to_pa(const struct page *p)
{
	return (paddr_t){ page_to_pfn(p) << PAGE_SHIFT };
}

static inline void *page_va(const struct page *p)
{
	return pa_to_va(page_to_pa(p));
}

struct page_stats {
	uint64_t total_bytes; /* RAM that the machine has for us */
	uint64_t free_bytes;  /* incl. chunks not yet brought in and per-CPU caches */
	uint64_t cached_bytes, dirty_bytes, anon_bytes, slab_bytes, kernel_bytes;
};
void page_stats(struct page_stats *s);
uint64_t page_total(void);			      /* frames of RAM */
void page_account(enum page_flags kind, long npages); /* PAGE_ANON, PAGE_CACHE, PAGE_DIRTY */

/* Called with a number of pages wanted when memory is short; returns how many it freed. May sleep. */
struct page_reclaimer {
	unsigned long (*reclaim)(unsigned long pages);
	struct page_reclaimer *next;
};
void page_reclaim_add(struct page_reclaimer *r);
/* Below this much free memory, caches should be trimmed in the background. */
bool page_low(void);
/* More than a quarter of memory is free: spend it on speed (2 MB pages). */
bool page_plenty(void);
