/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/virtio_rng.c: entropy device (VIRTIO 1.2, 5.4): one buffer is asked for at boot and mixed into the
 * generator when it comes.  No second one: the generator needs one good seed, and an idle VM is to
 * stay idle.
 */
#include "dev/virtio_rng.h"

#include "kern/rand.h"
#include "lib/mem.h"

#define RNG_BYTES 64u

static void on_irq(struct vqueue *q)
{
	uint8_t *buf;
	uint32_t len;
	bool on = spin_lock_irq(&q->lock);

	while ((buf = vq_take(&q->ring, &len))) {
		rand_mix(buf, len);
		memset(buf, 0, RNG_BYTES);
	}
	if (q->ring.error)
		vdev_fail(q->vd, "%s", q->ring.error);
	spin_unlock_irq(&q->lock, on);
}

static err_t attach(struct vdev *vd)
{
	struct vqueue_want w = { .size_max = 2, .irq = on_irq };
	struct vq_seg seg = { .len = RNG_BYTES };
	struct vqueue *q;
	err_t err = vqueue_new(vd, &w, &q);
	void *buf;
	bool on;

	if (err)
		return err;
	buf = vdev_alloc(vd, RNG_BYTES, &seg.addr);
	if (!buf)
		return -ENOMEM;
	vdev_ready(vd);
	on = spin_lock_irq(&q->lock);
	err = vq_add(&q->ring, &seg, 0, 1, buf);
	vqueue_kick(q);
	spin_unlock_irq(&q->lock, on);
	return err;
}

const struct vdev_driver virtio_rng_driver = {
	.name = "virtio-rng",
	.type = VIRTIO_ID_RNG,
	.attach = attach,
};
