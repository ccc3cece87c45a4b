/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/virtio.c: what every virtio device goes through, whatever its transport and type.
 *
 * The steps are those of VIRTIO 1.2, 3.1.1.  Queue memory is carved from pages that belong to the
 * device; it is given back only when attaching fails.
 */
#include "dev/virtio.h"

#include "arch/io.h"
#include "kern/klog.h"
#include "kern/slab.h"
#include "lib/fmt.h"
#include "lib/mem.h"

static struct list devices = LIST_INIT(devices); /* [I] filled at boot, in order */

/* --- memory that the device sees ------------------------------------------------------------------ */

struct vdev_mem {
	struct vdev_mem *next;
	struct page *page;
	size_t used, size;
};

#define DMA_ALIGN 64u

static unsigned order_of(size_t bytes)
{
	unsigned order = 0;

	while ((PAGE_SIZE << order) < bytes)
		order++;
	return order;
}

static struct vdev_mem *mem_grow(struct vdev *vd, size_t bytes)
{
	struct vdev_mem *m = kzalloc(sizeof(*m));
	unsigned order = order_of(bytes);

	if (!m)
		return NULL;
	m->page = page_alloc(order, PAGE_ZERO);
	if (!m->page) {
		kfree(m);
		return NULL;
	}
	m->size = PAGE_SIZE << order;
	m->next = vd->mem;
	vd->mem = m;
	return m;
}

void *vdev_alloc(struct vdev *vd, size_t bytes, uint64_t *bus)
{
	struct vdev_mem *m = vd->mem;
	char *va;

	bytes = ALIGN_UP(bytes, (size_t)DMA_ALIGN);
	while (m && m->size - m->used < bytes)
		m = m->next;
	if (!m)
		m = mem_grow(vd, bytes);
	if (!m)
		return NULL;
	va = (char *)page_va(m->page) + m->used;
	m->used += bytes;
	*bus = vdev_bus(va);
	return va;
}

static void mem_free_all(struct vdev *vd)
{
	while (vd->mem) {
		struct vdev_mem *m = vd->mem;

		vd->mem = m->next;
		page_put(m->page);
		kfree(m);
	}
}

/* --- bringing a device up ------------------------------------------------------------------------- */

err_t vdev_negotiate(uint64_t offered, const struct vdev_driver *drv, uint64_t *accepted,
		     uint64_t *missing)
{
	/* 6.1: ACCESS_PLATFORM is accepted where offered; we have no IOMMU, so bus is physical. */
	const uint64_t common =
		VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_ACCESS_PLATFORM;
	uint64_t required = drv->required | VIRTIO_F_VERSION_1;

	if ((offered & required) != required) {
		*missing = required & ~offered;
		return -ENODEV;
	}
	*accepted = offered & (drv->wanted | required | common);
	if (drv->refine)
		*accepted = drv->refine(*accepted);
	return 0;
}

static void add_status(struct vdev *vd, uint8_t bits)
{
	vd->tr->set_status(vd, vd->tr->status(vd) | bits);
}

/* 3.1.1 steps 4 to 6. */
static err_t negotiate(struct vdev *vd)
{
	uint64_t missing = 0;
	err_t err = vdev_negotiate(vd->tr->features(vd), vd->drv, &vd->features, &missing);

	if (err) {
		klog_warn("%s: %s: the device lacks feature bits %#llx\n", vd->name, vd->drv->name,
			  (unsigned long long)missing);
		return err;
	}
	vd->tr->set_features(vd, vd->features);
	add_status(vd, VIRTIO_S_FEATURES_OK);
	if (!(vd->tr->status(vd) & VIRTIO_S_FEATURES_OK)) {
		klog_warn("%s: %s: the device refuses features %#llx\n", vd->name, vd->drv->name,
			  (unsigned long long)vd->features);
		return -ENODEV;
	}
	return 0;
}

static const struct vdev_driver *find_driver(uint32_t type)
{
	for (const struct vdev_driver *const *d = vdev_drivers; *d; d++)
		if ((*d)->type == type)
			return *d;
	return NULL;
}

