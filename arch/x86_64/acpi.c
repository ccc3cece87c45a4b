/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acpi.c: MADT, FADT and MCFG, and one number out of the DSDT: the sleep type of S5, found by its name's bytes,
 * since nothing here runs AML.
 */
#include "abi/acpi.h"
#include "lib/mem.h"
#include "tables.h"
#include "tables_int.h"

#define TABLE_MAX (1u << 20)
#define BIOS_AREA 0xe0000ull
#define BIOS_END  0x100000ull

struct table {
	const uint8_t *p;
	uint32_t len;
};

static bool sums_to_zero(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *p++);
	return sum == 0;
}

/* A whole table, its checksum right; p NULL otherwise. */
static struct table map_table(const struct table_mem *mem, uint64_t pa)
{
	const uint8_t *head = pa ? mem->map(mem->arg, pa, ACPI_HEADER_BYTES) : NULL;
	struct table t = { NULL, 0 };

	if (!head)
		return t;
	t.len = get32(head + ACPI_HEADER_LENGTH);
	if (t.len < ACPI_HEADER_BYTES || t.len > TABLE_MAX)
		return t;
	t.p = mem->map(mem->arg, pa, t.len);
	if (t.p && !sums_to_zero(t.p, t.len))
		t.p = NULL;
	return t;
}

static void add_cpu(struct machine *m, uint32_t id, uint32_t flags)
{
	if (!(flags & ACPI_MADT_ENABLED) || m->ncpus == TABLES_CPUS)
		return;
	for (unsigned i = 0; i < m->ncpus; i++) /* some firmware lists a CPU in both forms */
		if (m->cpu[i] == id)
			return;
	m->cpu[m->ncpus++] = id;
}

static void add_ioapic(struct machine *m, uint64_t phys, uint32_t gsi_base)
{
	if (m->nioapics == TABLES_IOAPICS)
		return;
	m->ioapic[m->nioapics].phys = phys;
	m->ioapic[m->nioapics++].gsi_base = gsi_base;
}

/* Flags as in MP 1.4, 4.3.4: bits 0-1 polarity (3: low), bits 2-3 trigger (3: level). */
void machine_isa_override(struct machine *m, uint8_t irq, uint32_t gsi, uint16_t flags)
{
	if (irq >= ARRAY_LEN(m->isa))
		return;
	m->isa[irq].gsi = gsi;
	m->isa[irq].low = (flags & 3) == 3;
	m->isa[irq].level = (flags >> 2 & 3) == 3;
}

static void read_madt_entry(struct machine *m, const uint8_t *e, uint8_t len)
{
	switch (e[0]) {
	case ACPI_MADT_CPU:
		if (len >= 8)
			add_cpu(m, e[3], get32(e + 4));
		break;
	case ACPI_MADT_X2APIC:
		if (len >= 16)
			add_cpu(m, get32(e + 4), get32(e + 8));
		break;
	case ACPI_MADT_IOAPIC:
		if (len >= 12)
			add_ioapic(m, get32(e + 4), get32(e + 8));
		break;
	case ACPI_MADT_OVERRIDE:
		if (len >= 10)
			machine_isa_override(m, e[3], get32(e + 4), get16(e + 8));
		break;
	case ACPI_MADT_LAPIC64:
		if (len >= 12)
			m->lapic_phys = get64(e + 4);
		break;
	default:
		break;
	}
}

static void read_madt(struct machine *m, struct table t)
{
	uint32_t at = ACPI_MADT_ENTRIES;

	if (t.len < ACPI_MADT_ENTRIES)
		return;
	m->lapic_phys = get32(t.p + ACPI_MADT_LAPIC);
	while (t.len - at >= 2) {
		uint8_t len = t.p[at + 1];

		if (len < 2 || len > t.len - at)
			return;
		read_madt_entry(m, t.p + at, len);
		at += len;
	}
}

static void read_mcfg(struct machine *m, struct table t)
{
	uint32_t at = ACPI_MCFG_ENTRIES;

	for (; t.len >= at && t.len - at >= ACPI_MCFG_ENTRY_BYTES; at += ACPI_MCFG_ENTRY_BYTES) {
		const uint8_t *e = t.p + at;

		if (get16(e + 8) != 0 || e[11] < e[10]) /* segment 0 only */
			continue;
		m->ecam_phys = get64(e);
		m->ecam_first_bus = e[10];
		m->ecam_last_bus = e[11];
		return;
	}
}

/* An AML integer of one byte (20.2.3): ZeroOp, OneOp or BytePrefix. -1: something else. */
static int aml_small(const uint8_t *p, const uint8_t *end)
{
	if (p < end && p[0] <= 1)
		return p[0];
	if (end - p >= 2 && p[0] == 0x0a)
		return p[1];
	return -1;
}

