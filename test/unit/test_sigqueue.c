/* SPDX-License-Identifier: Apache-2.0 */
/* Order, loss and removal in a queue of signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "linux/sigqueue.h"

static struct sigentry entry(int signo, int value)
{
	struct sigentry e = {
		.info = { .signo = signo, .code = LSI_QUEUE, .rt = { .value = (uint64_t)value } }
	};

	list_init(&e.link);
	return e;
}

static void test_realtime_comes_out_in_order(void **state)
{
	struct sigentry e[3] = { entry(40, 1), entry(35, 2), entry(40, 3) };
	struct linux_siginfo info;
	struct sigqueue q;

	(void)state;
	sigqueue_init(&q);
	for (int i = 0; i < 3; i++)
		sigqueue_add(&q, e[i].info.signo, &e[i]);
	assert_int_equal(sigset_first(q.pending), 35);
	assert_ptr_equal(sigqueue_take(&q, 35, &info), &e[1]);
	assert_int_equal(sigset_first(q.pending), 40);
	assert_ptr_equal(sigqueue_take(&q, 40, &info), &e[0]);
	assert_int_equal(info.rt.value, 1);
	assert_true(q.pending & LSIG_BIT(40)); /* one more */
	assert_ptr_equal(sigqueue_take(&q, 40, &info), &e[2]);
	assert_int_equal(q.pending, 0);
}

static void test_faults_come_first(void **state)
{
	(void)state;
	assert_int_equal(sigset_first(0), 0);
	assert_int_equal(sigset_first(LSIG_BIT(LSIGHUP) | LSIG_BIT(LSIGSEGV)), LSIGSEGV);
	assert_int_equal(sigset_first(LSIG_BIT(64) | LSIG_BIT(LSIGTERM)), LSIGTERM);
	assert_int_equal(sigset_first(LSIG_BIT(64)), 64);
}

static void test_a_bare_bit_is_a_signal(void **state)
{
	struct linux_siginfo info;
	struct sigqueue q;

	(void)state;
	sigqueue_init(&q);
	sigqueue_add(&q, LSIGTERM, NULL);
	assert_null(sigqueue_take(&q, LSIGTERM, &info));
	assert_int_equal(info.signo, LSIGTERM);
	assert_int_equal(info.code, LSI_USER);
	assert_int_equal(q.pending, 0);
}

static void test_dropping_and_removing(void **state)
{
	struct sigentry a = entry(LSIGTSTP, 1), b = entry(40, 2), c = entry(40, 3);
	struct sigqueue q;

	(void)state;
	sigqueue_init(&q);
	sigqueue_add(&q, LSIGTSTP, &a);
	sigqueue_add(&q, 40, &b);
	sigqueue_add(&q, 40, &c);
	assert_ptr_equal(sigqueue_drop(&q, LSIG_BIT(LSIGTSTP) | LSIG_BIT(LSIGSTOP)), &a);
	assert_null(sigqueue_drop(&q, LSIG_BIT(LSIGTSTP)));
	sigqueue_remove(&q, &b);
	assert_true(list_empty(&b.link));
	assert_true(q.pending & LSIG_BIT(40));
	sigqueue_remove(&q, &c);
	assert_int_equal(q.pending, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_realtime_comes_out_in_order),
		cmocka_unit_test(test_faults_come_first),
		cmocka_unit_test(test_a_bare_bit_is_a_signal),
		cmocka_unit_test(test_dropping_and_removing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
