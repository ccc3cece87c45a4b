/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image/suggest.h: "did you mean": the word of a list that is nearest to what was written, by
 * insertions, deletions, substitutions and swaps of neighbours.  Pure; nothing is allocated.
 */
#pragma once

#include "lib/util.h"

enum { SUGGEST_MAX = 32 }; /* longer words are not compared */

struct suggest {
	const char *word;
	size_t len;
	const char *best; /* NULL: nothing is near enough */
	unsigned distance;
};

void suggest_begin(struct suggest *, const char *word, size_t len);
void suggest_offer(struct suggest *, const char *candidate);
