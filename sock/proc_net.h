/* SPDX-License-Identifier: Apache-2.0 */
/* sock/proc_net.h: /proc/net: what the stack and the sockets say of themselves, in Linux's formats (proc(5)). */
#pragma once

#include "lib/err.h"

err_t proc_net_init(void) must_check;  /* after shard_init() */
err_t proc_sock_init(void) must_check; /* the rest of them: proc_sock.c */
err_t sys_net_init(void) must_check;   /* /sys/class/net, once all interfaces are there */
