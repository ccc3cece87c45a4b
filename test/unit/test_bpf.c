/* SPDX-License-Identifier: Apache-2.0 */
/* Classic BPF: what the checker lets pass, and what a program sees of a packet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/bpf.h"

#define STMT(code, k)         \
	{                     \
		code, 0, 0, k \
	}
#define JUMP(code, k, yes, no)   \
	{                        \
		code, yes, no, k \
	}

static struct pkt packet(uint8_t *bytes, uint32_t n)
{
	return (struct pkt){ .data = bytes, .len = n, .lin = (uint16_t)n };
}

static uint32_t run_on(const struct bpf_view *v, const struct linux_sock_filter *insn, unsigned n)
{
	struct bpf_prog *p = malloc(sizeof(*p) + n * sizeof(*insn));
	uint16_t *scratch = malloc(n * sizeof(*scratch));
	uint32_t r;

	p->n = n;
	memcpy(p->insn, insn, n * sizeof(*insn));
	assert_int_equal(bpf_check(p->insn, n, scratch), 0);
	r = bpf_run(p, v);
	free(scratch);
	free(p);
	return r;
}

static uint32_t run(const struct linux_sock_filter *insn, unsigned n)
{
	uint8_t bytes[] = { 1, 2, 3, 4, 0x45, 6, 7, 8, 9, 10 };
	struct pkt p = packet(bytes, sizeof(bytes));
	struct bpf_view v = { .p = &p, .net = 4, .ifindex = 7, .protocol = 0x800, .pkttype = 4 };

	return run_on(&v, insn, n);
}
#define RUN(...)                                                        \
	run((const struct linux_sock_filter[]){ __VA_ARGS__ },          \
	    sizeof((const struct linux_sock_filter[]){ __VA_ARGS__ }) / \
		    sizeof(struct linux_sock_filter))

static int check(const struct linux_sock_filter *insn, unsigned n)
{
	uint16_t scratch[16];

	return bpf_check(insn, n, scratch);
}
#define CHECK_PROG(...)                                                   \
	check((const struct linux_sock_filter[]){ __VA_ARGS__ },          \
	      sizeof((const struct linux_sock_filter[]){ __VA_ARGS__ }) / \
		      sizeof(struct linux_sock_filter))

static void loads(void **state)
{
	(void)state;
	assert_int_equal(RUN(STMT(0x20, 0), STMT(0x16, 0)), 0x01020304); /* ld [0] */
	assert_int_equal(RUN(STMT(0x28, 1), STMT(0x16, 0)), 0x0203);	 /* ldh [1] */
	assert_int_equal(RUN(STMT(0x30, 9), STMT(0x16, 0)), 10);	 /* ldb [9] */
	assert_int_equal(RUN(STMT(0x80, 0), STMT(0x16, 0)), 10);	 /* ld len */
	assert_int_equal(RUN(STMT(0x01, 2), STMT(0x48, 1), STMT(0x16, 0)),
			 0x0405 | 0x40); /* ldh [x+1] */
	assert_int_equal(RUN(STMT(0xb1, 4), STMT(0x87, 0), STMT(0x16, 0)),
			 20); /* ldx 4*([4]&0xf) */
	assert_int_equal(RUN(STMT(0x00, 5), STMT(0x02, 3), STMT(0x00, 9), STMT(0x61, 3),
			     STMT(0x0c, 0), STMT(0x16, 0)),
			 14); /* M[3] */
}

/* A byte that is not there ends the program with "not wanted". */
static void loads_outside(void **state)
{
	(void)state;
	assert_int_equal(RUN(STMT(0x20, 7), STMT(0x06, 99)), 0);
	assert_int_equal(RUN(STMT(0x30, 10), STMT(0x06, 99)), 0);
	assert_int_equal(RUN(STMT(0x20, 6), STMT(0x06, 99)), 99);
	assert_int_equal(RUN(STMT(0x01, 0xffffffff), STMT(0x50, 1), STMT(0x06, 99)),
			 99); /* x + 1 wraps to 0 */
	assert_int_equal(RUN(STMT(0x01, 0xfffffff0), STMT(0x50, 0), STMT(0x06, 99)), 0);
	assert_int_equal(RUN(STMT(0x20, (uint32_t)LX_SKF_LL_OFF - 4), STMT(0x06, 99)), 0);
}

static void load_link_net_and_extensions(void **state)
{
	uint8_t bytes[] = { 1, 2, 3, 4, 0x45, 6 };
	struct pkt p = packet(bytes + 2, 4);
	struct bpf_view v = { .p = &p, .before = 2, .link = -2, .net = 2 };
	static const struct linux_sock_filter link[] = { STMT(0x30, (uint32_t)LX_SKF_LL_OFF),
							 STMT(0x16, 0) };

	(void)state;
	assert_int_equal(run_on(&v, link, 2), 1);
	v.link = -3;
	assert_int_equal(run_on(&v, link, 2), 0);
	assert_int_equal(RUN(STMT(0x30, (uint32_t)LX_SKF_NET_OFF), STMT(0x16, 0)), 0x45);
	assert_int_equal(
		RUN(STMT(0x20, (uint32_t)LX_SKF_AD_OFF + LX_SKF_AD_IFINDEX), STMT(0x16, 0)), 7);
	assert_int_equal(RUN(STMT(0x20, (uint32_t)LX_SKF_AD_OFF), STMT(0x16, 0)), 0x800);
	assert_int_equal(RUN(STMT(0x20, (uint32_t)LX_SKF_AD_OFF + 4), STMT(0x16, 0)), 4);
}

