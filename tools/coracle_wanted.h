/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_wanted.h: which modules do scripts ask for?  A guess from their text, made to keep
 * package trees of tens of megabytes out of images that have no use for them.
 */
#pragma once

#include "tools/coracle_host.h"
#include "tools/coracle_util.h"

/*
 * The names that the lines of `files` and the `args` ask for: the last group of each match of `patterns`
 * (extended regular expressions; `where` is named if one is bad), and every argument that is a plain
 * word.
 */
struct strs wanted_names(const struct strs *patterns, const char *where, const struct strs *files,
			 const struct strs *args);

/* Does the directory hold NAME or NAME.something for one of them? */
bool wanted_in(struct host_seen *, const char *dir, const struct strs *names);
