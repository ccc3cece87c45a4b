/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/mptable.h: Intel MultiProcessor Specification 1.4, chapter 4, as bytes.  For machines without ACPI (microvm
 * with acpi=off).
 */
#pragma once

enum {
	/* Floating pointer, 4.1: "_MP_", 16 bytes, sum 0 */
	MP_FLOAT_BYTES = 16,
	MP_FLOAT_CONFIG = 4, /* u32 address of the configuration table */

	/* Configuration table, 4.2: "PCMP" */
	MP_CONFIG_BYTES = 44,
	MP_CONFIG_LENGTH = 4, /* u16, header and base entries */
	MP_CONFIG_COUNT = 34, /* u16 entries */
	MP_CONFIG_LAPIC = 36, /* u32 */

	/* Entries, 4.3: u8 type first */
	MP_CPU = 0, /* 20 bytes: +1 u8 APIC id, +3 u8 flags (bit 0: usable) */
	MP_CPU_BYTES = 20,
	MP_OTHER_BYTES = 8,
	MP_BUS = 1,    /* +1 u8 bus id, +2 six characters */
	MP_IOAPIC = 2, /* +3 u8 flags (bit 0: usable), +4 u32 address */
	MP_INTERRUPT =
		3, /* +1 u8 kind (0: vectored), +2 u16 flags, +4 bus, +5 IRQ, +6 APIC, +7 pin */
};