static void arithmetic(void **state)
{
	static const struct {
		uint16_t op;
		uint32_t a, k, want;
	} rows[] = {
		{ 0x00, 7, 3, 10 },	     { 0x10, 3, 7, 0xfffffffc },
		{ 0x20, 7, 3, 21 },	     { 0x30, 7, 3, 2 },
		{ 0x90, 7, 3, 1 },	     { 0x40, 5, 2, 7 },
		{ 0x50, 7, 5, 5 },	     { 0xa0, 7, 5, 2 },
		{ 0x60, 1, 31, 0x80000000 }, { 0x70, 0x80000000, 31, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(RUN(STMT(0x00, rows[i].a), STMT(0x04 | rows[i].op, rows[i].k),
				     STMT(0x16, 0)),
				 rows[i].want);
		assert_int_equal(RUN(STMT(0x00, rows[i].a), STMT(0x01, rows[i].k),
				     STMT(0x0c | rows[i].op, 0), STMT(0x16, 0)),
				 rows[i].want);
	}
	assert_int_equal(RUN(STMT(0x00, 7), STMT(0x84, 0), STMT(0x16, 0)), 0xfffffff9);
	assert_int_equal(RUN(STMT(0x00, 7), STMT(0x3c, 0), STMT(0x06, 99)),
			 0); /* x is 0: no division */
}

static void jumps(void **state)
{
	static const struct {
		uint16_t op;
		uint32_t a, k, want;
	} rows[] = {
		{ 0x15, 5, 5, 1 }, { 0x15, 5, 6, 2 }, { 0x25, 6, 5, 1 }, { 0x25, 5, 5, 2 },
		{ 0x35, 5, 5, 1 }, { 0x35, 4, 5, 2 }, { 0x45, 6, 2, 1 }, { 0x45, 4, 2, 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(RUN(STMT(0x00, rows[i].a), JUMP(rows[i].op, rows[i].k, 0, 1),
				     STMT(0x06, 1), STMT(0x06, 2)),
				 rows[i].want);
	assert_int_equal(RUN(STMT(0x05, 1), STMT(0x06, 1), STMT(0x06, 2)), 2);
}

static void refused(void **state)
{
	(void)state;
	assert_int_equal(check(NULL, 0), -EINVAL);
	assert_int_equal(CHECK_PROG(STMT(0x00, 1)), -EINVAL); /* does not return */
	assert_int_equal(CHECK_PROG(STMT(0x05, 0), STMT(0x06, 0)), 0);
	assert_int_equal(CHECK_PROG(STMT(0x05, 1), STMT(0x06, 0)), -EINVAL); /* jumps outside */
	assert_int_equal(CHECK_PROG(STMT(0x05, 0xffffffff), STMT(0x06, 0)), -EINVAL);
	assert_int_equal(CHECK_PROG(JUMP(0x15, 0, 0, 1), STMT(0x06, 0)), -EINVAL);
	assert_int_equal(CHECK_PROG(JUMP(0x15, 0, 1, 0), STMT(0x06, 0)), -EINVAL);
	assert_int_equal(CHECK_PROG(STMT(0x34, 0), STMT(0x06, 0)), -EINVAL); /* divides by 0 */
	assert_int_equal(CHECK_PROG(STMT(0x94, 0), STMT(0x06, 0)), -EINVAL);
	assert_int_equal(CHECK_PROG(STMT(0x64, 32), STMT(0x06, 0)), -EINVAL); /* shifts too far */
	assert_int_equal(CHECK_PROG(STMT(0x02, 16), STMT(0x06, 0)), -EINVAL); /* no such word */
	assert_int_equal(CHECK_PROG(STMT(0x60, 0), STMT(0x06, 0)), -EINVAL);  /* never written */
	assert_int_equal(CHECK_PROG(STMT(0x02, 0), STMT(0x60, 0), STMT(0x16, 0)), 0);
	assert_int_equal(
		CHECK_PROG(JUMP(0x15, 0, 0, 1), STMT(0x02, 0), STMT(0x60, 0), STMT(0x16, 0)),
		-EINVAL); /* written on one way only */
	assert_int_equal(CHECK_PROG(STMT(0x20, (uint32_t)LX_SKF_AD_OFF + 52), STMT(0x06, 0)),
			 -EINVAL);
	assert_int_equal(CHECK_PROG(STMT(0x20, (uint32_t)LX_SKF_AD_OFF + 3), STMT(0x06, 0)),
			 -EINVAL);
	for (unsigned code = 0; code < 0x10000; code++) {
		bool known = CHECK_PROG(STMT((uint16_t)code, 1), STMT(0x06, 0)) == 0;

		if (code > 0xff)
			assert_false(known);
	}
	assert_int_equal(CHECK_PROG(STMT(0x0e, 0), STMT(0x06, 0)), -EINVAL); /* ret x */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads),
		cmocka_unit_test(loads_outside),
		cmocka_unit_test(load_link_net_and_extensions),
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(jumps),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
