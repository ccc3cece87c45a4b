/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/objcache.h: objects of one size carved from 4 KB pages that somebody else supplies.  A page that
 * has become empty goes back to its source, but for one spare.  The last few objects freed are kept apart, for
 * whoever comes next: most are, and their pages are not touched for it.
 *
 * Context:  any.  Locks: none, the owner's.  Memory: one page at a time from `src`; objects are not
 * cleared.  An object must be freed to the cache it came from.
 */
#pragma once

#include "lib/list.h"
#include "lib/mem.h"
#include "lib/util.h"

enum { OBJ_PAGE = 4096, OBJ_PAGE_HEAD = 64, OBJ_HOT = 64 };

/* Where pages come from.  get() returns a 4096-byte aligned page or NULL. */
struct page_src {
	void *(*get)(void *ctx);
	void (*put)(void *ctx, void *page);
	void *ctx;
};

struct objcache {
	void *hot;     /* freed last, threaded through their first word; `used` in their pages */
	uint32_t nhot; /* at most OBJ_HOT */
	struct list partial; /* pages with a free object, the fullest not sought */
	struct page_src *src;
	void *spare;	   /* one empty page that is kept, in partial */
	uint32_t size;	   /* bytes an object, a multiple of 16 */
	uint32_t per_page; /* objects a page */
	uint32_t used;	   /* objects out, hot ones included */
	uint32_t pages;	   /* pages held, the spare included */
};

/* `size` at most 4032. */
void objcache_init(struct objcache *c, struct page_src *src, size_t size);
/* All objects must have been freed. */
void objcache_fini(struct objcache *c);
void *objcache_alloc_slow(struct objcache *c); /* from a page */
void objcache_free_slow(struct objcache *c, void *obj);

/* NULL: no page to be had. */
static inline void *objcache_alloc(struct objcache *c)
{
	void *obj = c->hot;

	if (unlikely(!obj))
		return objcache_alloc_slow(c);
	c->hot = *(void **)obj;
	c->nhot--;
	return obj;
}

static inline void objcache_free(struct objcache *c, void *obj)
{
	if (unlikely(c->nhot >= OBJ_HOT)) {
		objcache_free_slow(c, obj);
		return;
	}
#ifdef CORACLE_DEBUG
	memset(obj, 0xdd, c->size);
#endif
	*(void **)obj = c->hot;
	c->hot = obj;
	c->nhot++;
}
