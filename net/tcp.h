/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tcp.h: TCP as a socket sees it.  A struct tcp_conn is one connection, a struct tcp_listener one
 * listening endpoint of one shard (a listening socket has one in every shard).
 *
 * Life:     tcp_new() or tcp_accept() give a connection to its owner; tcp_close() or tcp_abort() give it
 *           back, and the pointer is dead.  What the protocol still has to do it does by itself.  A
 *           connection that was reset stays, in TCP_CLOSED with ep.err set, until its owner closes it.
 * Events:   net_ready_pop(); levels: tcp_level().
 * Locks, time, memory: as net/net.h says.  Calls that may send gather frames: net_flush() after.
 */
#pragma once

#include "net/net.h"

enum tcp_state { /* the order and values of /proc/net/tcp */
		 TCP_ESTABLISHED = 1,
		 TCP_SYN_SENT,
		 TCP_SYN_RECEIVED,
		 TCP_FIN_WAIT_1,
		 TCP_FIN_WAIT_2,
		 TCP_TIME_WAIT,
		 TCP_CLOSED,
		 TCP_CLOSE_WAIT,
		 TCP_LAST_ACK,
		 TCP_LISTEN,
		 TCP_CLOSING,
		 TCP_NSTATES
};

struct tcp_conn;
struct tcp_listener;

/* --- opening ------------------------------------------------------------------------------------- */

struct tcp_conn_addr {
	struct ip_addr local, remote;
	uint16_t lport, rport;
	struct net_if *ifc; /* bound to this interface, or NULL */
};

must_check err_t tcp_new(struct net_stack *st, void *owner, struct tcp_conn **out);
/*
 * Send a SYN.  a->local any: chosen; a->lport 0: chosen (RFC 6056), such that the flow arrives at this
 * shard.  NET_CONN follows, with NET_OUT or ep.err.  0, -ENETUNREACH, -EADDRNOTAVAIL (no port left, or the
 * source is not ours), -EADDRINUSE, -EISCONN, -EALREADY, -ENOMEM.
 */
must_check err_t tcp_connect(struct tcp_conn *c, const struct tcp_conn_addr *a, uint64_t now);

/*
 * The same with fast open (RFC 7413): if the peer has given us a cookie, the SYN waits for the first tcp_send()
 * and takes its data along, and until then tcp_lazy(); otherwise the SYN asks for one.
 */
must_check err_t tcp_connect_fast(struct tcp_conn *c, const struct tcp_conn_addr *a, uint64_t now);
bool tcp_lazy(const struct tcp_conn *c);

enum { TCP_L_V6ONLY = 1, TCP_L_REUSEPORT = 2, TCP_L_BIND_V6 = 4 };
/*
 * Listen on addr:port (any: every address; with TCP_L_BIND_V6 the any-address is :: and takes IPv4 too
 * unless V6ONLY).  Options are those of `like` (a connection never connected, whose options were set)
 * and are inherited.  With REUSEPORT several listeners may share the address: a hash chooses.
 */
must_check err_t tcp_listen(struct tcp_conn *like, struct ip_addr addr, uint16_t port,
			    unsigned flags, unsigned backlog, void *owner,
			    struct tcp_listener **out);
void tcp_listener_set_backlog(struct tcp_listener *l, unsigned backlog);
/* Connections not accepted are reset. */
void tcp_listener_close(struct tcp_listener *l, uint64_t now);
/* The oldest complete connection, now of `owner`; NULL: none. */
struct tcp_conn *tcp_accept(struct tcp_listener *l, void *owner);
unsigned tcp_listener_pending(const struct tcp_listener *l);
unsigned tcp_listener_backlog(const struct tcp_listener *l);
struct net_ep *tcp_listener_ep(struct tcp_listener *l);

/* --- data ---------------------------------------------------------------------------------------- */

enum {
	TCP_MSG_MORE = 1, /* hold back a partial segment: more comes */
	TCP_MSG_OOB = 2,  /* the last byte is urgent */
	TCP_MSG_PEEK = 4,
	TCP_MSG_TRUNC = 8, /* discard instead of copying (iov may be NULL) */
};
/*
 * Queue up to `len` bytes and send what may be sent.  Returns the count taken (short when the buffer is
 * full), -EAGAIN (no room), -EPIPE (closed for writing; the caller raises the signal), -ENOTCONN, -EFAULT,
 * -ENOMEM, or the pending error, which it takes.
 */
long tcp_send(struct tcp_conn *c, const struct net_iov *src, size_t len, unsigned flags,
	      uint64_t now);
/* The same with bytes that already lie in a buffer (sendfile, splice): queues a reference, takes one. */
long tcp_send_ref(struct tcp_conn *c, struct pbuf *b, uint32_t off, uint32_t len, unsigned flags,
		  uint64_t now);
/*
 * Take up to `len` bytes in order.  Returns the count, 0 at end of file, -EAGAIN, -ENOTCONN, -EFAULT, -EINVAL
 * (OOB and none there), or the pending error, which it takes.
 */
long tcp_recv(struct tcp_conn *c, const struct net_iov *dst, size_t len, unsigned flags,
	      uint64_t now);
