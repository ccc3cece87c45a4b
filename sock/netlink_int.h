/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/netlink_int.h: AF_NETLINK, protocol ROUTE: netlink.c is the socket, netlink_route.c answers requests,
 * netlink_notify.c tells of changes.
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
	uint32_t group; /* that it was sent to; 0: an answer */
	uint8_t data[];
};

struct nlsock {
	struct sock s;
	struct spinlock lock; /* RANK_FILE */
	struct waitq rd;      /* [n] */
	struct list queue;    /* [n] of nl_msg */
	size_t queued;	      /* [n] bytes of it */
	struct list all;      /* all_lock */
	uint32_t pid, groups; /* [n] of bind(2) */
	uint32_t rcvbuf;      /* [n] */
	bool cap_ack;	      /* errors do not quote the whole request */
	bool overrun;	      /* [n] an answer found no memory: -ENOBUFS once */
};

/* Answers under construction: datagrams are begun as they fill. */
struct nl_answer {
	struct nlsock *to; /* NULL: a notification */
	uint32_t seq;
	bool del;	  /* what is put is gone: RTM_DEL*, which is RTM_NEW* + 1 */
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
void nl_put_link(struct nl_answer *a, struct net_if *ifc, uint16_t flags);
void nl_put_addr(struct nl_answer *a, struct net_if *ifc, const struct net_ifaddr *na,
		 uint16_t flags);
void nl_put_route(struct nl_answer *a, const struct net_route *r, uint16_t flags);
void nl_put_neigh(struct nl_answer *a, const struct net_neigh *n, uint16_t flags);
bool nl_route_shown(const struct net_route *r); /* its link is up */
/* What was put goes to all who joined the group, and is freed. */
void nl_multicast(struct nl_answer *a, unsigned group);

/* The same without a look at what there is to tell. True: some socket listens to some group. */
bool nl_set_groups(struct nlsock *n, uint32_t groups);

/* netlink_notify.c: something may have changed: tell. Threads, no lock held. */
void nl_notify(void);
void nl_join(struct nlsock *n, uint32_t groups); /* its groups are these from now on */
void nl_notify_init(void);
