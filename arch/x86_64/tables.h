/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.h: what the firmware's tables say about a PC.  Pure: memory comes through a function, nothing is
 * allocated, every length is checked; tables are input from outside.  Tested and fuzzed on the host.
 */
#pragma once

#include "lib/err.h"

#define TABLES_CPUS    256
#define TABLES_IOAPICS 8

/* Physical memory of the firmware: len bytes at pa, or NULL. Stays valid. */
struct table_mem {
	const uint8_t *(*map)(void *arg, uint64_t pa, uint64_t len);
	void *arg;
};

struct machine {
	uint64_t lapic_phys; /* 0: not told */
	unsigned ncpus;
	uint32_t cpu[TABLES_CPUS]; /* APIC ids, in the tables' order */
	unsigned nioapics;
	struct {
		uint64_t phys;
		uint32_t gsi_base;
	} ioapic[TABLES_IOAPICS];
	struct {
		uint32_t gsi;
		bool level, low;
	} isa[16];
	uint64_t ecam_phys; /* 0: none */
	uint8_t ecam_first_bus, ecam_last_bus;
	bool has_fadt, has_8042, no_rtc;
	uint16_t pm1a_port, pm1b_port; /* 0: none */
	uint64_t sleep_phys;	       /* hardware-reduced ACPI's; 0: none */
	uint64_t dsdt_phys;	       /* 0: none */
};

/* ISA interrupts on the GSIs of their numbers, edge-triggered, active high; nothing else known. */
void machine_init(struct machine *m);
/* 0; -ENOENT: no (valid) root pointer there. Tables that do not check are left out. */
err_t acpi_read(const struct table_mem *mem, uint64_t rsdp, struct machine *m) must_check;
/* The sleep type that turns the machine off, from the DSDT; false: it does not say. */
bool acpi_s5_type(const struct table_mem *mem, uint64_t dsdt_phys, uint8_t *type);
/* The root pointer in the BIOS area (ACPI 5.2.5.1); 0: none. */
uint64_t acpi_find(const struct table_mem *mem);
/* Look for the MP floating pointer where the specification says, and read what it points to. -ENOENT. */
err_t mptable_read(const struct table_mem *mem, struct machine *m) must_check;
