/* SPDX-License-Identifier: Apache-2.0 */
/* linux/strace_int.h: text being made, and the tables of names. Pure but for what strace_args.c reads of the program. */
#pragma once

#include "lib/util.h"

struct text {
	char *buf;
	size_t size, len; /* what does not fit is cut; always terminated */
};

void text_add(struct text *t, const char *f, ...) printf_like(2, 3);
/* Bytes quoted as C would, at most `show` of them; more: "..." follows. */
void text_quote(struct text *t, const void *p, size_t len, size_t show, bool more);

/* A named set of bits, or of alternatives. */
struct name_set {
	const char *type; /* as in syscalls.def */
	const char
		*names; /* "NAME=number NAME=number ...": half the size of a table with pointers */
	uint8_t mask; /* bits: of them, these are one number (O_ACCMODE, clone's signal); 0: none */
	bool bits;    /* combined by |; else exactly one */
};

const struct name_set *name_set_find(const char *type, size_t len);
void text_names(struct text *t, const struct name_set *s, uint64_t v);

/* strace_args.c: argument i of type `type`. False: it is shown only after the call. */
struct sysargs;
void text_arg(struct text *t, const char *type, size_t len, const struct sysargs *a, unsigned i,
	      long result);
bool arg_comes_out(const char *type, size_t len);
