/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/pkt.h: packets and the memory behind them, shared by drivers and the network stack.
 *
 * A struct pbuf is a piece of memory with a reference count: normally one page of a pool, whose header
 * sits at the page's start; or somebody else's page with a release function (a page of the file cache).
 * A struct pkt describes one frame: a linear part that holds at least the headers, then up to PKT_FRAGS
 * fragments, each a range of a pbuf.  A received frame is linear in its first buffer, with a fragment
 * for each further buffer of the device; a frame that we make has its headers in its own room[] and
 * its payload in fragments that refer to send buffers.  Nothing is copied on the way.
 *
 * Context:  any.  Locks: a pool and everything that came from it belong to one shard; its lock is held
 * (or its CPU is the only one).  Counts are therefore plain integers.
 * Memory:   pages from the pool's source, at most max_pages of them; NULL when there are none.
 */
#pragma once

#include "lib/objcache.h"
#include "lib/util.h"

enum {
	PBUF_HEAD = 64,		      /* bytes of header at the start of a pool page */
	PBUF_ROOM = 4096 - PBUF_HEAD, /* bytes that a pool page holds */
	PKT_FRAGS = 17,		      /* 64 KB in pool pages that do not begin on a boundary */
	PKT_ROOM = 200,		      /* linear room in the packet itself */
	PKT_HEADROOM = 112, /* of it, before the transport header: eth, vlan, ip6, device header */
	PKT_SCRATCH = 56,
};

struct pkt_pool;
struct netif;

struct pbuf {
	uint8_t *base; /* first byte of the memory */
	uint32_t size; /* bytes at base */
	uint32_t refs;
	struct pbuf *next;		 /* owner's queue, or the pool's free list */
	uint32_t off, len;		 /* owner's: the bytes in use */
	void (*release)(struct pbuf *b); /* last reference gone; NULL: a page of `pool` */
	struct pkt_pool *pool;
	void *ctx; /* for release() */
};
_Static_assert(sizeof(struct pbuf) <= PBUF_HEAD, "the buffer head fits its place");

struct pkt_frag {
	struct pbuf *buf;
	uint32_t off; /* from buf->base */
	uint32_t len;
};

enum {
	PKT_CSUM_NEEDED =
		1 << 0, /* the 16-bit sum at l4 + csum_off, over l4.. to the end, is to be made;
				     it holds the sum of the pseudo-header (virtio NEEDS_CSUM) */
	PKT_CSUM_OK = 1 << 1, /* received: the transport checksum is known good (DATA_VALID) */
	PKT_LOOPED = 1 << 2,  /* came from this machine: no checksum was ever made */
	PKT_BCAST = 1 << 3,   /* link-level broadcast */
	PKT_MCAST = 1 << 4,   /* link-level multicast */
	PKT_OTHER = 1 << 5,   /* link-level unicast to somebody else */
	PKT_VLAN = 1 << 6,    /* vlan_tci is valid and not in the bytes */
	PKT_SHARED = 1 << 7,  /* a copy for this shard's knowledge only: do not answer it */
	PKT_NOLOOP =
		1 << 8, /* multicast that our own members shall not hear (IP_MULTICAST_LOOP off) */
	PKT_STRAY = 1 << 9, /* nobody has looked yet whether this is the shard of its flow */
};

enum pkt_gso {
	PKT_GSO_NONE,
	PKT_GSO_TCP4,
	PKT_GSO_TCP6,
	PKT_GSO_UDP, /* USO: UDP payload in gso_size pieces, either family */
};

