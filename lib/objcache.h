/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/objcache.h: objects of one size carved from 4 KB pages that somebody else supplies.  A page that
 * has become empty goes back to its source, but for one spare.
 *
 * Context:  any.  Locks: none, the owner's.  Memory: one page at a time from `src`; objects are not
 * cleared.  An object must be freed to the cache it came from.
 */
#pragma once

#include "lib/list.h"
#include "lib/util.h"

enum { OBJ_PAGE = 4096, OBJ_PAGE_HEAD = 64 };

/* Where pages come from.  get() returns a 4096-byte aligned page or NULL. */
struct page_src {
	void *(*get)(void *ctx);
	void (*put)(void *ctx, void *page);
	void *ctx;
};

struct objcache {
	struct list partial; /* pages with a free object, the fullest not sought */
	struct page_src *src;
	void *spare;	   /* one empty page that is kept, in partial */
	uint32_t size;	   /* bytes an object, a multiple of 16 */
	uint32_t per_page; /* objects a page */
	uint32_t used;	   /* objects out */
	uint32_t pages;	   /* pages held, the spare included */
};

/* `size` at most 4032. */
void objcache_init(struct objcache *c, struct page_src *src, size_t size);
/* All objects must have been freed. */
void objcache_fini(struct objcache *c);
void *objcache_alloc(struct objcache *c); /* NULL: no page to be had */
void objcache_free(struct objcache *c, void *obj);
