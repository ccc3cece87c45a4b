/* SPDX-License-Identifier: Apache-2.0 */
#include "vfs/text.h"

#include "kern/slab.h"
#include "lib/fmt.h"
#include "lib/mem.h"

static bool make_room(struct text *t, size_t n)
{
	size_t cap = t->cap ? t->cap : 512;
	char *bigger;

	if (t->failed)
		return false;
	while (cap - t->len <= n)
		cap *= 2;
	if (cap == t->cap)
		return true;
	bigger = krealloc(t->buf, cap);
	if (!bigger) {
		t->failed = true;
		return false;
	}
	t->buf = bigger;
	t->cap = cap;
	return true;
}

void text_write(struct text *t, const void *data, size_t n)
{
	if (!make_room(t, n))
		return;
	memcpy(t->buf + t->len, data, n);
	t->len += n;
}

void text_printf(struct text *t, const char *f, ...)
{
	va_list ap;
	size_t n;

	if (!make_room(t, 128))
		return;
	va_start(ap, f);
	n = fmt_v(t->buf + t->len, t->cap - t->len, f, ap);
	va_end(ap);
	if (n >= t->cap - t->len) { /* longer than guessed: once more, with room */
		if (!make_room(t, n))
			return;
		va_start(ap, f);
		n = fmt_v(t->buf + t->len, t->cap - t->len, f, ap);
		va_end(ap);
	}
	t->len += n;
}

void text_list(struct text *t, uint64_t mask)
{
	const char *comma = "";

	for (unsigned i = 0; i < 64; i++) {
		unsigned first = i;

		if (!(mask >> i & 1))
			continue;
		while (i < 63 && mask >> (i + 1) & 1)
			i++;
		text_printf(t, first == i ? "%s%u" : "%s%u-%u", comma, first, i);
		comma = ",";
	}
}

void text_free(struct text *t)
{
	kfree(t->buf);
	*t = (struct text){ 0 };
}
