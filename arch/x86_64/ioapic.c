/* SPDX-License-Identifier: Apache-2.0 */
/* ioapic.c: interrupt lines (Intel 82093AA). Two registers: an index and a window. */
#include "arch/io.h"
#include "lib/assert.h"
#include "x86_int.h"

enum {
	INDEX = 0x00,
	WINDOW = 0x10,
	REG_VERSION = 1,
	REG_REDIRECT = 0x10, /* two words a line */
	LINE_LOW = 1 << 13,
	LINE_LEVEL = 1 << 15,
	LINE_MASKED = 1 << 16,
	NIOAPICS = 8,
};

static struct ioapic {
	volatile char *regs;
	uint32_t gsi_base, nlines;
} ioapics[NIOAPICS]; /* [I] */
static unsigned nioapics;

static uint32_t get(const struct ioapic *io, uint32_t reg)
{
	mmio_write32(io->regs + INDEX, reg);
	return mmio_read32(io->regs + WINDOW);
}

static void put(const struct ioapic *io, uint32_t reg, uint32_t v)
{
	mmio_write32(io->regs + INDEX, reg);
	mmio_write32(io->regs + WINDOW, v);
}

/* Lines are masked at reset and are not touched here: each access is an exit. */
void ioapic_add(uint64_t phys, uint32_t gsi_base)
{
	struct ioapic *io = &ioapics[nioapics];

	if (nioapics == NIOAPICS)
		return;
	io->regs = x86_map_registers(phys);
	io->gsi_base = gsi_base;
	io->nlines = (get(io, REG_VERSION) >> 16 & 0xff) + 1;
	nioapics++;
}

static const struct ioapic *find(unsigned gsi)
{
	for (unsigned i = 0; i < nioapics; i++)
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].nlines)
			return &ioapics[i];
	return NULL;
}

/* The caller (kern/irq.c) sets a line up once, under its lock. */
err_t arch_irq_line(unsigned gsi, unsigned cpu_hw_id, unsigned vector, bool level, bool low)
{
	const struct ioapic *io = find(gsi);
	uint32_t reg;

	if (!io)
		return -ENODEV;
	reg = REG_REDIRECT + (gsi - io->gsi_base) * 2;
	put(io, reg, LINE_MASKED);
	put(io, reg + 1, cpu_hw_id << 24);
	put(io, reg, vector | (level ? LINE_LEVEL : 0) | (low ? LINE_LOW : 0));
	return 0;
}

void arch_irq_line_mask(unsigned gsi, bool masked)
{
	const struct ioapic *io = find(gsi);
	uint32_t reg, v;

	if (!io)
		return;
	reg = REG_REDIRECT + (gsi - io->gsi_base) * 2;
	v = get(io, reg) & ~(uint32_t)LINE_MASKED;
	put(io, reg, v | (masked ? LINE_MASKED : 0));
}
