/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_values.h: manifests on the host: files read through image/manifest.h, findings reported as
 * "FILE:LINE:COLUMN: what", values written back as text.  One store serves the process and lives as
 * long as it does.
 */
#pragma once

#include "image/manifest.h"
#include "tools/coracle_util.h"

struct vstore *values_store(void);
/* Parse a file, or die with status 2.  `check`: compare its keys with the manifest's schema. */
struct tuple *values_load(const char *path, bool check);

/* Text of a value; strings are always quoted.  `skip`: keys of the outermost tuple to leave out. */
void value_print(struct buf *, const struct value *, const char *const *skip);
/* A quoted string. */
void quote(struct buf *, const char *s, size_t len);

/* The strings of a vector at a key, or a single string; none when the key is absent. */
struct strs values_strs(const struct tuple *, const char *key);
/* The string at a key; NULL. */
const char *values_str(const struct tuple *, const char *key);