/* Name (_S5_, Package () { type, ... }): 08 [5c] "_S5_" 12 length count type. */
static bool find_s5(struct table t, uint8_t *type)
{
	const uint8_t *end = t.p + t.len;

	for (const uint8_t *p = t.p + ACPI_HEADER_BYTES; end - p >= 8; p++) {
		const uint8_t *q = p + 4;
		int v;

		if (memcmp(p, "_S5_", 4) != 0 || *q++ != 0x12)
			continue;
		q += (*q >> 6) + 2; /* PkgLength's further bytes (20.2.4), itself, the count */
		v = q < end ? aml_small(q, end) : -1;
		if (v < 0)
			continue;
		*type = (uint8_t)(v & 7);
		return true;
	}
	return false;
}

bool acpi_s5_type(const struct table_mem *mem, uint64_t dsdt_phys, uint8_t *type)
{
	struct table dsdt = map_table(mem, dsdt_phys);

	return dsdt.p && find_s5(dsdt, type);
}

static void read_sleep_register(struct machine *m, struct table t)
{
	const uint8_t *gas = t.p + ACPI_FADT_SLEEP_REG;

	if (t.len >= ACPI_FADT_SLEEP_REG + 12 && gas[0] == ACPI_SPACE_MEMORY)
		m->sleep_phys = get64(gas + 4);
}

static void read_fadt(struct machine *m, struct table t)
{
	if (t.len < ACPI_FADT_FLAGS + 4)
		return;
	m->has_fadt = true;
	m->has_8042 = get16(t.p + ACPI_FADT_BOOT_ARCH) & ACPI_BOOT_8042;
	m->no_rtc = get16(t.p + ACPI_FADT_BOOT_ARCH) & ACPI_BOOT_NO_RTC;
	if (get32(t.p + ACPI_FADT_FLAGS) & ACPI_FADT_REDUCED) {
		read_sleep_register(m, t);
	} else {
		m->pm1a_port = (uint16_t)get32(t.p + ACPI_FADT_PM1A);
		m->pm1b_port = (uint16_t)get32(t.p + ACPI_FADT_PM1B);
	}
	m->dsdt_phys = t.len >= ACPI_FADT_X_DSDT + 8 ? get64(t.p + ACPI_FADT_X_DSDT) : 0;
	if (!m->dsdt_phys)
		m->dsdt_phys = get32(t.p + ACPI_FADT_DSDT);
}

static void read_table(const struct table_mem *mem, struct machine *m, uint64_t pa)
{
	struct table t = map_table(mem, pa);

	if (!t.p)
		return;
	if (memcmp(t.p, "APIC", 4) == 0)
		read_madt(m, t);
	else if (memcmp(t.p, "FACP", 4) == 0)
		read_fadt(m, t);
	else if (memcmp(t.p, "MCFG", 4) == 0)
		read_mcfg(m, t);
}

static bool is_rsdp(const uint8_t *p)
{
	return memcmp(p, "RSD PTR ", 8) == 0 && sums_to_zero(p, ACPI_RSDP_V1_BYTES);
}

err_t acpi_read(const struct table_mem *mem, uint64_t rsdp, struct machine *m)
{
	const uint8_t *p = rsdp ? mem->map(mem->arg, rsdp, ACPI_RSDP_V1_BYTES) : NULL;
	uint64_t root_phys = 0;
	unsigned width = 4;
	struct table root;

	if (!p || !is_rsdp(p))
		return -ENOENT;
	if (p[ACPI_RSDP_REVISION] >= 2) {
		p = mem->map(mem->arg, rsdp, ACPI_RSDP_V2_BYTES);
		if (!p)
			return -ENOENT;
		root_phys = get64(p + ACPI_RSDP_XSDT);
		width = 8;
	}
	if (!root_phys) {
		root_phys = get32(p + ACPI_RSDP_RSDT);
		width = 4;
	}
	root = map_table(mem, root_phys);
	if (!root.p)
		return -ENOENT;
	for (uint32_t at = ACPI_HEADER_BYTES; root.len - at >= width; at += width)
		read_table(mem, m, width == 8 ? get64(root.p + at) : get32(root.p + at));
	return 0;
}

uint64_t acpi_find(const struct table_mem *mem)
{
	const uint8_t *area = mem->map(mem->arg, BIOS_AREA, BIOS_END - BIOS_AREA);

	for (uint64_t at = 0; area && at <= BIOS_END - BIOS_AREA - ACPI_RSDP_V1_BYTES; at += 16)
		if (area[at] == 'R' && is_rsdp(area + at))
			return BIOS_AREA + at;
	return 0;
}

void machine_init(struct machine *m)
{
	*m = (struct machine){ 0 };
	for (unsigned i = 0; i < ARRAY_LEN(m->isa); i++)
		m->isa[i].gsi = i;
}
