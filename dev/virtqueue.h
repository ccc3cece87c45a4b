/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/virtqueue.h: the driver's side of a split virtqueue (VIRTIO 1.2, 2.7), with event index and indirect
 * descriptors.  Pure: it works on memory that it is given, names no lock, no transport and no CPU register,
 * and runs on the host under the fuzzer.
 *
 * The ring's memory is shared with the device, and **the device is untrusted**.  All book-keeping is in
 * private memory (struct vq_slot); what the device wrote is read once, checked, and then used.  A queue whose
 * device broke the rules has q->error set, hands out nothing more, and its owner fails the device.
 *
 * Context: any.  Locks: the caller serialises all calls on one queue; the other side of the ring is the
 * device, which behaves as another CPU of the same coherence domain (VIRTIO_F_ORDER_PLATFORM not needed).
 *
 *   [I] set by vq_init()   [q] the caller's lock   [d] written by the device: untrusted
 */
#pragma once

#include "abi/virtio.h"
#include "lib/err.h"

/* A piece of memory as the device sees it. */
struct vq_seg {
	uint64_t addr;
	uint32_t len;
};

/* What we know about a descriptor, where the device cannot reach it. */
struct vq_slot {
	void *token;	   /* [q] of the chain that starts here; NULL: none does */
	uint32_t in_bytes; /* [q] what the device may write into that chain */
	uint16_t ndesc;	   /* [q] its length in ring descriptors; 1 if indirect */
	uint16_t next;	   /* [q] free list, or the next of the chain */
	uint16_t table;	   /* [q] its indirect table + 1; 0: none */
};

struct vq {
	struct vring_desc *desc;   /* [I] memory the device only reads */
	struct vring_avail *avail; /* [I] the same */
	struct vring_used *used;   /* [d] */
	struct vq_slot *slot;	   /* [I] one for each descriptor */
	struct vring_desc *table;  /* [I] indirect tables of table_len entries each; or NULL */
	uint64_t table_bus;	   /* [I] */
	uint16_t *table_next;	   /* [q] free list of the tables */
	uint16_t table_len;	   /* [I] 0: there are none */
	uint16_t table_free;	   /* [q] the first + 1; 0: all in use */
	uint16_t size;		   /* [I] a power of two */
	bool event_idx;		   /* [I] */
	uint16_t free_head;	   /* [q] first free descriptor */
	uint16_t nfree;		   /* [q] */
	uint16_t inflight;	   /* [q] chains that the device has */
	uint16_t avail_idx;	   /* [q] chains added */
	uint16_t published;	   /* [q] of these, shown to the device */
	uint16_t last_used;	   /* [q] chains taken back */
	uint16_t used_seen;	   /* [q] used->idx as last read, checked */
	const char *error;	   /* [q] what the device did wrong; NULL: nothing yet */
};

/* Everything that vq_init() is given. Ring memory is zeroed, vq_ring_bytes() long, 16-byte aligned. */
struct vq_mem {
	uint16_t size;		  /* power of two, at most VRING_SIZE_MAX */
	void *ring;		  /* laid out by vq_init() */
	struct vq_slot *slot;	  /* `size` of them */
	struct vring_desc *table; /* ntables * table_len, or NULL: no INDIRECT_DESC */
	uint64_t table_bus;
	uint16_t *table_next; /* ntables of them */
	uint16_t ntables, table_len;
	bool event_idx; /* VIRTIO_F_EVENT_IDX was negotiated */
};

size_t vq_ring_bytes(uint16_t size);
/* Offsets of the driver and device areas in the ring's memory, for the transport. */
size_t vq_avail_offset(uint16_t size);
size_t vq_used_offset(uint16_t size);

void vq_init(struct vq *q, const struct vq_mem *m);

/* Chains longer than this go through an indirect table, if one is free. */
#define VQ_DIRECT_MAX 3

/*
 * Add a chain: nout segments that the device reads, then nin that it writes, in one array.  `token` (not
 * NULL) comes back from vq_take().  The device does not see the chain before vq_publish().
 * -ENOSPC: no room now; -EMSGSIZE: never room for so many segments; -EIO: the queue is broken.
 */
err_t vq_add(struct vq *q, const struct vq_seg *seg, unsigned nout, unsigned nin,
	     void *token) must_check;

/* Show the device all that was added. True: it wants to be notified. */
bool vq_publish(struct vq *q) must_check;

/*
 * Take back one chain that the device is done with: its token, and in *len how many bytes the device says
 * it wrote, never more than the chain has room for.  NULL: nothing there, or the queue is broken.
 */
void *vq_take(struct vq *q, uint32_t *len);

/*
 * Interrupts are a hint: a spurious one is harmless, and _disable() may let one more through.  _enable()
 * asks for one as soon as `after` more chains are used than were taken (0 counts as 1).  True: that many
 * are there already, and no interrupt may come for them: take them.
 */
void vq_irq_disable(struct vq *q);
bool vq_irq_enable(struct vq *q, unsigned after) must_check;

/* Is there something to take? Reads the device's index, unchecked. */
bool vq_pending(const struct vq *q);

/* After the device was reset: the token of a chain it never returned, until NULL. */
void *vq_drain(struct vq *q);

/* For an owner that found a length or content which cannot be: no more from this queue. */
void vq_break(struct vq *q, const char *why);