struct pkt {
	struct pkt *next;  /* in a struct pkt_list */
	uint8_t *data;	   /* first byte of the linear part */
	uint32_t len;	   /* bytes in all */
	uint16_t lin;	   /* bytes of the linear part */
	uint16_t flags;	   /* PKT_* */
	uint8_t *l3;	   /* network header, once known */
	uint8_t *l4;	   /* transport header, once known */
	uint16_t csum_off; /* from l4, with PKT_CSUM_NEEDED */
	uint16_t gso_size; /* payload bytes a segment */
	uint16_t vlan_tci;
	uint8_t gso_type;      /* enum pkt_gso */
	uint8_t gso_ecn;       /* CWR is set on the first segment only */
	uint16_t loop_ifindex; /* PKT_LOOPED multicast: the interface that it left by */
	uint8_t nfrags;
	struct pbuf *buf; /* memory of the linear part; NULL: room[] */
	struct pkt_pool *pool;
	struct netif *nif; /* arrived on, or leaves by */
	uint64_t stamp_ns; /* received at; 0: not known */
	union {
		uint64_t scratch[PKT_SCRATCH / 8]; /* whoever holds the packet */
	};
	struct pkt_frag frag[PKT_FRAGS];
	uint8_t room[PKT_ROOM];
};
_Static_assert(sizeof(struct pkt) <= 624, "six packets a page");

/* First in, first out. */
struct pkt_list {
	struct pkt *first, **last;
	uint32_t count;
};

struct pkt_pool {
	struct page_src pages; /* hands out pages within max_pages */
	struct page_src outer; /* where they come from */
	struct objcache pkts;  /* struct pkt */
	struct pbuf *free;     /* pages kept */
	uint32_t nfree, keep;  /* how many are kept, at most */
	uint32_t npages;       /* pages held in all */
	uint32_t max_pages;
	uint64_t fails; /* allocations refused */
	uint32_t tag;	/* the owner's, to know it again by */
};

void pkt_pool_init(struct pkt_pool *p, const struct page_src *src, uint32_t max_pages);
/* Every packet and buffer must have been put. */
void pkt_pool_fini(struct pkt_pool *p);

/*
 * How scarce the pool's pages are.  Whoever queues packets or bytes for somebody slow asks first, so that what is
 * left is there for the device's buffers, for control and for answers: a crowd of slow peers cannot make the
 * machine deaf.
 */
enum pkt_scarce {
	PKT_PLENTY, /* a half is free */
	PKT_TIGHT,  /* no queue grows any more; what is modest goes on */
	PKT_SCARCE, /* over three quarters are in use: a queue may hold about a page */
	PKT_LAST,   /* over seven eighths: nothing is queued for a reader */
};

static inline uint32_t pkt_pool_used(const struct pkt_pool *p)
{
	return p->npages - p->nfree;
}

enum pkt_scarce pkt_pool_level(const struct pkt_pool *p); /* the slow part of the next */

static inline enum pkt_scarce pkt_pool_scarce(const struct pkt_pool *p)
{
	return likely(pkt_pool_used(p) <= p->max_pages / 2) ? PKT_PLENTY : pkt_pool_level(p);
}

/* A page of memory with one reference; off and len are 0, next NULL. */
struct pbuf *pbuf_alloc(struct pkt_pool *p);
/* Make a buffer of memory that is not the pool's.  The storage of `b` is the caller's until release. */
void pbuf_init_extern(struct pbuf *b, void *base, uint32_t size, void (*release)(struct pbuf *),
		      void *ctx);
void pbuf_free(struct pbuf *b); /* the last reference is gone: use pbuf_put() */

static inline struct pbuf *pbuf_get(struct pbuf *b)
{
	b->refs++;
	return b;
}

static inline void pbuf_put(struct pbuf *b)
{
	if (--b->refs == 0)
		pbuf_free(b);
}

/* Empty, linear in room[], data at PKT_HEADROOM. */
struct pkt *pkt_alloc(struct pkt_pool *p);
/*
 * A received frame: `len` bytes at `b->base + off`.  The packet takes the caller's reference to `b`,
 * also when it cannot be made (NULL).
 */
struct pkt *pkt_alloc_rx(struct pkt_pool *p, struct pbuf *b, uint32_t off, uint32_t len);
/* A linear packet with room for `len` bytes after `headroom`, in a page if room[] is too small; the
 * packet is empty.  NULL: no memory, or headroom + len is more than PBUF_ROOM. */
