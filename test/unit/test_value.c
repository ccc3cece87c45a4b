/* SPDX-License-Identifier: Apache-2.0 */
/* test_value.c: symbols, tuples against a plain array, cookies under change, numbers in both forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/crc32c.h"
#include "lib/ranges.h"
#include "lib/value.h"
#include "test/lib/failalloc.h"

static struct failalloc mem;
static struct vstore vs;

static int setup(void **state)
{
	(void)state;
	failalloc_init(&mem);
	return vstore_init(&vs, &mem.a);
}

static int teardown(void **state)
{
	(void)state;
	vstore_fini(&vs);
	return mem.held ? -1 : 0;
}

static void test_symbols(void **state)
{
	struct sym *all[500];
	char s[16];

	(void)state;
	for (int i = 0; i < 500; i++) {
		snprintf(s, sizeof(s), "sym%d", i);
		all[i] = sym_get(&vs, s, strlen(s));
	}
	for (int i = 0; i < 500; i++) {
		snprintf(s, sizeof(s), "sym%d", i);
		assert_ptr_equal(sym_find(&vs, s, strlen(s)), all[i]);
		assert_ptr_equal(sym_get(&vs, s, strlen(s)), all[i]);
		sym_put(&vs, all[i]);
		sym_put(&vs, all[i]);
		assert_null(sym_find(&vs, s, strlen(s)));
	}
}

static void set_number(struct tuple *t, int key, int v)
{
	char s[16];
	struct sym *k;

	snprintf(s, sizeof(s), "%d", key);
	k = sym_get(&vs, s, strlen(s));
	assert_int_equal(tuple_set(&vs, t, k, v < 0 ? (struct value){ 0 } : value_int(v)), 0);
	sym_put(&vs, k);
}

/* Random sets and removals; look-ups agree with an array through growth, packing and hashing. */
static void test_tuple_is_a_map(void **state)
{
	enum { KEYS = 200 };
	int want[KEYS];
	struct tuple *t = tuple_new(&vs, 0);

	(void)state;
	memset(want, -1, sizeof(want));
	srand(1);
	for (int round = 0; round < 20000; round++) {
		int key = rand() % (round < 4000 ? 7 : KEYS), v = rand() % 3 ? rand() % 1000 : -1;
		uint32_t live = 0;
		char s[16];

		set_number(t, key, v);
		want[key] = v;
		if (round % 16)
			continue;
		for (int k = 0; k < KEYS; k++) {
			uint64_t got;

			snprintf(s, sizeof(s), "%d", k);
			live += want[k] >= 0;
			if (value_get_u64(tuple_get(t, s), &got))
				assert_int_equal(want[k], -1);
			else
				assert_int_equal(got, want[k]);
		}
		assert_int_equal(t->live, live);
	}
	tuple_put(&vs, t);
}

static struct sym *name(int n)
{
	char s[16];

	snprintf(s, sizeof(s), "f%d", n);
	return sym_get(&vs, s, strlen(s));
}

/* What is there throughout is seen exactly once, however many come and go meanwhile. */
static void test_cookies_survive_change(void **state)
{
	struct tuple *t = tuple_new(&vs, 0);
	int seen[100] = { 0 };
	const struct entry *e;
	uint32_t cookie = 0, slot;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct sym *k = name(i);

		assert_int_equal(tuple_set(&vs, t, k, value_tuple(tuple_new(&vs, 0))), 0);
		sym_put(&vs, k);
	}
	for (int i = 0;; i++) {
		struct sym *gone = name(i * 2 + 1), *fresh = name(1000 + i);

		slot = tuple_seek(t, cookie);
		e = tuple_next(t, &slot);
		if (e) {
			int n = atoi(e->key->s + 1);

			cookie = e->v.len + 1;
			if (n < 100)
				seen[n]++;
			assert_int_equal(tuple_set(&vs, t, gone, (struct value){ 0 }), 0);
			if (i < 60)
				assert_int_equal(
					tuple_set(&vs, t, fresh, value_tuple(tuple_new(&vs, 0))),
					0);
		}
		sym_put(&vs, gone);
		sym_put(&vs, fresh);
		if (!e)
			break;
	}
	for (int i = 0; i < 100; i += 2)
		assert_int_equal(seen[i], 1);
	tuple_put(&vs, t);
}

