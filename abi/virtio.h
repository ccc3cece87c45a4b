/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/virtio.h: what VIRTIO 1.2 says about every device: identifiers, status, feature bits and the split
 * virtqueue (2.7).  All fields little-endian, as all our CPUs are (asserted), so they are plain integers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "virtio structures are used in place");

/* 5: device types. */
enum virtio_device_type {
	VIRTIO_ID_NET = 1,
	VIRTIO_ID_BLOCK = 2,
	VIRTIO_ID_CONSOLE = 3,
	VIRTIO_ID_RNG = 4,
	VIRTIO_ID_VSOCK = 19,
};

/* 2.1: device status. */
enum virtio_status {
	VIRTIO_S_ACKNOWLEDGE = 1,
	VIRTIO_S_DRIVER = 2,
	VIRTIO_S_DRIVER_OK = 4,
	VIRTIO_S_FEATURES_OK = 8,
	VIRTIO_S_NEEDS_RESET = 64,
	VIRTIO_S_FAILED = 128,
};

/* 6: feature bits that any device may have. */
#define VIRTIO_F_BIT(n)		   (1ull << (n))
#define VIRTIO_F_NOTIFY_ON_EMPTY   VIRTIO_F_BIT(24) /* legacy only */
#define VIRTIO_F_ANY_LAYOUT	   VIRTIO_F_BIT(27) /* legacy only; always so with VERSION_1 */
#define VIRTIO_F_INDIRECT_DESC	   VIRTIO_F_BIT(28)
#define VIRTIO_F_EVENT_IDX	   VIRTIO_F_BIT(29)
#define VIRTIO_F_VERSION_1	   VIRTIO_F_BIT(32)
#define VIRTIO_F_ACCESS_PLATFORM   VIRTIO_F_BIT(33)
#define VIRTIO_F_RING_PACKED	   VIRTIO_F_BIT(34)
#define VIRTIO_F_IN_ORDER	   VIRTIO_F_BIT(35)
#define VIRTIO_F_ORDER_PLATFORM	   VIRTIO_F_BIT(36)
#define VIRTIO_F_NOTIFICATION_DATA VIRTIO_F_BIT(38)

/*
 * 2.7.5: a descriptor.
 *   OFFSET  SIZE  FIELD
 *        0     8  addr   guest-physical
 *        8     4  len
 *       12     2  flags
 *       14     2  next   index, if VRING_DESC_NEXT
 */
struct vring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};
_Static_assert(sizeof(struct vring_desc) == 16, "2.7.5");
_Static_assert(offsetof(struct vring_desc, next) == 14, "2.7.5");

enum vring_desc_flags {
	VRING_DESC_NEXT = 1,
	VRING_DESC_WRITE = 2,	 /* the device writes it */
	VRING_DESC_INDIRECT = 4, /* a table of descriptors */
};

/* 2.7.6: driver area.  ring[size] is followed by used_event (2.7.10) when EVENT_IDX is negotiated. */
struct vring_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];
};
_Static_assert(offsetof(struct vring_avail, ring) == 4, "2.7.6");
#define VRING_AVAIL_NO_INTERRUPT 1

struct vring_used_elem {
	uint32_t id;  /* head of the chain */
	uint32_t len; /* bytes written by the device */
};
_Static_assert(sizeof(struct vring_used_elem) == 8, "2.7.8");

/* 2.7.8: device area.  ring[size] is followed by avail_event (2.7.10). */
struct vring_used {
	uint16_t flags;
	uint16_t idx;
	struct vring_used_elem ring[];
};
_Static_assert(offsetof(struct vring_used, ring) == 4, "2.7.8");
#define VRING_USED_NO_NOTIFY 1

#define VRING_SIZE_MAX 32768 /* 2.7: and a power of two */

/* 2.7: alignment of the three parts. */
#define VRING_DESC_ALIGN  16
#define VRING_AVAIL_ALIGN 2
#define VRING_USED_ALIGN  4
