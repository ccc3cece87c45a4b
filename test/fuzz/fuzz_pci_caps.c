/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_pci_caps.c: configuration space of any content.  The walk ends, reads stay inside the 256 bytes, and
 * a layout that is accepted lies in its BARs with every register at its alignment.
 */
#include <string.h>

#include "dev/virtio_mmio.h"
#include "dev/virtio_pci_cap.h"
#include "lib/assert.h"

static uint32_t read_reg(const struct pci_reader *r, unsigned reg)
{
	uint32_t v;

	ASSERT(reg % 4 == 0 && reg < PCI_CFG_BYTES);
	memcpy(&v, (const uint8_t *)r->arg + reg, 4);
	return v;
}

static void check_place(const struct virtio_pci_place *p, const struct pci_bar *bar, uint32_t min)
{
	ASSERT(p->found && p->bar < PCI_NBARS && p->len >= min);
	ASSERT((uint64_t)p->off + p->len <= bar[p->bar].size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t cfg[PCI_CFG_BYTES] = { 0 };
	struct pci_bar bar[PCI_NBARS] = { { 0 } };
	struct pci_reader r = { read_reg, cfg };
	struct virtio_pci_layout l;
	struct virtio_mmio_arg arg;
	char text[64] = "";
	uint32_t off;

	memcpy(text, data, size < sizeof(text) - 1 ? size : sizeof(text) - 1);
	if (virtio_mmio_parse(text, &arg) == 0)
		ASSERT(arg.size >= 0x100 && arg.base + arg.size >= arg.base);
	memcpy(cfg, data, size < sizeof(cfg) ? size : sizeof(cfg));
	for (unsigned i = 0; i < PCI_NBARS && size > sizeof(cfg) + i; i++)
		bar[i] = (struct pci_bar){ 0x1000, 1ull << (data[sizeof(cfg) + i] % 40) };
	if (virtio_pci_layout(&r, bar, &l))
		return 0;
	check_place(&l.common, bar, sizeof(struct virtio_pci_common));
	check_place(&l.notify, bar, 2);
	check_place(&l.isr, bar, 1);
	if (l.device.found)
		check_place(&l.device, bar, 0);
	for (unsigned q = 0; q < 65536; q += 257)
		if (virtio_pci_notify_off(&l, (uint16_t)q, &off))
			ASSERT((uint64_t)off + 2 <= l.notify.len && off % 2 == 0);
	return 0;
}
