/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/slab.c: Bonwick's slab allocator (USENIX 1994, 2001), with struct page as the slab's header: `owner` is the
 * cache, `index` the first free object (low 16 bits, counted from 1) and how many were ever handed out (high 16
 * bits), `maps` the objects in use, `prev`/`next` the list of slabs with free objects.  Free objects are linked
 * through their first word.
 *
 * In front of each cache every CPU has a magazine: an array of free objects, touched with interrupts off and
 * without a lock, filled from and emptied to the slabs half at a time.
 */
#include "kern/slab.h"

#include "kern/cpu.h"
#include "kern/init.h"
#include "kern/panic.h"
#include "kern/slab_int.h"
#include "lib/assert.h"
#include "lib/mem.h"

enum { CACHES_MAX = 96, EMPTY_KEPT = 2, MAGAZINE_BYTES = 8192, MIN_ALIGN = 16 };

struct magazine {
	uint32_t n;
	uint32_t max;
	void *object[];
};

/* [o] with interrupts off */
struct slab_cpu {
	struct magazine *mag[CACHES_MAX];
};

static const uint16_t class_size[] = { 16,  32,	 48,  64,  96,	 128,  192,
				       256, 384, 512, 768, 1024, 1360, 2048 };
enum { NCLASSES = ARRAY_LEN(class_size), CLASS_MAX = 2048 };

static struct slab_cache caches[CACHES_MAX];
static unsigned ncaches;		     /* [I] grows during boot only */
static uint8_t class_of[CLASS_MAX / 16 + 1]; /* [I] by size in units of 16, rounded up */
static _Atomic uint64_t npages;

static void *object_at(const struct slab_cache *c, struct page *slab, unsigned i)
{
	return (char *)page_va(slab) + (size_t)i * c->stride;
}

static unsigned object_index(const struct slab_cache *c, struct page *slab, const void *p)
{
	return (unsigned)((size_t)((const char *)p - (const char *)page_va(slab)) / c->stride);
}

/* A slab's block is aligned to its size, and so is its first frame. */
static struct page *slab_of(const struct slab_cache *c, const void *p)
{
	uint64_t pfn = va_to_pa(p).v >> PAGE_SHIFT;

	return pfn_to_page(pfn & ~((1ull << c->order) - 1));
}

static void list_push(struct slab_cache *c, struct page *slab)
{
	uint32_t pfn = (uint32_t)page_to_pfn(slab);

	slab->prev = 0;
	slab->next = c->partial;
	if (c->partial)
		pfn_to_page(c->partial)->prev = pfn;
	c->partial = pfn;
}

static void list_remove(struct slab_cache *c, struct page *slab)
{
	if (slab->prev)
		pfn_to_page(slab->prev)->next = slab->next;
	else
		c->partial = slab->next;
	if (slab->next)
		pfn_to_page(slab->next)->prev = slab->prev;
}

static struct page *slab_grow(struct slab_cache *c)
{
	struct page *slab = page_alloc(c->order, PAGE_ATOMIC);

	if (!slab)
		return NULL;
	for (unsigned i = 0; i < 1u << c->order; i++) {
		atomic_store_explicit(&slab[i].flags, PAGE_SLAB, memory_order_relaxed); /* ours */
		slab[i].owner = c;
	}
	slab->index = 0;
	slab->maps = 0;
	c->nslabs++;
	c->nempty++;
	atomic_fetch_add_explicit(&npages, 1ull << c->order, memory_order_relaxed); /* statistic */
	list_push(c, slab);
	return slab;
}

static void slab_release(struct slab_cache *c, struct page *slab)
{
	list_remove(c, slab);
	c->nslabs--;
	c->nempty--;
	atomic_fetch_sub_explicit(&npages, 1ull << c->order, memory_order_relaxed); /* statistic */
	for (unsigned i = 0; i < 1u << c->order; i++) {
		atomic_store_explicit(&slab[i].flags, 0, memory_order_relaxed); /* ours */
		slab[i].owner = NULL;
	}
	page_put(slab);
}

/* The first free object, or the next that was never handed out. */
static void *take_object(struct slab_cache *c, struct page *slab)
{
	unsigned head = slab->index & 0xffff, fresh = slab->index >> 16;
	void *p;

	if (head) {
		void *next;

		p = object_at(c, slab, head - 1);
		memcpy(&next, p, sizeof(next));
		head = next ? object_index(c, slab, next) + 1 : 0;
	} else {
		p = object_at(c, slab, fresh++);
		slab_debug_fresh(c, p);
	}
	slab->index = head | fresh << 16;
	if (slab->maps++ == 0)
		c->nempty--;
	if (slab->maps == c->per_slab)
		list_remove(c, slab);
	return p;
}

