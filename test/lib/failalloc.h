/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/lib/failalloc.h: malloc behind lib/alloc.h, that fails the n-th request and knows what is held.
 * Sizes given back are compared with sizes given out.
 */
#pragma once

#include "lib/alloc.h"

struct failalloc {
	struct alloc a;
	uint64_t asked, fail_at; /* fail_at 0: never */
	uint64_t held;		 /* bytes */
	bool failed;
};

void failalloc_init(struct failalloc *);
