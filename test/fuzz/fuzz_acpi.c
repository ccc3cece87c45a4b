/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_acpi.c: the input is the BIOS area from 0xe0000 on, in a heap block of its exact size. Sums are repaired as
 * tables are mapped, or nothing would come past them.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/tables.h"

#define BASE 0xe0000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct ram {
	uint8_t *p;
	size_t size;
};

static const uint8_t *map(void *arg, uint64_t pa, uint64_t len)
{
	const struct ram *r = arg;
	uint8_t *p, sum = 0;

	if (pa < BASE || pa - BASE > r->size || len > r->size - (pa - BASE) || len > (1u << 20))
		return NULL;
	p = r->p + (pa - BASE);
	if (len < 16 || pa == BASE) /* the root pointer has its own sum below */
		return p;
	for (uint64_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + p[i]);
	p[9] = (uint8_t)(p[9] - sum);
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ram r = { malloc(size ? size : 1), size };
	struct table_mem mem = { .map = map, .arg = &r };
	struct machine m;
	uint8_t sum = 0, type;
	err_t err;

	memcpy(r.p, data, size);
	if (size >= 20) {
		memcpy(r.p, "RSD PTR ", 8);
		for (int i = 0; i < 20; i++)
			sum = (uint8_t)(sum + r.p[i]);
		r.p[8] = (uint8_t)(r.p[8] - sum);
	}
	machine_init(&m);
	err = acpi_read(&mem, BASE, &m);
	(void)acpi_s5_type(&mem, m.dsdt_phys, &type);
	if (err && err != -ENOENT)
		abort();
	if (m.ncpus > TABLES_CPUS || m.nioapics > TABLES_IOAPICS)
		abort();
	machine_init(&m);
	err = mptable_read(&mem, &m);
	(void)acpi_find(&mem);
	free(r.p);
	return 0;
}
