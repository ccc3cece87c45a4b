/* SPDX-License-Identifier: Apache-2.0 */
/* sock/unix.h: AF_UNIX: see unix_int.h for how it works. */
#pragma once

#include "lib/err.h"

void unix_init(void);
/* Lines for /proc/net/unix: calls line() for each socket; must not sleep. */
struct unix_row {
	uint64_t ino;
	unsigned refs, flags, type, state;
	const char *path; /* as bound; abstract names begin with '@' */
};
void unix_for_each(void (*line)(const struct unix_row *r, void *arg), void *arg);
