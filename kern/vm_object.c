/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vm_object.c: what a page cache does to the program's view of it.  The object's lock keeps its areas where
 * they are, and with them their tables (kern/vm_int.h).
 */
#include "kern/vm_int.h"

#include "kern/tlb.h"

void vm_object_init(struct vm_object *o, const struct vm_object_ops *ops)
{
	*o = (struct vm_object){ .ops = ops };
	spin_init(&o->lock, RANK_AREA);
	list_init(&o->areas);
}

/* The addresses at which the area shows pages [first, first + n); false: none. */
static bool window(const struct vm_area *a, uint64_t first, uint64_t n, uaddr_t *start,
		   uaddr_t *end)
{
	uint64_t pages = (a->end - a->start) >> PAGE_SHIFT, last = a->pgoff + pages;
	uint64_t from = MAX(first, a->pgoff),
		 to = n > UINT64_MAX - first ? last : MIN(first + n, last);

	if (from >= to)
		return false;
	*start = a->start + ((from - a->pgoff) << PAGE_SHIFT);
	*end = a->start + ((to - a->pgoff) << PAGE_SHIFT);
	return true;
}

/*
 * A fault that copies from one of the pages meanwhile finds its leaf gone when it is done, and starts again;
 * a private copy that comes up behind us is the program's own.
 */
void vm_object_unmap(struct vm_object *o, uint64_t first, uint64_t n, bool keep_private)
{
	struct vm_gather g;
	struct vm_area *a;
	uaddr_t start, end;

	gather_init(&g);
	spin_lock(&o->lock);
	list_for_each_entry (a, &o->areas, link) {
		if (!window(a, first, n, &start, &end))
			continue;
		if (keep_private || (a->flags & VM_SHARED))
			vm_zap_file(&g, start, end);
		else
			vm_zap(&g, start, end);
	}
	spin_unlock(&o->lock);
	gather_finish(&g);
}

static bool clean_leaf(uaddr_t addr, struct page *p)
{
	unsigned level;
	struct pt_slot *s = pt_find(addr, &level);
	uint64_t v;

	do {
		v = pt_read(s);
		if (level || v == 0 || pte_special(v) || pa_to_page(pte_pa(v)) != p ||
		    !pte_writable(v))
			return false;
	} while (!pt_swap(s, v, pte_clean(pte_wrprotect(v))));
	return true;
}

/* One flush for all: an interrupt to every other CPU for each page would cost more than writing it. */
void vm_object_clean(struct vm_object *o, struct page *const *pages, unsigned n)
{
	uaddr_t first = UINT64_MAX, last = 0, addr, end;
	struct vm_area *a;

	if (list_empty(&o->areas)) /* who maps it now sees the pages clean, and notes its write */
		return;
	spin_lock(&o->lock);
	list_for_each_entry (a, &o->areas, link)
		for (unsigned i = 0; a->flags & VM_SHARED && i < n; i++)
			if (window(a, pages[i]->index, 1, &addr, &end) &&
			    clean_leaf(addr, pages[i])) {
				first = MIN(first, addr);
				last = MAX(last, end);
			}
	spin_unlock(&o->lock);
	if (last)
		tlb_flush(first, last - first);
}
