/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/page.c: the page allocator's front: a stack of free single pages per CPU and kind, refilled and
 * trimmed half at a time, so that most calls take no lock; what happens when there is none; the counts.
 */
#include "kern/page.h"

#include "kern/cpu.h"
#include "kern/init.h"
#include "kern/page_int.h"
#include "kern/slab.h"
#include "lib/assert.h"
#include "lib/mem.h"

enum {
	STACK_MAX = 60,
	RECLAIM_TRIES = 40,
	RECLAIM_BATCH = 64,
	RECLAIM_MAX = 4096,
	RECLAIM_WORTH = 1 << 19, /* bytes: less in caches is what they need to live */
};

struct stack {
	unsigned n;
	struct page *page[STACK_MAX];
};

/* [o] with interrupts off. */
struct page_cpu {
	struct stack stack[NKINDS];
};

static struct page_cpu boot_cpu_cache; /* of the CPU that ran page_init() */
static unsigned stack_size;    /* [I] pages that a stack may hold; small machines hoard less */
static uint64_t reserve;       /* [I] frames that the program's allocations leave alone */
static _Atomic long counts[3]; /* anonymous, cached, dirty pages */
static struct page_reclaimer *reclaimers;

static uint64_t free_frames(void)
{
	return buddy_free_frames + page_boot_left();
}

static enum page_kind kind_of(unsigned flags)
{
	return flags & PAGE_USER ? KIND_USER : KIND_KERNEL;
}

static bool above_reserve(unsigned order, unsigned flags)
{
	return !(flags & PAGE_USER) || free_frames() >= reserve + (1ull << order);
}

static struct page *block_alloc(unsigned order, unsigned flags)
{
	struct page *p = NULL;
	bool on = spin_lock_irq(&page_lock);

	if (above_reserve(order, flags))
		p = buddy_alloc_locked(order, kind_of(flags));
	spin_unlock_irq(&page_lock, on);
	return p;
}

/* A block at a time, as large as fits: its pages need no more than their place on the stack. */
static noinline void refill(struct stack *s, unsigned flags)
{
	bool on = spin_lock_irq(&page_lock);
	unsigned order = 4;

	while (s->n < stack_size / 2) {
		struct page *p = NULL;

		while (order && s->n + (1u << order) > stack_size)
			order--;
		if (above_reserve(order, flags))
			p = buddy_alloc_locked(order, kind_of(flags));
		if (!p && order == 0)
			break;
		if (!p) {
			order--;
			continue;
		}
		for (unsigned i = 1u << order; i-- > 0;)
			s->page[s->n++] = p + i; /* the lowest is used first */
	}
	spin_unlock_irq(&page_lock, on);
}

/* The oldest half goes back: what was used last is in the CPU's cache. */
static void trim(struct stack *s, unsigned keep)
{
	unsigned n = s->n - keep;
	bool on = spin_lock_irq(&page_lock);

	for (unsigned i = 0; i < n; i++)
		buddy_free_locked(s->page[i], 0);
	spin_unlock_irq(&page_lock, on);
	memmove(s->page, s->page + n, keep * sizeof(s->page[0]));
	s->n = keep;
}

/* A CPU gets its stacks with its first call. */
static noinline struct page_cpu *new_cpu_cache(void)
{
	struct page *p = block_alloc(0, PAGE_ATOMIC);

	_Static_assert(sizeof(struct page_cpu) <= PAGE_SIZE, "one page a CPU");
	if (!p)
		return NULL;
	atomic_store_explicit(&p->refs, 1, memory_order_relaxed); /* nobody else knows it */
	memset(page_va(p), 0, sizeof(struct page_cpu));
	return this_cpu()->page_cache = page_va(p);
}

static inline struct page_cpu *cpu_cache(void)
{
	struct page_cpu *c = this_cpu()->page_cache;

	return likely(c) ? c : new_cpu_cache();
}

