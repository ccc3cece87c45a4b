/* SPDX-License-Identifier: Apache-2.0 */
/* test_uio.c: vectors are walked byte for byte, with empty elements and elements that cannot be reached. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/user.h"
#include "kern/uio.h"
#include "lib/util.h"

/* User memory of this test: all but what lies in [bad, bad + 4096). */
static char *bad;

size_t user_copy_raw(void *dst, const void *src, size_t n)
{
	size_t ok = n;

	for (size_t i = 0; i < n; i++)
		if ((char *)dst + i == bad || (const char *)src + i == bad) {
			ok = i;
			break;
		}
	memcpy(dst, src, ok);
	return n - ok;
}

size_t user_clear_raw(void *dst, size_t n)
{
	size_t ok = (char *)dst <= bad && bad < (char *)dst + n ? (size_t)(bad - (char *)dst) : n;

	memset(dst, 0, ok);
	return n - ok;
}

static uaddr_t ua(void *p)
{
	return (uaddr_t)(uintptr_t)p;
}

static void vectors_are_walked(void **state)
{
	char out[40], in[40];
	const struct uvec v[] = { { ua(out), 0 },      { ua(out), 3 }, { ua(out + 10), 0 },
				  { ua(out + 10), 5 }, { 0, 0 },       { ua(out + 20), 4 } };
	struct uio u;

	(void)state;
	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (char)('a' + i);
	for (unsigned step = 1; step < 14; step++) {
		size_t done = 0;

		memset(out, '.', sizeof(out));
		uio_vec(&u, v, ARRAY_LEN(v), 12);
		while (u.left) {
			long n = uio_write(&u, in + done, step);

			assert_int_equal(n, MIN((size_t)step, 12 - done));
			done += (size_t)n;
		}
		assert_int_equal(done, 12);
		assert_memory_equal(out, "abc.......defgh.....ijkl....", 28);
		assert_int_equal(uio_write(&u, in, 5), 0);
		uio_vec(&u, v, ARRAY_LEN(v), 12);
		assert_int_equal(uio_zero(&u, 4), 4);
		assert_int_equal(uio_read(&u, in + 30, 8), 8);
		assert_memory_equal(in + 30, "efghijkl", 8);
	}
}

static void short_counts_are_exact(void **state)
{
	char out[30], in[30];
	const struct uvec v[] = { { ua(out), 10 }, { ua(out + 10), 20 } };
	struct uio u;

	(void)state;
	memset(in, 'x', sizeof(in));
	bad = out + 14;
	uio_vec(&u, v, 2, 30);
	assert_int_equal(uio_write(&u, in, 30), 14);
	assert_int_equal(u.left, 16);
	assert_int_equal(uio_write(&u, in, 3), -EFAULT);
	uio_user(&u, ua(out), 30);
	assert_int_equal(uio_write(&u, in, 30), 14);
	assert_int_equal(uio_write(&u, in, 1), -EFAULT);
	uio_user(&u, USER_TOP - 4, 30);
	assert_int_equal(uio_write(&u, in, 30), -EFAULT);
	uio_user(&u, ua(out), 0);
	assert_int_equal(uio_write(&u, in, 30), 0);
	bad = NULL;
}

static void kernel_memory_works_too(void **state)
{
	char out[8] = "........", in[8] = "01234567";
	struct uio u;

	(void)state;
	uio_kernel(&u, out, 8);
	assert_int_equal(uio_write(&u, in, 3), 3);
	uio_advance(&u, 2);
	assert_int_equal(uio_write(&u, in + 3, 9), 3);
	assert_memory_equal(out, "012..345", 8);
}

/* Strings at every alignment, ending at every place. */
static void strings_end_where_they_end(void **state)
{
	char mem[64] __attribute__((aligned(8))), got[64];

	(void)state;
	for (unsigned at = 0; at < 16; at++) {
		for (unsigned len = 0; len < 30; len++) {
			memset(mem, 'A', sizeof(mem));
			mem[at + len] = 0;
			assert_int_equal(user_read_str(got, ua(mem + at), sizeof(got)), len);
			assert_int_equal(strlen(got), len);
			assert_int_equal(user_read_str(got, ua(mem + at), len + 1), len);
			if (len)
				assert_int_equal(user_read_str(got, ua(mem + at), len),
						 -ENAMETOOLONG);
		}
	}
	/* Bytes of 0x01 and 0x80 beside the end do not mislead the word test. */
	memcpy(mem, "\x80\x01\xff\x01\x80\0\x01\0", 8);
	assert_int_equal(user_read_str(got, ua(mem), 64), 5);
	assert_int_equal(user_read_str(got, USER_TOP, 64), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_are_walked),
		cmocka_unit_test(short_counts_are_exact),
		cmocka_unit_test(kernel_memory_works_too),
		cmocka_unit_test(strings_end_where_they_end),
	};
	return cmocka_run_group_tests_name("uio", tests, NULL, NULL);
}
