/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/slab.h: kernel objects.  Size classes and named caches over page_alloc(), per-CPU first (Bonwick's
 * magazines).  Objects up to 2 KB come from slabs, larger ones are whole pages, and beyond 2 MB mapped ones.
 *
 * Context: any, interrupts included (but not for more than 2 MB).  NULL when there is no memory: nothing is
 * reclaimed here, the program's allocations leave the kernel a reserve (kern/page.h).
 * Debug builds poison freed objects and check the poison and red zones.
 */
#pragma once

#include "lib/err.h"

void *kmalloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *kzalloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *krealloc(void *p, size_t size) __attribute__((alloc_size(2)));
/* Page by page, where there is no block: thread context, no spinlock held, and no device can be given it. */
void *kmalloc_mapped(size_t bytes) __attribute__((malloc, alloc_size(1)));
void kfree(void *p);	     /* NULL is fine */
size_t ksize(const void *p); /* what may be used of it, at least what was asked for */

struct slab_cache;
struct slab_cache *slab_new(const char *name, size_t size, size_t align); /* boot only: panics */
void *slab_alloc(struct slab_cache *c) __attribute__((malloc));
void *slab_zalloc(struct slab_cache *c) __attribute__((malloc));
void slab_free(struct slab_cache *c, void *p);
uint64_t slab_pages(void); /* pages that slabs hold */

/* Walk the caches, for /proc/slabinfo; false when there is no i-th. Rough figures, no lock. */
struct slab_info {
	const char *name;
	size_t size;
	uint64_t objects, pages;
};
bool slab_info(unsigned i, struct slab_info *out);

/*
 * Kernel address space: pages mapped one by one, not cleared, with an unmapped guard page below. Stacks, big
 * tables.  Thread context, no spinlock held.  NULL: no memory.
 */
void *vmap_alloc(size_t bytes);
void vmap_free(void *p, size_t bytes);
/* Device registers: uncached. NULL: no room. */
void *mmio_map(uint64_t phys, size_t bytes);
