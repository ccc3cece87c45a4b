/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/virtio_pci.c: virtio over PCI, modern interface (VIRTIO 1.2, 4.1), with MSI-X.
 *
 * Entry 0 of the MSI-X table is for configuration changes; each queue that interrupts takes the next one, on
 * the CPU that it wants, and when entries or vectors run out queues share the last.  Pin interrupts are
 * not used: their routing is in ACPI's AML, which we do not read.
 */
#include "dev/virtio_pci.h"

#include "arch/io.h"
#include "dev/virtio.h"
#include "dev/virtio_pci_cap.h"
#include "kern/irq.h"
#include "kern/klog.h"
#include "kern/slab.h"
#include "lib/fmt.h"

/* An interrupt for one queue, or for all that share it. */
struct pci_vector {
	struct vdev *vd;      /* [I] */
	struct vqueue *queue; /* [I] the first; gone if attaching failed: then never live */
	unsigned entry, irq;  /* [I] */
	bool shared;	      /* [I] vdev.queues says who else */
};

struct pci_vdev {
	struct vdev vd;
	struct pci_func f;
	struct virtio_pci_layout l;
	volatile struct virtio_pci_common *common;
	volatile uint8_t *notify, *device;
	unsigned irq0;		 /* [I] of entry 0 */
	unsigned nentries;	 /* [I] entries in use */
	struct pci_vector *last; /* [I] NULL: queues use entry 0 */
};

static struct pci_vdev *pci_of(struct vdev *vd)
{
	return container_of(vd, struct pci_vdev, vd);
}

static uint8_t get_status(struct vdev *vd)
{
	return mmio_read8(&pci_of(vd)->common->device_status);
}

static void set_status(struct vdev *vd, uint8_t status)
{
	mmio_write8(&pci_of(vd)->common->device_status, status);
	/* 4.1.4.3.2: wait for 0 after a reset; bounded, the device may never say so. */
	for (unsigned tries = 0; status == 0 && get_status(vd) != 0 && tries < 100000; tries++)
		cpu_relax();
}

static uint64_t get_features(struct vdev *vd)
{
	volatile struct virtio_pci_common *c = pci_of(vd)->common;
	uint64_t f;

	mmio_write32(&c->device_feature_select, 1);
	f = (uint64_t)mmio_read32(&c->device_feature) << 32;
	mmio_write32(&c->device_feature_select, 0);
	return f | mmio_read32(&c->device_feature);
}

static void set_features(struct vdev *vd, uint64_t f)
{
	volatile struct virtio_pci_common *c = pci_of(vd)->common;

	mmio_write32(&c->driver_feature_select, 1);
	mmio_write32(&c->driver_feature, (uint32_t)(f >> 32));
	mmio_write32(&c->driver_feature_select, 0);
	mmio_write32(&c->driver_feature, (uint32_t)f);
	mmio_write16(&c->config_msix_vector, 0); /* 4.1.5.1.2: the reset before has cleared it */
}

static uint32_t get_config(struct vdev *vd, uint32_t off, unsigned width)
{
	const volatile uint8_t *p = pci_of(vd)->device + off;

	return width == 1 ? mmio_read8(p) : width == 2 ? mmio_read16(p) : mmio_read32(p);
}

static void set_config(struct vdev *vd, uint32_t off, unsigned width, uint32_t val)
{
	volatile uint8_t *p = pci_of(vd)->device + off;

	if (width == 1)
		mmio_write8(p, (uint8_t)val);
	else if (width == 2)
		mmio_write16(p, (uint16_t)val);
	else
		mmio_write32(p, val);
}

static uint32_t get_generation(struct vdev *vd)
{
	return mmio_read8(&pci_of(vd)->common->config_generation);
}

static unsigned queue_max(struct vdev *vd, unsigned index)
{
	volatile struct virtio_pci_common *c = pci_of(vd)->common;

	if (index >= mmio_read16(&c->num_queues))
		return 0;
	mmio_write16(&c->queue_select, (uint16_t)index);
	return mmio_read16(&c->queue_size);
}

static void call_queue(struct vqueue *q)
{
	q->irqs++;
	q->irq(q);
}

static void on_queue_irq(void *arg)
{
	struct pci_vector *v = arg;
	struct vqueue *q;

	if (!vdev_live(v->vd))
		return;
	if (!v->shared) {
		call_queue(v->queue);
		return;
	}
	list_for_each_entry (q, &v->vd->queues, link)
		if (q->irq && q->irq_id == v->irq)
			call_queue(q);
}

static void on_config_irq(void *arg)
{
	struct pci_vdev *d = arg;

	if (!vdev_live(&d->vd))
		return;
	if (!d->last) /* the only vector there is */
		vdev_irq_queues(&d->vd);
	vdev_irq_config(&d->vd);
}

