/* SPDX-License-Identifier: Apache-2.0 */
/* dev/virtio_pci_cap.h: the places that a virtio function's capabilities name, checked. Pure. */
#pragma once

#include "abi/virtio_pci.h"
#include "dev/pci.h"

struct virtio_pci_place {
	bool found;
	uint8_t bar;
	uint32_t off, len;
};

struct virtio_pci_layout {
	struct virtio_pci_place common, notify, isr, device; /* `device` may be absent */
	uint32_t notify_mult;
};

/*
 * VIRTIO 1.2 4.1.4: the first good capability of each type.  Every place lies in its BAR.  -ENODEV: a
 * mandatory one is missing or too small (a legacy-only device, or a liar).
 */
err_t virtio_pci_layout(const struct pci_reader *r, const struct pci_bar bar[PCI_NBARS],
			struct virtio_pci_layout *out) must_check;

/* Where queue notifications go within `notify`; false: outside. */
bool virtio_pci_notify_off(const struct virtio_pci_layout *l, uint16_t queue_notify_off,
			   uint32_t *off);

/* The device type of a virtio function (4.1.2); 0: it is none. */
uint32_t virtio_pci_type(uint16_t vendor, uint16_t device, uint16_t subsys);
