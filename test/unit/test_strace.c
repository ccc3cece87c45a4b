/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and bytes as strace writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "linux/strace_int.h"

static char buf[256];

static const char *names(const char *type, uint64_t v)
{
	const struct name_set *s = name_set_find(type, strlen(type));
	struct text t = { .buf = buf, .size = sizeof(buf) };

	assert_non_null(s);
	text_names(&t, s, v);
	return buf;
}

static void test_flags_are_combined(void **state)
{
	(void)state;
	assert_string_equal(names("prot", 0), "PROT_NONE");
	assert_string_equal(names("prot", 3), "PROT_READ|PROT_WRITE");
	assert_string_equal(names("mapflags", 0x22), "MAP_PRIVATE|MAP_ANONYMOUS");
	assert_string_equal(names("msgflags", 0), "0");
}

/* O_RDONLY is 0 and still said; O_SYNC contains O_DSYNC's bit, O_TMPFILE O_DIRECTORY's. */
static void test_open_flags(void **state)
{
	(void)state;
	assert_string_equal(names("oflags", 0), "O_RDONLY");
	assert_string_equal(names("oflags", 02000000), "O_RDONLY|O_CLOEXEC");
	assert_string_equal(names("oflags", 01101), "O_WRONLY|O_CREAT|O_TRUNC");
	assert_string_equal(names("oflags", 04010002), "O_RDWR|O_SYNC");
	assert_string_equal(names("oflags", 010000), "O_RDONLY|O_DSYNC");
	assert_string_equal(names("oflags", 020200002), "O_RDWR|O_TMPFILE");
}

static void test_one_of_many(void **state)
{
	(void)state;
	assert_string_equal(names("whence", 2), "SEEK_END");
	assert_string_equal(names("whence", 77), "0x4d");
	assert_string_equal(names("futexop", 128), "FUTEX_WAIT|FUTEX_PRIVATE_FLAG");
	assert_string_equal(names("futexop", 128 | 256 | 9),
			    "FUTEX_WAIT_BITSET|FUTEX_PRIVATE_FLAG|FUTEX_CLOCK_REALTIME");
}

static void test_unknown_bits_are_kept(void **state)
{
	(void)state;
	assert_string_equal(names("prot", 0x101), "PROT_READ|0x100");
	assert_string_equal(names("mapflags", 0x40000002), "MAP_PRIVATE|0x40000000");
	assert_null(name_set_find("nothing", 7));
	assert_null(name_set_find("pro", 3));
}

static const char *quote(const void *p, size_t n, size_t show)
{
	struct text t = { .buf = buf, .size = sizeof(buf) };

	text_quote(&t, p, n, show, false);
	return buf;
}

static void test_bytes_are_quoted(void **state)
{
	(void)state;
	assert_string_equal(quote("a\nb\t\"\\", 6, 32), "\"a\\nb\\t\\\"\\\\\"");
	assert_string_equal(quote("\0\1\377", 3, 32), "\"\\0\\1\\377\"");
	assert_string_equal(quote("\0"
				  "17\0a",
				  5, 32),
			    "\"\\00017\\0a\"");
	assert_string_equal(quote("abcdef", 6, 3), "\"abc\"...");
	assert_string_equal(quote("", 0, 3), "\"\"");
}

/* What does not fit is cut, and the text stays terminated. */
static void test_a_small_buffer(void **state)
{
	char small[8];
	struct text t = { .buf = small, .size = sizeof(small) };

	(void)state;
	text_add(&t, "%s", "0123456789");
	assert_string_equal(small, "0123456");
	text_add(&t, "%s", "x");
	assert_string_equal(small, "0123456");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags_are_combined),
		cmocka_unit_test(test_open_flags),
		cmocka_unit_test(test_one_of_many),
		cmocka_unit_test(test_unknown_bits_are_kept),
		cmocka_unit_test(test_bytes_are_quoted),
		cmocka_unit_test(test_a_small_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
