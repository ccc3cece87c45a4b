/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/virtio.h: virtio devices above their transport: finding a driver, negotiating features, bringing up
 * queues, failing a device that breaks the rules.
 *
 * A transport (dev/virtio_mmio.c, dev/virtio_pci.c) fills a struct vdev and calls vdev_probe(), which walks
 * VIRTIO 1.2 3.1.1 and hands the device to the driver of its type.  A driver makes its queues in
 * attach() and says vdev_ready().  Devices stay for the life of the VM.
 *
 * Context:  probe and attach: boot thread.  A queue's irq(): interrupt context, on the CPU asked for.
 *           Everything else says.
 * Locks:    vqueue.lock (RANK_DEV) guards its ring; the driver takes it, irq() is called without it.
 *
 *   [I] set once   [a] atomic   [q] vqueue.lock
 */
#pragma once

#include "dev/virtqueue.h"
#include "kern/page.h"
#include "kern/spinlock.h"
#include "lib/list.h"

struct vdev;

struct vqueue {
	struct vq ring;		       /* [q] */
	struct spinlock lock;	       /* RANK_DEV */
	volatile void *notify;	       /* [I] where vqueue_notify() writes the index */
	bool notify16;		       /* [I] ... in 16 bits (PCI), else in 32 */
	uint16_t index;		       /* [I] */
	uint64_t kicks;		       /* [q] notifications sent */
	uint64_t irqs;		       /* interrupts that called irq(); its own CPU only */
	struct vdev *vd;	       /* [I] */
	void (*irq)(struct vqueue *q); /* [I] something was used, perhaps; NULL: nobody waits */
	void *owner;		       /* [I] the driver's */
	unsigned irq_id;	       /* [I] kern/irq.h; of this queue alone or shared */
	struct list link;	       /* [I] vdev.queues */
	paddr_t ring_pa;	       /* [I] */
};

/* What a transport can do. Register accesses only: any context, but the caller serialises. */
struct vdev_transport {
	bool steers; /* each queue has its own interrupt, on the CPU that it wants */
	uint8_t (*status)(struct vdev *vd);
	void (*set_status)(struct vdev *vd, uint8_t status); /* 0: reset, waits until it is done */
	uint64_t (*features)(struct vdev *vd);
	void (*set_features)(struct vdev *vd, uint64_t f);
	/* Configuration space by fields: width 1, 2 or 4, aligned, inside config_len (2.5, 4.2.2.2). */
	uint32_t (*config)(struct vdev *vd, uint32_t off, unsigned width);
	void (*set_config)(struct vdev *vd, uint32_t off, unsigned width, uint32_t val);
	uint32_t (*generation)(struct vdev *vd);
	unsigned (*queue_max)(struct vdev *vd,
			      unsigned index); /* its largest size; 0: no such queue */
	/* Tell the device where the ring is, route its interrupt to `cpu`, set q->notify, enable it. */
	err_t (*queue_start)(struct vqueue *q, unsigned cpu);
};

struct vdev {
	char name[24];			 /* [I] "virtio-mmio@feb00e00", "pci 00:03.0" */
	uint32_t type;			 /* [I] enum virtio_device_type */
	uint32_t config_len;		 /* [I] */
	const struct vdev_transport *tr; /* [I] */
	const struct vdev_driver *drv;	 /* [I] */
	void *priv;			 /* [I] the driver's */
	uint64_t features;		 /* [I] negotiated */
	_Atomic bool live;    /* [a] DRIVER_OK was said, and it has not failed: interrupts count */
	_Atomic bool failed;  /* [a] reset for good: every request is answered -EIO */
	struct list queues;   /* [I] after attach() */
	struct vdev_mem *mem; /* [I] what vdev_alloc() gave */
	struct list link;     /* [I] all devices */
};

struct vdev_driver {
	const char *name;
	uint32_t type;
	uint64_t wanted, required;	       /* feature bits of the device type */
	uint64_t (*refine)(uint64_t accepted); /* drop what lacks its prerequisites; may be NULL */
	err_t (*attach)(struct vdev *vd);
	void (*config_changed)(struct vdev *vd); /* irq context; may be NULL */
	void (*failed)(
		struct vdev
			*vd); /* after vdev_fail(), no lock held: end the requests; may be NULL */
};

/* The drivers that are linked, NULL at the end (dev/bus.c). */
extern const struct vdev_driver *const vdev_drivers[];

/* For transports: reset, negotiate, attach. On error the device is FAILED and `vd` may be freed. */
err_t vdev_probe(struct vdev *vd) must_check;
/* For transports, while vdev_live(): an interrupt that does not say which queue; a configuration change. */
void vdev_irq_queues(struct vdev *vd);
void vdev_irq_config(struct vdev *vd);

/*
 * VIRTIO 1.2 3.1.1 step 4 as a value: what we accept of `offered`. -ENODEV: something required is missing;
 * *missing says what.
 */
err_t vdev_negotiate(uint64_t offered, const struct vdev_driver *drv, uint64_t *accepted,
		     uint64_t *missing) must_check;

static inline bool vdev_live(struct vdev *vd)
{
	/* A: pairs with B in vdev_ready(): the handlers see a driver that is complete. */
	return atomic_load_explicit(&vd->live, memory_order_acquire);
}

/* relaxed: a request that slips past is drained by the driver's failed(), under its lock. */
static inline bool vdev_failed(struct vdev *vd)
{
	return atomic_load_explicit(&vd->failed, memory_order_relaxed);
}

static inline bool vdev_has(const struct vdev *vd, uint64_t feature)
{
	return (vd->features & feature) == feature;
}

/* Memory that the device sees, zeroed, 64-byte aligned, physically contiguous. NULL: none. */
void *vdev_alloc(struct vdev *vd, size_t bytes, uint64_t *bus);
/* What the device calls this address: direct-map or kernel-image memory. */
static inline uint64_t vdev_bus(const void *va)
{
	return va_to_pa(va).v;
}

struct vqueue_want {
	unsigned index;
	unsigned size_max;  /* ours; the device's may be less */
	unsigned ntables;   /* indirect tables, if the device takes them */
	unsigned table_len; /* entries in each */
	unsigned cpu;	    /* where its interrupt goes, if the transport can choose */
	void (*irq)(struct vqueue *q);
	void *owner;
};
/* 3.1.1 step 7. -ENOENT: the device has no such queue; -ENOMEM; -ENOSPC: no interrupt vector. */
err_t vqueue_new(struct vdev *vd, const struct vqueue_want *w, struct vqueue **out) must_check;
void vdev_ready(struct vdev *vd); /* 3.1.1 step 8: DRIVER_OK */

/* Show the device what was added and notify it if it wants that. Called with q->lock held. */
void vqueue_kick(struct vqueue *q);

/* Configuration fields; 0 beyond the end of what the device has. */
uint8_t vdev_config8(struct vdev *vd, uint32_t off);
uint16_t vdev_config16(struct vdev *vd, uint32_t off);
uint32_t vdev_config32(struct vdev *vd, uint32_t off);
uint64_t vdev_config64(struct vdev *vd, uint32_t off); /* not torn: 2.5.3 */
void vdev_config_write8(struct vdev *vd, uint32_t off, uint8_t val);

/*
 * The device broke the rules or asked for a reset: one line on the log, a reset so that it touches no
 * memory any more, vd->failed.  A driver that calls it ends its requests when it has dropped its locks.  Any
 * context, any lock held.
 */
void vdev_fail(struct vdev *vd, const char *f, ...) printf_like(2, 3);

/* All devices that attached, in the order found. */
struct vdev *vdev_next(const struct vdev *after);
