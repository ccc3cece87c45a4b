/* SPDX-License-Identifier: Apache-2.0 */
#include "test/lib/failalloc.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"

enum { HDR = 16 };

static struct failalloc *of(struct alloc *a)
{
	return container_of(a, struct failalloc, a);
}

static void *get(struct alloc *a, size_t size)
{
	struct failalloc *f = of(a);
	uint8_t *p;

	if (++f->asked == f->fail_at) {
		f->failed = true;
		return NULL;
	}
	p = malloc(size + HDR);
	if (!p)
		return NULL;
	memcpy(p, &size, sizeof(size));
	memset(p + HDR, 0xa5, size);
	f->held += size;
	return p + HDR;
}

static void put(struct alloc *a, void *p, size_t size)
{
	size_t was;

	if (!p)
		return;
	memcpy(&was, (uint8_t *)p - HDR, sizeof(was));
	ASSERT(was == size);
	of(a)->held -= size;
	free((uint8_t *)p - HDR);
}

static void *resize(struct alloc *a, void *p, size_t old, size_t size)
{
	void *q = get(a, size);

	if (q && p)
		memcpy(q, p, old < size ? old : size);
	if (q)
		put(a, p, old);
	return q;
}

void failalloc_init(struct failalloc *f)
{
	*f = (struct failalloc){ .a = { get, resize, put } };
}
