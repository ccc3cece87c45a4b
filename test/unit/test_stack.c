/* SPDX-License-Identifier: Apache-2.0 */
/* The first stack of a program, read back as a C library's start-up code reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "abi/linux_auxv.h"
#include "linux/stack.h"

#define TOP 0x7ffffffff000ull

static const uint8_t random_bytes[STACK_RANDOM] = "0123456789abcde";

struct built {
	struct stack_layout l;
	char *image;
	uint64_t auxv[16];
};

static uint64_t word(const struct built *b, uint64_t at)
{
	uint64_t v;

	assert_true(at >= b->l.sp && at + 8 <= TOP);
	memcpy(&v, b->image + (at - b->l.sp), 8);
	return v;
}

static const char *text(const struct built *b, uint64_t at)
{
	assert_true(at >= b->l.sp && at < TOP);
	return b->image + (at - b->l.sp);
}

static void build(struct built *b, const char *const *argv, const char *const *env)
{
	struct stack_input in = { .path = "/bin/prog",
				  .platform = "x86_64",
				  .random = random_bytes,
				  .auxv = b->auxv,
				  .nauxv = 4 };
	const uint64_t auxv[8] = {
		LAT_PAGESZ, 4096, LAT_RANDOM, 0, LAT_EXECFN, 0, LAT_PLATFORM, 0
	};

	memcpy(b->auxv, auxv, sizeof(auxv));
	in.args.s = argv;
	while (argv[in.args.n])
		in.args.n++;
	in.env.s = env;
	while (env[in.env.n])
		in.env.n++;
	assert_int_equal(stack_layout(&in, TOP, 1 << 20, &b->l), 0);
	b->image = malloc(b->l.bytes); /* exactly: ASan sees a byte too far */
	stack_fill(b->image, &in, TOP, &b->l);
}

static uint64_t aux(const struct built *b, uint64_t at, uint64_t type)
{
	for (; word(b, at) != LAT_NULL; at += 16)
		if (word(b, at) == type)
			return word(b, at + 8);
	return 0;
}

static void test_is_read_back(void **state)
{
	const char *const argv[] = { "prog", "", "--x=1", NULL }, *const env[] = { "A=b",
										   "C=", NULL };
	struct built b;
	uint64_t at;

	(void)state;
	build(&b, argv, env);
	at = b.l.sp;
	assert_int_equal(at % 16, 0);
	assert_int_equal(word(&b, at), 3);
	for (int i = 0; i < 3; i++)
		assert_string_equal(text(&b, word(&b, at += 8)), argv[i]);
	assert_int_equal(word(&b, at += 8), 0);
	for (int i = 0; i < 2; i++)
		assert_string_equal(text(&b, word(&b, at += 8)), env[i]);
	assert_int_equal(word(&b, at += 8), 0);
	at += 8;
	assert_int_equal(aux(&b, at, LAT_PAGESZ), 4096);
	assert_string_equal(text(&b, aux(&b, at, LAT_EXECFN)), "/bin/prog");
	assert_string_equal(text(&b, aux(&b, at, LAT_PLATFORM)), "x86_64");
	assert_memory_equal(text(&b, aux(&b, at, LAT_RANDOM)), random_bytes, STACK_RANDOM);
	free(b.image);
}

/* /proc/self/cmdline is [arg_start, arg_end), environ [env_start, env_end): contiguous, in order. */
static void test_strings_lie_in_order(void **state)
{
	const char *const argv[] = { "a", "bc", NULL }, *const env[] = { "D=e", NULL };
	struct built b;

	(void)state;
	build(&b, argv, env);
	assert_int_equal(b.l.arg_end - b.l.arg_start, 5);
	assert_memory_equal(text(&b, b.l.arg_start), "a\0bc", 5);
	assert_int_equal(b.l.env_end - b.l.env_start, 4);
	assert_memory_equal(text(&b, b.l.env_start), "D=e", 4);
	assert_int_equal(word(&b, TOP - 8), 0);
	free(b.image);
}

static void test_is_aligned_for_every_count(void **state)
{
	const char *argv[9] = { NULL }, *const env[] = { NULL };
	struct built b;

	(void)state;
	for (int n = 0; n < 8; n++) {
		argv[n] = "x";
		build(&b, argv, env);
		assert_int_equal(b.l.sp % 16, 0);
		assert_int_equal(word(&b, b.l.sp), n + 1);
		free(b.image);
	}
}

static void test_refuses_too_much(void **state)
{
	struct stack_input in = { .path = "/p", .platform = "x", .random = random_bytes };
	const char *one[1];
	char *s = malloc(STACK_STRING_MAX + 1);
	struct stack_layout l;

	(void)state;
	memset(s, 'a', STACK_STRING_MAX);
	s[STACK_STRING_MAX] = '\0';
	one[0] = s;
	in.args = (struct stack_strings){ one, 1 };
	assert_int_equal(stack_layout(&in, TOP, 1 << 30, &l), -E2BIG);
	s[STACK_STRING_MAX - 1] = '\0';
	assert_int_equal(stack_layout(&in, TOP, 1 << 30, &l), 0);
	assert_int_equal(stack_layout(&in, TOP, 4096, &l), -E2BIG);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_read_back),
		cmocka_unit_test(test_strings_lie_in_order),
		cmocka_unit_test(test_is_aligned_for_every_count),
		cmocka_unit_test(test_refuses_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
