/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/virtqueue.c: split virtqueues.
 *
 * Descriptors form a free list through the private slots, so that a device which scribbles over the table
 * confuses only itself.  A chain keeps its slots linked while the device has it and is put back on the
 * free list in one piece.  Indices run free and are compared by unsigned 16-bit difference.
 *
 * Ordering.  The device is another thread of execution:
 *   A  our writes of descriptors and ring entries before our store of avail->idx (2.7.13.3);
 *   B  our store of avail->idx before our load of avail_event/flags (2.7.13.4.1), against the device's
 *      store of these before its own last look at avail->idx;
 *   C  our load of used->idx before our loads of the entry and the data (2.7.14), against the
 *      device's writes before its store of used->idx;
 *   D  our store of used_event/flags before our last look at used->idx (2.7.14), against the device's
 *      store of used->idx before its load of them.
 */
#include "dev/virtqueue.h"

#include <stdatomic.h>

#include "arch/io.h"
#include "lib/assert.h"

/* One access each: the device may change the memory between two. */
#define shared_load(p)	   (*(const volatile __typeof__(*(p)) *)(p))
#define shared_store(p, v) (*(volatile __typeof__(*(p)) *)(p) = (v))

size_t vq_avail_offset(uint16_t size)
{
	return (size_t)size * sizeof(struct vring_desc);
}

size_t vq_used_offset(uint16_t size)
{
	/* 2.7.6: the ring is followed by used_event. */
	size_t end = vq_avail_offset(size) + sizeof(struct vring_avail) +
		     ((size_t)size + 1) * sizeof(uint16_t);

	return ALIGN_UP(end, (size_t)VRING_USED_ALIGN);
}

size_t vq_ring_bytes(uint16_t size)
{
	return vq_used_offset(size) + sizeof(struct vring_used) +
	       size * sizeof(struct vring_used_elem) + sizeof(uint16_t);
}

/* 2.7.10: these two fields follow the rings. */
static uint16_t *used_event(struct vq *q)
{
	return &q->avail->ring[q->size];
}

static const uint16_t *avail_event(const struct vq *q)
{
	return (const uint16_t *)(const void *)&q->used->ring[q->size];
}

void vq_init(struct vq *q, const struct vq_mem *m)
{
	char *ring = m->ring;

	ASSERT(m->size && (m->size & (m->size - 1)) == 0 && m->size <= VRING_SIZE_MAX);
	*q = (struct vq){
		.desc = (struct vring_desc *)(void *)ring,
		.avail = (struct vring_avail *)(void *)(ring + vq_avail_offset(m->size)),
		.used = (struct vring_used *)(void *)(ring + vq_used_offset(m->size)),
		.slot = m->slot,
		.table = m->table,
		.table_bus = m->table_bus,
		.table_next = m->table_next,
		.table_len = m->table ? m->table_len : 0,
		.table_free = m->table && m->ntables ? 1 : 0,
		.size = m->size,
		.event_idx = m->event_idx,
		.nfree = m->size,
	};
	for (uint16_t i = 0; i < m->size; i++)
		q->slot[i] = (struct vq_slot){ .next = (uint16_t)(i + 1) };
	for (uint16_t i = 0; m->table && i < m->ntables; i++)
		q->table_next[i] = (uint16_t)(i + 1 < m->ntables ? i + 2 : 0);
}

void vq_break(struct vq *q, const char *why)
{
	if (!q->error)
		q->error = why;
}

static void fill_desc(struct vring_desc *d, const struct vq_seg *s, unsigned flags, unsigned next)
{
	*d = (struct vring_desc){ s->addr, s->len, (uint16_t)flags, (uint16_t)next };
}

