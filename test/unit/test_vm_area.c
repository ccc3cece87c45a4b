/* SPDX-License-Identifier: Apache-2.0 */
/* test_vm_area.c: the tree of areas against a bitmap of pages that is searched by brute force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kern/vm.h"
#include "kern/vm_area.h"

enum { PAGES = 4096, GUARD_PAGES = AREA_GUARD / 4096 };

static struct area_tree tree;
static struct vm_area *owner[PAGES]; /* the model: who has each page */
static uint64_t rnd = 88172645463325252ull;

static uint64_t rnd_next(void)
{
	rnd ^= rnd << 13;
	rnd ^= rnd >> 7;
	return rnd ^= rnd << 17;
}

static void own(struct vm_area *a, struct vm_area *who)
{
	for (uint64_t p = a->start / 4096; p < a->end / 4096; p++)
		owner[p] = who;
}

/* A page that nobody has, and that is no guard of an area that grows down. */
static bool is_free(uint64_t page)
{
	if (owner[page])
		return false;
	for (uint64_t p = page; p < PAGES && p <= page + GUARD_PAGES; p++)
		if (owner[p])
			return !(owner[p]->flags & VM_GROWSDOWN) ||
			       page < owner[p]->start / 4096 -
					       MIN(owner[p]->start / 4096, (uint64_t)GUARD_PAGES);
	return true;
}

static bool fits(uint64_t at, uint64_t n)
{
	for (uint64_t p = at; p < at + n; p++)
		if (!is_free(p))
			return false;
	return true;
}

static int64_t model_gap(uint64_t n, uint64_t low, uint64_t high, uint64_t align, bool down)
{
	if (high < n)
		return -1;
	for (uint64_t i = 0; i <= high - n; i++) {
		uint64_t at = down ? high - n - i : i;

		if (at >= low && at % align == 0 && fits(at, n))
			return (int64_t)at;
	}
	return -1;
}

static void check_gap(void)
{
	uint64_t n = 1 + rnd_next() % (rnd_next() % 4 ? 20 : 400), a = rnd_next() % PAGES;
	uint64_t b = rnd_next() % PAGES, align = 1ull << (rnd_next() % 6);
	uint64_t low = MIN(a, b), high = MAX(a, b) + 1;
	uaddr_t got;

	for (int down = 0; down < 2; down++) {
		int64_t want = model_gap(n, low, high, align, down);
		bool ok = (down ? area_gap_down : area_gap_up)(&tree, n * 4096, low * 4096,
							       high * 4096, align * 4096, &got);

		if (!ok)
			assert_int_equal(want, -1);
		else
			assert_int_equal(got, (uaddr_t)want * 4096);
	}
}

static void check_find(void)
{
	uint64_t page = rnd_next() % PAGES, p = page;
	struct vm_area *a = area_find(&tree, page * 4096 + rnd_next() % 4096);

	while (p < PAGES && !owner[p])
		p++;
	assert_ptr_equal(a, p < PAGES ? owner[p] : NULL);
}

static void check_order(void)
{
	uaddr_t end = 0;

	for (struct vm_area *a = area_first(&tree); a; a = area_next(a)) {
		uaddr_t top = a->start - (a->flags & VM_GROWSDOWN ? MIN(a->start, AREA_GUARD) : 0);

		assert_true(a->start >= end && a->start < a->end);
		assert_int_equal(a->gap, top > end ? top - end : 0);
		end = a->end;
	}
}

static void add(void)
{
	uint64_t page = rnd_next() % PAGES, n = 0, max = 1 + rnd_next() % 60;
	struct vm_area *a;

	while (page + n < PAGES && n < max && !owner[page + n])
		n++;
	if (n == 0)
		return;
	a = calloc(1, sizeof(*a));
	a->start = page * 4096;
	a->end = (page + n) * 4096;
	a->flags = rnd_next() % 10 ? 0 : VM_GROWSDOWN;
	area_insert(&tree, a);
	own(a, a);
}

static void drop(void)
{
	struct vm_area *a = owner[rnd_next() % PAGES];

	if (!a)
		return;
	own(a, NULL);
	area_remove(&tree, a);
	free(a);
}

static void resize(void)
{
	struct vm_area *a = owner[rnd_next() % PAGES];
	uint64_t s, e;

	if (!a)
		return;
	own(a, NULL);
	s = a->start / 4096;
	e = a->end / 4096;
	while (s && !owner[s - 1] && rnd_next() % 8)
		s--;
	while (e < PAGES && !owner[e] && rnd_next() % 8)
		e++;
	s += rnd_next() % (e - s);
	e -= rnd_next() % (e - s);
	area_resize(a, s * 4096, e * 4096);
	own(a, a);
}

static void the_tree_agrees_with_the_model(void **state)
{
	(void)state;
	area_tree_init(&tree);
	for (unsigned i = 0; i < 20000; i++) {
		switch (rnd_next() % 5) {
		case 0:
		case 1:
			add();
			break;
		case 2:
			drop();
			break;
		case 3:
			resize();
			break;
		}
		check_find();
		if (i % 4 == 0)
			check_gap();
		if (i % 100 == 0)
			check_order();
	}
	while (area_first(&tree)) {
		struct vm_area *a = area_first(&tree);

		area_remove(&tree, a);
		free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_tree_agrees_with_the_model) };

	return cmocka_run_group_tests_name("vm_area", tests, NULL, NULL);
}
