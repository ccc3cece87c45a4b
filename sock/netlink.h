/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/netlink.h: AF_NETLINK with protocol ROUTE: links, addresses, routes and neighbours are dumped; addresses,
 * routes and neighbours can be added and removed, links changed; who joins a group is told of changes.
 */
#pragma once

void netlink_init(void); /* after shard_init() */