/* The chain that starts at `head` belongs to the device from the next vq_publish() on. */
static inline void hand_over(struct vq *q, unsigned head, unsigned ndesc, uint32_t bytes,
			     void *token)
{
	struct vq_slot *s = &q->slot[head];
	uint16_t idx = q->avail_idx;

	s->token = token;
	s->in_bytes = bytes;
	s->ndesc = (uint16_t)ndesc;
	q->nfree = (uint16_t)(q->nfree - ndesc);
	q->inflight++;
	shared_store(&q->avail->ring[idx & (q->size - 1)], (uint16_t)head);
	q->avail_idx = (uint16_t)(idx + 1);
}

static uint32_t in_bytes(const struct vq_seg *seg, unsigned nout, unsigned n)
{
	uint32_t sum = 0;

	for (unsigned k = nout; k < n; k++)
		sum += seg[k].len;
	return sum;
}

/* What most packets are, and every receive buffer. */
static inline err_t add_one(struct vq *q, const struct vq_seg *seg, bool in, void *token)
{
	unsigned head = q->free_head;

	if (unlikely(!q->nfree))
		return -ENOSPC;
	fill_desc(&q->desc[head], seg, in ? VRING_DESC_WRITE : 0, 0);
	q->free_head = q->slot[head].next;
	hand_over(q, head, 1, in ? seg->len : 0, token);
	return 0;
}

/* 2.7.5.3: one ring descriptor that points at a table. */
static noinline err_t add_indirect(struct vq *q, const struct vq_seg *seg, unsigned nout,
				   unsigned n, void *token)
{
	unsigned head = q->free_head;
	size_t first = (size_t)(q->table_free - 1u) * q->table_len;
	struct vring_desc *t = &q->table[first];
	struct vq_seg table = {
		.addr = q->table_bus + first * sizeof(struct vring_desc),
		.len = n * (uint32_t)sizeof(struct vring_desc),
	};

	if (unlikely(!q->nfree))
		return -ENOSPC;
	for (unsigned k = 0; k < n; k++)
		fill_desc(&t[k], &seg[k],
			  k < nout ? VRING_DESC_NEXT : VRING_DESC_NEXT | VRING_DESC_WRITE, k + 1);
	t[n - 1].flags = nout < n ? VRING_DESC_WRITE : 0;
	fill_desc(&q->desc[head], &table, VRING_DESC_INDIRECT, 0);
	q->slot[head].table = q->table_free;
	q->table_free = q->table_next[q->table_free - 1];
	q->free_head = q->slot[head].next;
	hand_over(q, head, 1, in_bytes(seg, nout, n), token);
	return 0;
}

/* The chain in the ring itself. Its slots are already linked. */
static noinline err_t add_direct(struct vq *q, const struct vq_seg *seg, unsigned nout, unsigned n,
				 void *token)
{
	unsigned flags = VRING_DESC_NEXT, head = q->free_head, i = head, last = i;
	uint32_t bytes = 0;

	if (unlikely(n > q->nfree))
		return n > q->size && n > q->table_len ? -EMSGSIZE : -ENOSPC;
	for (unsigned k = 0; k < n; k++) {
		unsigned next = q->slot[i].next;

		if (k >= nout) {
			flags = VRING_DESC_NEXT | VRING_DESC_WRITE;
			bytes += seg[k].len;
		}
		fill_desc(&q->desc[i], &seg[k], flags, next);
		last = i;
		i = next;
	}
	q->desc[last].flags = (uint16_t)(flags & ~VRING_DESC_NEXT);
	q->free_head = (uint16_t)i;
	hand_over(q, head, n, bytes, token);
	return 0;
}

err_t vq_add(struct vq *q, const struct vq_seg *seg, unsigned nout, unsigned nin, void *token)
{
	unsigned n = nout + nin;

	DEBUG_ASSERT(token && n);
	if (unlikely(q->error))
		return -EIO;
	if (n == 1)
		return add_one(q, seg, nin, token);
	if (n > VQ_DIRECT_MAX && n <= q->table_len && q->table_free)
		return add_indirect(q, seg, nout, n, token);
	return add_direct(q, seg, nout, n, token);
}

