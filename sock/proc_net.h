/* SPDX-License-Identifier: Apache-2.0 */
/* sock/proc_net.h: /proc/net: what the stack and the sockets say of themselves, in Linux's formats (proc(5)). */
#pragma once

#include "lib/err.h"

err_t proc_net_init(void) must_check; /* after shard_init() */
