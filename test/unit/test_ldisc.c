/* SPDX-License-Identifier: Apache-2.0 */
/* test_ldisc.c: the line discipline, keys in, bytes and echo out; expectations from termios(3) and Linux's n_tty. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "vfs/ldisc.h"

static struct ldisc l;
static char screen[1024];

static unsigned type(const char *keys, size_t n)
{
	unsigned did = 0;

	for (size_t i = 0; i < n; i++) {
		did |= ldisc_input(&l, (uint8_t)keys[i]);
		strncat(screen, (char *)l.echo, l.necho);
		l.necho = 0;
	}
	return did;
}

static unsigned keys(const char *s)
{
	screen[0] = '\0';
	return type(s, strlen(s));
}

static const char *line(bool *eof)
{
	static uint8_t buf[5000];
	size_t n = ldisc_read(&l, buf, sizeof(buf) - 1, eof);

	buf[n] = '\0';
	return (char *)buf;
}

static void expect(const char *typed, const char *read, const char *shown)
{
	bool eof;

	ldisc_init(&l, false);
	keys(typed);
	assert_string_equal(screen, shown);
	assert_string_equal(line(&eof), read);
}

static void editing(void **unused)
{
	(void)unused;
	expect("hello\r", "hello\n", "hello\r\n");
	expect("ab\177c\n", "ac\n", "ab\b \bc\r\n");
	expect("\177\177x\n", "x\n", "x\r\n");
	expect("one two\027three\n", "one three\n", "one two\b \b\b \b\b \bthree\r\n");
	expect("abc\025d\n", "d\n", "abc\b \b\b \b\b \bd\r\n");
	expect("\001\177z\n", "z\n", "^A\b \b\b \bz\r\n"); /* two columns for a control character */
	expect("\026\003x\n", "\003x\n", "^\b^Cx\r\n");	   /* literally */
	expect("a\tb\177\177c\n", "ac\n", "a\tb\b \b\b\b\b\b\b\b\bc\r\n");
	expect("ab", "", "ab");
}

static void line_at_a_time(void **unused)
{
	bool eof;
	uint8_t two[2];

	(void)unused;
	ldisc_init(&l, false);
	assert_int_equal(keys("one\ntwo\nthr"), LDISC_READABLE);
	assert_int_equal(ldisc_pending(&l), 8);
	assert_int_equal(ldisc_read(&l, two, 2, &eof), 2);
	assert_string_equal(line(&eof), "e\n");
	assert_string_equal(line(&eof), "two\n");
	assert_false(ldisc_readable(&l, 1));
	keys("ee\004"); /* end of file after something: the line without its end */
	assert_string_equal(line(&eof), "three");
	assert_false(eof);
	keys("\004");
	assert_true(ldisc_readable(&l, 1));
	assert_string_equal(line(&eof), "");
	assert_true(eof);
	assert_false(ldisc_readable(&l, 1));
}

static void signals(void **unused)
{
	bool eof;

	(void)unused;
	ldisc_init(&l, false);
	assert_int_equal(keys("abc\003"), LDISC_INT);
	assert_string_equal(screen, "abc^C");
	keys("d\n");
	assert_string_equal(line(&eof), "d\n"); /* what was typed before is gone */
	assert_int_equal(keys("\034"), LDISC_QUIT);
	assert_int_equal(keys("\032"), LDISC_SUSP);
	l.t.lflag &= ~(uint32_t)TT_ISIG;
	assert_int_equal(keys("\003\n"), LDISC_READABLE);
	assert_string_equal(line(&eof), "\003\n");
}

static void raw(void **unused)
{
	struct linux_termios t;
	bool eof;

	(void)unused;
	ldisc_init(&l, false);
	keys("part");
	assert_false(ldisc_readable(&l, 1));
	t = l.t;
	t.lflag &= ~(uint32_t)(TT_ICANON | TT_ECHO | TT_ISIG);
	t.iflag &= ~(uint32_t)(TT_ICRNL | TT_IXON);
	ldisc_set(&l, &t);
	assert_string_equal(line(&eof), "part"); /* readable once lines do not count */
	keys("\r\003\023");
	assert_string_equal(screen, "");
	assert_true(ldisc_readable(&l, 3));
	assert_false(ldisc_readable(&l, 4));
	assert_string_equal(line(&eof), "\r\003\023");
}

static void flow_control(void **unused)
{
	(void)unused;
	ldisc_init(&l, false);
	keys("\023");
	assert_true(l.stopped);
	assert_int_equal(keys("\021"), LDISC_START);
	assert_false(l.stopped);
}

static void too_long_a_line(void **unused)
{
	bool eof;

	(void)unused;
	ldisc_init(&l, false);
	for (unsigned i = 0; i < 6000; i++) {
		assert_false(ldisc_full(&l));
		keys("x");
	}
	keys("\n");
	assert_int_equal(strlen(line(&eof)), LDISC_SIZE);
	for (unsigned i = 0; i < LDISC_SIZE / 4; i++)
		keys(ldisc_full(&l) ? "" : "yyy\n");
	assert_true(ldisc_full(&l)); /* whole lines wait: the device is held back */
}

static void output(void **unused)
{
	uint8_t out[16];
	size_t n;

	(void)unused;
	ldisc_init(&l, false);
	assert_int_equal(ldisc_output(&l, (const uint8_t *)"a\nb", 3, out, sizeof(out), &n), 3);
	assert_memory_equal(out, "a\r\nb", n);
	assert_int_equal(n, 4);
	assert_int_equal(ldisc_output(&l, (const uint8_t *)"\n\n\n", 3, out, 4, &n), 2);
	assert_int_equal(n, 4);
	l.t.oflag = 0;
	ldisc_output(&l, (const uint8_t *)"a\nb", 3, out, sizeof(out), &n);
	assert_int_equal(n, 3);
}

static void host_cooked(void **unused)
{
	bool eof;

	(void)unused;
	ldisc_init(&l, true);
	assert_int_equal(keys("a\003\177b\n"), LDISC_READABLE);
	assert_string_equal(screen, "");
	assert_string_equal(line(&eof), "a\003\177b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(editing),	cmocka_unit_test(line_at_a_time),
		cmocka_unit_test(signals),	cmocka_unit_test(raw),
		cmocka_unit_test(flow_control), cmocka_unit_test(too_long_a_line),
		cmocka_unit_test(output),	cmocka_unit_test(host_cooked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
