/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_image.h: a plan becomes a TFS image file, by way of tools/mkimage.h.
 */
#pragma once

#include "tools/coracle_opt.h"
#include "tools/coracle_plan.h"

struct image_want {
	const char *path;      /* the file to make; removed if that fails */
	const char *root_text; /* the root tuple, as manifest text */
	const char *label;
	uint64_t size; /* bytes; 0: what it takes */
	uint64_t room; /* free space at least, when size is 0 */
};

/* Make it, or die with one line.  A progress line on a terminal when it takes over a second. */
void image_make(const struct plan *, const struct image_want *);
/* An empty file system, for a volume. */
void image_make_empty(const char *path, const char *label, uint64_t size);

/*
 * The boot module's keys for run --image: what the options say, laid over what the image's own root tuple
 * says; nothing for what they do not mention.
 */
void image_settings(const struct opts *, struct buf *module);
