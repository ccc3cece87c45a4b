/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine.c: what the firmware says this machine is, and the interrupt controllers set up accordingly. ACPI where
 * there is a root pointer, else the MP table, else a PC with one CPU and an IOAPIC where they always are.
 */
#include "arch/boot.h"
#include "arch/io.h"
#include "arch/pci.h"
#include "tables.h"
#include "x86.h"
#include "x86_int.h"

static struct machine machine; /* [I] */

static const uint8_t *map(void *arg, uint64_t pa, uint64_t len)
{
	(void)arg;
	return arch_boot_map((paddr_t){ pa }, len);
}

static const struct table_mem mem = { .map = map };

/*
 * QEMU's configuration device (docs/specs/fw_cfg.txt): item 0 is its name, item 5 the number of CPUs, whose ids
 * count from 0. For a machine without any tables (microvm with acpi=off).
 */
static uint32_t fw_cfg_word(uint16_t item)
{
	uint32_t v = 0;

	io_out16(0x510, item);
	for (unsigned i = 0; i < 4; i++)
		v |= (uint32_t)io_in8(0x511) << (8 * i);
	return v;
}

static bool ask_qemu(void)
{
	unsigned n = fw_cfg_word(0) == 0x554d4551 ? fw_cfg_word(5) & 0xffff : 0; /* "QEMU" */

	for (unsigned i = 0; i < n && i < TABLES_CPUS; i++)
		machine.cpu[machine.ncpus++] = i;
	return n;
}

/* The boot CPU is number 0, whatever the tables' order. */
static void boot_cpu_first(void)
{
	uint32_t me = lapic_id();

	if (!machine.ncpus)
		machine.cpu[machine.ncpus++] = me;
	for (unsigned i = 0; i < machine.ncpus; i++)
		if (machine.cpu[i] == me) {
			machine.cpu[i] = machine.cpu[0];
			machine.cpu[0] = me;
		}
}

static void read_tables(void)
{
	uint64_t rsdp = boot_info.rsdp.v;

	machine_init(&machine);
	if (!rsdp && !boot_info.knows_rsdp)
		rsdp = acpi_find(&mem);
	if (acpi_read(&mem, rsdp, &machine) != 0 && !ask_qemu() &&
	    mptable_read(&mem, &machine) != 0)
		machine.ncpus = 0;
	if (!machine.nioapics) {
		machine.nioapics = 1;
		machine.ioapic[0].phys = 0xfec00000;
	}
	boot_cpu_first();
}

/* The sleep type is in the DSDT, which is long: looked for when it is needed, at the end. */
bool x86_power_off(struct power_off *p)
{
	if (!acpi_s5_type(&mem, machine.dsdt_phys, &p->s5_type))
		return false;
	p->pm1a_port = machine.pm1a_port;
	p->pm1b_port = machine.pm1b_port;
	p->sleep_reg = machine.sleep_phys ? x86_map_registers(machine.sleep_phys) : NULL;
	return true;
}

/* Intel 8259A: all masked. Their vectors are moved off the exceptions first, for one that comes all the same. */
static void mask_8259(void)
{
	static const struct {
		uint8_t port, value;
	} init[] = {
		{ 0x20, 0x11 }, { 0xa0, 0x11 }, { 0x21, 0xf0 }, { 0xa1, 0xf8 }, { 0x21, 4 },
		{ 0xa1, 2 },	{ 0x21, 1 },	{ 0xa1, 1 },	{ 0x21, 0xff }, { 0xa1, 0xff },
	};

	for (unsigned i = 0; i < ARRAY_LEN(init); i++)
		io_out8(init[i].port, init[i].value);
}

err_t arch_machine_init(void)
{
	read_tables();
	mask_8259();
	for (unsigned i = 0; i < machine.nioapics; i++)
		ioapic_add(machine.ioapic[i].phys, machine.ioapic[i].gsi_base);
	return 0;
}

unsigned arch_cpu_count(void)
{
	return machine.ncpus;
}

uint32_t arch_cpu_hw_id(unsigned n)
{
	return machine.cpu[n];
}

bool arch_pci_ecam(uint64_t *phys, unsigned *first_bus, unsigned *last_bus)
{
	*phys = machine.ecam_phys;
	*first_bus = machine.ecam_first_bus;
	*last_bus = machine.ecam_last_bus;
	return machine.ecam_phys;
}

unsigned arch_isa_gsi(unsigned isa_irq, bool *level, bool *low)
{
	*level = machine.isa[isa_irq].level;
	*low = machine.isa[isa_irq].low;
	return machine.isa[isa_irq].gsi;
}
