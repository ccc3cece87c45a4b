/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/pt.h: the tables' tree.  Slots are found and made here; what stands in them is the business of
 * kern/vm_pt.c (user half) and kern/kmap.c (kernel half).
 *
 * A slot that is empty may be filled by anyone who holds the map's lock shared, by compare-and-swap;
 * tables are only taken away under the lock held exclusive.
 */
#pragma once

#include "arch/mmu.h"
#include "lib/err.h"

/* Bytes that one entry of a table at this level spans: 4 KB, 2 MB, 1 GB, 512 GB. */
static inline unsigned pt_shift(unsigned level)
{
	return 12 + PT_LEVEL_BITS * level;
}

static inline uint64_t pt_span(unsigned level)
{
	return 1ull << pt_shift(level);
}

static inline unsigned pt_index(uint64_t va, unsigned level)
{
	return (unsigned)(va >> pt_shift(level)) & (PT_SLOTS - 1);
}

static inline uint64_t pt_read(const struct pt_slot *s)
{
	return atomic_load_explicit(&s->v,
				    memory_order_relaxed); /* the walk depends on the value */
}

/* For whoever is alone with the slot, or does not care what was there. */
static inline void pt_write(struct pt_slot *s, uint64_t v)
{
	atomic_store_explicit(&s->v, v, memory_order_release); /* pairs with the CPU's walk */
}

/* True: the slot held `old` and now holds v. */
static inline bool pt_swap(struct pt_slot *s, uint64_t old, uint64_t v)
{
	return atomic_compare_exchange_strong(&s->v, &old, v);
}

/* Where the walk towards va ends, and at which level: a leaf, or an empty slot. */
struct pt_slot *pt_find(uint64_t va, unsigned *level);

/*
 * The slot of va at `level`, with the tables above it made by new_table() (zeroed frames) where they are
 * missing.  NULL: no memory, or a leaf of a higher level is in the way.
 */
typedef bool (*pt_new_table)(paddr_t *out);
struct pt_slot *pt_make(uint64_t va, unsigned level, pt_new_table new_table);
