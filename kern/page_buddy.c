/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/page_buddy.c: the binary buddy system (Knowlton 1965) over sections of 2 MB.
 *
 * A free block is known by PAGE_BUDDY and its order in its first frame's struct page, and is on the list of
 * its order and of the kind of its section.  A block and its buddy never lie in different sections, so
 * the struct pages that merging looks at have always been cleared.  Whole sections that are free have
 * no kind and lie on a list of their own.
 */
#include "kern/page_int.h"

#include "lib/assert.h"

struct spinlock page_lock = SPINLOCK_INIT(RANK_PAGE);
uint64_t buddy_free_frames;

static uint32_t small[NKINDS][HUGE_ORDER]; /* [b] frame number of the first; 0: none */
static uint32_t whole;			   /* [b] free sections */

static struct page *section_of(uint64_t pfn)
{
	return pfn_to_page(ALIGN_DOWN(pfn, (uint64_t)SECTION_FRAMES));
}

/* The kind of a section is kept in its first frame, in use or not. */
static uint32_t *list_of(uint64_t pfn, unsigned order)
{
	return order == HUGE_ORDER ? &whole : &small[section_of(pfn)->kind][order];
}

static void push(struct page *p, unsigned order)
{
	uint32_t pfn = (uint32_t)page_to_pfn(p);
	uint32_t *head = list_of(pfn, order);

	atomic_store_explicit(&p->flags, PAGE_BUDDY, memory_order_relaxed); /* page_lock orders */
	p->order = (uint8_t)order;
	p->prev = 0;
	p->next = *head;
	if (*head)
		pfn_to_page(*head)->prev = pfn;
	*head = pfn;
	buddy_free_frames += 1ull << order;
}

static void unlink_block(struct page *p)
{
	uint64_t pfn = page_to_pfn(p);

	if (p->prev)
		pfn_to_page(p->prev)->next = p->next;
	else
		*list_of(pfn, p->order) = p->next;
	if (p->next)
		pfn_to_page(p->next)->prev = p->prev;
	atomic_store_explicit(&p->flags, 0, memory_order_relaxed); /* page_lock orders */
	buddy_free_frames -= 1ull << p->order;
}

static bool is_free(const struct page *p, unsigned order)
{
	return (atomic_load_explicit(&p->flags, memory_order_relaxed) & PAGE_BUDDY) &&
	       p->order == order; /* page_lock orders */
}

void buddy_free_locked(struct page *p, unsigned order)
{
	uint64_t pfn = page_to_pfn(p);

	assert_held(&page_lock);
	for (; order < HUGE_ORDER; order++) {
		struct page *buddy = pfn_to_page(pfn ^ (1ull << order));

		if (!is_free(buddy, order))
			break;
		unlink_block(buddy);
		pfn &= ~(1ull << order);
	}
	push(pfn_to_page(pfn), order);
}

void buddy_add_locked(uint64_t pfn, uint64_t end)
{
	while (pfn < end) {
		unsigned order = HUGE_ORDER;

		while (!IS_ALIGNED(pfn, 1ull << order) || pfn + (1ull << order) > end)
			order--;
		buddy_free_locked(pfn_to_page(pfn), order);
		pfn += 1ull << order;
	}
}

/* The upper halves go back until the block has the order wanted. */
static struct page *cut(struct page *p, unsigned have, unsigned want)
{
	while (have > want) {
		have--;
		push(p + (1ull << have), have);
	}
	p->order = (uint8_t)want;
	return p;
}

static struct page *take_small(unsigned order, enum page_kind kind)
{
	for (unsigned o = order; o < HUGE_ORDER; o++) {
		if (small[kind][o]) {
			struct page *p = pfn_to_page(small[kind][o]);

			unlink_block(p);
			return cut(p, o, order);
		}
	}
	return NULL;
}

static struct page *take_whole(unsigned order, enum page_kind kind)
{
	struct page *p;

	if (!whole)
		return NULL;
	p = pfn_to_page(whole);
	unlink_block(p);
	p->kind = (uint8_t)kind;
	return cut(p, HUGE_ORDER, order);
}

/* What is broken already comes first, then whole sections, then new memory, then the other kind's. */
struct page *buddy_alloc_locked(unsigned order, enum page_kind kind)
{
	struct page *p;

	assert_held(&page_lock);
	do {
		p = take_small(order, kind);
		if (!p)
			p = take_whole(order, kind);
	} while (!p && page_boot_grow_locked());
	for (unsigned k = 0; !p && k < NKINDS; k++)
		p = take_small(order, (enum page_kind)k);
	return p;
}