static void undo_queues(struct vdev *vd)
{
	struct vqueue *q, *tmp;

	/* Their interrupts stay routed to a device that is reset: silent. */
	list_for_each_entry_safe (q, tmp, &vd->queues, link) {
		list_del(&q->link);
		kfree(q->ring.slot);
		kfree(q);
	}
}

err_t vdev_probe(struct vdev *vd)
{
	err_t err;

	list_init(&vd->queues);
	vd->drv = find_driver(vd->type);
	if (!vd->drv) {
		klog_info("%s: no driver for virtio type %u\n", vd->name, vd->type);
		return -ENODEV;
	}
	vd->tr->set_status(vd, 0);		      /* step 1 */
	vd->tr->set_status(vd, VIRTIO_S_ACKNOWLEDGE); /* step 2 */
	add_status(vd, VIRTIO_S_DRIVER);	      /* step 3 */
	err = negotiate(vd);			      /* steps 4 to 6 */
	if (!err)
		err = vd->drv->attach(vd); /* steps 7 and 8 */
	if (err) {
		vd->tr->set_status(vd, 0);
		vd->tr->set_status(vd, VIRTIO_S_FAILED);
		undo_queues(vd);
		mem_free_all(vd);
		klog_warn("%s: %s: not usable (error %d)\n", vd->name, vd->drv->name, -err);
		return err;
	}
	list_add_tail(&devices, &vd->link);
	return 0;
}

void vdev_ready(struct vdev *vd)
{
	/* B: pairs with A in vdev_live(). */
	atomic_store_explicit(&vd->live, true, memory_order_release);
	add_status(vd, VIRTIO_S_DRIVER_OK);
}

struct vdev *vdev_next(const struct vdev *after)
{
	const struct list *l = after ? after->link.next : devices.next;

	return l == &devices ? NULL : list_entry(l, struct vdev, link);
}

/* --- queues --------------------------------------------------------------------------------------- */

/* The largest power of two that both sides can do. A PCI device may have any size (4.1.5.1.3). */
static unsigned queue_size(unsigned dev_max, unsigned our_max)
{
	unsigned size = 1;

	while (size * 2 <= MIN(dev_max, our_max) && size * 2 <= VRING_SIZE_MAX)
		size *= 2;
	return size;
}

/* Indirect tables; without memory for them, or without the feature, the queue does without. */
static void table_memory(struct vqueue *q, const struct vqueue_want *w, struct vq_mem *m)
{
	size_t bytes = (size_t)w->ntables * w->table_len * sizeof(struct vring_desc);

	if (!bytes || !vdev_has(q->vd, VIRTIO_F_INDIRECT_DESC))
		return;
	m->table_next = (uint16_t *)(void *)(m->slot + m->size);
	m->table = vdev_alloc(q->vd, bytes, &m->table_bus);
	m->ntables = (uint16_t)w->ntables;
	m->table_len = (uint16_t)w->table_len;
}

static err_t queue_memory(struct vqueue *q, unsigned size, const struct vqueue_want *w)
{
	struct vdev *vd = q->vd;
	struct vq_mem m = { .size = (uint16_t)size, .event_idx = vdev_has(vd, VIRTIO_F_EVENT_IDX) };
	uint64_t bus;

	m.ring = vdev_alloc(vd, vq_ring_bytes(m.size), &bus);
	if (!m.ring)
		return -ENOMEM;
	q->ring_pa.v = bus;
	m.slot = kzalloc(size * sizeof(*m.slot) + w->ntables * sizeof(uint16_t));
	if (!m.slot)
		return -ENOMEM;
	table_memory(q, w, &m);
	vq_init(&q->ring, &m);
	return 0;
}

