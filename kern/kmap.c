/* SPDX-License-Identifier: Apache-2.0 */
/* kern/kmap.c: the kernel half of the tables. */
#include "kern/kmap.h"

#include "kern/page.h"
#include "kern/pt.h"
#include "kern/tlb.h"

static bool new_table(paddr_t *out)
{
	struct page *p = page_alloc(0, PAGE_ZERO | PAGE_ATOMIC);

	if (p)
		*out = page_to_pa(p);
	return p;
}

err_t kmap_set(uint64_t va, paddr_t pa, uint64_t len, unsigned prot)
{
	for (uint64_t off = 0; off < len; off += PAGE_SIZE) {
		struct pt_slot *s = pt_make(va + off, 0, new_table);

		if (!s)
			return -ENOMEM;
		pt_write(s, pte_leaf((paddr_t){ pa.v + off }, prot, 0));
	}
	return 0;
}

/* A large leaf becomes a table of the next level's leaves, which map the same. */
static bool split(struct pt_slot *s, unsigned level)
{
	uint64_t v = pt_read(s);
	struct pt_slot *table;
	paddr_t pa;

	if (!new_table(&pa))
		return false;
	table = pa_to_va(pa);
	for (unsigned i = 0; i < PT_SLOTS; i++)
		pt_write(&table[i], pte_nth_leaf(v, i, level));
	pt_write(s, pte_table(pa, false));
	return true;
}

/* Leaves of one table, from s on; returns where it ends or `end`. */
static uint64_t protect_leaves(struct pt_slot *s, uint64_t at, uint64_t end, unsigned level,
			       unsigned prot)
{
	do {
		uint64_t v = pt_read(s);

		if (v)
			pt_write(s, pte_set_prot(v, prot, level));
		s++;
		at = ALIGN_DOWN(at, pt_span(level)) + pt_span(level);
	} while (level == 0 && at < end && pt_index(at, 0));
	return at;
}

err_t kmap_protect(uint64_t va, uint64_t len, unsigned prot)
{
	for (uint64_t at = va; at < va + len;) {
		unsigned level;
		struct pt_slot *s = pt_find(at, &level);

		if (level && pt_read(s) &&
		    (!IS_ALIGNED(at, pt_span(level)) || va + len - at < pt_span(level))) {
			if (!split(s, level))
				return -ENOMEM;
			continue;
		}
		at = protect_leaves(s, at, va + len, level, prot);
	}
	tlb_flush_kernel(va, len);
	return 0;
}

err_t kmap_seal_image(void)
{
	struct kernel_image k = kernel_image();
	err_t err = kmap_protect(k.text, k.text_end - k.text, PT_READ | PT_EXEC | PT_GLOBAL);

	if (!err)
		err = kmap_protect(k.text_end, k.rodata_end - k.text_end, PT_READ | PT_GLOBAL);
	if (!err)
		err = kmap_protect(k.rodata_end, k.end - k.rodata_end,
				   PT_READ | PT_WRITE | PT_GLOBAL | PT_DIRTY);
	if (!err)
		err = kmap_protect(DIRECT_BASE + k.text - kernel_va_pa, k.rodata_end - k.text,
				   PT_READ | PT_GLOBAL);
	return err;
}

void kmap_drop_identity(void)
{
	for (unsigned i = 0; i < PT_SLOTS / 2; i++)
		pt_write(&pt_root[i], 0);
	tlb_local_all();
}
