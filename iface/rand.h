/* SPDX-License-Identifier: Apache-2.0 */
/* iface/rand.h: a source of random bytes, as a seam: the kernel's generator, or a seeded one in tests. */
#pragma once

#include <stddef.h>

struct rand_source {
	void (*bytes)(struct rand_source *r, void *buf, size_t n); /* never fails, never blocks */
};
