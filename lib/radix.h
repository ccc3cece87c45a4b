/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/radix.h: a map from small integers to pointers, 64 ways a level, with one tag bit for each item
 * (the page cache's "dirty").  An item at index 0 alone needs no node, so a file of one page costs nothing.
 *
 * Locks: none, the caller's.  Memory: nodes come from and go to the caller, so that it may allocate
 * before it takes its lock: radix_need() says how many an insertion wants.
 */
#pragma once

#include "lib/err.h"

enum { RADIX_BITS = 6, RADIX_WAYS = 1 << RADIX_BITS };

struct radix_node {
	uint64_t tags;		 /* bit n: something tagged lies in or below slot n */
	uint32_t used;		 /* slots not NULL */
	struct radix_node *next; /* of a list of spare nodes */
	void *slot[RADIX_WAYS];
};

struct radix {
	void *root;	 /* height 0: the item at index 0 */
	unsigned height; /* levels of nodes */
	bool root_tag;	 /* height 0: the item's tag */
};

static inline void radix_init(struct radix *r)
{
	*r = (struct radix){ 0 };
}

static inline void *radix_get(const struct radix *r, uint64_t index)
{
	unsigned shift = r->height * RADIX_BITS;
	const void *n = r->root;

	if (shift < 64 && index >> shift)
		return NULL;
	while (n && shift) {
		shift -= RADIX_BITS;
		n = ((const struct radix_node *)n)->slot[(index >> shift) % RADIX_WAYS];
	}
	return (void *)(uintptr_t)n;
}

/* Nodes that radix_insert() of this index would take from the spare list. */
unsigned radix_need(const struct radix *r, uint64_t index);
/* The slot must be empty and *spare hold radix_need() nodes; the item enters untagged. */
void radix_insert(struct radix *r, uint64_t index, void *item, struct radix_node **spare);
/* The item, NULL when there was none. Nodes that became empty are put on *spare. */
void *radix_remove(struct radix *r, uint64_t index, struct radix_node **spare);
/* The item must be there. */
void radix_tag(struct radix *r, uint64_t index);
void radix_untag(struct radix *r, uint64_t index);
/* The first item at or after *index, and where it is; NULL: none. */
void *radix_next(const struct radix *r, uint64_t *index);
void *radix_next_tagged(const struct radix *r, uint64_t *index);