struct pkt *pkt_alloc_lin(struct pkt_pool *p, uint32_t headroom, uint32_t len);
void pkt_free(struct pkt *p);
/* Add `len` bytes of `b` at `off`.  Takes the caller's reference on success only. */
must_check bool pkt_add_frag(struct pkt *p, struct pbuf *b, uint32_t off, uint32_t len);
/* Move up to `n` bytes from the front fragments to the linear part so that lin >= n; false if the
 * packet is shorter or there is no room. */
must_check bool pkt_pull_up(struct pkt *p, uint32_t n);
/* Cut the packet to its first `len` bytes. */
void pkt_trim(struct pkt *p, uint32_t len);
/* Drop `n` bytes at the front, fragments included. */
void pkt_advance(struct pkt *p, uint32_t n);
/* Copy out; the range must be inside the packet. */
void pkt_copy_out(const struct pkt *p, uint32_t off, void *dst, uint32_t n);
/* Append by copying, with new pages as needed; false when there is no memory (then partly done). */
must_check bool pkt_append(struct pkt *p, const void *src, uint32_t n);
/* The same for bytes of another packet; the range must be inside it. */
must_check bool pkt_append_range(struct pkt *q, const struct pkt *p, uint32_t off, uint32_t n);
/* A second packet with the same bytes: headers copied, fragments shared.  NULL: no memory. */
struct pkt *pkt_clone(struct pkt_pool *pool, const struct pkt *p);
/* The same bytes in memory of another pool: for another shard.  NULL: no memory. */
struct pkt *pkt_copy(struct pkt_pool *pool, const struct pkt *p);
/*
 * The same bytes as a packet of `pool`, which the caller owns; p is another shard's, put into our hands.  Pages that
 * nobody else refers to change the pool, what remains of p is hollow; otherwise the bytes are copied.  NULL: no
 * memory.  Either way p goes back to its owner, who ends it with pkt_reclaim().
 */
struct pkt *pkt_adopt(struct pkt_pool *pool, struct pkt *p);
/* pkt_free() for a packet that was in other hands: adopted there, or sent. */
void pkt_reclaim(struct pkt *p);
/* Memory that the packet keeps busy. */
uint32_t pkt_truesize(const struct pkt *p);

/* Open `n` bytes before data / at the end of the linear part.  The room must be there. */
static inline uint8_t *pkt_push(struct pkt *p, uint32_t n)
{
	p->data -= n;
	p->lin = (uint16_t)(p->lin + n);
	p->len += n;
	return p->data;
}

static inline uint8_t *pkt_put(struct pkt *p, uint32_t n)
{
	uint8_t *at = p->data + p->lin;

	p->lin = (uint16_t)(p->lin + n);
	p->len += n;
	return at;
}

/* Drop `n` bytes of the linear part's front. */
static inline void pkt_pull(struct pkt *p, uint32_t n)
{
	p->data += n;
	p->lin = (uint16_t)(p->lin - n);
	p->len -= n;
}

static inline uint32_t pkt_headroom(const struct pkt *p)
{
	return (uint32_t)(p->data - (p->buf ? p->buf->base : p->room));
}

static inline uint32_t pkt_tailroom(const struct pkt *p)
{
	const uint8_t *end = p->buf ? p->buf->base + p->buf->size : p->room + PKT_ROOM;

	return (uint32_t)(end - (p->data + p->lin));
}

static inline void pkt_list_init(struct pkt_list *l)
{
	l->first = NULL;
	l->last = &l->first;
	l->count = 0;
}

static inline void pkt_list_add(struct pkt_list *l, struct pkt *p)
{
	p->next = NULL;
	*l->last = p;
	l->last = &p->next;
	l->count++;
}

static inline struct pkt *pkt_list_pop(struct pkt_list *l)
{
	struct pkt *p = l->first;

	if (!p)
		return NULL;
	l->first = p->next;
	if (!l->first)
		l->last = &l->first;
	p->next = NULL;
	l->count--;
	return p;
}

void pkt_list_splice(struct pkt_list *to,
		     struct pkt_list *from); /* all of `from` to the end of `to` */
void pkt_list_free(struct pkt_list *l);
