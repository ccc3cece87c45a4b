/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/reclaim.h: which cached pages go when memory is short: two lists, pages seen once and pages seen again.
 */
#pragma once

#include "kern/page.h"

extern struct spinlock lru_lock; /* RANK_LRU: taken before a cache's own lock */

void lru_add_locked(struct page *p);
void lru_del_locked(struct page *p);
/* Free up to n clean pages that nobody maps. Any thread. */
unsigned long lru_shrink(unsigned long n);
/* The same, and takes pages away from mappings too. The write-back thread only. */
unsigned long lru_shrink_mapped(unsigned long n);
void reclaim_init(void);
