/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/netlink_int.h: AF_NETLINK, protocol ROUTE: netlink.c is the socket, netlink_route.c answers requests.
 *
 *   [I] set once   [n] n->lock
 */
#pragma once

#include "abi/linux_netlink.h"
#include "sock/shard.h"
#include "sock/sock.h"

/* One datagram of answers. */
struct nl_msg {
	struct list link;
	size_t len, room;
	uint8_t data[];
};

struct nlsock {
	struct sock s;
	struct spinlock lock; /* RANK_FILE */
	struct waitq rd;      /* [n] */
	struct list queue;    /* [n] of nl_msg */
	uint32_t pid, groups; /* [n] of bind(2) */
	uint32_t rcvbuf;      /* [n] */
	bool overrun;	      /* [n] an answer found no memory: -ENOBUFS once */
};

/* Answers under construction: datagrams are begun as they fill. */
struct nl_answer {
	struct nlsock *to;
	uint32_t seq;
	struct nl_msg *m; /* being filled; NULL: none, or no memory */
	size_t at;	  /* of the message being built */
	struct list done;
	bool failed;
};

void *nl_begin(struct nl_answer *a, uint16_t type, uint16_t flags, size_t payload);
void nl_attr(struct nl_answer *a, uint16_t type, const void *data, size_t len);
void nl_end(struct nl_answer *a);
/* netlink_route.c: 0: answered whole; else the error for the program. */
err_t netlink_route(struct nl_answer *a, const struct linux_nlmsghdr *h, size_t len) must_check;
