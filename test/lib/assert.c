/* SPDX-License-Identifier: Apache-2.0 */
/* test/lib/assert.c: a broken invariant in a core ends the test or the fuzz run. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/assert.h"

_Noreturn void assert_fail(const char *expr, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expr);
	abort();
}
