/* SPDX-License-Identifier: Apache-2.0 */
/* The estimate of the kernel's share of CPU time, against programs whose share is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "kern/clock.h"
#include "kern/cputime.h"

static uint64_t now;

uint64_t clock_mono_ns(void)
{
	return now;
}

/* One turn of a program: so long by itself, then a call that takes so long. */
struct turn {
	unsigned user_ns, kernel_ns;
};

/* How far the estimate is off after `total` turns, as part of the truth; how many were timed. */
static double error_of(const struct turn *turns, unsigned n, unsigned total, unsigned *timed)
{
	struct thread t = { .sample_in = 1, .sample_every = 1 };
	double truth = 0;

	now = 0;
	*timed = 0;
	for (unsigned i = 0; i < total; i++) {
		bool due;
		uint64_t start;

		now += turns[i % n].user_ns;
		due = cputime_due(&t);
		start = cputime_start(&t);
		now += turns[i % n].kernel_ns;
		truth += turns[i % n].kernel_ns;
		*timed += due;
		if (due)
			cputime_end(&t, start);
	}
	return fabs((double)t.sys_ns / truth - 1);
}

static void test_frequent_calls_are_sampled(void **state)
{
	const struct turn same[] = { { 100, 100 } };
	unsigned timed;

	(void)state;
	assert_true(error_of(same, 1, 1000000, &timed) < 0.02);
	assert_in_range(timed, 20000, 50000); /* one in 32 */
}

static void test_rare_calls_are_all_timed(void **state)
{
	const struct turn rare[] = { { 200000, 30000 } };
	unsigned timed;

	(void)state;
	assert_true(error_of(rare, 1, 1000, &timed) < 1e-9);
	assert_int_equal(timed, 1000);
}

/* Whoever meets the same call of a pattern always is wrong by as much as the calls differ. */
static void test_patterns_do_not_mislead(void **state)
{
	const struct turn pair[] = { { 50, 100 }, { 50, 10000 } };
	const struct turn eight[] = { { 10, 50 }, { 10, 50 }, { 10, 50 }, { 10, 5000 },
				      { 10, 50 }, { 10, 50 }, { 10, 50 }, { 10, 50 } };
	const struct turn uneven[] = { { 100, 50 }, { 30000, 3000 }, { 100, 20000 } };
	unsigned timed;

	(void)state;
	assert_true(error_of(pair, 2, 1000000, &timed) < 0.02);
	assert_true(error_of(eight, 8, 1000000, &timed) < 0.02);
	assert_true(error_of(uneven, 3, 300000, &timed) < 0.02);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frequent_calls_are_sampled),
		cmocka_unit_test(test_rare_calls_are_all_timed),
		cmocka_unit_test(test_patterns_do_not_mislead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
