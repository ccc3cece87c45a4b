/* SPDX-License-Identifier: Apache-2.0 */
/* dev/virtio_pci_cap.c: capabilities of a virtio function, which may say anything. VIRTIO 1.2, 4.1.4. */
#include "dev/virtio_pci_cap.h"

static bool read_place(const struct pci_reader *r, unsigned pos, const struct pci_bar *bars,
		       struct virtio_pci_place *out)
{
	struct virtio_pci_place p = {
		.found = true,
		.bar = pci_cfg8(r, pos + VIRTIO_PCI_CAP_BAR),
		.off = pci_cfg32(r, pos + VIRTIO_PCI_CAP_OFFSET),
		.len = pci_cfg32(r, pos + VIRTIO_PCI_CAP_LENGTH),
	};

	if (p.bar >= PCI_NBARS || p.off > bars[p.bar].size || p.len > bars[p.bar].size - p.off)
		return false; /* 4.1.4.1: reserved BAR values are ignored */
	*out = p;
	return true;
}

static void take_cap(const struct pci_reader *r, unsigned pos, const struct pci_bar *bars,
		     struct virtio_pci_layout *l)
{
	switch (pci_cfg8(r, pos + VIRTIO_PCI_CAP_TYPE)) {
	case VIRTIO_PCI_CAP_COMMON:
		if (!l->common.found)
			read_place(r, pos, bars, &l->common);
		break;
	case VIRTIO_PCI_CAP_NOTIFY:
		if (!l->notify.found && read_place(r, pos, bars, &l->notify))
			l->notify_mult = pci_cfg32(r, pos + VIRTIO_PCI_CAP_NOTIFY_MULT);
		break;
	case VIRTIO_PCI_CAP_ISR:
		if (!l->isr.found)
			read_place(r, pos, bars, &l->isr);
		break;
	case VIRTIO_PCI_CAP_DEVICE:
		if (!l->device.found)
			read_place(r, pos, bars, &l->device);
		break;
	default:
		break;
	}
}

err_t virtio_pci_layout(const struct pci_reader *r, const struct pci_bar bar[PCI_NBARS],
			struct virtio_pci_layout *out)
{
	struct virtio_pci_layout l = { 0 };
	struct pci_cap c = { 0 };

	while (pci_cap_next(r, &c))
		if (c.id == PCI_CAP_ID_VENDOR && c.pos <= PCI_CFG_BYTES - VIRTIO_PCI_CAP_LEN)
			take_cap(r, c.pos, bar, &l);
	/* Registers are accessed by their width: unaligned places are not used. */
	if (!l.common.found || l.common.len < sizeof(struct virtio_pci_common) ||
	    !IS_ALIGNED(l.common.off, 4u))
		return -ENODEV;
	if (!l.notify.found || l.notify.len < 2 || !IS_ALIGNED(l.notify.off | l.notify_mult, 2u))
		return -ENODEV;
	if (!l.isr.found || l.isr.len < 1)
		return -ENODEV;
	if (l.device.found && !IS_ALIGNED(l.device.off, 4u))
		return -ENODEV;
	*out = l;
	return 0;
}

bool virtio_pci_notify_off(const struct virtio_pci_layout *l, uint16_t queue_notify_off,
			   uint32_t *off)
{
	uint64_t at = (uint64_t)queue_notify_off * l->notify_mult;

	if (at + 2 > l->notify.len)
		return false;
	*off = (uint32_t)at;
	return true;
}

uint32_t virtio_pci_type(uint16_t vendor, uint16_t device, uint16_t subsys)
{
	if (vendor != VIRTIO_PCI_VENDOR)
		return 0;
	if (device >= VIRTIO_PCI_MODERN_MIN && device <= VIRTIO_PCI_MODERN_MAX)
		return device - VIRTIO_PCI_MODERN_MIN;
	if (device >= VIRTIO_PCI_TRANSITIONAL_MIN && device <= VIRTIO_PCI_TRANSITIONAL_MAX)
		return subsys;
	return 0;
}
