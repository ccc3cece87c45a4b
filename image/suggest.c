/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image/suggest.c: distances by the usual table, three rows of it (optimal string alignment).
 */
#include "image/suggest.h"

#include "lib/mem.h"

void suggest_begin(struct suggest *s, const char *word, size_t len)
{
	*s = (struct suggest){ .word = word, .len = len };
	/* One slip in three letters, at least one and at most three. */
	s->distance = (unsigned)(len < 3 ? 2 : len / 3 + 2);
	if (s->distance > 4)
		s->distance = 4;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned row[3][SUGGEST_MAX + 1];

	for (size_t j = 0; j <= nb; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *now = row[i % 3], *before = row[(i - 1) % 3];
		const unsigned *two = row[(i + 1) % 3]; /* i - 2 */

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			now[j] = min3(before[j] + 1, now[j - 1] + 1,
				      before[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = MIN(now[j], two[j - 2] + 1);
		}
	}
	return row[na % 3][nb];
}

void suggest_offer(struct suggest *s, const char *candidate)
{
	size_t n = strlen(candidate);
	unsigned d;

	if (n > SUGGEST_MAX || s->len > SUGGEST_MAX)
		return;
	d = distance(s->word, s->len, candidate, n);
	if (d < s->distance) {
		s->distance = d;
		s->best = candidate;
	}
}
