/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vm_area.c: areas in a red-black tree by address, each node summed up by the largest gap below any area of
 * its subtree, so that a search for space visits O(log n) nodes.
 */
#include "kern/vm_area.h"

#include "kern/vm.h"

static struct vm_area *area_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct vm_area, node) : NULL;
}

static uint64_t gap_max(const struct rb_node *n)
{
	return n ? rb_entry(n, struct vm_area, node)->gap_max : 0;
}

static void sum_up(struct rb_node *n)
{
	struct vm_area *a = area_of(n);
	uint64_t below = MAX(gap_max(n->child[0]), gap_max(n->child[1]));

	a->gap_max = MAX(a->gap, below);
}

void area_tree_init(struct area_tree *t)
{
	t->root = (struct rb_root){ NULL, sum_up };
}

struct vm_area *area_first(const struct area_tree *t)
{
	return area_of(rb_first(&t->root));
}

struct vm_area *area_last(const struct area_tree *t)
{
	return area_of(rb_last(&t->root));
}

struct vm_area *area_next(const struct vm_area *a)
{
	return area_of(rb_next(&a->node));
}

struct vm_area *area_prev(const struct vm_area *a)
{
	return area_of(rb_prev(&a->node));
}

struct vm_area *area_find(const struct area_tree *t, uaddr_t addr)
{
	struct rb_node *n = t->root.node;
	struct vm_area *best = NULL;

	while (n) {
		struct vm_area *a = area_of(n);

		if (a->end <= addr) {
			n = n->child[1];
			continue;
		}
		best = a;
		if (a->start <= addr)
			break;
		n = n->child[0];
	}
	return best;
}

/* The top of the gap below a, guard excluded. */
static uaddr_t gap_top(const struct vm_area *a)
{
	if (!(a->flags & VM_GROWSDOWN))
		return a->start;
	return a->start > AREA_GUARD ? a->start - AREA_GUARD : 0;
}

static uaddr_t gap_bottom(const struct vm_area *a)
{
	const struct vm_area *below = area_prev(a);

	return below ? below->end : 0;
}

/* Upwards until a node's summary is what it was. */
static void sum_up_from(struct vm_area *a)
{
	for (struct rb_node *n = &a->node; n; n = rb_parent(n)) {
		uint64_t was = area_of(n)->gap_max;

		sum_up(n);
		if (area_of(n)->gap_max == was)
			return;
	}
}

static void set_gap(struct vm_area *a, uaddr_t bottom)
{
	uaddr_t top = gap_top(a);
	uint64_t gap = top > bottom ? top - bottom : 0;

	if (gap == a->gap)
		return;
	a->gap = gap;
	sum_up_from(a);
}

static void measure(struct vm_area *a)
{
	if (a)
		set_gap(a, gap_bottom(a));
}

static bool lower(const struct rb_node *x, const struct rb_node *y)
{
	return rb_entry(x, struct vm_area, node)->start < rb_entry(y, struct vm_area, node)->start;
}

void area_insert(struct area_tree *t, struct vm_area *a)
{
	struct vm_area *above;

	a->gap = a->gap_max = 0;
	rb_insert(&t->root, &a->node, lower);
	measure(a);
	above = area_next(a);
	if (above)
		set_gap(above, a->end);
}

void area_remove(struct area_tree *t, struct vm_area *a)
{
	struct vm_area *above = area_next(a);

	rb_remove(&t->root, &a->node);
	measure(above);
}

void area_resize(struct vm_area *a, uaddr_t start, uaddr_t end)
{
	bool start_moved = start != a->start, end_moved = end != a->end;
	struct vm_area *above;

	a->start = start;
	a->end = end;
	if (start_moved)
		measure(a);
	above = end_moved ? area_next(a) : NULL;
	if (above)
		set_gap(above, end);
}

/*
 * The next area, going to side `s` (0: down, 1: up) from a, whose gap holds len; a itself not looked at.
 */
static struct vm_area *seek(struct vm_area *a, uint64_t len, unsigned s)
{
	struct rb_node *n = &a->node;

	for (;;) {
		if (gap_max(n->child[s]) >= len) {
			n = n->child[s];
			while (gap_max(n->child[!s]) >= len)
				n = n->child[!s];
			if (area_of(n)->gap >= len)
				return area_of(n);
			continue; /* it is on the near side of n */
		}
		while (rb_parent(n) && rb_parent(n)->child[s] == n)
			n = rb_parent(n);
		n = rb_parent(n);
		if (!n)
			return NULL;
		if (area_of(n)->gap >= len)
			return area_of(n);
	}
}

/* The part of [bottom, top) that lies in [low, high): does it hold len at align? */
static bool fit_down(uaddr_t bottom, uaddr_t top, const uint64_t want[4], uaddr_t *out)
{
	uint64_t len = want[0], align = want[3], at;

	bottom = MAX(bottom, want[1]);
	top = MIN(top, want[2]);
	if (top < len || top - len < bottom)
		return false;
	at = ALIGN_DOWN(top - len, align);
	if (at < bottom)
		return false;
	*out = at;
	return true;
}

static bool fit_up(uaddr_t bottom, uaddr_t top, const uint64_t want[4], uaddr_t *out)
{
	uint64_t len = want[0], align = want[3], at;

	at = ALIGN_UP(MAX(bottom, want[1]), align);
	top = MIN(top, want[2]);
	if (at > top || top - at < len)
		return false;
	*out = at;
	return true;
}

bool area_gap_down(const struct area_tree *t, uint64_t len, uaddr_t low, uaddr_t high,
		   uint64_t align, uaddr_t *out)
{
	const uint64_t want[4] = { len, low, high, align };
	struct vm_area *last = area_last(t);
	struct vm_area *a = area_find(t, high - 1);

	if (!a && fit_down(last ? last->end : 0, UINT64_MAX, want, out))
		return true;
	if (!a)
		a = last;
	for (; a && a->end > low; a = seek(a, len, 0))
		if (fit_down(gap_bottom(a), gap_top(a), want, out))
			return true;
	return false;
}

bool area_gap_up(const struct area_tree *t, uint64_t len, uaddr_t low, uaddr_t high, uint64_t align,
		 uaddr_t *out)
{
	const uint64_t want[4] = { len, low, high, align };
	struct vm_area *last = area_last(t);
	struct vm_area *a = area_find(t, low);

	for (; a && gap_bottom(a) < high; a = seek(a, len, 1))
		if (fit_up(gap_bottom(a), gap_top(a), want, out))
			return true;
	return fit_up(last ? last->end : 0, UINT64_MAX, want, out);
}
