/* SPDX-License-Identifier: Apache-2.0 */
/* test_page.c: memory comes in by sections, blocks never overlap, and what is freed comes together again. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/boot.h"
#include "kern/init.h"
#include "kern/page.h"
#include "kern/page_int.h"
#include "test/lib/kern.h"

enum { RAM = 64 << 20 };

static int setup(void **state)
{
	(void)state;
	test_machine_new(RAM);
	boot_info.kernel_start.v = 1 << 20;
	boot_info.kernel_end.v = (1 << 20) + (700 << 10);
	boot_info.module_start.v = 9 << 20;
	boot_info.module_len = 5000;
	return page_init();
}

static uint64_t rnd = 88172645463325252ull;
static uint64_t rnd_next(void)
{
	rnd ^= rnd << 13;
	rnd ^= rnd >> 7;
	return rnd ^= rnd << 17;
}

static bool reserved(uint64_t pa, uint64_t len)
{
	return pa < ARCH_LOW_END || (pa < boot_info.kernel_end.v && pa + len > 1 << 20) ||
	       (pa < (9 << 20) + 8192 && pa + len > 9 << 20);
}

/* Take everything in single pages: each once, none reserved; give all back; it is all there again. */
static void every_page_once(void **state)
{
	static bool seen[RAM / PAGE_SIZE];
	static struct page *got[RAM / PAGE_SIZE];
	unsigned n = 0, again = 0;
	struct page *p;

	(void)state;
	for (; (p = page_alloc(0, PAGE_ATOMIC)); n++) {
		uint64_t pfn = page_to_pfn(p);

		assert_true(pfn < RAM / PAGE_SIZE);
		assert_false(seen[pfn]);
		assert_false(reserved(pfn << PAGE_SHIFT, PAGE_SIZE));
		seen[pfn] = true;
		memset(page_va(p), 0x5a, PAGE_SIZE);
		got[n] = p;
	}
	assert_true(n > RAM / PAGE_SIZE * 95 / 100);
	for (unsigned i = 0; i < n; i++)
		page_put(got[i]);
	for (; again < n && (p = page_alloc(0, PAGE_ATOMIC | PAGE_ZERO)); again++)
		got[again] = p;
	assert_int_equal(again, n);
	for (unsigned i = 0; i < n; i++)
		page_put(got[i]);
}

/* Random orders, random frees: blocks are aligned and disjoint, and 2 MB blocks return at the end. */
static void random_blocks(void **state)
{
	enum { SLOTS = 600 };
	static struct page *held[SLOTS];
	static unsigned order[SLOTS];
	static uint8_t owner[RAM / PAGE_SIZE];
	unsigned huge = 0;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		unsigned s = rnd_next() % SLOTS;
		uint64_t pfn;

		if (held[s]) {
			pfn = page_to_pfn(held[s]);
			for (unsigned k = 0; k < 1u << order[s]; k++)
				owner[pfn + k] = 0;
			page_put(held[s]);
			held[s] = NULL;
			continue;
		}
		order[s] = rnd_next() % 100 < 60 ? 0 : rnd_next() % (HUGE_ORDER + 1);
		held[s] = page_alloc(order[s], PAGE_ATOMIC | (rnd_next() & 1 ? PAGE_USER : 0));
		if (!held[s])
			continue;
		pfn = page_to_pfn(held[s]);
		assert_int_equal(pfn & ((1u << order[s]) - 1), 0);
		for (unsigned k = 0; k < 1u << order[s]; k++) {
			assert_int_equal(owner[pfn + k], 0);
			owner[pfn + k] = 1;
		}
		assert_false(reserved(pfn << PAGE_SHIFT, PAGE_SIZE << order[s]));
	}
	for (unsigned s = 0; s < SLOTS; s++)
		if (held[s])
			page_put(held[s]);
	while (huge < SLOTS && (held[huge] = page_alloc(HUGE_ORDER, PAGE_ATOMIC)))
		huge++;
	assert_true(huge >= RAM / HUGE_SIZE - 4);
	for (unsigned s = 0; s < huge; s++)
		page_put(held[s]);
}

