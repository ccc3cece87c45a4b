/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/err.h: the error convention.  A function that can fail returns err_t: 0 or -Exxx with Linux's
 * numbers (abi/errno.h).  Counts are `long`, negative on error.  A second result goes through a
 * `T *out` that is written on success only.
 */
#pragma once

#include "abi/errno.h"
#include "lib/util.h"

typedef int err_t;
