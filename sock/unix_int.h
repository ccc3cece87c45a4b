/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/unix_int.h: AF_UNIX sockets, for the files unix_*.c.
 *
 * A message is sent by putting it on the receiver's queue; the receiver's limit is the sender's SO_SNDBUF
 * against what this sender has lying there, counted at the receiver (`held`).  Both ends of a connection hold a
 * reference on each other for as long as they live, so `peer` of a connected stream never dangles; a
 * released end is `dead`.
 *
 * Locks: unix_lock guards names, states, peers and the list of all; u->lock guards u's queue.  Both are
 *        spinlocks of thread context; unix_lock is taken first.  User memory is copied outside both.
 *
 *   [I] set once   [g] unix_lock   [u] u->lock
 */
#pragma once

#include "kern/waitq.h"
#include "sock/sock.h"

struct dentry;
struct inode;

enum unix_state { UNIX_FRESH, UNIX_LISTENING, UNIX_CONNECTED };

/* What one send put there. Stream readers take part of it; `off` bytes are gone. */
struct unix_msg {
	struct list link;
	struct linux_ucred cred;
	struct file **files; /* SCM_RIGHTS: references */
	unsigned nfiles;
	bool has_cred; /* the sender passed SCM_CREDENTIALS itself */
	struct usock
		*from; /* datagrams: a reference, for the source address and the sender's count */
	size_t len, off;
	uint8_t data[];
};

struct usock {
	struct sock s;
	_Atomic uint32_t refs;
	enum unix_state state;		    /* [g] */
	struct usock *peer;		    /* [g] a reference */
	struct list all, bound;		    /* [g] */
	struct sock_addr name;		    /* [g] len 0: not bound */
	struct dentry *at;		    /* [g] bound to a path: the socket file, a reference */
	struct linux_ucred cred, peer_cred; /* [g] of connect or listen */
	/* listening */
	struct list backlog; /* [u] of usock.backlog_link: accepted ends that nobody took yet */
	unsigned nbacklog, backlog_max; /* [u] */
	struct list backlog_link;	/* [u] of the listener */
	/* receiving */
	struct mutex rd_mtx;   /* a reader has borrowed the first message */
	struct spinlock lock;  /* RANK_FILE */
	struct waitq rd, wr;   /* [u] readers here; senders to here (and connectors) */
	struct list queue;     /* [u] of unix_msg */
	size_t queued;	       /* [u] bytes lying in queue, all senders */
	unsigned nqueued;      /* [u] messages */
	bool shut_rd, shut_wr; /* [u] */
	bool dead;	       /* [u] released */
	int error;	       /* [u] SO_ERROR, positive */
	size_t sndbuf, rcvbuf; /* [a] */
	uint8_t noted;	       /* [a] options without effect */
	int peek_off;	       /* [u] SO_PEEK_OFF; -1: off */
};

enum { UNIX_SNDBUF = 212992, UNIX_CHUNK = 32768, UNIX_DGRAM_QUEUE = 512 };

extern struct spinlock unix_lock;
extern struct list unix_all;

static inline struct usock *usock_of(struct sock *s)
{
	return container_of(s, struct usock, s);
}

/* unix.c */
err_t unix_new(int type, int protocol, struct sock **out) must_check;
void unix_get(struct usock *u);
void unix_put(struct usock *u);
struct usock *unix_peer(struct usock *u); /* with a reference; NULL: none */
/* A datagram socket's default destination (NULL: none any more). -EPROTOTYPE, -EPERM. */
err_t unix_dgram_peer(struct usock *u, struct usock *to) must_check;
/* unix_lock held: a datagram socket that is connected hears its peer only. */
bool unix_may_send(const struct usock *u, const struct usock *to);
void unix_wake_all(struct usock *u, uint32_t mask);
struct linux_ucred unix_cred_self(void);

/* unix_name.c */
err_t unix_bind(struct sock *s, const struct sock_addr *a) must_check;
err_t unix_autobind(struct usock *u) must_check;
/* Who is bound to this address; with a reference. -ECONNREFUSED, -EINVAL, path errors. */
err_t unix_find(const struct sock_addr *a, struct usock **out) must_check;
void unix_unbind(struct usock *u);
err_t unix_getname(struct sock *s, bool peer, struct sock_addr *out) must_check;

/* unix_msg.c */
long unix_send(struct sock *s, struct sock_msg *m);
long unix_recv(struct sock *s, struct sock_msg *m);
uint32_t unix_poll(struct sock *s);
void unix_msg_free(struct unix_msg *m);

/* unix_rights.c */
err_t unix_ctl_take(struct unix_msg *to, const struct sock_msg *m) must_check;
/* To the reader: the sender's credentials, if asked for; its descriptors, which stay when `peek`. */
void unix_cred_give(struct usock *u, struct unix_msg *from, struct sock_msg *m);
void unix_rights_give(struct unix_msg *from, struct sock_msg *m, bool peek);