static void zero_means_zero(void **state)
{
	struct page *p = page_alloc(3, 0);
	char *c = page_va(p);

	(void)state;
	memset(c, 0xff, PAGE_SIZE << 3);
	page_put(p);
	p = page_alloc(3, PAGE_ZERO);
	c = page_va(p);
	for (unsigned i = 0; i < PAGE_SIZE << 3; i++)
		assert_int_equal(c[i], 0);
	page_put(p);
}

static void a_split_block_is_single_pages(void **state)
{
	uint64_t before = buddy_free_frames;
	struct page *p = page_alloc(HUGE_ORDER, 0);
	struct page_stats s0, s1;

	(void)state;
	page_stats(&s0);
	page_split(p);
	for (unsigned i = 0; i < 1u << HUGE_ORDER; i++)
		page_put(p + i);
	page_stats(&s1);
	assert_int_equal(s1.free_bytes - s0.free_bytes, HUGE_SIZE);
	(void)before;
}

/* The program cannot take the kernel's reserve. */
static void the_reserve_stays(void **state)
{
	static struct page *got[RAM / PAGE_SIZE];
	unsigned n = 0;
	struct page *k;

	(void)state;
	while ((got[n] = page_alloc(0, PAGE_USER)))
		n++;
	k = page_alloc(3, PAGE_ATOMIC);
	assert_non_null(k);
	page_put(k);
	while (n)
		page_put(got[--n]);
}

static unsigned long asked;
static struct page *cache[64];
static unsigned ncache;
static unsigned long give_back(unsigned long want)
{
	unsigned long n = 0;

	asked++;
	while (ncache && n < want) {
		page_put(cache[--ncache]);
		n++;
	}
	return n;
}

static void reclaim_is_asked(void **state)
{
	static struct page_reclaimer r = { .reclaim = give_back };
	static struct page *got[RAM / PAGE_SIZE];
	unsigned n = 0, before;

	(void)state;
	page_reclaim_add(&r);
	while (ncache < 64)
		cache[ncache++] = page_alloc(0, PAGE_USER);
	while ((got[n] = page_alloc(0, PAGE_USER | PAGE_ATOMIC)))
		n++;
	assert_int_equal(asked, 0);
	before = n;
	while ((got[n] = page_alloc(0, PAGE_USER)))
		n++;
	assert_true(asked > 0);
	assert_int_equal(ncache, 0);
	assert_true(n >= before + 32);
	while (n)
		page_put(got[--n]);
}

static void *hammer(void *arg)
{
	struct page *held[100] = { NULL };
	uint64_t x = (uintptr_t)arg * 2654435761u + 1;

	test_cpu_enter((unsigned)(uintptr_t)arg);
	for (unsigned i = 0; i < 100000; i++) {
		unsigned s = (x = x * 6364136223846793005u + 1442695040888963407u) >> 33;
		s %= 100;
		if (held[s]) {
			assert_int_equal(*(uint64_t *)page_va(held[s]), (uintptr_t)arg << 32 | s);
			page_put(held[s]);
			held[s] = NULL;
		} else if ((held[s] = page_alloc(s % 8 ? 0 : s % 5, s & 1 ? PAGE_USER : 0))) {
			*(uint64_t *)page_va(held[s]) = (uintptr_t)arg << 32 | s;
		}
	}
	for (unsigned s = 0; s < 100; s++)
		if (held[s])
			page_put(held[s]);
	return NULL;
}

static void cpus_at_once(void **state)
{
	pthread_t t[3];

	(void)state;
	for (uintptr_t i = 0; i < 3; i++) {
		test_cpu_enter((unsigned)i + 1);
		pthread_create(&t[i], NULL, hammer, (void *)(i + 1));
	}
	for (unsigned i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	test_cpu_enter(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_once),
		cmocka_unit_test(random_blocks),
		cmocka_unit_test(zero_means_zero),
		cmocka_unit_test(a_split_block_is_single_pages),
		cmocka_unit_test(the_reserve_stays),
		cmocka_unit_test(cpus_at_once),
		cmocka_unit_test(reclaim_is_asked),
	};
	return cmocka_run_group_tests_name("page", tests, setup, NULL);
}
