/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/slab_int.h: a cache, between slab.c (slabs and magazines) and slab_debug.c (poison and red zones).
 *
 *   [I] set once   [s] lock   [o] own CPU with interrupts off
 */
#pragma once

#include "kern/page.h"
#include "kern/spinlock.h"

struct slab_cache {
	struct spinlock lock;  /* RANK_SLAB; slabs of this cache */
	const char *name;      /* [I] */
	uint32_t size;	       /* [I] asked for */
	uint32_t stride;       /* [I] from one object to the next, red zone included */
	uint16_t per_slab;     /* [I] */
	uint8_t order;	       /* [I] of a slab */
	uint8_t id;	       /* [I] index of its magazines */
	uint32_t partial;      /* [s] frame of the first slab with free objects; 0: none */
	uint32_t nslabs;       /* [s] */
	uint32_t nempty;       /* [s] slabs without objects in use, kept for later */
	uint64_t nobjects;     /* [s] in use or in magazines */
	uint32_t magazine_max; /* [I] objects that a CPU may keep */
};

/* vmap.c: what is larger than a block of pages. */
void kmalloc_mapped_free(void *p);
size_t kmalloc_mapped_size(const void *p);
bool kmalloc_is_mapped(const void *p);

/* Debug builds: a freed object is all poison, and the word after each object says whether it is in use. */
#ifdef CORACLE_DEBUG
enum { SLAB_RED_ZONE = 16 };
void slab_debug_on_alloc(const struct slab_cache *c, void *p);
void slab_debug_on_free(const struct slab_cache *c, void *p);
void slab_debug_fresh(const struct slab_cache *c, void *p);
#else
enum { SLAB_RED_ZONE = 0 };
static inline void slab_debug_on_alloc(const struct slab_cache *c, void *p)
{
	(void)c, (void)p;
}
static inline void slab_debug_on_free(const struct slab_cache *c, void *p)
{
	(void)c, (void)p;
}
static inline void slab_debug_fresh(const struct slab_cache *c, void *p)
{
	(void)c, (void)p;
}
#endif
