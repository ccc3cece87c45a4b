/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/ports.h: who has bound which port: Linux's rules for SO_REUSEADDR, SO_REUSEPORT and IPV6_V6ONLY, as
 * a table.  One for the whole machine, beside the shards: only bind() and close() touch it, never a packet.
 *
 * Locks: none, the owner's.  Memory: through the objcache it is given.
 */
#pragma once

#include "lib/err.h"
#include "lib/list.h"
#include "lib/objcache.h"
#include "net/addr.h"

enum { PORTS_BUCKETS = 256 };

enum {
	PORT_REUSEADDR = 1,
	PORT_REUSEPORT = 2,
	PORT_V6ONLY = 4,
	PORT_V6 = 8,	     /* bound by an AF_INET6 socket (tells :: from 0.0.0.0) */
	PORT_LISTENING = 16, /* TCP: REUSEADDR does not share with a listener */
};

struct port_table {
	struct list bucket[PORTS_BUCKETS];
	struct objcache entries;
	uint16_t low, high; /* ephemeral range, inclusive */
};

struct port_bind {
	struct list link;
	struct ip_addr addr;
	uint32_t ifindex; /* SO_BINDTODEVICE, 0: none */
	uint16_t port;
	uint8_t proto;
	uint8_t flags;
};

void ports_init(struct port_table *t, struct page_src *src);
/* Reserve; port 0: one of the ephemeral range, from `random` on.  0, -EADDRINUSE, -ENOMEM. */
must_check err_t ports_bind(struct port_table *t, const struct port_bind *want, uint32_t random,
			    struct port_bind **out);
void ports_release(struct port_table *t, struct port_bind *b);
/* The socket begins to listen: -EADDRINUSE if another one already does. */
must_check err_t ports_listen(struct port_table *t, struct port_bind *b);
/* Nobody has bound it, nor could be in the way of a connect() from it. */
bool ports_free(const struct port_table *t, uint8_t proto, uint16_t port);
