/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rbtree.c: random insertions and removals against a plain array; after each the tree is in order,
 * balanced by colour, and every subtree's count (the summary) is right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/rbtree.h"

#define N 300

struct item {
	struct rb_node node;
	int key;
	unsigned count; /* nodes in the subtree */
	bool in;
};

static struct item items[N];

static struct item *item_of(const struct rb_node *n)
{
	return rb_entry((struct rb_node *)(uintptr_t)n, struct item, node);
}

static bool less(const struct rb_node *a, const struct rb_node *b)
{
	return item_of(a)->key < item_of(b)->key;
}

static unsigned count_of(const struct rb_node *n)
{
	return n ? item_of(n)->count : 0;
}

static void count(struct rb_node *n)
{
	item_of(n)->count = 1 + count_of(n->child[0]) + count_of(n->child[1]);
}

/* Returns the number of black nodes on each way down; fails where they differ. */
static int check_subtree(const struct rb_node *n, const struct rb_node *parent, bool summaries)
{
	bool red;
	int l, r;

	if (!n)
		return 1;
	red = n->parent_red & 1;
	assert_ptr_equal(rb_parent(n), parent);
	assert_false(red && parent && (parent->parent_red & 1));
	if (n->child[0])
		assert_true(item_of(n->child[0])->key <= item_of(n)->key);
	if (n->child[1])
		assert_true(item_of(n->child[1])->key >= item_of(n)->key);
	l = check_subtree(n->child[0], n, summaries);
	r = check_subtree(n->child[1], n, summaries);
	assert_int_equal(l, r);
	if (summaries)
		assert_int_equal(item_of(n)->count,
				 1 + count_of(n->child[0]) + count_of(n->child[1]));
	return l + !red;
}

static void check(const struct rb_root *root, unsigned expect)
{
	const struct rb_node *n, *prev = NULL;
	unsigned seen = 0;

	assert_false(root->node && (root->node->parent_red & 1));
	check_subtree(root->node, NULL, root->update != NULL);
	for (n = rb_first(root); n; prev = n, n = rb_next(n), seen++) {
		assert_ptr_equal(rb_prev(n), prev);
		if (prev)
			assert_true(item_of(prev)->key <= item_of(n)->key);
	}
	assert_ptr_equal(rb_last(root), prev);
	assert_int_equal(seen, expect);
}

static void run(unsigned seed, bool summaries, int keys)
{
	struct rb_root root = { NULL, summaries ? count : NULL };
	unsigned live = 0;

	srand(seed);
	for (int i = 0; i < N; i++)
		items[i] = (struct item){ .key = rand() % keys };
	for (int i = 0; i < 4 * N; i++) {
		/* Grow for the first half, shrink for the second. */
		struct item *it = &items[rand() % N];
		bool insert = (rand() % 4) < (i < 2 * N ? 3 : 1);

		if (insert == it->in)
			continue;
		if (insert)
			rb_insert(&root, &it->node, less);
		else
			rb_remove(&root, &it->node);
		it->in = insert;
		live += insert ? 1 : -1u;
		check(&root, live);
	}
	while (root.node) {
		rb_remove(&root, root.node);
		check(&root, --live);
	}
}

static void test_random(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 6; seed++) {
		run(seed, false, 1000000);
		run(seed, true, 1000000);
		run(seed, true, 5); /* many equal keys */
	}
}

static void test_equal_keys_keep_order(void **state)
{
	struct rb_root root = RB_ROOT_INIT;
	const struct rb_node *n;
	int i = 0;

	(void)state;
	for (int k = 0; k < 50; k++) {
		items[k] = (struct item){ .key = 7 };
		rb_insert(&root, &items[k].node, less);
	}
	for (n = rb_first(&root); n; n = rb_next(n))
		assert_ptr_equal(item_of(n), &items[i++]);
	assert_int_equal(i, 50);
}

static void test_update_after_change(void **state)
{
	struct rb_root root = { NULL, count };

	(void)state;
	for (int k = 0; k < 20; k++) {
		items[k] = (struct item){ .key = k };
		rb_insert(&root, &items[k].node, less);
	}
	items[3].count = 0;
	rb_update(&root, &items[3].node);
	check(&root, 20);
	assert_int_equal(item_of(root.node)->count, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_equal_keys_keep_order),
		cmocka_unit_test(test_update_after_change),
	};

	return cmocka_run_group_tests_name("rbtree", tests, NULL, NULL);
}
