/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/slab.h: kernel objects.  Size classes and named caches over page_alloc(), per-CPU first.  Objects
 * up to 2 KB come from slabs, larger ones are whole pages.  Context: any; NULL when there is no memory.
 * Debug builds poison freed objects and check the poison and red zones.
 */
#pragma once

#include "lib/err.h"

void *kmalloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *kzalloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *krealloc(void *p, size_t size) __attribute__((alloc_size(2)));
void kfree(void *p); /* NULL is fine */
size_t ksize(const void *p);

struct slab_cache;
struct slab_cache *slab_new(const char *name, size_t size, size_t align); /* boot only: panics */
void *slab_alloc(struct slab_cache *c) __attribute__((malloc));
void *slab_zalloc(struct slab_cache *c) __attribute__((malloc));
void slab_free(struct slab_cache *c, void *p);

/* Kernel address space: pages mapped one by one, with an unmapped guard page below. Stacks, big tables. */
void *vmap_alloc(size_t bytes);
void vmap_free(void *p, size_t bytes);
/* Device registers: uncached. NULL: no room. */
void *mmio_map(uint64_t phys, size_t bytes);
