/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/pipe_int.h: a pipe's ring, for pipe.c and pipe_splice.c: see pipe.c for who may touch what. */
#pragma once

#include "kern/page.h"
#include "kern/waitq.h"
#include "vfs/pipe.h"

struct pipe_slot {
	struct page *page;
	uint16_t off, len;
	bool shared; /* another pipe has the page, too: nothing is added, and it is not used again */
	bool packet; /* ends with its write, and a read with it */
};
_Static_assert(PAGE_SIZE <= UINT16_MAX, "a slot counts its page's bytes in 16 bits");

struct pipe {
	_Atomic uint32_t refs;
	struct mutex mtx;
	struct spinlock lock;	   /* RANK_FILE */
	struct waitq rd, wr, open; /* [lock] bytes came, room came, an end was opened */
	struct poll_source source;
	uint32_t head, tail;		      /* [mtx + lock to change, lock to read] */
	unsigned readers, writers;	      /* [lock] */
	unsigned reads_opened, writes_opened; /* [lock] ever; what a blocking open waits for */
	unsigned nslots;		      /* [mtx] a power of two */
	struct pipe_slot *slot;		      /* [mtx] head and tail modulo nslots */
	struct page *spare; /* [mtx] of a slot that was emptied, for the next; or NULL */
	uint64_t ino;	    /* [I] shown in /proc/self/fd */
};

static inline unsigned pipe_used(const struct pipe *p)
{
	return p->head - p->tail;
}

static inline bool pipe_full(const struct pipe *p)
{
	return pipe_used(p) >= p->nslots;
}

static inline struct pipe_slot *pipe_slot_at(const struct pipe *p, uint32_t at)
{
	return &p->slot[at & (p->nslots - 1)];
}

/* Slots came or went: who waits for that looks again. mtx held. */
void pipe_moved(struct pipe *p, uint32_t *count, unsigned slots, struct waitq *wake, uint32_t mask);
/* Sleep until there is something to read or nobody to write it; -ERESTARTSYS. */
err_t pipe_wait_bytes(struct pipe *p) must_check;
err_t pipe_wait_room(struct pipe *p) must_check;
/* A page for a slot, and back. mtx held. */
struct page *pipe_page_take(struct pipe *p);
void pipe_page_give(struct pipe *p, struct page *page);
/* The oldest slot goes; writers that found no room hear of it, one for each slot. mtx held. */
void pipe_drop_slot(struct pipe *p);
