/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_ldcache.h: where the dynamic loader looks for a library by default: /etc/ld.so.cache,
 * or when there is none the directories of /etc/ld.so.conf, then the loader's built-in ones.
 */
#pragma once

#include "tools/coracle_host.h"

struct ldcache;

/* `root` is a prefix for every path, "" for the host. */
struct ldcache *ldcache_open(struct host_seen *, const char *root);
void ldcache_free(struct ldcache *);

/* The candidates for a name, best first: paths without the prefix.  The caller frees the list. */
struct strs ldcache_find(const struct ldcache *, const char *soname);
