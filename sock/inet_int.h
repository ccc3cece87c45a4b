/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/inet_int.h: AF_INET and AF_INET6 sockets, for the files inet*.c.  A socket holds one endpoint of
 * net/ (a connection, a listener, a UDP or raw endpoint) and sleeps on the shard's lock.
 *
 * A socket that is no end of a flow yet may move to another shard (inet_move()): its lock is taken by
 * inet_lock() or inet_look(), which look again whose it is.
 *
 *   [I] set once   [s] the shard's lock   [a] atomic
 */
#pragma once

#include "net/ports.h"
#include "net/raw.h"
#include "net/tcp.h"
#include "net/udp.h"
#include "sock/shard.h"
#include "sock/sock.h"

enum inet_kind { INET_TCP, INET_LISTEN, INET_UDP, INET_RAW };

/* Control messages that the program asked for. */
enum inet_want {
	WANT_PKTINFO = 1 << 0,
	WANT_TTL = 1 << 1,
	WANT_TOS = 1 << 2,
	WANT_PKTINFO6 = 1 << 3,
	WANT_TTL6 = 1 << 4,
	WANT_TOS6 = 1 << 5,
	WANT_ORIGDST = 1 << 6,
	WANT_GRO = 1 << 7,
	WANT_DROPS = 1 << 8,
	WANT_ZEROCOPY = 1 << 9,
	/* not messages, but flags all the same */
	WANT_FREEBIND = 1 << 16,
	WANT_TRANSPARENT = 1 << 17,
	WANT_DEBUG = 1 << 18,
	WANT_KEEPALIVE = 1 << 19, /* this and the next two where the protocol has no use for them */
	WANT_OOBINLINE = 1 << 20,
	WANT_BROADCAST = 1 << 21,
};

/* Options that a raw socket keeps itself. */
enum inet_raw_opt {
	RAW_OPT_TTL, /* 0: default */
	RAW_OPT_TOS,
	RAW_OPT_MCAST_TTL,
	RAW_OPT_MCAST_LOOP,
	RAW_OPT_MCAST_IF,
	RAW_OPTS
};

struct isock {
	struct sock s;
	struct shard_owner owner;  /* net_ep.owner points here */
	struct shard *shard;	   /* [s] where the endpoint lives */
	enum inet_kind kind;	   /* [s] TCP becomes LISTEN once */
	union {			   /* [s] */
		struct net_ep *ep; /* first member of each of: */
		struct tcp_conn *tcp;
		struct tcp_listener *listener; /* the home shard's; all of them are in `ls` */
		struct udp_ep *udp;
		struct raw_ep *raw;
	};
	struct inet_listen *ls; /* [s] its listeners; NULL: listen(2) was never called */
	struct waitq wq;	/* [s] */
	struct port_bind *port; /* [s] NULL: not bound by bind(2) */
	struct ip_addr bound;	/* [s] address of bind(2); any otherwise */
	struct ip_addr peer;	/* [s] raw: of connect(2) */
	uint16_t lport;		/* [s] */
	bool port_auto;		/* [s] the port was chosen for it: inet_autobind() */
	uint32_t ifindex;	/* [s] SO_BINDTODEVICE */
	bool v6;		/* [I] AF_INET6 */
	bool v6only, reuseaddr, reuseport, linger; /* [s] */
	bool connecting;       /* [s] a SYN is out and nobody has heard the end of it */
	bool connected;	       /* [s] a peer is set; TCP: a connect or accept has come to its end */
	bool shut_rd, shut_wr; /* [s] UDP, raw: shutdown(2) */
	uint32_t linger_s;     /* [s] */
	uint32_t want;	       /* [s] WANT_* */
	uint32_t rcvlowat;     /* [s] */
	uint32_t sndbuf, rcvbuf; /* [s] as getsockopt shows them; 0: the protocol's */
	uint16_t gso_size;	 /* [s] UDP_SEGMENT for all sends */
	uint8_t hdrincl;	 /* [s] raw */
	uint32_t zc_told,
		zc_next; /* [s] MSG_ZEROCOPY: sends that were told of, and that were made */
	uint8_t raw_opt[RAW_OPTS]; /* [s] raw */
	struct list members;	   /* [s] raw: inet_group.c */
};

static inline struct isock *isock_of(struct sock *s)
{
	return container_of(s, struct isock, s);
}

/* inet.c */
err_t inet_new(bool v6, int type, int protocol, struct sock **out) must_check;
struct isock *inet_alloc(const struct sock_ops *ops, bool v6, int type, int protocol);
void inet_free(struct isock *i);
extern const struct sock_ops inet_tcp_ops[2], inet_udp_ops[2], inet_raw_ops[2]; /* by v6 */
err_t inet_bind(struct sock *s, const struct sock_addr *a) must_check;
err_t inet_addr_parse(const struct isock *i, const struct sock_addr *a, struct ip_addr *ip,
		      uint16_t *port, uint32_t *scope) must_check;
void inet_addr_make(const struct isock *i, struct ip_addr ip, uint16_t port, uint32_t ifindex,
		    struct sock_addr *out);
uint32_t inet_poll_mask(unsigned net_level);
/* A port of its own for a socket that sends before it was bound. Shard locked. */
err_t inet_autobind(struct isock *i) must_check;
/* UDP: a port that nobody asked for by name goes back. Shard locked. */
void inet_autobind_undo(struct isock *i);
err_t inet_port_listen(struct isock *i) must_check; /* -EADDRINUSE */

