/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/page_int.h: between the page allocator's three parts: page.c (per-CPU caches, reclaim, counts),
 * page_buddy.c (free blocks), page_boot.c (memory not yet brought in).
 *
 *   [b] page_lock   [a] atomic
 */
#pragma once

#include "kern/page.h"
#include "kern/spinlock.h"

/*
 * Blocks of 2 MB are broken up for one kind of use at a time, so that a program that gives its memory back
 * gives whole blocks back, whatever the kernel holds on to.
 */
enum page_kind { KIND_KERNEL, KIND_USER, NKINDS };

enum { SECTION_FRAMES = 1 << HUGE_ORDER };

extern struct spinlock page_lock;

/* page_buddy.c. */
extern uint64_t buddy_free_frames; /* [b] read without it for a rough answer */
struct page *buddy_alloc_locked(unsigned order, enum page_kind kind) needs(&page_lock);
void buddy_free_locked(struct page *p, unsigned order) needs(&page_lock);
/* Frames [pfn, end) of one section, whose array was just cleared, become free. */
void buddy_add_locked(uint64_t pfn, uint64_t end) needs(&page_lock);

/* page_boot.c. */
void page_boot_init(void);
/* Bring in the next 2 MB of the machine's memory; false: all is in. */
bool page_boot_grow_locked(void) needs(&page_lock);
uint64_t page_boot_left(void);	/* frames not yet brought in, less what their own array will take */
uint64_t page_boot_total(void); /* frames of RAM in all */

/* page_wait.c: let those work who free memory; longer with each try. Threads only. */
void page_wait(unsigned tries);
