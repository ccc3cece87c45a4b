/* SPDX-License-Identifier: Apache-2.0 */
/* test/lib/pages.c: see pages.h. */
#include "test/lib/pages.h"

#include <stdlib.h>

static void *pages_get(void *ctx)
{
	struct test_pages *t = ctx;

	if (t->refuse >= 0 && t->refuse-- == 0) {
		t->refused++;
		return NULL;
	}
	t->out++;
	return aligned_alloc(OBJ_PAGE, OBJ_PAGE);
}

static void pages_put(void *ctx, void *page)
{
	struct test_pages *t = ctx;

	t->out--;
	free(page);
}

void test_pages_init(struct test_pages *t)
{
	*t = (struct test_pages){ .refuse = -1 };
	t->src = (struct page_src){ .get = pages_get, .put = pages_put, .ctx = t };
}
