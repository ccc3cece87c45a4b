/* SPDX-License-Identifier: Apache-2.0 */
/* lib/ranges.c: disjoint ranges in a red-black tree by start, each node with its subtree's longest. */
#include "lib/ranges.h"

static struct range *range_of(const struct rb_node *n)
{
	return n ? rb_entry((struct rb_node *)(uintptr_t)n, struct range, node) : NULL;
}

static uint64_t max_of(const struct rb_node *n)
{
	return n ? range_of(n)->max : 0;
}

static void update_max(struct rb_node *n)
{
	struct range *r = range_of(n);
	uint64_t below = MAX(max_of(n->child[0]), max_of(n->child[1]));

	r->max = MAX(r->len, below);
}

static bool starts_less(const struct rb_node *a, const struct rb_node *b)
{
	return range_of(a)->start < range_of(b)->start;
}

void ranges_init(struct ranges *s, struct alloc *a)
{
	*s = (struct ranges){ .root = { .update = update_max }, .a = a };
}

static void drop(struct ranges *s, struct range *r)
{
	rb_remove(&s->root, &r->node);
	s->count--;
	alloc_put(s->a, r, sizeof(*r));
}

void ranges_fini(struct ranges *s)
{
	while (s->root.node)
		drop(s, range_of(s->root.node));
	s->total = 0;
}

/* The last range that starts at or before `x`. */
static struct range *at_or_before(const struct ranges *s, uint64_t x)
{
	struct rb_node *n = s->root.node;
	struct range *best = NULL;

	while (n) {
		struct range *r = range_of(n);

		if (r->start <= x)
			best = r;
		n = n->child[r->start <= x];
	}
	return best;
}

const struct range *ranges_from(const struct ranges *s, uint64_t from)
{
	struct range *r = at_or_before(s, from);

	if (r && r->start + r->len > from)
		return r;
	return range_of(r ? rb_next(&r->node) : rb_first(&s->root));
}

bool ranges_has(const struct ranges *s, uint64_t start, uint64_t len)
{
	struct range *r = at_or_before(s, start);

	return r && start - r->start < r->len && len <= r->len - (start - r->start);
}

static void insert(struct ranges *s, struct range *r, uint64_t start, uint64_t len)
{
	r->start = start;
	r->len = r->max = len;
	rb_insert(&s->root, &r->node, starts_less);
	s->count++;
}

static void set_len(struct ranges *s, struct range *r, uint64_t start, uint64_t len)
{
	r->start = start;
	r->len = len;
	rb_update(&s->root, &r->node);
}

/* Join [start, +len) to a range that touches it; false when none does. */
static bool join(struct ranges *s, struct range *prev, struct range *next, uint64_t start,
		 uint64_t len)
{
	bool left = prev && prev->start + prev->len == start;
	bool right = next && start + len == next->start;

	if (left && right) {
		len += next->len;
		drop(s, next);
	}
	if (left)
		set_len(s, prev, prev->start, prev->len + len);
	else if (right)
		set_len(s, next, start, next->len + len);
	return left || right;
}

static err_t add(struct ranges *s, uint64_t start, uint64_t len, struct range *spare, bool *used)
{
	struct range *prev = at_or_before(s, start), *next;

	*used = false;
	if (len == 0 || len > UINT64_MAX - start)
		return -EINVAL;
	next = range_of(prev ? rb_next(&prev->node) : rb_first(&s->root));
	if ((prev && start - prev->start < prev->len) || (next && len > next->start - start))
		return -EEXIST;
	if (!join(s, prev, next, start, len)) {
		if (!spare)
			spare = alloc_get(s->a, sizeof(*spare));
		if (!spare)
			return -ENOMEM;
		*used = true;
		insert(s, spare, start, len);
	}
	s->total += len;
	return 0;
}

err_t ranges_add(struct ranges *s, uint64_t start, uint64_t len)
{
	bool used;

	return add(s, start, len, NULL, &used);
}

void ranges_absorb(struct ranges *to, struct ranges *from)
{
	while (from->root.node) {
		struct range *r = range_of(from->root.node);
		bool used;

		rb_remove(&from->root, &r->node);
		from->count--;
		if (add(to, r->start, r->len, r, &used) || !used)
			alloc_put(from->a, r, sizeof(*r));
	}
	from->total = 0;
}

err_t ranges_take(struct ranges *s, uint64_t start, uint64_t len)
{
	struct range *r = at_or_before(s, start), *tail;
	uint64_t before, after;

	if (!ranges_has(s, start, len))
		return -ENOENT;
	before = start - r->start;
	after = r->len - before - len;
	if (before && after) {
		tail = alloc_get(s->a, sizeof(*tail));
		if (!tail)
			return -ENOMEM;
		set_len(s, r, r->start, before);
		insert(s, tail, start + len, after);
	} else if (before) {
		set_len(s, r, r->start, before);
	} else if (after) {
		set_len(s, r, start + len, after);
	} else {
		drop(s, r);
	}
	s->total -= len;
	return 0;
}

/* The first range that starts at `goal` or behind it and has room for `want`. */
static struct range *first_fit(struct rb_node *n, uint64_t goal, uint64_t want)
{
	struct range *best = NULL;

	while (n && max_of(n) >= want) {
		struct range *r = range_of(n);

		if (r->start < goal) {
			n = n->child[1];
			continue;
		}
		if (r->len >= want)
			best = r;
		/* Something smaller may fit as well, if that side has room at all. */
		if (max_of(n->child[0]) >= want) {
			struct range *left = first_fit(n->child[0], goal, want);

			if (left)
				return left;
		}
		if (best)
			return best;
		n = n->child[1];
	}
	return best;
}

static struct range *longest(const struct ranges *s)
{
	struct rb_node *n = s->root.node;

	while (n && range_of(n)->len != range_of(n)->max)
		n = n->child[max_of(n->child[0]) != range_of(n)->max];
	return range_of(n);
}

bool ranges_fit(const struct ranges *s, uint64_t goal, uint64_t want, uint64_t *start,
		uint64_t *len)
{
	struct range *r = at_or_before(s, goal);

	/* The goal itself, inside a range. */
	if (r && goal - r->start < r->len && want <= r->len - (goal - r->start)) {
		*start = goal;
		*len = want;
		return true;
	}
	r = first_fit(s->root.node, goal, want);
	if (!r)
		r = first_fit(s->root.node, 0, want);
	if (!r)
		r = longest(s);
	if (!r)
		return false;
	*start = r->start;
	*len = MIN(want, r->len);
	return true;
}
