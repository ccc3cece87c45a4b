/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/pci.c: the walk over the buses, BARs, MSI-X.
 *
 * Configuration space is reached by ECAM where the tables name it, by ports otherwise.  Only its first 256
 * bytes are used.  A bridge is followed to the secondary bus that the firmware gave it if that number is
 * higher than its own bus: so every walk ends.
 */
#include "dev/pci.h"

#include "arch/io.h"
#include "arch/pci.h"
#include "kern/klog.h"
#include "kern/slab.h"
#include "lib/fmt.h"

static struct {
	bool probed;
	uint64_t ecam; /* 0: none */
	unsigned first_bus, last_bus;
	unsigned mapped_bus;
	volatile uint8_t *bus_map; /* ECAM of mapped_bus */
} host;

bool pci_has_ecam(void)
{
	if (!host.probed) {
		host.probed = true;
		if (!arch_pci_ecam(&host.ecam, &host.first_bus, &host.last_bus))
			host.ecam = 0;
	}
	return host.ecam != 0;
}

/* --- configuration space -------------------------------------------------------------------------- */

/* 1 MB a bus. The walk is in bus order nearly always, so that each is mapped once. NULL: no room. */
static volatile uint8_t *ecam_at(unsigned bdf, unsigned reg)
{
	unsigned bus = bdf >> 8;

	if (bus < host.first_bus || bus > host.last_bus)
		return NULL;
	if (!host.bus_map || host.mapped_bus != bus) {
		host.bus_map = mmio_map(host.ecam + ((uint64_t)bus << 20), 1u << 20);
		host.mapped_bus = bus;
	}
	return host.bus_map ? host.bus_map + ((bdf & 0xff) << 12) + reg : NULL;
}

static uint32_t cfg_read(unsigned bdf, unsigned reg)
{
	volatile uint8_t *p;

	if (!host.ecam)
		return arch_pci_port_read(bdf, reg);
	p = ecam_at(bdf, reg);
	return p ? mmio_read32(p) : UINT32_MAX; /* as an absent function reads */
}

static void cfg_write(unsigned bdf, unsigned reg, uint32_t val)
{
	volatile uint8_t *p;

	if (!host.ecam) {
		arch_pci_port_write(bdf, reg, val);
		return;
	}
	p = ecam_at(bdf, reg);
	if (p)
		mmio_write32(p, val);
}

uint32_t pci_read32(const struct pci_func *f, unsigned reg)
{
	return cfg_read(f->bdf, reg);
}

void pci_write32(const struct pci_func *f, unsigned reg, uint32_t val)
{
	cfg_write(f->bdf, reg, val);
}

uint16_t pci_read16(const struct pci_func *f, unsigned reg)
{
	return (uint16_t)(cfg_read(f->bdf, reg & ~3u) >> (reg & 2) * 8);
}

void pci_write16(const struct pci_func *f, unsigned reg, uint16_t val)
{
	unsigned shift = (reg & 2) * 8;
	uint32_t old = cfg_read(f->bdf, reg & ~3u);

	/* The status register, above the command, clears bits that are written 1. */
	if (reg == PCI_COMMAND)
		old &= 0xffff;
	cfg_write(f->bdf, reg & ~3u, (old & ~(0xffffu << shift)) | (uint32_t)val << shift);
}

static uint32_t func_reader(const struct pci_reader *r, unsigned reg)
{
	return pci_read32(r->arg, reg);
}

/* --- BARs ----------------------------------------------------------------------------------------- */

/* 6.2.5.1: write ones, read back which bits stick. Decoding is off meanwhile. */
static uint64_t bar_mask(const struct pci_func *f, unsigned reg, bool is64)
{
	uint32_t lo = pci_read32(f, reg), hi = is64 ? pci_read32(f, reg + 4) : 0;
	uint64_t mask;

	pci_write32(f, reg, UINT32_MAX);
	mask = pci_read32(f, reg) & PCI_BAR_MEM_MASK;
	pci_write32(f, reg, lo);
	if (!is64)
		return mask ? mask | (uint64_t)UINT32_MAX << 32 : 0;
	pci_write32(f, reg + 4, UINT32_MAX);
	mask |= (uint64_t)pci_read32(f, reg + 4) << 32;
	pci_write32(f, reg + 4, hi);
	return mask;
}

static unsigned read_bar(struct pci_func *f, unsigned i)
{
	unsigned reg = PCI_BAR0 + i * 4;
	uint32_t lo = pci_read32(f, reg);
	bool is64 = (lo & PCI_BAR_TYPE_MASK) == PCI_BAR_MEM64 && i + 1 < PCI_NBARS;
	uint64_t mask, base;

	if (lo & PCI_BAR_IO)
		return 1;
	base = (lo & PCI_BAR_MEM_MASK) | (is64 ? (uint64_t)pci_read32(f, reg + 4) << 32 : 0);
	mask = bar_mask(f, reg, is64);
	/* The size is the lowest bit that sticks; a placed BAR has a base other than 0. */
	if (mask && base)
		f->bar[i] = (struct pci_bar){ .base = base, .size = mask & -mask };
	return is64 ? 2 : 1;
}

static void read_bars(struct pci_func *f)
{
	uint16_t cmd = pci_read16(f, PCI_COMMAND);

	pci_write16(f, PCI_COMMAND, cmd & (uint16_t) ~(PCI_CMD_IO | PCI_CMD_MEM));
	for (unsigned i = 0; i < PCI_NBARS;)
		i += read_bar(f, i);
	pci_write16(f, PCI_COMMAND, cmd);
}