static inline struct page *single_alloc(unsigned flags)
{
	struct page *p = NULL;
	bool on = irq_save();
	struct page_cpu *c = cpu_cache();

	if (likely(c)) {
		struct stack *s = &c->stack[kind_of(flags)];

		if (unlikely(s->n == 0))
			refill(s, flags);
		if (likely(s->n))
			p = s->page[--s->n];
	}
	irq_restore(on);
	return p;
}

static noinline void single_free_full(struct stack *s)
{
	trim(s, stack_size / 2);
}

static void single_free(struct page *p)
{
	bool on = irq_save();
	struct page_cpu *c = cpu_cache();
	struct stack *s;

	if (unlikely(!c)) {
		bool was = spin_lock_irq(&page_lock);

		buddy_free_locked(p, 0);
		spin_unlock_irq(&page_lock, was);
		irq_restore(on);
		return;
	}
	s = &c->stack[pfn_to_page(page_to_pfn(p) & ~(uint64_t)(SECTION_FRAMES - 1))->kind];
	if (unlikely(s->n >= stack_size))
		single_free_full(s);
	s->page[s->n++] = p;
	irq_restore(on);
}

/* What this CPU holds back may complete a block. */
static void drain_this_cpu(void)
{
	bool on = irq_save();
	struct page_cpu *c = this_cpu()->page_cache;

	for (unsigned k = 0; c && k < NKINDS; k++)
		trim(&c->stack[k], 0);
	irq_restore(on);
}

static unsigned long reclaim(unsigned long want)
{
	unsigned long got = 0;

	for (struct page_reclaimer *r = reclaimers; r && got < want; r = r->next)
		got += r->reclaim(want - got);
	return got;
}

static _Atomic long *count_of(enum page_flags kind)
{
	return &counts[kind == PAGE_ANON ? 0 : kind == PAGE_CACHE ? 1 : 2];
}

void page_account(enum page_flags kind, long npages)
{
	atomic_fetch_add_explicit(count_of(kind), npages, memory_order_relaxed); /* a statistic */
}

static uint64_t count_bytes(enum page_flags kind)
{
	long n = atomic_load_explicit(count_of(kind), memory_order_relaxed); /* a statistic */

	return n > 0 ? (uint64_t)n << PAGE_SHIFT : 0;
}

/* Caches hold much that nobody was asked to give back yet, or that is being written out. */
static bool caches_may_give(void)
{
	return count_bytes(PAGE_CACHE) > RECLAIM_WORTH || count_bytes(PAGE_DIRTY);
}

/*
 * Ask for more each time: what was used lately is given back only when it is met again.  Where nothing came, pages
 * are dirty or mapped, and a thread is at work on them: wait for it a little.
 */
static noinline cold struct page *alloc_slow(unsigned order, unsigned flags)
{
	unsigned long want = MAX((unsigned long)RECLAIM_BATCH, 2ul << order);
	struct page *p;

	drain_this_cpu();
	p = block_alloc(order, flags);
	if (flags & PAGE_ATOMIC)
		return p;
	for (unsigned i = 0; !p && i < RECLAIM_TRIES; i++) {
		if (reclaim(want) == 0) {
			if (!caches_may_give())
				break;
			page_wait(i);
		}
		want = MIN(want * 2, (unsigned long)RECLAIM_MAX);
		drain_this_cpu();
		p = block_alloc(order, flags);
	}
	return p;
}

static inline void make_new(struct page *p, unsigned order)
{
	atomic_store_explicit(&p->refs, 1, memory_order_relaxed); /* nobody else knows it */
	atomic_store_explicit(&p->flags, 0, memory_order_relaxed);
	p->order = (uint8_t)order;
	p->owner = NULL;
}

