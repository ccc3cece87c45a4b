/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vm_huge.c: 2 MB pages of anonymous memory.  A block of 512 pages under one leaf; the first page's struct
 * keeps, in `owner`, a page for the table that the leaf needs when part of it is unmapped or protected, so
 * that neither of these can fail.
 */
#include "kern/vm_int.h"

#include "kern/tlb.h"

/*
 * Stacks grow by pages, and most of each is never used. Elsewhere a big area is expected to be used; where
 * memory runs short, pages are dealt out one by one.
 */
bool huge_wanted(const struct vm_area *a, uaddr_t addr)
{
	uaddr_t at = ALIGN_DOWN(addr, HUGE_SIZE);

	if (a->start > at || a->end < at + HUGE_SIZE || !area_is_anon(a))
		return false;
	if (a->flags & (VM_HUGE_NEVER | VM_STACK | VM_GROWSDOWN) || vm_policy.thp_never)
		return false;
	return page_plenty() || (a->flags & VM_HUGE_OK);
}

bool huge_fill(const struct vm_area *a, uaddr_t addr)
{
	struct page *p = page_alloc(HUGE_ORDER, PAGE_USER | PAGE_ATOMIC | PAGE_ZERO), *table;
	struct pt_slot *s;

	if (!p)
		return false;
	table = page_alloc(0, PAGE_USER | PAGE_ATOMIC);
	s = table ? pt_make(addr, 1, vm_new_table) : NULL;
	p->owner = table;
	atomic_store_explicit(&p->flags, PAGE_ANON, memory_order_relaxed); /* not yet known */
	if (s && pt_swap(s, 0, pte_leaf(page_to_pa(p), a->pt_prot, 1))) {
		rss_add(1 << HUGE_ORDER, 0);
		return true;
	}
	huge_drop_table(p);
	page_put(p);
	return s && pt_read(s) != 0; /* somebody else filled it: look again */
}

void huge_drop_table(struct page *p)
{
	if (p->owner)
		page_put(p->owner);
	p->owner = NULL;
}

static void fill_table(struct pt_slot *table, uint64_t leaf)
{
	for (unsigned i = 0; i < PT_SLOTS; i++)
		pt_write(&table[i], pte_nth_leaf(leaf, i, 1));
}

void huge_split(struct pt_slot *s, uaddr_t addr)
{
	uint64_t v = pt_read(s);
	struct page *p = pa_to_page(pte_pa(v)), *table = p->owner;

	p->owner = NULL;
	page_split(p);
	do { /* the CPUs may set accessed and dirty meanwhile */
		v = pt_read(s);
		fill_table(page_va(table), v);
	} while (!pt_swap(s, v, pte_table(page_to_pa(table), true)));
	tlb_flush(addr, HUGE_SIZE);
}
