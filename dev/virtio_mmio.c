/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/virtio_mmio.c: virtio over MMIO (VIRTIO 1.2, 4.2), for devices named on the command line as
 * virtio_mmio.device=SIZE@BASE:IRQ[:ID] (4.2.1 leaves discovery to others; this is Linux's way, which QEMU's
 * microvm, Firecracker and others follow).
 *
 * One interrupt line serves a whole device: the handler acknowledges it and looks at every queue.
 */
#include "dev/virtio_mmio.h"

#include "abi/virtio_mmio.h"
#include "arch/boot.h"
#include "arch/io.h"
#include "dev/virtio.h"
#include "kern/irq.h"
#include "kern/klog.h"
#include "kern/slab.h"
#include "lib/fmt.h"

struct mmio_dev {
	struct vdev vd;
	volatile uint8_t *regs;
	struct virtio_mmio_arg arg;
	bool have_irq;
	unsigned irq;
	struct list link; /* found, by address */
};

static struct mmio_dev *mmio_of(struct vdev *vd)
{
	return container_of(vd, struct mmio_dev, vd);
}

static uint32_t reg_read(struct vdev *vd, enum virtio_mmio_reg r)
{
	return mmio_read32(mmio_of(vd)->regs + r);
}

static void reg_write(struct vdev *vd, unsigned r, uint32_t val)
{
	mmio_write32(mmio_of(vd)->regs + r, val);
}

static uint8_t get_status(struct vdev *vd)
{
	return (uint8_t)reg_read(vd, VIRTIO_MMIO_STATUS);
}

static void set_status(struct vdev *vd, uint8_t status)
{
	reg_write(vd, VIRTIO_MMIO_STATUS, status);
	/* 4.2.2.1: after a reset the register reads 0 when the device is done; bounded, it may never say so. */
	for (unsigned tries = 0; status == 0 && get_status(vd) != 0 && tries < 100000; tries++)
		cpu_relax();
}