static void return_object(struct slab_cache *c, void *p)
{
	struct page *slab = slab_of(c, p);
	unsigned head = slab->index & 0xffff;
	void *next = head ? object_at(c, slab, head - 1) : NULL;

	memcpy(p, &next, sizeof(next));
	slab->index = (slab->index & 0xffff0000) | (object_index(c, slab, p) + 1);
	if (slab->maps-- == c->per_slab)
		list_push(c, slab);
	if (slab->maps == 0 && ++c->nempty > EMPTY_KEPT)
		slab_release(c, slab);
}

static unsigned take_objects(struct slab_cache *c, void **to, unsigned n)
{
	unsigned got = 0;
	bool on = spin_lock_irq(&c->lock);

	for (; got < n; got++) {
		struct page *slab = c->partial ? pfn_to_page(c->partial) : slab_grow(c);

		if (!slab)
			break;
		to[got] = take_object(c, slab);
	}
	c->nobjects += got;
	spin_unlock_irq(&c->lock, on);
	return got;
}

static void return_objects(struct slab_cache *c, void **from, unsigned n)
{
	bool on = spin_lock_irq(&c->lock);

	for (unsigned i = 0; i < n; i++)
		return_object(c, from[i]);
	c->nobjects -= n;
	spin_unlock_irq(&c->lock, on);
}

static noinline struct slab_cpu *new_cpu(void)
{
	struct page *p = page_alloc(0, PAGE_ZERO | PAGE_ATOMIC);

	_Static_assert(sizeof(struct slab_cpu) <= PAGE_SIZE, "one page a CPU");
	return this_cpu()->slab_cache = p ? page_va(p) : NULL;
}

/* Magazines come from a class cache, and that cache's own from its slabs at first. */
static noinline struct magazine *new_magazine(struct slab_cache *c)
{
	struct slab_cpu *cpu = this_cpu()->slab_cache;
	size_t size = sizeof(struct magazine) + c->magazine_max * sizeof(void *);
	struct slab_cache *from = &caches[class_of[DIV_UP(size, 16)]];
	struct magazine *m;

	if (!cpu && !(cpu = new_cpu()))
		return NULL;
	if (take_objects(from, (void **)&m, 1) == 0)
		return NULL;
	slab_debug_on_alloc(from, m);
	m->n = 0;
	m->max = c->magazine_max;
	cpu->mag[c->id] = m;
	return m;
}

static inline struct magazine *magazine(struct slab_cache *c)
{
	struct slab_cpu *cpu = this_cpu()->slab_cache;

	return likely(cpu && cpu->mag[c->id]) ? cpu->mag[c->id] : new_magazine(c);
}

static noinline void *alloc_slow(struct slab_cache *c, struct magazine *m)
{
	void *p = NULL;

	if (!m)
		return take_objects(c, &p, 1) ? p : NULL;
	m->n = take_objects(c, m->object, m->max / 2);
	return m->n ? m->object[--m->n] : NULL;
}

void *slab_alloc(struct slab_cache *c)
{
	bool on = irq_save();
	struct magazine *m = magazine(c);
	void *p = likely(m && m->n) ? m->object[--m->n] : alloc_slow(c, m);

	irq_restore(on);
	if (p)
		slab_debug_on_alloc(c, p);
	return p;
}

void *slab_zalloc(struct slab_cache *c)
{
	void *p = slab_alloc(c);

	if (p)
		memset(p, 0, c->size);
	return p;
}

static noinline void free_slow(struct slab_cache *c, struct magazine *m, void *p)
{
	unsigned n;

	if (!m) {
		return_objects(c, &p, 1);
		return;
	}
	n = m->max / 2;
	return_objects(c, m->object, n);
	memmove(m->object, m->object + n, (m->n - n) * sizeof(void *));
	m->n -= n;
	m->object[m->n++] = p;
}

void slab_free(struct slab_cache *c, void *p)
{
	struct magazine *m;
	bool on;

	if (!p)
		return;
	DEBUG_ASSERT(slab_of(c, p)->owner == c);
	slab_debug_on_free(c, p);
	on = irq_save();
	m = magazine(c);
	if (likely(m && m->n < m->max))
		m->object[m->n++] = p;
	else
		free_slow(c, m, p);
	irq_restore(on);
}

