/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/slab_debug.c: what debug builds check of each object.  Free: filled with poison but for the free
 * list's first word, so that a write after free is seen at the next allocation.  The red zone behind the
 * object tells in use from free (double free) and is spoilt by a write past the end.
 */
#include "kern/slab_int.h"

#ifdef CORACLE_DEBUG

#include "kern/panic.h"
#include "lib/mem.h"

#define POISON	 0x6bu
#define RED_FREE 0xbb10c0debb10c0deull
#define RED_USED 0xacce551bacce551bull

static uint64_t *red_zone(const struct slab_cache *c, void *p)
{
	return (uint64_t *)(void *)((char *)p + c->stride - SLAB_RED_ZONE);
}

static void expect_red(const struct slab_cache *c, void *p, uint64_t want, const char *what)
{
	const uint64_t *red = red_zone(c, p);

	if (red[0] != want || red[1] != want)
		panic("slab %s: %s at %p (red zone %#llx %#llx)", c->name, what, p,
		      (unsigned long long)red[0], (unsigned long long)red[1]);
}

static void set_red(const struct slab_cache *c, void *p, uint64_t v)
{
	uint64_t *red = red_zone(c, p);

	red[0] = red[1] = v;
}

static size_t body(const struct slab_cache *c)
{
	return c->stride - SLAB_RED_ZONE;
}

void slab_debug_fresh(const struct slab_cache *c, void *p)
{
	memset(p, POISON, body(c));
	set_red(c, p, RED_FREE);
}

void slab_debug_on_alloc(const struct slab_cache *c, void *p)
{
	const uint8_t *b = p;

	expect_red(c, p, RED_FREE, "spoilt while free");
	for (size_t i = sizeof(void *); i < body(c); i++)
		if (b[i] != POISON)
			panic("slab %s: %p written after free, at %zu: %#x", c->name, p, i, b[i]);
	set_red(c, p, RED_USED);
}

void slab_debug_on_free(const struct slab_cache *c, void *p)
{
	expect_red(c, p, RED_USED, "freed twice, not ours, or written past its end");
	slab_debug_fresh(c, p);
}

#endif
