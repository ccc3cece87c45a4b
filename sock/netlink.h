/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/netlink.h: AF_NETLINK with protocol ROUTE: links, addresses, routes and neighbours are dumped; addresses and
 * routes can be added and removed.  Groups can be joined; notifications are not sent yet.
 */
#pragma once

void netlink_init(void); /* after shard_init() */
