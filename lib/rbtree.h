/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/rbtree.h: a red-black tree threaded through its members (Guibas and Sedgewick 1978).  Keys are the
 * caller's: it compares.  No lock, no allocation.  With root.update set, each node may carry a summary
 * of its subtree (largest gap, end of range), which the tree keeps right through rotations.
 *
 * Look-up is the caller's loop over child[]:
 *
 *	for (n = root->node; n; n = n->child[key > key_of(n)])
 *		...
 */
#pragma once

#include "lib/util.h"

struct rb_node {
	struct rb_node *child[2]; /* 0: smaller, 1: greater */
	uintptr_t parent_red;	  /* address of the parent, bit 0: this node is red */
};

struct rb_root {
	struct rb_node *node;
	/* Recompute n's summary from its own value and its children's; NULL: no summaries. */
	void (*update)(struct rb_node *n);
};

#define RB_ROOT_INIT       \
	{                  \
		NULL, NULL \
	}

static inline bool rb_empty(const struct rb_root *root)
{
	return root->node == NULL;
}

static inline struct rb_node *rb_parent(const struct rb_node *n)
{
	return (struct rb_node *)(n->parent_red & ~(uintptr_t)1);
}

#define rb_entry(n, type, member) container_of(n, type, member)

/* Insert by order; equal keys go after those that are there. */
void rb_insert(struct rb_root *root, struct rb_node *n,
	       bool (*less)(const struct rb_node *a, const struct rb_node *b));
/* Insert where a look-up ended: as parent->child[side], which is empty. parent NULL: the first node. */
void rb_insert_at(struct rb_root *root, struct rb_node *n, struct rb_node *parent, unsigned side);
void rb_remove(struct rb_root *root, struct rb_node *n);
/* n's own value changed, not its place: bring the summaries from n up to the root up to date. */
void rb_update(const struct rb_root *root, struct rb_node *n);

/* In order; NULL at the ends. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *n);
struct rb_node *rb_prev(const struct rb_node *n);
