/* SPDX-License-Identifier: Apache-2.0 */
/* dev/blks.h: the block devices that drivers found, in the order of discovery. Boot thread; constant after. */
#pragma once

#include "iface/blk.h"

/* Gives it the name "vda", "vdb", ... -ENOMEM. */
err_t blk_register(struct blk *b, const char *prefix) must_check;
/* The next after `after`, the first for NULL; NULL: no more. The first is the root disk (doc/run.md 1.1). */
struct blk *blk_next(const struct blk *after);
struct blk *blk_find(const char *name_or_serial); /* NULL: there is none */
