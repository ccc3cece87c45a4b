/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_host.h: looking at the host's files, with a memory of what was looked at.
 *
 * A plan of an image depends on what the host's paths were when it was made: which existed, which did
 * not, and what they were.  Every look goes through here and leaves a stamp; when all stamps still hold, the
 * plan would come out the same and need not be made again.  A file's stamp holds until it is written or
 * replaced, a directory's while it is the same directory, and after host_list() until a name in it
 * comes or goes.
 */
#pragma once

#include <sys/stat.h>

#include "tools/coracle_util.h"

struct host_seen; /* the stamps */

struct host_seen *host_seen_new(void);
void host_seen_free(struct host_seen *);

/* lstat(2) and stat(2), remembered (the absence too).  `seen` may be NULL. */
bool host_lstat(struct host_seen *, const char *path, struct stat *);
bool host_stat(struct host_seen *, const char *path, struct stat *);
/* The directory's names are about to be read. */
void host_list(struct host_seen *, const char *path);

/* One stamp a record, NUL-terminated strings; and the inverse: do all of them still hold? */
void host_seen_write(const struct host_seen *, struct buf *out);
bool host_seen_holds(const char *text, size_t len);

/* What of a file decides whether its contents are the same: hashed into `k`. */
void host_key(struct key128 *k, const struct stat *);
