/* SPDX-License-Identifier: Apache-2.0 */
/* dev/netifs.h: the network devices that drivers found, in the order of discovery. Boot thread; constant after. */
#pragma once

#include "iface/netif.h"

/* Names it "eth0", "eth1", ... and numbers it from 2 (1 is the loopback). */
void netif_register(struct netif *nif);
struct netif *netif_next(const struct netif *after); /* the first for NULL; NULL: no more */
