/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/objcache.c: a page begins with struct objpage; its free objects are threaded through their first
 * word.  The page of an object is found by masking its address.
 */
#include "lib/objcache.h"

#include "lib/assert.h"
#include "lib/mem.h"

struct objpage {
	struct list link; /* in cache->partial while it has a free object */
	void *free;	  /* first free object */
	struct objcache *cache;
	uint32_t used;
};
_Static_assert(sizeof(struct objpage) <= OBJ_PAGE_HEAD, "the page head fits its place");

void objcache_init(struct objcache *c, struct page_src *src, size_t size)
{
	size = ALIGN_UP(size, 16);
	ASSERT(size >= sizeof(void *) && size <= OBJ_PAGE - OBJ_PAGE_HEAD);
	*c = (struct objcache){
		.src = src,
		.size = (uint32_t)size,
		.per_page = (uint32_t)((OBJ_PAGE - OBJ_PAGE_HEAD) / size),
	};
	list_init(&c->partial);
}

static void page_drop(struct objcache *c, void *page)
{
	c->pages--;
	c->src->put(c->src->ctx, page);
}

void objcache_fini(struct objcache *c)
{
	while (c->hot) {
		void *obj = c->hot;

		c->hot = *(void **)obj;
		objcache_free_slow(c, obj);
	}
	c->nhot = 0;
	ASSERT(c->used == 0);
	if (c->spare) {
		list_del(&((struct objpage *)c->spare)->link);
		page_drop(c, c->spare);
	}
	c->spare = NULL;
	ASSERT(c->pages == 0);
}

static struct objpage *page_add(struct objcache *c)
{
	struct objpage *pg = c->src->get(c->src->ctx);
	char *obj;

	if (!pg)
		return NULL;
	c->pages++;
	pg->cache = c;
	pg->used = 0;
	pg->free = NULL;
	obj = (char *)pg + OBJ_PAGE_HEAD + (size_t)c->size * c->per_page;
	for (uint32_t i = 0; i < c->per_page; i++) {
		obj -= c->size;
		*(void **)(void *)obj = pg->free;
		pg->free = obj;
	}
	list_add(&c->partial, &pg->link);
	return pg;
}

void *objcache_alloc_slow(struct objcache *c)
{
	struct objpage *pg = list_first(&c->partial, struct objpage, link);
	void *obj;

	if (unlikely(!pg)) {
		pg = page_add(c);
		if (!pg)
			return NULL;
	}
	obj = pg->free;
	pg->free = *(void **)obj;
	if (pg->used++ == 0)
		c->spare = NULL;
	c->used++;
	if (!pg->free)
		list_del(&pg->link);
	return obj;
}

void objcache_free_slow(struct objcache *c, void *obj)
{
	struct objpage *pg = (struct objpage *)ALIGN_DOWN((uintptr_t)obj, OBJ_PAGE);

	DEBUG_ASSERT(pg->cache == c && pg->used);
#ifdef CORACLE_DEBUG
	memset(obj, 0xdd, c->size);
#endif
	if (!pg->free)
		list_add(&c->partial, &pg->link);
	*(void **)obj = pg->free;
	pg->free = obj;
	c->used--;
	if (--pg->used)
		return;
	/* The page is empty: one such stays where it is, its list of free objects made. */
	if (!c->spare) {
		c->spare = pg;
		return;
	}
	list_del(&pg->link);
	page_drop(c, pg);
}
