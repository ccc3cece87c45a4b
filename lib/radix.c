/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/radix.h"

#include "lib/assert.h"
#include "lib/mem.h"

enum { MAX_LEVELS = 11 }; /* 64 bits of index */

static bool fits(unsigned height, uint64_t index)
{
	return height * RADIX_BITS >= 64 || index >> (height * RADIX_BITS) == 0;
}

static unsigned slot_of(uint64_t index, unsigned level)
{
	return (unsigned)(index >> (level * RADIX_BITS)) % RADIX_WAYS;
}

static struct radix_node *take(struct radix_node **spare)
{
	struct radix_node *n = *spare;

	ASSERT(n);
	*spare = n->next;
	memset(n, 0, sizeof(*n));
	return n;
}

static void give(struct radix_node **spare, struct radix_node *n)
{
	n->next = *spare;
	*spare = n;
}

unsigned radix_need(const struct radix *r, uint64_t index)
{
	unsigned height = r->height, need = 0;
	const struct radix_node *n;

	if (!r->root) {
		while (!fits(need, index))
			need++;
		return need;
	}
	while (!fits(height, index)) {
		height++;
		need++;
	}
	if (need) /* the old root hangs under slot 0 of the new one; ours is in another */
		return need + height - 1;
	n = r->root;
	for (unsigned level = height; level > 1; level--) {
		n = n->slot[slot_of(index, level - 1)];
		if (!n)
			return level - 1;
	}
	return 0;
}

/* Add levels above the root until `index` is within reach. */
static void grow(struct radix *r, uint64_t index, struct radix_node **spare)
{
	if (!r->root) {
		r->height = 0;
		while (!fits(r->height, index))
			r->height++;
		if (r->height)
			r->root = take(spare);
		return;
	}
	while (!fits(r->height, index)) {
		struct radix_node *n = take(spare);
		bool tagged = r->height ? ((struct radix_node *)r->root)->tags != 0 : r->root_tag;

		n->slot[0] = r->root;
		n->used = 1;
		n->tags = tagged;
		r->root = n;
		r->height++;
	}
}

void radix_insert(struct radix *r, uint64_t index, void *item, struct radix_node **spare)
{
	struct radix_node *n;

	grow(r, index, spare);
	if (r->height == 0) {
		ASSERT(!r->root);
		r->root = item;
		r->root_tag = false;
		return;
	}
	n = r->root;
	for (unsigned level = r->height - 1; level; level--) {
		void **s = &n->slot[slot_of(index, level)];

		if (!*s) {
			*s = take(spare);
			n->used++;
		}
		n = *s;
	}
	ASSERT(!n->slot[slot_of(index, 0)]);
	n->slot[slot_of(index, 0)] = item;
	n->used++;
}

/* The nodes from the root down to the item's; false when it is not there. */
static bool descend(const struct radix *r, uint64_t index, struct radix_node *path[MAX_LEVELS])
{
	struct radix_node *n = r->root;

	if (!n || !fits(r->height, index))
		return false;
	for (unsigned level = r->height; level--;) {
		path[level] = n;
		n = n->slot[slot_of(index, level)];
		if (!n)
			return false;
	}
	return true;
}

static void untag_up(struct radix *r, uint64_t index, struct radix_node *path[MAX_LEVELS])
{
	for (unsigned level = 0; level < r->height; level++) {
		path[level]->tags &= ~(1ull << slot_of(index, level));
		if (path[level]->tags)
			break;
	}
}

void *radix_remove(struct radix *r, uint64_t index, struct radix_node **spare)
{
	struct radix_node *path[MAX_LEVELS];
	void *item;

	if (!descend(r, index, path))
		return NULL;
	if (r->height == 0) {
		item = r->root;
		radix_init(r);
		return item;
	}
	item = path[0]->slot[slot_of(index, 0)];
	untag_up(r, index, path);
	for (unsigned level = 0; level < r->height; level++) {
		path[level]->slot[slot_of(index, level)] = NULL;
		if (--path[level]->used)
			return item;
		give(spare, path[level]);
	}
	radix_init(r);
	return item;
}

void radix_tag(struct radix *r, uint64_t index)
{
	struct radix_node *path[MAX_LEVELS];
	bool there = descend(r, index, path);

	ASSERT(there);
	if (r->height == 0)
		r->root_tag = true;
	for (unsigned level = 0; level < r->height; level++)
		path[level]->tags |= 1ull << slot_of(index, level);
}

void radix_untag(struct radix *r, uint64_t index)
{
	struct radix_node *path[MAX_LEVELS];
	bool there = descend(r, index, path);

	ASSERT(there);
	if (r->height == 0)
		r->root_tag = false;
	else
		untag_up(r, index, path);
}

static uint64_t occupied(const struct radix_node *n, bool tagged)
{
	uint64_t bits = 0;

	if (tagged)
		return n->tags;
	for (unsigned i = 0; i < RADIX_WAYS; i++)
		bits |= (uint64_t)(n->slot[i] != NULL) << i;
	return bits;
}

/* The first item of the subtree at or after *index, which is relative to the subtree. */
static void *first_in(const struct radix_node *n, unsigned level, uint64_t *index, bool tagged)
{
	unsigned from = (unsigned)(*index >> (level * RADIX_BITS));
	uint64_t below = *index - ((uint64_t)from << (level * RADIX_BITS));
	uint64_t bits;

	if (from >= RADIX_WAYS)
		return NULL;
	for (bits = occupied(n, tagged) >> from << from; bits; bits &= bits - 1) {
		unsigned i = (unsigned)__builtin_ctzll(bits);
		uint64_t sub = i == from ? below : 0;
		void *item = n->slot[i];

		if (level)
			item = first_in(item, level - 1, &sub, tagged);
		if (item) {
			*index = ((uint64_t)i << (level * RADIX_BITS)) + sub;
			return item;
		}
	}
	return NULL;
}

static void *next(const struct radix *r, uint64_t *index, bool tagged)
{
	if (!r->root || !fits(r->height, *index))
		return NULL;
	if (r->height == 0)
		return !tagged || r->root_tag ? r->root : NULL;
	return first_in(r->root, r->height - 1, index, tagged);
}

void *radix_next(const struct radix *r, uint64_t *index)
{
	return next(r, index, false);
}

void *radix_next_tagged(const struct radix *r, uint64_t *index)
{
	return next(r, index, true);
}
