/* SPDX-License-Identifier: Apache-2.0 */
/* test_radix.c: the radix map against a plain array: same items, same tags, nothing leaked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/radix.h"

enum { SPAN = 5000 };

static uint64_t state = 88172645463325252ull;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static void put(struct radix *r, uint64_t index, void *item)
{
	struct radix_node *spare = NULL;

	for (unsigned need = radix_need(r, index); need; need--) {
		struct radix_node *n = malloc(sizeof(*n));

		n->next = spare;
		spare = n;
	}
	radix_insert(r, index, item, &spare);
	assert_null(spare); /* radix_need() said exactly how many */
}

static void *take(struct radix *r, uint64_t index)
{
	struct radix_node *freed = NULL;
	void *item = radix_remove(r, index, &freed);

	while (freed) {
		struct radix_node *next = freed->next;

		free(freed);
		freed = next;
	}
	return item;
}

static void one_item_needs_no_node(void **unused)
{
	struct radix r;
	int x;

	(void)unused;
	radix_init(&r);
	assert_int_equal(radix_need(&r, 0), 0);
	put(&r, 0, &x);
	assert_ptr_equal(radix_get(&r, 0), &x);
	assert_null(radix_get(&r, 1));
	radix_tag(&r, 0);
	put(&r, 70, &state);
	uint64_t at = 0;
	assert_ptr_equal(radix_next_tagged(&r, &at),
			 &x); /* the tag came along when the tree grew */
	at = 1;
	assert_null(radix_next_tagged(&r, &at));
	assert_ptr_equal(take(&r, 0), &x);
	assert_ptr_equal(take(&r, 70), &state);
	assert_null(r.root);
}

static void far_indices(void **unused)
{
	const uint64_t far[] = { 0, 63, 64, 4095, 4096, UINT32_MAX, 1ull << 40, (1ull << 52) - 1 };
	struct radix r;
	uint64_t at = 0;

	(void)unused;
	radix_init(&r);
	for (size_t i = 0; i < ARRAY_LEN(far); i++)
		put(&r, far[i], (void *)(uintptr_t)(i + 1));
	for (size_t i = 0; i < ARRAY_LEN(far); i++, at++) {
		assert_int_equal((uintptr_t)radix_next(&r, &at), i + 1);
		assert_int_equal(at, far[i]);
	}
	assert_null(radix_next(&r, &at));
	assert_null(radix_get(&r, UINT64_MAX));
	for (size_t i = 0; i < ARRAY_LEN(far); i++)
		assert_int_equal((uintptr_t)take(&r, far[i]), i + 1);
	assert_null(r.root);
}

static void *items[SPAN];
static bool tags[SPAN];

static void compare(const struct radix *r)
{
	uint64_t at = 0, tagged = 0;

	for (uint64_t i = 0; i < SPAN; i++) {
		assert_ptr_equal(radix_get(r, i), items[i]);
		if (items[i]) {
			assert_ptr_equal(radix_next(r, &at), items[i]);
			assert_int_equal(at++, i);
		}
		if (tags[i]) {
			assert_ptr_equal(radix_next_tagged(r, &tagged), items[i]);
			assert_int_equal(tagged++, i);
		}
	}
	assert_null(radix_next(r, &at));
	assert_null(radix_next_tagged(r, &tagged));
}

static void step(struct radix *r, uint64_t i)
{
	if (!items[i]) {
		items[i] = (void *)(uintptr_t)(i + 1);
		put(r, i, items[i]);
	} else if (rnd() % 3 == 0) {
		assert_ptr_equal(take(r, i), items[i]);
		items[i] = NULL;
		tags[i] = false;
	} else {
		tags[i] = !tags[i];
		if (tags[i])
			radix_tag(r, i);
		else
			radix_untag(r, i);
	}
}

static void as_an_array(void **unused)
{
	struct radix r;

	(void)unused;
	radix_init(&r);
	for (unsigned n = 0; n < 40000; n++) {
		step(&r, rnd() % SPAN);
		if (n % 5000 == 0)
			compare(&r);
	}
	compare(&r);
	for (uint64_t i = 0; i < SPAN; i++)
		take(&r, i);
	assert_null(r.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_item_needs_no_node),
		cmocka_unit_test(far_indices),
		cmocka_unit_test(as_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
