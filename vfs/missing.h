/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/missing.h: paths that the program looked up and did not find, each once; for --missing and `missing_files`. */
#pragma once

#include "lib/util.h"

extern bool missing_wanted; /* set at boot */

void missing_note(const char *path);
void missing_each(void (*fn)(const char *path, void *arg), void *arg);
