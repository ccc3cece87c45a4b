/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/acpi.h: firmware tables as bytes, ACPI 6.4, chapter 5.  Little-endian, unaligned: fields are read by offset
 * and never through a struct.  Only what Coracle reads is listed.
 */
#pragma once

enum {
	/* RSDP, 5.2.5.3 */
	ACPI_RSDP_V1_BYTES = 20,
	ACPI_RSDP_V2_BYTES = 36,
	ACPI_RSDP_REVISION = 15, /* u8; 0: the first 20 bytes only */
	ACPI_RSDP_RSDT = 16,	 /* u32 */
	ACPI_RSDP_XSDT = 24,	 /* u64 */

	/* Header of every table, 5.2.6 */
	ACPI_HEADER_BYTES = 36,
	ACPI_HEADER_LENGTH = 4, /* u32, of the whole table */

	/* MADT, 5.2.12 */
	ACPI_MADT_LAPIC = 36,	/* u32 */
	ACPI_MADT_ENTRIES = 44, /* u8 type, u8 length, ... */
	ACPI_MADT_CPU = 0,	/* +3 u8 APIC id, +4 u32 flags */
	ACPI_MADT_IOAPIC = 1,	/* +4 u32 address, +8 u32 GSI base */
	ACPI_MADT_OVERRIDE = 2, /* +3 u8 ISA IRQ, +4 u32 GSI, +8 u16 flags */
	ACPI_MADT_LAPIC64 = 5,	/* +4 u64 address */
	ACPI_MADT_X2APIC = 9,	/* +4 u32 id, +8 u32 flags */
	ACPI_MADT_ENABLED = 1,	/* in a CPU's flags */

	/* FADT, 5.2.9 */
	ACPI_FADT_DSDT = 40,	     /* u32 */
	ACPI_FADT_PM1A = 64,	     /* u32 port */
	ACPI_FADT_PM1B = 68,	     /* u32 port */
	ACPI_FADT_CENTURY = 108,     /* u8 */
	ACPI_FADT_BOOT_ARCH = 109,   /* u16 */
	ACPI_FADT_FLAGS = 112,	     /* u32 */
	ACPI_FADT_X_DSDT = 140,	     /* u64 */
	ACPI_FADT_SLEEP_REG = 244,   /* generic address: u8 space, ..., +4 u64 address */
	ACPI_FADT_REDUCED = 1 << 20, /* in flags: no fixed hardware */
	ACPI_BOOT_8042 = 1 << 1,
	ACPI_BOOT_NO_RTC = 1 << 5,
	ACPI_SPACE_MEMORY = 0,

	/* MCFG, PCI Firmware 3.0, 4.1.2 */
	ACPI_MCFG_ENTRIES = 44,
	ACPI_MCFG_ENTRY_BYTES =
		16, /* u64 base, u16 segment, u8 first bus, u8 last bus, u32 reserved */
};
