/* SPDX-License-Identifier: Apache-2.0 */
/* lib/value_int.h: what lib/value.c and lib/tuple.c share. */
#pragma once

#include "lib/value.h"

uint32_t value_hash(const char *s, size_t len);
void *vstore_get(struct vstore *, size_t size);
void vstore_put(struct vstore *, void *p, size_t size);
