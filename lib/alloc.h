/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/alloc.h: memory for pure cores, given by their shell.  Every function may be asked for memory
 * that is not there: it answers NULL and the core answers -ENOMEM.
 */
#pragma once

#include "lib/util.h"

struct alloc {
	void *(*get)(struct alloc *, size_t size); /* 16-byte aligned, contents undefined */
	/* realloc(3), with the old size for allocators that do not keep it. */
	void *(*resize)(struct alloc *, void *p, size_t old, size_t size);
	void (*put)(struct alloc *, void *p, size_t size); /* p may be NULL */
};

static inline void *alloc_get(struct alloc *a, size_t size)
{
	return a->get(a, size);
}

static inline void alloc_put(struct alloc *a, void *p, size_t size)
{
	if (p)
		a->put(a, p, size);
}
