/* SPDX-License-Identifier: Apache-2.0 */
/* test/lib/vq_device.c: see vq_device.h. */
#include "test/lib/vq_device.h"

#include <stdlib.h>

#include "lib/assert.h"

void vqd_init(struct vq_device *d, const struct vq_mem *m)
{
	char *ring = m->ring;

	*d = (struct vq_device){
		.size = m->size,
		.desc = (void *)ring,
		.avail = (void *)(ring + vq_avail_offset(m->size)),
		.used = (void *)(ring + vq_used_offset(m->size)),
		.table = m->table,
		.table_bus = m->table_bus,
		.event_idx = m->event_idx,
	};
}

static uint16_t *avail_event(struct vq_device *d)
{
	return (uint16_t *)(void *)&d->used->ring[d->size];
}

static void take_desc(struct vqd_chain *c, const struct vring_desc *e)
{
	ASSERT(c->nout + c->nin < VQD_SEGS);
	ASSERT(c->nin == 0 || e->flags & VRING_DESC_WRITE); /* 2.7.4.2: readable ones come first */
	c->seg[c->nout + c->nin] = (struct vq_seg){ e->addr, e->len };
	if (e->flags & VRING_DESC_WRITE)
		c->nin++;
	else
		c->nout++;
}

static void walk(struct vqd_chain *c, const struct vring_desc *t, unsigned n, unsigned first)
{
	for (unsigned i = first, left = n;; i = t[i].next) {
		ASSERT(i < n && left-- > 0);
		take_desc(c, &t[i]);
		if (!(t[i].flags & VRING_DESC_NEXT))
			return;
	}
}

bool vqd_pop(struct vq_device *d, struct vqd_chain *c)
{
	const struct vring_desc *e;

	if (d->avail->idx == d->last_avail)
		return false;
	*c = (struct vqd_chain){ .head = d->avail->ring[d->last_avail++ & (d->size - 1)] };
	ASSERT(c->head < d->size);
	e = &d->desc[c->head];
	if (e->flags & VRING_DESC_INDIRECT) {
		ASSERT(e->flags == VRING_DESC_INDIRECT && e->len % sizeof(*e) == 0);
		walk(c, d->table + (e->addr - d->table_bus) / sizeof(*e),
		     e->len / (unsigned)sizeof(*e), 0);
	} else {
		walk(c, d->desc, d->size, c->head);
	}
	return true;
}

bool vqd_push(struct vq_device *d, uint16_t head, uint32_t len)
{
	uint16_t idx = d->used->idx;

	d->used->ring[idx & (d->size - 1)] = (struct vring_used_elem){ head, len };
	d->used->idx = (uint16_t)(idx + 1);
	if (!d->event_idx)
		return !(d->avail->flags & VRING_AVAIL_NO_INTERRUPT);
	return d->avail->ring[d->size] == idx;
}

bool vqd_sleep(struct vq_device *d)
{
	d->used->flags = 0;
	*avail_event(d) = d->last_avail;
	return d->avail->idx == d->last_avail;
}

void vqd_awake(struct vq_device *d)
{
	d->used->flags = VRING_USED_NO_NOTIFY;
	*avail_event(d) = (uint16_t)(d->last_avail - 1);
}
