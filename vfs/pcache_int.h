/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/pcache_int.h: what the files of the page cache share. Locks as in pcache.h. */
#pragma once

#include "vfs/pcache.h"

/* p, with flags set by the caller, enters the tree. -EEXIST: there is one already. -ENOMEM. */
err_t pcache_insert(struct pcache *pc, uint64_t index, struct page *p) must_check;
/* For the cache, as page_alloc() with these flags; memory that runs low is made up for first. NULL: none. */
struct page *pcache_new_page(unsigned flags);
/* The first page at or after *index and not behind `last`, with a reference; NULL. */
struct page *pcache_next(struct pcache *pc, uint64_t *index, uint64_t last);
/* Out, dirty or not, unless somebody else has done so; the caller has a reference. The same for all of [first, last]. */
void pcache_discard_page(struct pcache *pc, struct page *p);
void pcache_discard(struct pcache *pc, uint64_t first, uint64_t last);
/* The page is dirty no more, if it was; pc->lock held. */
bool pcache_take_dirty_locked(struct pcache *pc, struct page *p);

static inline uint64_t pcache_pages(const struct pcache *pc)
{
	return DIV_UP(pc->inode->size, PAGE_SIZE);
}
