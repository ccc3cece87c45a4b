/* SPDX-License-Identifier: Apache-2.0 */
/* sock/inet.h: AF_INET and AF_INET6: see inet_int.h for how it works. */
#pragma once

#include "lib/err.h"

err_t inet_init(void) must_check; /* after shard_init() */