static uint64_t get_features(struct vdev *vd)
{
	uint64_t f;

	reg_write(vd, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	f = (uint64_t)reg_read(vd, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
	reg_write(vd, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	return f | reg_read(vd, VIRTIO_MMIO_DEVICE_FEATURES);
}

static void set_features(struct vdev *vd, uint64_t f)
{
	reg_write(vd, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	reg_write(vd, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(f >> 32));
	reg_write(vd, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	reg_write(vd, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)f);
}

/* 4.2.2.2: each field of the configuration is read by its own width. */
static uint32_t get_config(struct vdev *vd, uint32_t off, unsigned width)
{
	const volatile uint8_t *p = mmio_of(vd)->regs + VIRTIO_MMIO_CONFIG + off;

	return width == 1 ? mmio_read8(p) : width == 2 ? mmio_read16(p) : mmio_read32(p);
}

static void set_config(struct vdev *vd, uint32_t off, unsigned width, uint32_t val)
{
	volatile uint8_t *p = mmio_of(vd)->regs + VIRTIO_MMIO_CONFIG + off;

	if (width == 1)
		mmio_write8(p, (uint8_t)val);
	else if (width == 2)
		mmio_write16(p, (uint16_t)val);
	else
		mmio_write32(p, val);
}

static uint32_t get_generation(struct vdev *vd)
{
	return reg_read(vd, VIRTIO_MMIO_CONFIG_GENERATION);
}

static unsigned queue_max(struct vdev *vd, unsigned index)
{
	reg_write(vd, VIRTIO_MMIO_QUEUE_SEL, index);
	return reg_read(vd, VIRTIO_MMIO_QUEUE_NUM_MAX);
}

static void on_irq(void *arg)
{
	struct mmio_dev *d = arg;
	uint32_t why = reg_read(&d->vd, VIRTIO_MMIO_INTERRUPT_STATUS);

	if (!why)
		return; /* another device on the line */
	/* Acknowledge first: what is used from here on raises the line again. */
	reg_write(&d->vd, VIRTIO_MMIO_INTERRUPT_ACK, why);
	if (!vdev_live(&d->vd))
		return;
	if (why & VIRTIO_ISR_QUEUE)
		vdev_irq_queues(&d->vd);
	if (why & VIRTIO_ISR_CONFIG)
		vdev_irq_config(&d->vd);
}

static void write_address(struct vdev *vd, enum virtio_mmio_reg r, uint64_t addr)
{
	reg_write(vd, r, (uint32_t)addr);
	reg_write(vd, r + 4u, (uint32_t)(addr >> 32));
}

/* 4.2.3.2. The line goes to the boot CPU whatever `cpu` says: there is one for all queues. */
static err_t queue_start(struct vqueue *q, unsigned cpu)
{
	struct mmio_dev *d = mmio_of(q->vd);
	uint64_t ring = q->ring_pa.v;

	(void)cpu;
	if (!d->have_irq) {
		/* QEMU and Firecracker hold the line up until it is acknowledged. */
		err_t err =
			irq_new_line(d->vd.drv->name, d->arg.gsi, true, false, on_irq, d, &d->irq);

		if (err)
			return err;
		d->have_irq = true;
	}
	q->irq_id = d->irq;
	q->notify = d->regs + VIRTIO_MMIO_QUEUE_NOTIFY;
	reg_write(q->vd, VIRTIO_MMIO_QUEUE_SEL, q->index);
	if (reg_read(q->vd, VIRTIO_MMIO_QUEUE_READY))
		return -EBUSY;
	reg_write(q->vd, VIRTIO_MMIO_QUEUE_NUM, q->ring.size);
	write_address(q->vd, VIRTIO_MMIO_QUEUE_DESC, ring);
	write_address(q->vd, VIRTIO_MMIO_QUEUE_DRIVER, ring + vq_avail_offset(q->ring.size));
	write_address(q->vd, VIRTIO_MMIO_QUEUE_DEVICE, ring + vq_used_offset(q->ring.size));
	reg_write(q->vd, VIRTIO_MMIO_QUEUE_READY, 1);
	return 0;
}

static const struct vdev_transport mmio_transport = {
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

/* 4.2.3.1: 0, -ENODEV: nothing behind it, or nothing that we can drive. */
static err_t identify(struct mmio_dev *d)
{
	uint32_t version;

	if (reg_read(&d->vd, VIRTIO_MMIO_MAGIC) != VIRTIO_MMIO_MAGIC_VALUE) {
		klog_warn("%s: no virtio device at this address\n", d->vd.name);
		return -ENODEV;
	}
	d->vd.type = reg_read(&d->vd, VIRTIO_MMIO_DEVICE_ID);
	if (d->vd.type == 0)
		return -ENODEV; /* an empty slot */
	version = reg_read(&d->vd, VIRTIO_MMIO_VERSION);
	if (version != VIRTIO_MMIO_MODERN) {
		klog_warn("%s: virtio-mmio version %u is not supported; with QEMU, add "
			  "-global virtio-mmio.force-legacy=false\n",
			  d->vd.name, version);
		return -ENODEV;
	}
	return 0;
}

static err_t probe_one(struct mmio_dev *d)
{
	fmt(d->vd.name, sizeof(d->vd.name), "virtio-mmio@%llx", (unsigned long long)d->arg.base);
	d->regs = mmio_map(d->arg.base, d->arg.size);
	if (!d->regs)
		return -ENOMEM;
	d->vd.tr = &mmio_transport;
	d->vd.config_len = (uint32_t)(d->arg.size - VIRTIO_MMIO_CONFIG);
	return identify(d) ?: vdev_probe(&d->vd);
}

static void insert_by_address(struct list *found, struct mmio_dev *d)
{
	struct mmio_dev *at;

	list_for_each_entry (at, found, link)
		if (at->arg.base > d->arg.base)
			break;
	list_add_tail(&at->link, &d->link); /* before `at`; at the end of the list it is the head */
}

static void parse_command_line(struct list *found)
{
	struct virtio_mmio_arg arg;
	struct mmio_dev *d;
	char val[64];
	size_t pos = 0;

	while (boot_option_next("virtio_mmio.device", &pos, val, sizeof(val))) {
		if (virtio_mmio_parse(val, &arg)) {
			klog_warn("virtio_mmio.device=%s: expected SIZE@BASE:IRQ\n", val);
			continue;
		}
		d = kzalloc(sizeof(*d));
		if (!d)
			return;
		d->arg = arg;
		insert_by_address(found, d);
	}
}

unsigned virtio_mmio_scan(void)
{
	struct list found = LIST_INIT(found);
	struct mmio_dev *d, *tmp;
	unsigned n = 0;

	parse_command_line(&found);
	list_for_each_entry_safe (d, tmp, &found, link) {
		n++;
		list_del(&d->link);
		/* A device that failed half way keeps its interrupt line and thus its memory. */
		if (probe_one(d) && !d->have_irq)
			kfree(d);
	}
	return n;
}
