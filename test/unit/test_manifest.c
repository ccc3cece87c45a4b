/* SPDX-License-Identifier: Apache-2.0 */
/* test_manifest.c: texts and what becomes of them: values, or a line, a column and what was expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "image/manifest.h"
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

static struct tuple *parse(const char *text)
{
	struct manifest_error e = { 0 };
	struct tuple *root = NULL;

	if (manifest_parse(&vs, text, strlen(text), &root, &e))
		fail_msg("%u:%u: %s", e.line, e.col, e.what);
	return root;
}

static void test_grammar(void **state)
{
	struct tuple *t = parse("# leading comment\n"
				"(program:/bin/x arguments:[a \"b c\" \"d\\\"e\\n\" [] (k:v)]\n"
				" empty:() # comment (with) brackets\n"
				" environment:(A:1 B:x:y/z|w) url:http://host:80/a#b\n"
				" spaced : v)\n");
	const struct value *v;

	(void)state;
	assert_true(value_is(tuple_get(t, "program"), "/bin/x"));
	v = tuple_get(t, "arguments");
	assert_int_equal(value_count(v), 5);
	assert_true(value_is(value_at(v, 1), "b c"));
	assert_true(value_is(value_at(v, 2), "d\"en")); /* no \n escapes: '\x' is x */
	assert_int_equal(value_count(value_at(v, 3)), 0);
	assert_true(value_is(tuple_get(value_at(v, 4)->t, "k"), "v"));
	assert_null(value_at(v, 5));
	assert_int_equal(value_count(tuple_get(t, "empty")), 0);
	assert_true(value_is(manifest_find(t, "environment.B"), "x:y/z|w"));
	assert_true(value_is(tuple_get(t, "url"), "http://host:80/a#b"));
	assert_true(value_is(tuple_get(t, "spaced"), "v"));
	assert_null(manifest_find(t, "environment.C"));
	assert_null(manifest_find(t, "program.C"));
	tuple_put(&vs, t);
	/* A tuple with the keys 0, 1, ... is a vector too. */
	t = parse("(v:(0:a 1:b))");
	assert_true(value_is(value_at(tuple_get(t, "v"), 1), "b"));
	tuple_put(&vs, t);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		unsigned line, col;
		const char *what;
	} cases[] = {
		{ "", 1, 1, "expected '(', which begins a manifest, but the manifest ends" },
		{ "x", 1, 1, "expected '(', which begins a manifest, found 'x'" },
		{ "(a:b", 1, 1, "this '(' is not closed: expected ')'" },
		{ "(a:[b\n c)", 2, 3, "expected a value, found ')'" },
		{ "(a:[b", 1, 4, "this '[' is not closed: expected ']'" },
		{ "(a b)", 1, 4, "expected ':' after a name, found 'b'" },
		{ "(a\n", 2, 1, "expected ':' after a name, but the manifest ends" },
		{ "(a:)", 1, 4, "expected a value, found ')'" },
		{ "(\n a:b\n :c)", 3, 2, "expected a name or ')', found ':'" },
		{ "(a:b\n c:d\n a:e)", 3, 2, "\"a\" is given twice, first in line 1" },
		{ "(a:\"bc", 1, 4, "this string is not closed: expected '\"'" },
		{ "(a:\"bc\\", 1, 4, "this string is not closed: expected '\"'" },
		{ "(a:\"b\"c)", 1, 7, "expected white space after a quoted string, found 'c'" },
		{ "(a:b) c", 1, 7, "expected nothing behind the manifest's ')', found 'c'" },
		{ "(a:b\n\x01:)", 2, 3, "expected a value, found ')'" },
		{ "(a/b:c)", 1, 3, "expected ':' after a name, found '/'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct manifest_error e = { 0 };
		struct tuple *root;

		assert_int_equal(
			manifest_parse(&vs, cases[i].text, strlen(cases[i].text), &root, &e),
			-EINVAL);
		assert_string_equal(e.what, cases[i].what);
		assert_int_equal(e.line, cases[i].line);
		assert_int_equal(e.col, cases[i].col);
	}
}

static char found_text[1000];

static void remember(struct manifest_sink *s, enum manifest_severity v,
		     const struct manifest_error *e)
{
	size_t n = strlen(found_text);

	(void)s;
	snprintf(found_text + n, sizeof(found_text) - n, "%s %u:%u %s\n",
		 v == MANIFEST_ERROR ? "error" : "warning", e->line, e->col, e->what);
}

static void check(const char *text, const char *want)
{
	struct manifest_sink sink = { .found = remember };
	struct tuple *t = parse(text);

	found_text[0] = 0;
	manifest_check(t, text, strlen(text), &sink);
	assert_string_equal(found_text, want);
	tuple_put(&vs, t);
}

static void test_schema(void **state)
{
	(void)state;
	check("(program:/x arguments:[a] environment:(ANY:thing) en12:(mtu:1400 ipaddr:10.0.0.1))",
	      "");
	check("(\n\n enviroment:(A:b))",
	      "warning 3:2 unknown key \"enviroment\"; did you mean \"environment\"?\n");
	check("(prorgam:x)", "warning 1:2 unknown key \"prorgam\"; did you mean \"program\"?\n");
	check("(zzzzzz:x)", "warning 1:2 unknown key \"zzzzzz\"\n");
	check("(arguments:(a:b) program:[x])", "error 1:18 \"program\": expected a string\n");
	check("(imagesize:lots)",
	      "error 1:2 \"imagesize\": expected a size: a number, maybe with K, M, G or T\n");
	check("(en1:(mtu:big gatway:x))",
	      "error 1:7 \"mtu\": expected a number\n"
	      "warning 1:15 unknown key \"gatway\"; did you mean \"gateway\"?\n");
	check("(sandbox:(pledge:stdio))",
	      "error 1:2 \"sandbox\": this protection is not available\n");
	check("(klibs:bootfs)", "warning 1:2 \"klibs\" is known but has no effect here\n");
}

static err_t parse_nested(unsigned depth)
{
	char *text = malloc(4 * (size_t)depth + 8), *p = text;
	struct manifest_error e;
	struct tuple *t;
	err_t err;

	for (unsigned i = 0; i < depth; i++, p += 3)
		memcpy(p, "(a:", 3);
	*p++ = 'x';
	memset(p, ')', depth);
	err = manifest_parse(&vs, text, 4 * (size_t)depth + 1, &t, &e);
	if (!err)
		tuple_put(&vs, t);
	free(text);
	return err;
}

static void test_depth(void **state)
{
	(void)state;
	assert_int_equal(parse_nested(10000), 0);
	assert_int_equal(parse_nested(10001), -EINVAL);
	assert_int_equal(parse_nested(300000), -EINVAL);
}

static void test_no_memory(void **state)
{
	static const char text[] = "(program:/x arguments:[a \"b\" (c:d)] environment:(A:1 B:2))";
	err_t err = -ENOMEM;

	(void)state;
	for (uint64_t at = 1; err; at++) {
		struct manifest_error e = { 0 };
		struct tuple *t;
		uint64_t held = mem.held;

		mem.asked = 0;
		mem.fail_at = at;
		err = manifest_parse(&vs, text, strlen(text), &t, &e);
		assert_true(err == 0 || err == -ENOMEM);
		mem.fail_at = 0;
		if (!err)
			tuple_put(&vs, t);
		assert_int_equal(mem.held, held);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_grammar, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schema, setup, teardown),
		cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