static struct value str(const char *s)
{
	return (struct value){ .type = VALUE_STRING, .len = (uint32_t)strlen(s), .s = s };
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		err_t err;
		uint64_t want;
	} sizes[] = {
		{ "0", 0, 0 },
		{ "64k", 0, 65536 },
		{ "2M", 0, 2097152 },
		{ "1g", 0, 1073741824 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "16777216T", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "k", -EINVAL, 0 },
		{ "1kk", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
	};
	struct value v;
	uint64_t u;
	int64_t i;

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		v = str(sizes[k].text);
		u = 7;
		assert_int_equal(value_get_size(&v, &u), sizes[k].err);
		assert_int_equal(u, sizes[k].err ? 7 : sizes[k].want);
	}
	v = str("-9223372036854775808");
	assert_int_equal(value_get_i64(&v, &i), 0);
	assert_true(i == INT64_MIN);
	v = str("9223372036854775808");
	assert_int_equal(value_get_i64(&v, &i), -ERANGE);
	v = value_int(-5);
	assert_int_equal(value_get_u64(&v, &u), -ERANGE);
	assert_int_equal(value_get_i64(&v, &i), 0);
	assert_int_equal(i, -5);
	assert_int_equal(value_get_u64(NULL, &u), -ENOENT);
	v = str("off");
	assert_false(value_get_flag(&v));
	v = str("t");
	assert_true(value_get_flag(&v));
}

/* Free space against a byte map. */
static void test_ranges(void **state)
{
	enum { N = 400 };
	bool in[N] = { false };
	struct ranges r;
	uint64_t start, len;

	(void)state;
	ranges_init(&r, &mem.a);
	srand(2);
	for (int round = 0; round < 20000; round++) {
		unsigned at = (unsigned)rand() % N, n = 1 + (unsigned)rand() % 12, have = 0,
			 run = 0, best = 0;
		bool add = rand() & 1;

		n = at + n > N ? N - at : n;
		for (unsigned k = at; k < at + n; k++)
			have += in[k];
		if (add)
			assert_int_equal(ranges_add(&r, at, n), have ? -EEXIST : 0);
		else
			assert_int_equal(ranges_take(&r, at, n), have < n ? -ENOENT : 0);
		if (add ? !have : have == n)
			memset(in + at, add, n);
		for (unsigned k = 0, total = 0; k < N; k++) {
			run = in[k] ? run + 1 : 0;
			best = run > best ? run : best;
			total += in[k];
			if (k == N - 1)
				assert_int_equal(r.total, total);
		}
		assert_int_equal(ranges_fit(&r, at, n, &start, &len), best > 0);
		if (best) {
			assert_int_equal(len, n < best ? n : best);
			for (uint64_t k = start; k < start + len; k++)
				assert_true(in[k]);
		}
	}
	ranges_fini(&r);
}

/* RFC 3720 B.4 */
static void test_crc32c(void **state)
{
	uint8_t b[32];

	(void)state;
	memset(b, 0, sizeof(b));
	assert_int_equal(crc32c(0, b, 32), 0x8a9136aa);
	memset(b, 0xff, sizeof(b));
	assert_int_equal(crc32c(0, b, 32), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		b[i] = (uint8_t)i;
	assert_int_equal(crc32c(0, b, 32), 0x46dd794e);
	for (size_t cut = 0; cut <= 32; cut++)
		assert_int_equal(crc32c(crc32c(0, b, cut), b + cut, 32 - cut), 0x46dd794e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_symbols, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tuple_is_a_map, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cookies_survive_change, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ranges, setup, teardown),
		cmocka_unit_test(test_crc32c),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
