/* SPDX-License-Identifier: Apache-2.0 */
/* test/lib/pages.h: pages from the host's allocator, counted, and refused on demand. */
#pragma once

#include "lib/objcache.h"

struct test_pages {
	struct page_src src;
	long out;     /* pages handed out now */
	long refuse;  /* refuse when it counts down to 0; negative: never */
	long refused; /* how often */
};

void test_pages_init(struct test_pages *t);
