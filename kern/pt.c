/* SPDX-License-Identifier: Apache-2.0 */
/* kern/pt.c: descending the tables. */
#include "kern/pt.h"

#include "kern/page.h"

struct pt_slot *pt_find(uint64_t va, unsigned *level)
{
	struct pt_slot *table = pt_root;

	for (unsigned l = PT_LEVELS - 1;; l--) {
		struct pt_slot *s = &table[pt_index(va, l)];
		uint64_t v = pt_read(s);

		if (l == 0 || v == 0 || pte_is_leaf(v, l)) {
			*level = l;
			return s;
		}
		table = pt_table_of(v);
	}
}

/* Put a new table into an empty slot; another CPU may be first, then ours goes. The slot's value. */
static uint64_t grow(struct pt_slot *s, bool user, pt_new_table new_table)
{
	paddr_t pa;
	uint64_t v;

	if (!new_table(&pa))
		return 0;
	v = pte_table(pa, user);
	if (pt_swap(s, 0, v))
		return v;
	page_put(pa_to_page(pa));
	return pt_read(s);
}

struct pt_slot *pt_make(uint64_t va, unsigned level, pt_new_table new_table)
{
	struct pt_slot *table = pt_root;

	for (unsigned l = PT_LEVELS - 1;; l--) {
		struct pt_slot *s = &table[pt_index(va, l)];
		uint64_t v;

		if (l == level)
			return s;
		v = pt_read(s);
		if (v == 0)
			v = grow(s, va < USER_TOP, new_table);
		if (v == 0 || pte_is_leaf(v, l))
			return NULL;
		table = pt_table_of(v);
	}
}