err_t vqueue_new(struct vdev *vd, const struct vqueue_want *w, struct vqueue **out)
{
	unsigned dev_max = vd->tr->queue_max(vd, w->index);
	struct vqueue *q;
	err_t err;

	if (dev_max == 0)
		return -ENOENT;
	q = kzalloc(sizeof(*q));
	if (!q)
		return -ENOMEM;
	spin_init(&q->lock, RANK_DEV);
	q->vd = vd;
	q->index = (uint16_t)w->index;
	q->irq = w->irq;
	q->owner = w->owner;
	err = queue_memory(q, queue_size(dev_max, w->size_max), w);
	if (err)
		goto out_free_q;
	if (!w->irq)
		vq_irq_disable(&q->ring);
	*out = q; /* an interrupt may come as soon as it is started */
	list_add_tail(&vd->queues, &q->link);
	err = vd->tr->queue_start(q, w->cpu);
	if (!err)
		return 0;
	list_del(&q->link);
	*out = NULL;
	kfree(q->ring.slot);
out_free_q:
	kfree(q);
	return err;
}

void vqueue_kick(struct vqueue *q)
{
	if (!vq_publish(&q->ring) || vdev_failed(q->vd))
		return;
	q->kicks++;
	if (q->notify16)
		mmio_write16(q->notify, q->index);
	else
		mmio_write32(q->notify, q->index);
}

void vdev_irq_queues(struct vdev *vd)
{
	struct vqueue *q;

	list_for_each_entry (q, &vd->queues, link)
		if (q->irq) {
			q->irqs++;
			q->irq(q);
		}
}

void vdev_irq_config(struct vdev *vd)
{
	if (vd->tr->status(vd) & VIRTIO_S_NEEDS_RESET) {
		vdev_fail(vd, "the device asks for a reset");
		if (vd->drv->failed)
			vd->drv->failed(vd);
		return;
	}
	if (vd->drv->config_changed)
		vd->drv->config_changed(vd);
}

/* --- configuration space -------------------------------------------------------------------------- */

static uint32_t config_field(struct vdev *vd, uint32_t off, unsigned width)
{
	if (off > vd->config_len || width > vd->config_len - off)
		return 0;
	return vd->tr->config(vd, off, width);
}

uint8_t vdev_config8(struct vdev *vd, uint32_t off)
{
	return (uint8_t)config_field(vd, off, 1);
}

uint16_t vdev_config16(struct vdev *vd, uint32_t off)
{
	return (uint16_t)config_field(vd, off, 2);
}

uint32_t vdev_config32(struct vdev *vd, uint32_t off)
{
	return config_field(vd, off, 4);
}

uint64_t vdev_config64(struct vdev *vd, uint32_t off)
{
	uint64_t val;
	uint32_t gen;

	/* 2.5.3: read again if the generation changed; a device that never settles gets its way. */
	for (unsigned tries = 0; tries < 16; tries++) {
		gen = vd->tr->generation(vd);
		val = config_field(vd, off, 4) | (uint64_t)config_field(vd, off + 4, 4) << 32;
		if (vd->tr->generation(vd) == gen)
			break;
	}
	return val;
}

void vdev_config_write8(struct vdev *vd, uint32_t off, uint8_t val)
{
	if (off < vd->config_len)
		vd->tr->set_config(vd, off, 1, val);
}

/* --- the end of trust ----------------------------------------------------------------------------- */

void vdev_fail(struct vdev *vd, const char *f, ...)
{
	char why[128];
	va_list ap;

	/* relaxed: only one caller may print and reset; nothing is published by the flag. */
	if (atomic_exchange_explicit(&vd->failed, true, memory_order_relaxed))
		return;
	va_start(ap, f);
	fmt_v(why, sizeof(why), f, ap);
	va_end(ap);
	/* relaxed: an interrupt that is under way finds the failed flag or a broken ring. */
	atomic_store_explicit(&vd->live, false, memory_order_relaxed);
	klog_err("%s: %s: %s; the device is stopped\n", vd->name, vd->drv->name, why);
	vd->tr->set_status(vd, 0); /* 2.4: after a reset it uses no memory of ours */
	vd->tr->set_status(vd, VIRTIO_S_FAILED);
}
