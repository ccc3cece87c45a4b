/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/lib/fake_vdev.h: a virtio device on the host, under a transport that drivers cannot tell from a real one.
 * The test is the device: it pops chains, pushes them back, and calls fake_irq().  fake_pop() insists
 * that the driver has notified a device that went to sleep.
 */
#pragma once

#include "dev/virtio.h"
#include "test/lib/vq_device.h"

#define FAKE_QUEUES 16

struct fake_queue {
	struct vqueue *q;
	struct vq_device d;
	uint16_t notify; /* the driver writes it; 0xffff: not notified */
	bool asleep, irq;
};

struct fake_vdev {
	struct vdev vd;
	uint64_t offered;
	uint8_t status;
	unsigned queue_max, nqueues;
	uint8_t config[256];
	struct fake_queue queue[FAKE_QUEUES];
};

void fake_init(struct fake_vdev *f, uint32_t type, uint64_t offered);
/* The next chain of queue `i`; goes to sleep when there is none. */
bool fake_pop(struct fake_vdev *f, unsigned i, struct vqd_chain *c);
void fake_push(struct fake_vdev *f, unsigned i, uint16_t head, uint32_t len);
/* Deliver the interrupts that pushes asked for. True: there was one. */
bool fake_irq(struct fake_vdev *f);
void *fake_va(const struct vq_seg *s);

/* Take all memory but `pages` pages; and give it back. */
void fake_starve(unsigned pages);
void fake_feed(void);

/* Something that no device should do to queue `i`: an entry, an index or a byte of the ring, by rand(). */
void fake_misbehave(struct fake_vdev *f, unsigned i);