/* The smallest slab that wastes at most an eighth, or four pages. */
static uint8_t pick_order(size_t stride)
{
	uint8_t order = 0;

	while ((PAGE_SIZE << order) < stride ||
	       (order < 2 && (PAGE_SIZE << order) % stride > (PAGE_SIZE << order) / 8))
		order++;
	return order;
}

struct slab_cache *slab_new(const char *name, size_t size, size_t align)
{
	size_t stride = ALIGN_UP(MAX(size, sizeof(void *)), MAX(align, (size_t)8)) + SLAB_RED_ZONE;
	struct slab_cache *c = &caches[ncaches];

	ASSERT(ncaches < CACHES_MAX);
	ASSERT(align <= PAGE_SIZE && (align & (align - 1)) == 0);
	stride = ALIGN_UP(stride, MAX(align, (size_t)8));
	ASSERT(stride <= PAGE_SIZE << 3);
	*c = (struct slab_cache){ .name = name, .size = (uint32_t)size };
	spin_init(&c->lock, RANK_SLAB);
	c->stride = (uint32_t)stride;
	c->order = pick_order(stride);
	c->per_slab = (uint16_t)((PAGE_SIZE << c->order) / stride);
	c->magazine_max = (uint32_t)MIN(MAX(MAGAZINE_BYTES / stride, 4ul), 62ul);
	c->id = (uint8_t)ncaches++;
	return c;
}

err_t slab_init(void)
{
	static const char *const names[] = { "kmalloc-16",   "kmalloc-32",  "kmalloc-48",
					     "kmalloc-64",   "kmalloc-96",  "kmalloc-128",
					     "kmalloc-192",  "kmalloc-256", "kmalloc-384",
					     "kmalloc-512",  "kmalloc-768", "kmalloc-1024",
					     "kmalloc-1360", "kmalloc-2048" };
	unsigned units = 0;

	_Static_assert(ARRAY_LEN(names) == NCLASSES, "a name for each class");
	for (unsigned i = 0; i < NCLASSES; i++) {
		slab_new(names[i], class_size[i], MIN_ALIGN);
		for (; units * 16 <= class_size[i]; units++)
			class_of[units] = (uint8_t)i;
	}
	return 0;
}

/* Beyond a slab: whole pages, their size in the head's struct page; beyond 2 MB: mapped one by one. */
static void *big_alloc(size_t size)
{
	unsigned order = 0;
	struct page *p;

	if (size > HUGE_SIZE)
		return kmalloc_mapped(size);
	while (PAGE_SIZE << order < size)
		order++;
	p = page_alloc(order, PAGE_ATOMIC);
	return p ? page_va(p) : NULL;
}

void *kmalloc(size_t size)
{
	if (unlikely(size > CLASS_MAX))
		return big_alloc(size);
	return slab_alloc(&caches[class_of[(size + 15) / 16]]);
}

void *kzalloc(size_t size)
{
	void *p = kmalloc(size);

	if (p)
		memset(p, 0, size);
	return p;
}

static struct slab_cache *cache_of(struct page *p)
{
	/* Set while the page was nobody else's; the object's owner sees it. */
	return atomic_load_explicit(&p->flags, memory_order_relaxed) & PAGE_SLAB ? p->owner : NULL;
}

size_t ksize(const void *p)
{
	struct page *page;
	struct slab_cache *c;

	if (kmalloc_is_mapped(p))
		return kmalloc_mapped_size(p);
	page = pa_to_page(va_to_pa(p));
	c = cache_of(page);
	return c ? c->size : PAGE_SIZE << page->order;
}

void kfree(void *p)
{
	struct page *page;
	struct slab_cache *c;

	if (!p)
		return;
	if (kmalloc_is_mapped(p)) {
		kmalloc_mapped_free(p);
		return;
	}
	page = pa_to_page(va_to_pa(p));
	c = cache_of(page);
	if (c)
		slab_free(c, p);
	else
		page_put(page);
}

void *krealloc(void *p, size_t size)
{
	size_t have = p ? ksize(p) : 0;
	void *q;

	if (p && size <= have && (size > have / 2 || have <= 64))
		return p;
	q = kmalloc(size);
	if (!q)
		return p && size <= have ? p : NULL;
	if (p)
		memcpy(q, p, MIN(have, size));
	kfree(p);
	return q;
}

uint64_t slab_pages(void)
{
	return atomic_load_explicit(&npages, memory_order_relaxed); /* statistic */
}

bool slab_info(unsigned i, struct slab_info *out)
{
	const struct slab_cache *c = &caches[i];

	if (i >= ncaches)
		return false;
	*out = (struct slab_info){ c->name, c->size, c->nobjects, (uint64_t)c->nslabs << c->order };
	return true;
}
