/* SPDX-License-Identifier: Apache-2.0 */
/* sock/shard_int.h: what the files shard*.c share. */
#pragma once

#include "sock/shard.h"

err_t shard_conf_init(void) must_check; /* the thread that hears of changes */
/* Of the primary shard's stack, under its lock: NET_CHG_*. */
void shard_changed(unsigned what);
/* A group of another shard's: the primary joins or leaves it too, soon. Any lock. -ENOBUFS. */
err_t shard_tell_group(uint32_t ifindex, struct ip_addr group, bool join) must_check;
