/* SPDX-License-Identifier: Apache-2.0 */
/* test/lib/fake_vdev.c: see fake_vdev.h. */
#include "test/lib/fake_vdev.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"

static struct fake_vdev *fake_of(struct vdev *vd)
{
	return container_of(vd, struct fake_vdev, vd);
}

static uint8_t get_status(struct vdev *vd)
{
	return fake_of(vd)->status;
}

static void set_status(struct vdev *vd, uint8_t status)
{
	struct fake_vdev *f = fake_of(vd);

	if (status == 0) {
		memset(f->queue, 0, sizeof(f->queue));
		for (unsigned i = 0; i < FAKE_QUEUES; i++)
			f->queue[i].notify = 0xffff;
	}
	f->status = status;
}

static uint64_t get_features(struct vdev *vd)
{
	return fake_of(vd)->offered;
}

static void set_features(struct vdev *vd, uint64_t accepted)
{
	ASSERT((accepted & ~fake_of(vd)->offered) == 0);
}

static uint32_t get_config(struct vdev *vd, uint32_t off, unsigned width)
{
	uint32_t v = 0;

	memcpy(&v, fake_of(vd)->config + off, width);
	return v;
}

static void set_config(struct vdev *vd, uint32_t off, unsigned width, uint32_t val)
{
	memcpy(fake_of(vd)->config + off, &val, width);
}

static uint32_t generation(struct vdev *vd)
{
	(void)vd;
	return 0;
}

static unsigned queue_max(struct vdev *vd, unsigned i)
{
	return i < fake_of(vd)->nqueues ? fake_of(vd)->queue_max : 0;
}

static err_t queue_start(struct vqueue *q, unsigned cpu)
{
	struct fake_vdev *f = fake_of(q->vd);
	struct fake_queue *fq = &f->queue[q->index];
	struct vq_mem m = { .size = q->ring.size,
			    .ring = pa_to_va(q->ring_pa),
			    .table = pa_to_va((paddr_t){ 0 }),
			    .event_idx = vdev_has(q->vd, VIRTIO_F_EVENT_IDX) };

	(void)cpu;
	ASSERT(!(f->status & VIRTIO_S_DRIVER_OK) && f->status & VIRTIO_S_FEATURES_OK);
	vqd_init(&fq->d, &m);
	fq->q = q;
	fq->asleep = true;
	q->notify = &fq->notify;
	q->notify16 = true;
	return 0;
}

static const struct vdev_transport fake_transport = {
	.steers = true,
	.status = get_status,
	.set_status = set_status,
	.features = get_features,
	.set_features = set_features,
	.config = get_config,
	.set_config = set_config,
	.generation = generation,
	.queue_max = queue_max,
	.queue_start = queue_start,
};

void fake_init(struct fake_vdev *f, uint32_t type, uint64_t offered)
{
	*f = (struct fake_vdev){ .offered = offered | VIRTIO_F_VERSION_1,
				 .queue_max = 1024,
				 .nqueues = FAKE_QUEUES };
	f->vd.type = type;
	f->vd.tr = &fake_transport;
	f->vd.config_len = sizeof(f->config);
	memcpy(f->vd.name, "fake", 5);
}

bool fake_pop(struct fake_vdev *f, unsigned i, struct vqd_chain *c)
{
	struct fake_queue *fq = &f->queue[i];

	if (!fq->q || !(f->status & VIRTIO_S_DRIVER_OK))
		return false;
	if (fq->asleep && fq->notify == 0xffff) {
		ASSERT(fq->d.avail->idx == fq->d.last_avail); /* else we were not told */
		return false;
	}
	ASSERT(fq->notify == 0xffff || fq->notify == i);
	fq->notify = 0xffff;
	fq->asleep = false;
	if (vqd_pop(&fq->d, c))
		return true;
	fq->asleep = vqd_sleep(&fq->d);
	return false;
}

void fake_push(struct fake_vdev *f, unsigned i, uint16_t head, uint32_t len)
{
	if (f->queue[i].q &&
	    vqd_push(&f->queue[i].d, head, len)) /* after a reset it has no queue */
		f->queue[i].irq = true;
}

bool fake_irq(struct fake_vdev *f)
{
	bool any = false, on = irq_save();

	for (unsigned i = 0; i < FAKE_QUEUES; i++) {
		struct fake_queue *fq = &f->queue[i];

		if (!fq->irq || !fq->q->irq || !vdev_live(&f->vd))
			continue;
		fq->irq = false;
		fq->q->irq(fq->q);
		any = true;
	}
	irq_restore(on);
	return any;
}

void *fake_va(const struct vq_seg *s)
{
	return pa_to_va((paddr_t){ s->addr });
}

static struct page *hoard[65536];
static unsigned hoarded;

void fake_starve(unsigned pages)
{
	while (hoarded < ARRAY_LEN(hoard) && (hoard[hoarded] = page_alloc(0, PAGE_ATOMIC)))
		hoarded++;
	for (; pages && hoarded; pages--)
		page_put(hoard[--hoarded]);
}

void fake_feed(void)
{
	while (hoarded)
		page_put(hoard[--hoarded]);
}

void fake_misbehave(struct fake_vdev *f, unsigned i)
{
	struct fake_queue *fq = &f->queue[i];
	uint8_t *ring = (uint8_t *)fq->d.desc;

	if (!fq->q)
		return;
	fq->irq = true;
	switch (rand() % 4) {
	case 0:
		fake_push(f, i, (uint16_t)(rand() % (2 * fq->d.size)), (uint32_t)rand() % 100000);
		break;
	case 1:
		fq->d.used->idx = (uint16_t)(fq->d.used->idx + rand() % 4);
		break;
	case 2:
		fq->d.used->ring[rand() % fq->d.size].len = (uint32_t)rand();
		break;
	default:
		ring[(size_t)rand() % vq_ring_bytes(fq->d.size)] = (uint8_t)rand();
		break;
	}
}