/* The next in-order bytes without copying: a pointer to them and their count, until tcp_recv(TRUNC). */
size_t tcp_recv_view(struct tcp_conn *c, const uint8_t **data);
size_t tcp_readable(const struct tcp_conn *c); /* bytes in order (FIONREAD) */
size_t tcp_writable(const struct tcp_conn *c); /* bytes that tcp_send() would take */
size_t tcp_unsent(const struct tcp_conn *c);   /* queued, never sent (SIOCOUTQNSD) */
size_t tcp_unacked(const struct tcp_conn *c);  /* queued, not acknowledged (SIOCOUTQ) */
bool tcp_at_mark(const struct tcp_conn *c);
unsigned tcp_level(struct tcp_conn *c); /* NET_* that hold now; NET_OUT is raised if it does not */

/* --- closing ------------------------------------------------------------------------------------- */

enum { TCP_SHUT_RD = 1, TCP_SHUT_WR = 2 };
must_check err_t tcp_shutdown(struct tcp_conn *c, unsigned how, uint64_t now); /* 0 or -ENOTCONN */
/* The owner is gone.  Unread data: reset (RFC 2525 2.17), else FIN and an orderly end. */
void tcp_close(struct tcp_conn *c, uint64_t now);
void tcp_abort(struct tcp_conn *c, uint64_t now); /* reset at once (SO_LINGER 0) */
/* AF_UNSPEC connect: back to a fresh connection, the peer reset. */
void tcp_disconnect(struct tcp_conn *c, uint64_t now);

/* --- options and state --------------------------------------------------------------------------- */

enum tcp_opt {
	TCP_OPT_NODELAY,   /* bool */
	TCP_OPT_CORK,	   /* bool; clearing it sends */
	TCP_OPT_QUICKACK,  /* bool */
	TCP_OPT_KEEPALIVE, /* bool */
	TCP_OPT_KEEPIDLE,  /* seconds */
	TCP_OPT_KEEPINTVL, /* seconds */
	TCP_OPT_KEEPCNT,
	TCP_OPT_USER_TIMEOUT, /* ms, 0: none */
	TCP_OPT_SYNCNT,
	TCP_OPT_LINGER2,      /* seconds in FIN-WAIT-2 once orphaned; UINT32_MAX: none */
	TCP_OPT_DEFER_ACCEPT, /* seconds */
	TCP_OPT_MAXSEG,
	TCP_OPT_WINDOW_CLAMP,
	TCP_OPT_NOTSENT_LOWAT, /* bytes */
	TCP_OPT_SNDBUF,	       /* bytes; fixes it: no autotuning */
	TCP_OPT_RCVBUF,
	TCP_OPT_RCVLOWAT,
	TCP_OPT_OOBINLINE,	  /* bool */
	TCP_OPT_CONGESTION,	  /* index into tcp_cc_name() */
	TCP_OPT_FASTOPEN,	  /* listener: queue length */
	TCP_OPT_FASTOPEN_CONNECT, /* bool: tcp_connect() is tcp_connect_fast() */
	TCP_OPT_TTL,		  /* hop limit, 0: default */
	TCP_OPT_TOS,		  /* traffic class without ECN bits */
	TCP_OPT_PMTUDISC,	  /* IP_PMTUDISC_* */
	TCP_OPT_MAX_PACING,	  /* bytes a second, UINT32_MAX: no limit */
	TCP_OPT_ECN,		  /* bool: ask for it */
	TCP_OPT_COUNT
};
must_check err_t tcp_opt_set(struct tcp_conn *c, enum tcp_opt o, uint32_t v, uint64_t now);
uint32_t tcp_opt_get(const struct tcp_conn *c, enum tcp_opt o);
/* The same for a listener: what it hands on. */
must_check err_t tcp_listener_opt_set(struct tcp_listener *l, enum tcp_opt o, uint32_t v);
uint32_t tcp_listener_opt_get(const struct tcp_listener *l, enum tcp_opt o);
const char *tcp_cc_name(unsigned i); /* "cubic", "reno"; NULL past the end */

struct net_ep *tcp_ep(struct tcp_conn *c);
enum tcp_state tcp_conn_state(const struct tcp_conn *c);
void tcp_conn_addr(const struct tcp_conn *c, struct tcp_conn_addr *out);
void tcp_listener_addr(const struct tcp_listener *l, struct tcp_conn_addr *out);

/* What TCP_INFO is made of; times in microseconds. */
struct tcp_stats {
	uint8_t state, ca_state, retransmits, probes, backoff, options, snd_wscale, rcv_wscale;
	uint32_t rto, ato, snd_mss, rcv_mss, unacked, sacked, lost, retrans;
	uint32_t last_data_sent, last_data_recv, last_ack_recv; /* ms ago */
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
	uint32_t rcv_rtt, rcv_space, total_retrans, min_rtt, snd_wnd, rcv_wnd, notsent_bytes;
	uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received, bytes_sent,
		bytes_retrans;
	uint64_t segs_out, segs_in, data_segs_in, data_segs_out, delivery_rate;
	uint64_t busy_time, rwnd_limited, sndbuf_limited;
	uint32_t delivered, delivered_ce, dsack_dups, reord_seen, rcv_ooopack;
};
void tcp_conn_stats(const struct tcp_conn *c, struct tcp_stats *out, uint64_t now);

/* One line of /proc/net/tcp. */
struct tcp_row {
	struct tcp_conn_addr addr;
	uint8_t state, timer, retransmits, probes;
	uint32_t tx_queue, rx_queue;
	uint64_t timer_ns; /* until it fires */
	void *owner;
};
/* Calls `f` for each connection, listener and TIME-WAIT entry; `f` must not call the stack. */
void tcp_each(struct net_stack *st, uint64_t now, void (*f)(void *ctx, const struct tcp_row *r),
	      void *ctx);
