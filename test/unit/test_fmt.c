/* SPDX-License-Identifier: Apache-2.0 */
/* test_fmt.c: the same format and arguments through fmt() and through libc's snprintf. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/fmt.h"

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-truncation"

static void same(const char *f, ...)
{
	char ours[256], libc[256];
	va_list ap, bp;
	size_t n, m;

	va_start(ap, f);
	va_copy(bp, ap);
	n = fmt_v(ours, sizeof(ours), f, ap);
	m = (size_t)vsnprintf(libc, sizeof(libc), f, bp);
	va_end(ap);
	va_end(bp);
	if (n != m || memcmp(ours, libc, n + 1) != 0)
		fail_msg("'%s': ours '%s' (%zu), libc '%s' (%zu)", f, ours, n, libc, m);
}

static void test_integers(void **state)
{
	static const char *const flags[] = { "",   "-",	 "0",  "+",  " ", "#",
					     "-0", "+0", "#0", "-#", "0 " };
	static const char *const sizes[] = { "", "1", "7", "20", ".0", ".1", ".9", "12.5", "3.12" };
	static const long values[] = { 0,   1,	    -1,	     7,	      8,	255,
				       256, -32768, INT_MAX, INT_MIN, LONG_MAX, LONG_MIN };
	static const char conv[] = "diuxXo";
	char f[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		for (size_t j = 0; j < ARRAY_LEN(sizes); j++)
			for (size_t v = 0; v < ARRAY_LEN(values); v++)
				for (const char *c = conv; *c; c++) {
					snprintf(f, sizeof(f), "<%%%s%s%c>", flags[i], sizes[j],
						 *c);
					same(f, (int)values[v]);
					snprintf(f, sizeof(f), "<%%%s%sl%c>", flags[i], sizes[j],
						 *c);
					same(f, values[v]);
				}
}

static void test_lengths(void **state)
{
	(void)state;
	same("%hhd %hhu %hd %hu %hhx", 300, 300, 70000, 70000, -1);
	same("%lld %llu %zd %zu %jd %ju %td", -5ll, 5ull, -6l, 6ul, -7l, 7ul, -8l);
	same("%hhx", 0x1ff);
}

static void test_strings(void **state)
{
	(void)state;
	same("%s|%10s|%-10s|%.2s|%10.2s|%-10.2s|%.0s|", "abc", "abc", "abc", "abc", "abc", "abc",
	     "abc");
	same("%c|%5c|%-5c|", 'x', 'y', 'z');
	same("a%cb%3cd%-3ce", 0, 0, 0);
	same("%*d|%-*d|%*d|%.*s|%.*s", 6, 42, 6, 42, -6, 42, 2, "abc", -1, "abc");
	same("%%|%5d%%", 3);
	same("%p %20p %-20p|", (void *)0x1234, (void *)0x1234, (void *)0x1234);
	same("no conversion");
	same("");
}

static void test_precision_does_not_read_on(void **state)
{
	char exact[3] = { 'a', 'b', 'c' }, out[8];

	(void)state;
	assert_int_equal(fmt(out, sizeof(out), "%.3s", exact), 3);
	assert_string_equal(out, "abc");
}

static void test_truncation(void **state)
{
	char *one = malloc(1), *four = malloc(4); /* the sanitizer watches their ends */

	(void)state;
	assert_int_equal(fmt(NULL, 0, "%d", 12345), 5);
	assert_int_equal(fmt(one, 1, "%d", 12345), 5);
	assert_int_equal(one[0], 0);
	assert_int_equal(fmt(four, 4, "%s-%d", "ab", 99), 5);
	assert_string_equal(four, "ab-");
	free(one);
	free(four);
}

static void test_unknown_is_copied(void **state)
{
	char out[32];

	(void)state;
	fmt(out, sizeof(out), "a%qb%", 1);
	assert_string_equal(out, "a%qb%");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_precision_does_not_read_on),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_unknown_is_copied),
	};

	return cmocka_run_group_tests_name("fmt", tests, NULL, NULL);
}