bool vq_publish(struct vq *q)
{
	uint16_t from = q->published, to = q->avail_idx;

	if (from == to)
		return false;
	/* A: pairs with the device's load of avail->idx. */
	atomic_thread_fence(memory_order_release);
	shared_store(&q->avail->idx, to);
	q->published = to;
	/* B: pairs with the device's fence between its store of avail_event and its look at avail->idx. */
	dma_mb();
	if (!q->event_idx)
		return !(shared_load(&q->used->flags) & VRING_USED_NO_NOTIFY);
	/* 2.7.10.1: notify if the index that the device waits for is among those just added. */
	return (uint16_t)(to - shared_load(avail_event(q)) - 1) < (uint16_t)(to - from);
}

bool vq_pending(const struct vq *q)
{
	return shared_load(&q->used->idx) != q->last_used;
}

/* Look at used->idx; it may not claim more chains than the device has been shown. */
static bool see_used(struct vq *q)
{
	uint16_t idx = shared_load(&q->used->idx);
	uint16_t shown = (uint16_t)(q->inflight - (uint16_t)(q->avail_idx - q->published));

	if (idx == q->last_used)
		return false;
	if ((uint16_t)(idx - q->last_used) > shown) {
		vq_break(q, "used index runs ahead of the requests");
		return false;
	}
	/* C: pairs with the device's release of used->idx. */
	atomic_thread_fence(memory_order_acquire);
	q->used_seen = idx;
	return true;
}

static void put_table(struct vq *q, struct vq_slot *s)
{
	q->table_next[s->table - 1] = q->table_free;
	q->table_free = s->table;
	s->table = 0;
}

/* Put the chain that starts at `head` back on the free list, its links as they are. */
static inline void *release_chain(struct vq *q, uint16_t head)
{
	struct vq_slot *s = &q->slot[head], *last = s;
	void *token = s->token;

	for (unsigned n = s->ndesc; n > 1; n--)
		last = &q->slot[last->next];
	last->next = q->free_head;
	q->free_head = head;
	q->nfree = (uint16_t)(q->nfree + s->ndesc);
	q->inflight--;
	s->token = NULL;
	if (s->table)
		put_table(q, s);
	return token;
}

void *vq_take(struct vq *q, uint32_t *len)
{
	const struct vring_used_elem *e;
	uint32_t id, n;

	if (unlikely(q->error))
		return NULL;
	if (q->last_used == q->used_seen && !see_used(q))
		return NULL;
	e = &q->used->ring[q->last_used & (q->size - 1)];
	id = shared_load(&e->id);
	n = shared_load(&e->len);
	if (unlikely(id >= q->size || !q->slot[id].token)) {
		vq_break(q, "used ring names a request that is not there");
		return NULL;
	}
	if (unlikely(n > q->slot[id].in_bytes)) {
		vq_break(q, "used length is more than the buffer");
		return NULL;
	}
	q->last_used++;
	*len = n;
	return release_chain(q, (uint16_t)id);
}

void vq_irq_disable(struct vq *q)
{
	/* An index just behind us is not reached again for 65535 chains. */
	if (q->event_idx)
		shared_store(used_event(q), (uint16_t)(q->last_used - 1));
	else
		shared_store(&q->avail->flags, (uint16_t)VRING_AVAIL_NO_INTERRUPT);
}

bool vq_irq_enable(struct vq *q, unsigned after)
{
	/* Without event index every chain interrupts. */
	uint16_t wait = (uint16_t)(after && q->event_idx ? after - 1 : 0);

	if (q->event_idx)
		shared_store(used_event(q), (uint16_t)(q->last_used + wait));
	else
		shared_store(&q->avail->flags, (uint16_t)0);
	/* D: pairs with the device's fence between used->idx and its load of used_event. */
	dma_mb();
	return (uint16_t)(shared_load(&q->used->idx) - q->last_used) > wait;
}

void *vq_drain(struct vq *q)
{
	for (uint16_t i = 0; q->inflight && i < q->size; i++)
		if (q->slot[i].token)
			return release_chain(q, i);
	return NULL;
}
