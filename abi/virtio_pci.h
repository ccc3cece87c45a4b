/* SPDX-License-Identifier: Apache-2.0 */
/* abi/virtio_pci.h: a virtio device over PCI, modern interface.  VIRTIO 1.2, 4.1. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 4.1.2: device ids.  Transitional ones carry the virtio type in the subsystem id. */
#define VIRTIO_PCI_VENDOR	    0x1af4
#define VIRTIO_PCI_TRANSITIONAL_MIN 0x1000
#define VIRTIO_PCI_TRANSITIONAL_MAX 0x103f
#define VIRTIO_PCI_MODERN_MIN	    0x1040
#define VIRTIO_PCI_MODERN_MAX	    0x107f

/*
 * 4.1.4: vendor-specific capability.
 *   OFFSET  SIZE  FIELD
 *        0     1  cap_vndr  0x09
 *        1     1  cap_next
 *        2     1  cap_len
 *        3     1  cfg_type
 *        4     1  bar       0 .. 5, others are reserved
 *        5     3  id, padding
 *        8     4  offset    within the bar
 *       12     4  length
 *       16     4  notify_off_multiplier (VIRTIO_PCI_CAP_NOTIFY only)
 */
enum virtio_pci_cap_off {
	VIRTIO_PCI_CAP_TYPE = 3,
	VIRTIO_PCI_CAP_BAR = 4,
	VIRTIO_PCI_CAP_OFFSET = 8,
	VIRTIO_PCI_CAP_LENGTH = 12,
	VIRTIO_PCI_CAP_NOTIFY_MULT = 16,
};
#define VIRTIO_PCI_CAP_LEN 16

enum virtio_pci_cap_type {
	VIRTIO_PCI_CAP_COMMON = 1,
	VIRTIO_PCI_CAP_NOTIFY = 2,
	VIRTIO_PCI_CAP_ISR = 3,
	VIRTIO_PCI_CAP_DEVICE = 4,
	VIRTIO_PCI_CAP_PCI = 5,
};

/* 4.1.4.3: common configuration. */
struct virtio_pci_common {
	uint32_t device_feature_select;
	uint32_t device_feature;
	uint32_t driver_feature_select;
	uint32_t driver_feature;
	uint16_t config_msix_vector;
	uint16_t num_queues;
	uint8_t device_status;
	uint8_t config_generation;
	uint16_t queue_select;
	uint16_t queue_size;
	uint16_t queue_msix_vector;
	uint16_t queue_enable;
	uint16_t queue_notify_off;
	uint32_t queue_desc_lo, queue_desc_hi;
	uint32_t queue_driver_lo, queue_driver_hi;
	uint32_t queue_device_lo, queue_device_hi;
};
_Static_assert(offsetof(struct virtio_pci_common, device_status) == 20, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common, queue_notify_off) == 30, "4.1.4.3");
_Static_assert(sizeof(struct virtio_pci_common) == 56, "4.1.4.3");

#define VIRTIO_MSI_NO_VECTOR 0xffffu
