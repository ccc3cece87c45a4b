/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock/packet_int.h: AF_PACKET sockets: packet.c is the socket, packet_opt.c its options, packet_ring.c the receive
 * ring that the program maps.  A socket has a tap in each shard; frames are copied from there to the socket's own
 * queue, or to the ring, in the turn that brings them.
 *
 *   [I] set once   [k] k->lock, which is taken under a shard's   [m] k->mtx, taken before any spinlock
 */
#pragma once

#include "abi/linux_packet.h"
#include "kern/mutex.h"
#include "lib/bpf.h"
#include "net/raw.h"
#include "sock/shard.h"
#include "sock/sock.h"

struct packet_ring;
struct psock;

struct ptap {
	struct shard_owner owner;
	struct psock *k;     /* [I] */
	struct net_tap *tap; /* [I] its shard's lock */
};

/* A frame that waits for recvmsg(2), from where the reader begins. */
struct pframe {
	struct list link;
	struct linux_sockaddr_ll from;
	uint32_t whole; /* its length before the filter cut it to `len` */
	uint32_t len;
	uint64_t stamp_ns;
	uint8_t data[];
};

struct psock {
	struct sock s;
	struct mutex mtx;	     /* one change of options at a time */
	struct spinlock lock;	     /* RANK_WAITQ, interrupts off */
	struct waitq wq;	     /* [k] */
	struct list queue;	     /* [k] of struct pframe */
	size_t queued;		     /* [k] bytes in it */
	uint32_t drops;		     /* [k] no room in queue or ring, since it was last asked */
	uint32_t rcvbuf, sndbuf;     /* [k] as getsockopt shows them */
	struct packet_ring *ring;    /* [k] NULL: recvmsg() it is */
	struct packet_ring *retired; /* [m] */
	uint16_t proto;		     /* [m] EtherType */
	uint32_t ifindex;	     /* [m] 0: all */
	bool auxdata, ignore_outgoing, filter_locked; /* [m] */
	uint32_t version, reserve;		      /* [m] of the ring to come */
	struct bpf_prog *filter;		      /* [m] NULL: none */
	struct list all;			      /* all_lock of packet.c */
	struct list members;			      /* [m] packet_opt.c: PACKET_ADD_MEMBERSHIP */
	struct ptap tap[];			      /* one a shard */
};

static inline struct psock *psock_of(struct sock *s)
{
	return container_of(s, struct psock, s);
}

/* What a reader sees first: the Ethernet header, or what is behind it. */
static inline uint32_t packet_base(const struct psock *k)
{
	return k->s.type == LX_SOCK_DGRAM ? 14 : 0;
}

/* packet.c: what the reader is told of where a frame comes from. */
void packet_from(const struct pkt *p, const struct tap_rx *rx, struct linux_sockaddr_ll *out);
/* Each tap is bound and given its filter again. k->mtx held. */
void packet_tell_taps(struct psock *k);

/* packet_opt.c */
err_t packet_setopt(struct sock *s, int level, int name, struct uio *val) must_check;
err_t packet_getopt(struct sock *s, int level, int name, void *val, uint32_t *len) must_check;
void packet_members_free(struct psock *k);

/* packet_ring.c; k->lock held for readable and frame, k->mtx otherwise */
err_t packet_ring_new(const struct linux_tpacket_req *req, uint32_t reserve,
		      struct packet_ring **out) must_check;
void packet_ring_put(struct packet_ring *r);
void packet_ring_put_all(struct packet_ring *r); /* it and those behind it */
/*
 * The socket's own reference goes: now, or when the socket ends, as an mmap(2) that found the ring may not have
 * taken its reference yet.
 */
void packet_ring_retire(struct psock *k, struct packet_ring *r);
bool packet_ring_mapped(struct packet_ring *r);
bool packet_ring_readable(struct packet_ring *r);
/* False: the program has not given the next frame back. */
bool packet_ring_frame(struct psock *k, const struct pkt *p, const struct tap_rx *rx) must_check;
err_t packet_mmap(struct sock *s, uint64_t offset, struct vm_object **out) must_check;