volatile uint8_t *pci_bar_map(const struct pci_func *f, unsigned bar, uint64_t off, uint64_t len)
{
	const struct pci_bar *b;

	if (bar >= PCI_NBARS)
		return NULL;
	b = &f->bar[bar];
	if (off > b->size || len > b->size - off || b->base > UINT64_MAX - b->size)
		return NULL;
	return mmio_map(b->base + off, len);
}

/* --- MSI-X ---------------------------------------------------------------------------------------- */

static void find_msix(struct pci_func *f)
{
	struct pci_reader r = { func_reader, f };
	struct pci_cap c = { 0 };

	while (pci_cap_next(&r, &c))
		if (c.id == PCI_CAP_ID_MSIX && c.pos <= PCI_CFG_BYTES - PCI_MSIX_LEN) {
			f->msix_cap = c.pos;
			f->msix_n =
				(pci_cfg16(&r, c.pos + PCI_MSIX_CONTROL) & PCI_MSIX_SIZE_MASK) + 1u;
			return;
		}
}

err_t pci_msix_init(struct pci_func *f)
{
	uint32_t where;

	if (!f->msix_cap)
		return -ENODEV;
	where = pci_read32(f, f->msix_cap + PCI_MSIX_TABLE);
	f->msix_table = pci_bar_map(f, where & PCI_MSIX_BIR_MASK, where & ~PCI_MSIX_BIR_MASK,
				    (uint64_t)f->msix_n * PCI_MSIX_ENTRY_BYTES);
	if (!f->msix_table)
		return -EINVAL;
	for (unsigned i = 0; i < f->msix_n; i++)
		mmio_write32(f->msix_table + i * PCI_MSIX_ENTRY_BYTES + PCI_MSIX_VECTOR,
			     PCI_MSIX_MASKED);
	pci_write16(f, f->msix_cap + PCI_MSIX_CONTROL, PCI_MSIX_ENABLE);
	pci_write16(f, PCI_COMMAND, (uint16_t)(pci_read16(f, PCI_COMMAND) | PCI_CMD_INTX_DISABLE));
	return 0;
}

void pci_msix_set(const struct pci_func *f, unsigned entry, uint64_t addr, uint32_t data)
{
	volatile uint8_t *e = f->msix_table + entry * PCI_MSIX_ENTRY_BYTES;

	mmio_write32(e + PCI_MSIX_ADDR_LO, (uint32_t)addr);
	mmio_write32(e + PCI_MSIX_ADDR_HI, (uint32_t)(addr >> 32));
	mmio_write32(e + PCI_MSIX_DATA, data);
	mmio_write32(e + PCI_MSIX_VECTOR, 0);
}

/* --- the walk ------------------------------------------------------------------------------------- */

static void attach_func(struct pci_func *f)
{
	for (const struct pci_driver *const *d = pci_drivers; *d; d++) {
		err_t err;

		if (!(*d)->match(f))
			continue;
		read_bars(f);
		find_msix(f);
		pci_write16(f, PCI_COMMAND,
			    (uint16_t)(pci_read16(f, PCI_COMMAND) | PCI_CMD_MEM | PCI_CMD_MASTER));
		err = (*d)->attach(f);
		if (err)
			klog_warn("%s: %s: not usable (error %d)\n", f->name, (*d)->name, -err);
		return;
	}
	klog_info("%s: %04x:%04x has no driver\n", f->name, f->vendor, f->device);
}

static unsigned scan_bus(unsigned bus);

static unsigned scan_func(unsigned bdf, uint32_t id)
{
	struct pci_func f = { .bdf = bdf, .vendor = (uint16_t)id, .device = (uint16_t)(id >> 16) };
	uint32_t class = cfg_read(bdf, PCI_REVISION), sub;
	unsigned header = cfg_read(bdf, 0x0c) >> 16 & PCI_HEADER_MASK, secondary;

	fmt(f.name, sizeof(f.name), "pci %02x:%02x.%x", bdf >> 8, bdf >> 3 & 31, bdf & 7);
	if (header == PCI_HEADER_BRIDGE && class >> 24 == PCI_CLASS_BRIDGE) {
		secondary = cfg_read(bdf, PCI_BRIDGE_BUSES) >> 8 & 0xff;
		return 1 + (secondary > bdf >> 8 ? scan_bus(secondary) : 0);
	}
	if (header == PCI_HEADER_DEVICE && class >> 24 != PCI_CLASS_BRIDGE) {
		sub = cfg_read(bdf, PCI_SUBSYS_VENDOR);
		f.subsys_vendor = (uint16_t)sub;
		f.subsys = (uint16_t)(sub >> 16);
		attach_func(&f);
	}
	return 1;
}

/* In the order of slots, which is the order that doc/run.md promises for disks. */
static unsigned scan_bus(unsigned bus)
{
	unsigned found = 0;

	for (unsigned dev = 0; dev < 32; dev++) {
		unsigned bdf = bus << 8 | dev << 3, nfunc = 1;

		for (unsigned fn = 0; fn < nfunc; fn++) {
			uint32_t id = cfg_read(bdf | fn, PCI_VENDOR);

			if ((id & 0xffff) == 0xffff || (id & 0xffff) == 0)
				continue;
			if (fn == 0 && cfg_read(bdf, 0x0c) >> 16 & PCI_HEADER_MULTI)
				nfunc = 8;
			found += scan_func(bdf | fn, id);
		}
	}
	return found;
}

unsigned pci_scan(void)
{
	if (pci_has_ecam())
		return scan_bus(host.first_bus);
	return arch_pci_ports() ? scan_bus(0) : 0;
}