/* A table entry and a vector of its own for `q`. False: there are no more. */
static bool own_vector(struct pci_vdev *d, struct vqueue *q, unsigned cpu)
{
	struct pci_vector *v;
	uint64_t addr;
	uint32_t data;

	if (d->nentries >= d->f.msix_n)
		return false;
	v = kzalloc(sizeof(*v));
	if (!v)
		return false;
	v->vd = &d->vd;
	v->queue = q;
	v->entry = d->nentries;
	if (irq_new_msi(d->vd.drv->name, cpu, on_queue_irq, v, &addr, &data, &v->irq)) {
		kfree(v);
		return false;
	}
	pci_msix_set(&d->f, v->entry, addr, data);
	d->nentries++;
	d->last = v;
	return true;
}

/* Returns the entry of the MSI-X table for `q`. */
static uint16_t route(struct vqueue *q, unsigned cpu)
{
	struct pci_vdev *d = pci_of(q->vd);

	if (!q->irq)
		return VIRTIO_MSI_NO_VECTOR;
	if (!own_vector(d, q, cpu) && d->last)
		d->last->shared = true;
	q->irq_id = d->last ? d->last->irq : d->irq0;
	return d->last ? (uint16_t)d->last->entry : 0;
}

static void write_address(volatile uint32_t *lo, uint64_t addr)
{
	mmio_write32(lo, (uint32_t)addr);
	mmio_write32(lo + 1, (uint32_t)(addr >> 32));
}

/* 4.1.5.1.3 and 4.1.5.1.2 (vectors). */
static err_t queue_start(struct vqueue *q, unsigned cpu)
{
	struct pci_vdev *d = pci_of(q->vd);
	volatile struct virtio_pci_common *c = d->common;
	uint64_t ring = q->ring_pa.v;
	uint32_t off;
	uint16_t entry;

	mmio_write16(&c->queue_select, q->index);
	if (!virtio_pci_notify_off(&d->l, mmio_read16(&c->queue_notify_off), &off))
		return -EINVAL;
	q->notify = d->notify + off;
	q->notify16 = true;
	entry = route(q, cpu);
	mmio_write16(&c->queue_msix_vector, entry);
	if (mmio_read16(&c->queue_msix_vector) != entry)
		return -ENOSPC; /* the device has no room for the mapping */
	mmio_write16(&c->queue_size, q->ring.size);
	write_address(&c->queue_desc_lo, ring);
	write_address(&c->queue_driver_lo, ring + vq_avail_offset(q->ring.size));
	write_address(&c->queue_device_lo, ring + vq_used_offset(q->ring.size));
	mmio_write16(&c->queue_enable, 1);
	return 0;
}

static const struct vdev_transport pci_transport = {
	.steers = true,
	.status = get_status,
	.set_status = set_status,
	.features = get_features,
	.set_features = set_features,
	.config = get_config,
	.set_config = set_config,
	.generation = get_generation,
	.queue_max = queue_max,
	.queue_start = queue_start,
};

static uint32_t read_cfg(const struct pci_reader *r, unsigned reg)
{
	return pci_read32(r->arg, reg);
}

static err_t map_places(struct pci_vdev *d)
{
	struct pci_reader r = { read_cfg, &d->f };
	const struct virtio_pci_layout *l = &d->l;

	if (virtio_pci_layout(&r, d->f.bar, &d->l)) {
		klog_warn("%s: no modern virtio interface (disable-legacy=on, and BARs placed?)\n",
			  d->vd.name);
		return -ENODEV;
	}
	d->common = (volatile struct virtio_pci_common *)(volatile void *)pci_bar_map(
		&d->f, l->common.bar, l->common.off, sizeof(struct virtio_pci_common));
	d->notify = pci_bar_map(&d->f, l->notify.bar, l->notify.off, l->notify.len);
	if (!d->common || !d->notify)
		return -ENOMEM;
	if (l->device.found) {
		d->device = pci_bar_map(&d->f, l->device.bar, l->device.off, l->device.len);
		d->vd.config_len = d->device ? l->device.len : 0;
	}
	return 0;
}

/* The vector for configuration changes, without which there is no other. */
static err_t config_vector(struct pci_vdev *d)
{
	uint64_t addr;
	uint32_t data;
	err_t err = pci_msix_init(&d->f);

	if (err) {
		klog_warn("%s: no MSI-X: not usable\n", d->vd.name);
		return err;
	}
	err = irq_new_msi("virtio", 0, on_config_irq, d, &addr, &data, &d->irq0);
	if (err)
		return err;
	pci_msix_set(&d->f, 0, addr, data);
	d->nentries = 1;
	return 0;
}

static err_t attach(const struct pci_func *f)
{
	struct pci_vdev *d = kzalloc(sizeof(*d));
	err_t err;

	if (!d)
		return -ENOMEM;
	d->f = *f;
	d->vd.type = virtio_pci_type(f->vendor, f->device, f->subsys);
	d->vd.tr = &pci_transport;
	fmt(d->vd.name, sizeof(d->vd.name), "%s", f->name);
	err = map_places(d);
	if (err)
		goto out_free;
	err = config_vector(d);
	if (err)
		goto out_free;
	return vdev_probe(&d->vd); /* on error it stays: its vector points to it */
out_free:
	kfree(d);
	return err;
}

static bool match(const struct pci_func *f)
{
	return virtio_pci_type(f->vendor, f->device, f->subsys) != 0;
}

const struct pci_driver virtio_pci_driver = { "virtio-pci", match, attach };
