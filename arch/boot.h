/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/boot.h: what the loader told us, in one form, whichever protocol it spoke (PVH, 64-bit Linux).
 * Filled by arch/<cpu>/boot*.c before kernel_main(); constant afterwards.  Pointers are direct-map
 * addresses; strings and ranges were bounds-checked while they were copied.
 */
#pragma once

#include "arch/arch.h"

enum boot_mem_type { BOOT_MEM_RAM = 1, BOOT_MEM_RESERVED = 2, BOOT_MEM_ACPI = 3, BOOT_MEM_NVS = 4 };

struct boot_mem {
	paddr_t start;
	uint64_t len;
	enum boot_mem_type type;
};

#define BOOT_MEM_MAX	 128
#define BOOT_CMDLINE_MAX 4096

struct boot_info {
	const char *protocol;  /* "pvh" or "linux64" */
	uint64_t entry_cycles; /* counter at the first instruction of ours */
	struct boot_mem mem
		[BOOT_MEM_MAX]; /* sorted, non-overlapping; ours and the module are still in it */
	unsigned nmem;
	paddr_t kernel_start, kernel_end; /* image with .bss, page-aligned */
	paddr_t module_start;		  /* the loader's module (initrd); len 0: none */
	uint64_t module_len;
	bool knows_rsdp; /* the protocol says so where there is one */
	paddr_t rsdp;	 /* 0: none */
	uint64_t kaslr_slide;
	char cmdline[BOOT_CMDLINE_MAX];
};

extern struct boot_info boot_info;

void *arch_boot_stack(void); /* its lowest address; KSTACK_BYTES long, the boot thread's for good */

/* Firmware tables below 4 GB, mapped where the memory map does not; NULL: not there. Boot CPU, before SMP. */
void *arch_boot_map(paddr_t pa, uint64_t len);

/* The value of `key=value` on the command line; false when absent. `key` alone: *val is "". */
bool boot_option(const char *key, char *val, size_t size);
/* Walk repeated options (virtio_mmio.device=...): *pos starts at 0. */
bool boot_option_next(const char *key, size_t *pos, char *val, size_t size);

_Noreturn void kernel_main(void); /* init/main.c; boot CPU, interrupts off, on the boot stack */
