/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/rbtree.c: red-black trees.  The invariants: a red node has no red child; every way from a node down
 * to an empty place passes the same number of black nodes; the root is black; an empty place is black.
 * Left and right are child[0] and child[1], so that each case is written once.
 */
#include "lib/rbtree.h"

static bool is_red(const struct rb_node *n)
{
	return n && (n->parent_red & 1);
}

static void set_red(struct rb_node *n, bool red)
{
	n->parent_red = (n->parent_red & ~(uintptr_t)1) | red;
}

static void set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->parent_red = (uintptr_t)parent | (n->parent_red & 1);
}

static unsigned side_of(const struct rb_node *n, const struct rb_node *parent)
{
	return parent->child[1] == n;
}

/* Put `n` (may be NULL) where `old` hangs below `parent` (NULL: at the root). */
static void replace_child(struct rb_root *root, struct rb_node *parent, const struct rb_node *old,
			  struct rb_node *n)
{
	if (parent)
		parent->child[side_of(old, parent)] = n;
	else
		root->node = n;
	if (n)
		set_parent(n, parent);
}

static void update(const struct rb_root *root, struct rb_node *n)
{
	if (root->update)
		root->update(n);
}

void rb_update(const struct rb_root *root, struct rb_node *n)
{
	if (!root->update)
		return;
	for (; n; n = rb_parent(n))
		root->update(n);
}

/* x goes down on `side`; its child of the other side takes its place. Colours stay with the nodes. */
static void rotate(struct rb_root *root, struct rb_node *x, unsigned side)
{
	struct rb_node *y = x->child[!side];
	struct rb_node *inner = y->child[side];

	replace_child(root, rb_parent(x), x, y);
	x->child[!side] = inner;
	if (inner)
		set_parent(inner, x);
	y->child[side] = x;
	set_parent(x, y);
	update(root, x);
	update(root, y);
}

/* n is red and may have a red parent: the only broken invariant. */
static void insert_fix(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *p, *g, *uncle;

	while (is_red(p = rb_parent(n))) {
		g = rb_parent(p); /* exists: a red node is not the root */
		unsigned side = side_of(p, g);

		uncle = g->child[!side];
		if (is_red(uncle)) { /* push the red one level up and look again there */
			set_red(p, false);
			set_red(uncle, false);
			set_red(g, true);
			n = g;
			continue;
		}
		if (side_of(n, p) != side) { /* inner grandchild: make it the outer one */
			rotate(root, p, side);
			p = n;
		}
		set_red(p, false);
		set_red(g, true);
		rotate(root, g, !side);
		break;
	}
	set_red(root->node, false);
}

void rb_insert_at(struct rb_root *root, struct rb_node *n, struct rb_node *parent, unsigned side)
{
	n->child[0] = n->child[1] = NULL;
	n->parent_red = (uintptr_t)parent | 1;
	if (parent)
		parent->child[side] = n;
	else
		root->node = n;
	rb_update(root, n);
	insert_fix(root, n);
}

void rb_insert(struct rb_root *root, struct rb_node *n,
	       bool (*less)(const struct rb_node *a, const struct rb_node *b))
{
	struct rb_node *parent = NULL, *at = root->node;
	unsigned side = 0;

	while (at) {
		parent = at;
		side = !less(n, at);
		at = at->child[side];
	}
	rb_insert_at(root, n, parent, side);
}

/* Ways through p->child[side] have one black node too few. */
static void remove_fix(struct rb_root *root, struct rb_node *p, unsigned side)
{
	struct rb_node *n = p->child[side];

	while (p && !is_red(n)) {
		struct rb_node *s = p->child[!side]; /* exists: its side has a black node more */

		if (is_red(s)) { /* get a black sibling */
			set_red(s, false);
			set_red(p, true);
			rotate(root, p, side);
			s = p->child[!side];
		}
		if (!is_red(s->child[0]) && !is_red(s->child[1])) {
			set_red(s, true); /* both sides are short now: go up */
			n = p;
			p = rb_parent(n);
			if (p)
				side = side_of(n, p);
			continue;
		}
		if (!is_red(s->child[!side])) { /* make the outer nephew the red one */
			set_red(s->child[side], false);
			set_red(s, true);
			rotate(root, s, !side);
			s = p->child[!side];
		}
		set_red(s, is_red(p));
		set_red(p, false);
		set_red(s->child[!side], false);
		rotate(root, p, side);
		return;
	}
	if (n)
		set_red(n, false);
}

static struct rb_node *outermost(struct rb_node *n, unsigned side)
{
	while (n && n->child[side])
		n = n->child[side];
	return n;
}

/* Put s, the successor of n and without a smaller child, into n's place, with n's colour. */
static void take_place(struct rb_root *root, struct rb_node *n, struct rb_node *s)
{
	s->child[0] = n->child[0];
	set_parent(s->child[0], s);
	s->child[1] = n->child[1];
	if (s->child[1])
		set_parent(s->child[1], s);
	replace_child(root, rb_parent(n), n, s);
	set_red(s, is_red(n));
}

void rb_remove(struct rb_root *root, struct rb_node *n)
{
	bool two = n->child[0] && n->child[1];
	struct rb_node *out = two ? outermost(n->child[1], 0) : n; /* leaves its place empty */
	struct rb_node *p = rb_parent(out);
	unsigned side = p ? side_of(out, p) : 0;
	bool was_red = is_red(out);

	replace_child(root, p, out, out->child[0] ? out->child[0] : out->child[1]);
	if (two) {
		take_place(root, n, out);
		if (p == n)
			p = out;
	}
	if (p)
		rb_update(root, p);
	if (was_red)
		return;
	if (p)
		remove_fix(root, p, side);
	else if (root->node)
		set_red(root->node, false);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return outermost(root->node, 0);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return outermost(root->node, 1);
}

static struct rb_node *step(const struct rb_node *n, unsigned side)
{
	struct rb_node *p;

	if (n->child[side])
		return outermost(n->child[side], !side);
	while ((p = rb_parent(n)) && side_of(n, p) == side)
		n = p;
	return p;
}

struct rb_node *rb_next(const struct rb_node *n)
{
	return step(n, 1);
}

struct rb_node *rb_prev(const struct rb_node *n)
{
	return step(n, 0);
}