static noinline struct page *page_alloc_block(unsigned order, unsigned flags)
{
	struct page *p;

	if (order > HUGE_ORDER)
		return NULL;
	p = block_alloc(order, flags);
	if (!p)
		p = alloc_slow(order, flags);
	if (!p)
		return NULL;
	make_new(p, order);
	for (unsigned i = 0; flags & PAGE_ZERO && i < 1u << order; i++)
		page_clear(page_va(p + i));
	return p;
}

struct page *page_alloc(unsigned order, unsigned flags)
{
	struct page *p;

	if (unlikely(order))
		return page_alloc_block(order, flags);
	p = single_alloc(flags);
	if (unlikely(!p)) {
		p = alloc_slow(0, flags);
		if (!p)
			return NULL;
	}
	make_new(p, 0);
	if (flags & PAGE_ZERO)
		page_clear(page_va(p));
	return p;
}

static noinline void block_free(struct page *p)
{
	bool on = spin_lock_irq(&page_lock);

	buddy_free_locked(p, p->order);
	spin_unlock_irq(&page_lock, on);
}

void page_put(struct page *p)
{
	/* Release: our uses of the page come before; acquire, by the last one: before its reuse. */
	uint32_t was = atomic_fetch_sub_explicit(&p->refs, 1,
						 memory_order_acq_rel); /* pairs with itself */

	DEBUG_ASSERT(was != 0);
	if (was != 1)
		return;
	if (p->order)
		block_free(p);
	else
		single_free(p);
}

void page_split(struct page *p)
{
	unsigned n = 1u << p->order;

	for (unsigned i = 0; i < n; i++) {
		uint16_t flags = atomic_load_explicit(&p->flags, memory_order_relaxed); /* ours */

		p[i].order = 0;
		if (i == 0)
			continue;
		atomic_store_explicit(&p[i].refs, 1, memory_order_relaxed); /* not yet known */
		atomic_store_explicit(&p[i].flags, flags, memory_order_relaxed);
		p[i].owner = p->owner;
	}
}

/* Pages on the per-CPU stacks; read without their owners' knowledge, so a rough figure. */
static uint64_t stacked_frames(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < ncpus; i++) {
		const struct page_cpu *c = cpus[i] ? cpus[i]->page_cache : NULL;

		for (unsigned k = 0; c && k < NKINDS; k++)
			n += c->stack[k].n;
	}
	return n;
}

void page_stats(struct page_stats *s)
{
	*s = (struct page_stats){
		.total_bytes = page_boot_total() << PAGE_SHIFT,
		.free_bytes = (free_frames() + stacked_frames()) << PAGE_SHIFT,
		.anon_bytes = count_bytes(PAGE_ANON),
		.cached_bytes = count_bytes(PAGE_CACHE),
		.dirty_bytes = count_bytes(PAGE_DIRTY),
		.slab_bytes = slab_pages() << PAGE_SHIFT,
	};
	s->kernel_bytes = s->total_bytes - s->free_bytes;
	s->kernel_bytes -= MIN(s->kernel_bytes, s->anon_bytes + s->cached_bytes + s->slab_bytes);
}

uint64_t page_total(void)
{
	return page_boot_total();
}

void page_reclaim_add(struct page_reclaimer *r)
{
	r->next = reclaimers;
	reclaimers = r;
}

bool page_low(void)
{
	return free_frames() < 2 * reserve;
}

bool page_plenty(void)
{
	return free_frames() > page_boot_total() / 4;
}

/* The reserve is 1/128 of memory, within 128 KB and 16 MB; stacks hold at most 1/512 of it. */
err_t page_init(void)
{
	uint64_t frames;

	page_boot_init();
	frames = page_boot_total();
	reserve = MIN(MAX(frames / 128, 32ull), 4096ull);
	stack_size = (unsigned)MIN(MAX(frames / 512, 8ull), (uint64_t)STACK_MAX);
	this_cpu()->page_cache = &boot_cpu_cache;
	return page_boot_left() ? 0 : -ENOMEM;
}
