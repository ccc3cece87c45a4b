/* SPDX-License-Identifier: Apache-2.0 */
/* mptable.c: the CPUs and the IOAPIC from the MP table, where there is no ACPI. */
#include "abi/mptable.h"
#include "tables.h"
#include "tables_int.h"

static bool sums_to_zero(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *p++);
	return sum == 0;
}

static void read_cpu(struct machine *m, const uint8_t *e)
{
	if ((e[3] & 1) && m->ncpus < TABLES_CPUS)
		m->cpu[m->ncpus++] = e[1];
}

/* One IOAPIC has GSIs from 0; further ones follow each other by 24, as nothing says better. */
static void read_ioapic(struct machine *m, const uint8_t *e)
{
	if (!(e[3] & 1) || m->nioapics == TABLES_IOAPICS)
		return;
	m->ioapic[m->nioapics].phys = get32(e + 4);
	m->ioapic[m->nioapics].gsi_base = m->nioapics * 24;
	m->nioapics++;
}

static void read_entry(struct machine *m, const uint8_t *e, int *isa_bus)
{
	switch (e[0]) {
	case MP_CPU:
		read_cpu(m, e);
		break;
	case MP_BUS:
		if (memcmp(e + 2, "ISA", 3) == 0)
			*isa_bus = e[1];
		break;
	case MP_IOAPIC:
		read_ioapic(m, e);
		break;
	case MP_INTERRUPT:
		if (e[1] == 0 && e[4] == *isa_bus)
			machine_isa_override(m, e[5], e[7], get16(e + 2));
		break;
	default:
		break;
	}
}

static err_t read_config(const struct table_mem *mem, struct machine *m, uint64_t pa)
{
	const uint8_t *p = pa ? mem->map(mem->arg, pa, MP_CONFIG_BYTES) : NULL;
	unsigned len, at = MP_CONFIG_BYTES, left;
	int isa_bus = -1;

	if (!p || memcmp(p, "PCMP", 4) != 0)
		return -ENOENT;
	len = get16(p + MP_CONFIG_LENGTH);
	p = len >= MP_CONFIG_BYTES ? mem->map(mem->arg, pa, len) : NULL;
	if (!p || !sums_to_zero(p, len))
		return -ENOENT;
	m->lapic_phys = get32(p + MP_CONFIG_LAPIC);
	for (left = get16(p + MP_CONFIG_COUNT); left; left--) {
		unsigned n = at < len && p[at] == MP_CPU ? MP_CPU_BYTES : MP_OTHER_BYTES;

		if (len - at < n)
			break;
		read_entry(m, p + at, &isa_bus);
		at += n;
	}
	return m->ncpus ? 0 : -ENOENT;
}

static err_t search(const struct table_mem *mem, struct machine *m, uint64_t pa, uint64_t len)
{
	const uint8_t *area = mem->map(mem->arg, pa, len);

	for (uint64_t at = 0; area && at + MP_FLOAT_BYTES <= len; at += 16) {
		const uint8_t *p = area + at;

		if (p[0] != '_' || memcmp(p, "_MP_", 4) != 0 || !sums_to_zero(p, MP_FLOAT_BYTES))
			continue;
		if (read_config(mem, m, get32(p + MP_FLOAT_CONFIG)) == 0)
			return 0;
	}
	return -ENOENT;
}

/* MP 1.4, chapter 4: the last KB of base memory, then the BIOS area. */
err_t mptable_read(const struct table_mem *mem, struct machine *m)
{
	err_t err = search(mem, m, 0x9fc00, 0x400);

	return err ? search(mem, m, 0xf0000, 0x10000) : 0;
}
