/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/coracle_paths.h: where the command's own things are: beside its binary in a checkout
 * (out/x86_64-release/coracle.elf, profiles/), or under PREFIX/lib/coracle when PREFIX/bin/coracle runs;
 * and where the user's are (XDG Base Directory Specification 0.8).  New strings all.
 */
#pragma once

#include "tools/coracle_util.h"

/* The kernel to boot; dies when there is none, naming where it looked. */
char *paths_kernel(const char *given);
/* Our profiles; NULL when they are not to be found. */
char *paths_profiles(void);
char *paths_user_profiles(void);
char *paths_cache(void);
char *paths_data(void);
/* The running binary, links resolved. */
char *paths_self(void);
/* qemu-system-x86_64, from `given` or PATH; dies with how to install it. */
char *paths_qemu(const char *given);
