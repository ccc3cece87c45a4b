/* SPDX-License-Identifier: Apache-2.0 */
/* tools/host_assert.c: a broken invariant in a core ends the tool. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/assert.h"

_Noreturn void assert_fail(const char *expr, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s (a bug: please report it)\n", file, line,
		expr);
	abort();
}
