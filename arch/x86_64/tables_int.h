/* SPDX-License-Identifier: Apache-2.0 */
/* tables_int.h: for acpi.c and mptable.c: little-endian numbers anywhere, and what both fill in. */
#pragma once

#include "lib/mem.h"
#include "tables.h"

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static inline uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* acpi.c */
void machine_isa_override(struct machine *m, uint8_t irq, uint32_t gsi, uint16_t flags);
