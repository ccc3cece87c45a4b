/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/stack.h: what a new program finds on its stack (System V ABI for AMD64, 3.4.1, which the other 64-bit ports share).
 * Pure: an image is made in kernel memory for a stack whose top is known.
 *
 *	top	8 zero bytes
 *		path of the program
 *		environment strings, argument strings
 *		platform name, 16 random bytes
 *		auxiliary vector, ending in AT_NULL
 *		environment pointers, NULL
 *		argument pointers, NULL
 *	sp	argument count; sp is aligned to 16
 */
#pragma once

#include "lib/err.h"

#define STACK_STRING_MAX (32 * 4096) /* Linux's MAX_ARG_STRLEN: -E2BIG */
#define STACK_RANDOM	 16

struct stack_strings {
	const char *const *s; /* n strings; NULL is not counted */
	uint32_t n;
};

struct stack_input {
	struct stack_strings args, env;
	const char *path;      /* AT_EXECFN */
	const char *platform;  /* AT_PLATFORM */
	const uint8_t *random; /* STACK_RANDOM bytes */
	/* Pairs of type and value without AT_NULL; those that point into the stack are filled in here. */
	uint64_t *auxv;
	uint32_t nauxv; /* pairs */
};

struct stack_layout {
	uint64_t sp;
	uint64_t arg_start, arg_end, env_start, env_end; /* the strings */
	size_t bytes;					 /* from sp to top */
};

/* How much room it takes; -E2BIG: a string is too long, or it is more than `limit` in all. */
err_t stack_layout(const struct stack_input *in, uint64_t top, size_t limit,
		   struct stack_layout *out) must_check;
/* Fill layout.bytes bytes, which belong at layout.sp. in->auxv's pointers are set as well. */
void stack_fill(void *buf, const struct stack_input *in, uint64_t top,
		const struct stack_layout *l);
