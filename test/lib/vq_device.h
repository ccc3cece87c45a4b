/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/lib/vq_device.h: the device's side of a split virtqueue, on the memory of the driver's.  It walks
 * chains as VIRTIO 1.2 2.7.5 says, aborts on one that is malformed, and keeps the rules about
 * notifications, so that a driver which breaks them loses requests here too.
 */
#pragma once

#include "dev/virtqueue.h"

#define VQD_SEGS 80

struct vq_device {
	uint16_t size;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	const struct vring_desc *table; /* indirect tables are found by table_bus */
	uint64_t table_bus;
	bool event_idx;
	uint16_t last_avail; /* chains taken */
};

struct vqd_chain {
	uint16_t head;
	unsigned nout, nin;
	struct vq_seg seg[VQD_SEGS];
};

/* `ring` as given to vq_init(). */
void vqd_init(struct vq_device *d, const struct vq_mem *m);
/* The next chain that the driver has published; false: none. */
bool vqd_pop(struct vq_device *d, struct vqd_chain *c);
/* Give it back. True: the driver wants an interrupt for it. */
bool vqd_push(struct vq_device *d, uint16_t head, uint32_t len);
/* Go to sleep: notify me of the next chain. False: there is one already. */
bool vqd_sleep(struct vq_device *d);
/* While awake: do not notify me. */
void vqd_awake(struct vq_device *d);
