/* SPDX-License-Identifier: Apache-2.0 */
/* init/stdio.h: descriptors 0, 1, 2 and the control lines on COM1, as doc/run.md 1.3 and 1.4 have them. */
#pragma once

#include "lib/err.h"

err_t stdio_init(void) must_check; /* after the root and /dev, before the program */