/* Whose it is this moment: may be another's when that one's lock is held. */
static inline struct shard *inet_shard(const struct isock *i)
{
	return __atomic_load_n(&i->shard,
			       __ATOMIC_RELAXED); /* the lock orders, and then it is compared */
}
/* A turn of the socket's shard begins: shard_lock(). */
static inline bool inet_lock(struct isock *i) no_lock_analysis
{
	struct shard *s = inet_shard(i);
	bool on = shard_lock(s);

	while (unlikely(i->shard != s)) {
		shard_unlock(s, on);
		s = inet_shard(i);
		on = shard_lock(s);
	}
	return on;
}
static inline void inet_unlock(struct isock *i, bool on) no_lock_analysis
{
	shard_unlock(i->shard, on);
}
/* shard_wait() on the socket's own queue. */
err_t inet_wait(struct isock *i, uint64_t deadline_ns) must_check;
/* The same lock for a look only: no turn. */
static inline bool inet_look(struct isock *i) no_lock_analysis
{
	struct shard *s = inet_shard(i);
	bool on = spin_lock_irq(&s->lock);

	while (unlikely(i->shard != s)) {
		spin_unlock_irq(&s->lock, on);
		s = inet_shard(i);
		on = spin_lock_irq(&s->lock);
	}
	return on;
}
static inline void inet_looked(struct isock *i, bool on)
{
	shard_looked(i->shard, on);
}

/* inet_move.c: the socket is in shard `to` from now on, or has become something meanwhile. Locked before and after. */
err_t inet_move(struct isock *i, struct shard *to) must_check;
err_t inet_move_to_flow(struct isock *i, const struct tcp_conn_addr *a) must_check;

/* inet_listen.c: a listening socket has a listener in every shard. No lock held, but where it says so. */
err_t inet_listen(struct isock *i,
		  unsigned backlog) must_check;	 /* begins, or changes the backlog */
err_t inet_unlisten(struct isock *i) must_check; /* shutdown(2): a fresh socket again */
void inet_listen_free(struct isock *i);		 /* the socket ends */
/* The oldest connection of one of the shards for `new`, which lives there then. -EINVAL: not listening. */
err_t inet_accept(struct isock *i, uint64_t deadline_ns, struct isock *new) must_check;
unsigned inet_listen_pending(const struct isock *i); /* to be accepted, about; any lock or none */
void inet_listen_options(struct isock *i);	     /* the home listener's options for all */
/* The socket behind a row of tcp_each(); NULL: none. *first: no other shard has a row for the same thing. */
const struct isock *inet_row_sock(const struct tcp_row *r, const struct shard *s, bool *first);

/* What shutdown(2) adds to the level of a UDP or raw socket. */
static inline unsigned inet_shut_level(const struct isock *i)
{
	return (i->shut_rd ? NET_RDHUP : 0u) | (i->shut_rd && i->shut_wr ? NET_HUP : 0u);
}

/* inet_copy.c: user bytes for net/, which may not fault them in. */
void inet_iov_in(struct net_iov *v, struct uio *u);  /* from the program */
void inet_iov_out(struct net_iov *v, struct uio *u); /* to the program */
/* The page at the uio's position is brought in, unlocked. False: it cannot be: -EFAULT. */
bool inet_fault_in(const struct uio *u, bool for_write);
/* Each page of what is to be sent is touched, so that a copy of the whole under the lock goes through. */
bool inet_fault_in_all(const struct uio *u);
/* A packet's bytes into the uio; unlocked. Bytes or -EFAULT. */
long inet_pkt_out(const struct pkt *p, size_t n, struct uio *u);

/* inet_opt.c */
err_t inet_setopt(struct sock *s, int level, int name, struct uio *val) must_check;
err_t inet_getopt(struct sock *s, int level, int name, void *val, uint32_t *len) must_check;

/* inet_group.c */
bool inet_is_group_opt(int level, int name);
err_t inet_group_set(struct isock *i, int level, int name, struct uio *val) must_check;
err_t inet_group_set_if(struct isock *i, struct uio *val) must_check; /* IP_MULTICAST_IF */
void inet_group_leave_all(struct isock *i); /* a raw socket ends; its shard is locked */

/* inet_cmsg.c */
struct inet_info { /* what is known of one datagram */
	struct ip_addr src, dst;
	uint32_t ifindex;
	uint8_t ttl, tos;
	uint16_t gso_size;
	uint64_t stamp_ns;
};
void inet_ctl_give(const struct isock *i, const struct inet_info *info, struct sock_msg *m);
/* recvmsg(MSG_ERRQUEUE): what IP_RECVERR kept. -EAGAIN: nothing. */
long inet_recv_error(struct isock *i, struct sock_msg *m);
/*
 * MSG_ZEROCOPY: the bytes are copied all the same, which the message on the error queue says
 * (SO_EE_CODE_ZEROCOPY_COPIED), so a send is complete as soon as it is made.
 */
void inet_zerocopy_sent(struct isock *i);
long inet_recv_zerocopy(struct isock *i, struct sock_msg *m); /* -EAGAIN: none to tell of */
static inline uint32_t inet_zerocopy_poll(const struct isock *i)
{
	return i->zc_told != i->zc_next ? POLL_ERR : 0;
}
err_t inet_ctl_take(struct isock *i, const struct sock_msg *m, struct udp_tx *tx) must_check;
