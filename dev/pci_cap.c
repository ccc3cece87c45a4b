/* SPDX-License-Identifier: Apache-2.0 */
/* dev/pci_cap.c: capability lists of untrusted content. PCI Local Bus 3.0, 6.7. */
#include "dev/pci.h"

uint32_t pci_cfg32(const struct pci_reader *r, unsigned reg)
{
	unsigned in = reg & 3;
	uint32_t lo;

	if (reg > PCI_CFG_BYTES - 4)
		return 0;
	lo = r->read(r, reg - in);
	return in ? lo >> in * 8 | r->read(r, reg - in + 4) << (32 - in * 8) : lo;
}

uint16_t pci_cfg16(const struct pci_reader *r, unsigned reg)
{
	if (reg > PCI_CFG_BYTES - 2)
		return 0;
	return (uint16_t)(pci_cfg8(r, reg) | pci_cfg8(r, reg + 1) << 8);
}

uint8_t pci_cfg8(const struct pci_reader *r, unsigned reg)
{
	if (reg >= PCI_CFG_BYTES)
		return 0;
	return (uint8_t)(r->read(r, reg & ~3u) >> (reg & 3) * 8);
}

bool pci_cap_next(const struct pci_reader *r, struct pci_cap *c)
{
	uint8_t pos;

	if (c->seen == 0) {
		if (!(pci_cfg16(r, PCI_STATUS) & PCI_STATUS_CAPS))
			return false;
		pos = pci_cfg8(r, PCI_CAP_PTR);
	} else {
		pos = pci_cfg8(r, c->pos + 1u);
	}
	pos &= 0xfc; /* 6.7: the low bits are reserved */
	if (pos < PCI_CAP_FIRST || c->seen >= (PCI_CFG_BYTES - PCI_CAP_FIRST) / 4)
		return false;
	c->pos = pos;
	c->id = pci_cfg8(r, pos);
	c->seen++;
	return true;
}
