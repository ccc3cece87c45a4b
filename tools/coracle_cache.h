/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_cache.h: images and what leads to them, in $XDG_CACHE_HOME/coracle.
 *
 *   images/KEY.img    named by everything that went into it: never written again once it has its name
 *   requests/KEY      named by the command line: the image's key, the boot module, and stamps of every
 *                     host path that was looked at to find them.  While the stamps hold, nothing needs to be
 *                     worked out again.
 *   lock              held while an image is built or old ones are removed
 *
 * An image in use is held by a shared lock on its file; removal takes the exclusive one first.
 */
#pragma once

#include "tools/coracle_spec.h"

struct cached {
	char *image;	   /* path */
	int fd;		   /* holds the shared lock */
	uint64_t memory;   /* bytes the program wants at least; 0: no wish */
	struct buf module; /* the boot module without the terminal's part */
};

/* What a command line's answer hangs on, beside the host's files. */
void cache_request_key(const struct opts *, char hex[33]);

/* The answer to the same command line earlier, if it still holds. */
bool cache_recall(const char *request, struct cached *out);
/* Find or build the image of a spec, and remember it for `request`. */
void cache_image(const struct spec *, const char *request, struct cached *out);
/* Where its image would be and what its module would say; nothing is made. */
void cache_describe(const struct spec *, struct cached *out);
