/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vmap.c: kernel addresses outside the direct map: stacks with a guard page, allocations that need not
 * be contiguous, device registers.
 *
 * Addresses are plenty (8 TB) and are dealt out in powers of two of pages, the guard included, each size with
 * its own list of freed ones; tables stay once made.  Freed stacks are kept mapped for the next thread.
 */
#include "kern/slab.h"

#include "kern/kmap.h"
#include "kern/page.h"
#include "kern/pt.h"
#include "kern/slab_int.h"
#include "kern/spinlock.h"
#include "kern/thread.h"
#include "kern/tlb.h"
#include "lib/assert.h"

enum { CLASSES = 32, STACKS_KEPT = 16 };

struct hole { /* freed addresses; lost, not reused, where there is no memory to remember them */
	struct hole *next;
	uint64_t va;
};

static struct spinlock lock = SPINLOCK_INIT(RANK_PT);
static struct hole *holes[CLASSES];  /* [lock] by log2 of pages */
static uint64_t va_next = VMAP_BASE; /* [lock] */
static void *stacks[STACKS_KEPT];    /* [lock] */
static unsigned nstacks;	     /* [lock] */

static unsigned class_of(size_t bytes)
{
	unsigned c = 1;

	while ((PAGE_SIZE << c) < bytes + PAGE_SIZE)
		c++;
	return c;
}

/* The address after the guard page; 0: none left. */
static uint64_t va_take(size_t bytes)
{
	unsigned c = class_of(bytes);
	struct hole *h;
	uint64_t va;

	if (c >= CLASSES)
		return 0;
	spin_lock(&lock);
	h = holes[c];
	if (h) {
		holes[c] = h->next;
		va = h->va;
	} else {
		va = va_next;
		va_next += PAGE_SIZE << c;
		if (va_next > VMAP_END) {
			va_next = va;
			va = 0;
		}
	}
	spin_unlock(&lock);
	kfree(h);
	return va ? va + PAGE_SIZE : 0;
}

static void va_give(uint64_t va, size_t bytes)
{
	unsigned c = class_of(bytes);
	struct hole *h = kmalloc(sizeof(*h));

	if (!h)
		return;
	h->va = va - PAGE_SIZE;
	spin_lock(&lock);
	h->next = holes[c];
	holes[c] = h;
	spin_unlock(&lock);
}

static void unmap_pages(uint64_t va, size_t n)
{
	struct page *first = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned level;
		struct pt_slot *s = pt_find(va + i * PAGE_SIZE, &level);
		struct page *p = pa_to_page(pte_pa(pt_read(s)));

		pt_write(s, 0);
		p->owner = first;
		first = p;
	}
	tlb_flush_kernel(va, n * PAGE_SIZE);
	while (first) {
		struct page *p = first;

		first = p->owner;
		page_put(p);
	}
}

static bool map_pages(uint64_t va, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct page *p = page_alloc(0, PAGE_ATOMIC);

		if (p && kmap_set(va + i * PAGE_SIZE, page_to_pa(p), PAGE_SIZE,
				  PT_READ | PT_WRITE | PT_GLOBAL | PT_DIRTY) == 0)
			continue;
		if (p)
			page_put(p);
		unmap_pages(va, i);
		return false;
	}
	return true;
}

static void *stack_reuse(size_t bytes)
{
	void *p = NULL;

	if (bytes != KSTACK_BYTES)
		return NULL;
	spin_lock(&lock);
	if (nstacks)
		p = stacks[--nstacks];
	spin_unlock(&lock);
	return p;
}

static bool stack_keep(void *p, size_t bytes)
{
	bool kept = false;

	if (bytes != KSTACK_BYTES)
		return false;
	spin_lock(&lock);
	if (nstacks < STACKS_KEPT) {
		stacks[nstacks++] = p;
		kept = true;
	}
	spin_unlock(&lock);
	return kept;
}

void *vmap_alloc(size_t bytes)
{
	void *stack = stack_reuse(bytes);
	uint64_t va;

	if (stack)
		return stack;
	bytes = ALIGN_UP(bytes, PAGE_SIZE);
	va = va_take(bytes);
	if (!va)
		return NULL;
	if (!map_pages(va, bytes / PAGE_SIZE)) {
		va_give(va, bytes);
		return NULL;
	}
	return (void *)(uintptr_t)va;
}

void vmap_free(void *p, size_t bytes)
{
	uint64_t va = (uint64_t)(uintptr_t)p;

	if (!p || stack_keep(p, bytes))
		return;
	bytes = ALIGN_UP(bytes, PAGE_SIZE);
	unmap_pages(va, bytes / PAGE_SIZE);
	va_give(va, bytes);
}

/* The size of a mapped kmalloc() is kept in the struct page of its first page. */
static struct page *first_page(const void *p)
{
	unsigned level;

	return pa_to_page(pte_pa(pt_read(pt_find((uint64_t)(uintptr_t)p, &level))));
}

bool kmalloc_is_mapped(const void *p)
{
	uint64_t va = (uint64_t)(uintptr_t)p;

	return va >= VMAP_BASE && va < VMAP_END;
}

void *kmalloc_mapped(size_t bytes)
{
	void *p = vmap_alloc(bytes);

	if (p)
		first_page(p)->index = (uint32_t)DIV_UP(bytes, PAGE_SIZE);
	return p;
}

size_t kmalloc_mapped_size(const void *p)
{
	return first_page(p)->index * PAGE_SIZE;
}

void kmalloc_mapped_free(void *p)
{
	vmap_free(p, kmalloc_mapped_size(p));
}

void *mmio_map(uint64_t phys, size_t bytes)
{
	uint64_t off = phys & PAGE_MASK;
	size_t len = ALIGN_UP(bytes + off, PAGE_SIZE);
	uint64_t va = va_take(len);

	if (!va || kmap_set(va, (paddr_t){ phys - off }, len,
			    PT_READ | PT_WRITE | PT_GLOBAL | PT_UNCACHED | PT_DIRTY) != 0)
		return NULL;
	return (void *)(uintptr_t)(va + off);
}
