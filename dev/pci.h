/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev/pci.h: finding PCI functions, their memory and their message-signalled interrupts.  The firmware has
 * numbered the buses and placed the BARs; what it left out is not used.
 *
 * Context: boot thread, but pci_msix_set() any.  Locks: none.
 *
 *   [I] set by the scan
 */
#pragma once

#include "abi/pci.h"
#include "lib/err.h"

#define PCI_NBARS 6

struct pci_bar {
	uint64_t base, size; /* size 0: not there, an I/O BAR, or not placed by the firmware */
};

struct pci_func {
	char name[16];			/* [I] "pci 00:03.0" */
	unsigned bdf;			/* [I] bus << 8 | device << 3 | function */
	uint16_t vendor, device;	/* [I] */
	uint16_t subsys_vendor, subsys; /* [I] */
	struct pci_bar bar[PCI_NBARS];	/* [I] */
	uint8_t msix_cap;		/* [I] its offset; 0: none */
	unsigned msix_n;		/* [I] entries of the table */
	volatile uint8_t *msix_table;	/* [I] after pci_msix_init() */
};

struct pci_driver {
	const char *name;
	bool (*match)(const struct pci_func *f);
	/* `f` is the caller's: copy what is kept. Memory decoding and bus mastering are on. */
	err_t (*attach)(const struct pci_func *f);
};

/* The drivers that are linked, NULL at the end (dev/bus.c). */
extern const struct pci_driver *const pci_drivers[];

/* Walk all buses and attach. Returns the number of functions found; 0 also where there is no PCI. */
unsigned pci_scan(void);
/* Do the firmware's tables name a host bridge? */
bool pci_has_ecam(void);

uint32_t pci_read32(const struct pci_func *f, unsigned reg); /* reg dword-aligned, below 256 */
void pci_write32(const struct pci_func *f, unsigned reg, uint32_t val);
uint16_t pci_read16(const struct pci_func *f, unsigned reg);
void pci_write16(const struct pci_func *f, unsigned reg, uint16_t val);

/* Map `len` bytes at `off` of a memory BAR. NULL: outside it, or no room. */
volatile uint8_t *pci_bar_map(const struct pci_func *f, unsigned bar, uint64_t off, uint64_t len);

/* Map the MSI-X table, mask every entry, turn MSI-X on. -ENODEV: it has none; -EINVAL: nonsense in it. */
err_t pci_msix_init(struct pci_func *f) must_check;
void pci_msix_set(const struct pci_func *f, unsigned entry, uint64_t addr, uint32_t data);

/*
 * Capability lists, pure: the reader gives dwords of configuration space, of any content.  A walk ends, whatever
 * the list looks like: every capability takes at least a dword, so more than fit is a loop.
 */
struct pci_reader {
	uint32_t (*read)(const struct pci_reader *r, unsigned reg);
	const void *arg;
};
struct pci_cap {
	uint8_t pos, id;
	uint8_t seen;
};
/* The next capability after *c (start: all zero). False: no more, or the list is broken. */
bool pci_cap_next(const struct pci_reader *r, struct pci_cap *c);
uint8_t pci_cfg8(const struct pci_reader *r, unsigned reg);
uint16_t pci_cfg16(const struct pci_reader *r, unsigned reg);
uint32_t pci_cfg32(const struct pci_reader *r, unsigned reg);
