/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/text.h: a text that grows while it is written. Running out of memory is remembered, and said at the end. */
#pragma once

#include <stdarg.h>

#include "lib/util.h"

struct text {
	char *buf;
	size_t len, cap;
	bool failed; /* some of it is missing */
};

void text_printf(struct text *t, const char *f, ...) printf_like(2, 3);
void text_write(struct text *t, const void *data, size_t n);
/* Numbers as "a-b,c": the form of CPU lists. */
void text_list(struct text *t, uint64_t mask);
void text_free(struct text *t);
