/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/ranges.h: a set of numbers kept as disjoint ranges that never touch: free space.  All operations are
 * O(log n); fitting uses the largest range of each subtree.
 * Memory: a node for each range, from the allocator given; only adding and taking may need one.
 */
#pragma once

#include "lib/alloc.h"
#include "lib/err.h"
#include "lib/rbtree.h"

struct range {
	struct rb_node node;
	uint64_t start, len;
	uint64_t max; /* the longest of this subtree */
};

struct ranges {
	struct rb_root root;
	struct alloc *a;
	uint64_t total;
	uint64_t count;
};

void ranges_init(struct ranges *, struct alloc *);
void ranges_fini(struct ranges *);

/* -EEXIST: a part is there already; -ENOMEM; -EINVAL: empty or wraps. */
must_check err_t ranges_add(struct ranges *, uint64_t start, uint64_t len);
/* -ENOENT: not all of it is there; -ENOMEM. */
must_check err_t ranges_take(struct ranges *, uint64_t start, uint64_t len);
bool ranges_has(const struct ranges *, uint64_t start, uint64_t len);
/* Move all of `from` into `to`; what is there already is dropped.  Cannot fail. */
void ranges_absorb(struct ranges *to, struct ranges *from);
/*
 * Where `want` numbers fit: from `goal` on, else from the start, else the longest range there is.
 * False when the set is empty.  *len is at most `want`.
 */
bool ranges_fit(const struct ranges *, uint64_t goal, uint64_t want, uint64_t *start,
		uint64_t *len);
/* The first range that ends behind `from`; NULL when there is none. */
const struct range *ranges_from(const struct ranges *, uint64_t from);
