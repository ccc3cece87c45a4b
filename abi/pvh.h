/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/pvh.h: what a PVH loader leaves (Xen, xen/include/public/arch-x86/hvm/start_info.h). All addresses are
 * physical.  Entry state: 32-bit protected mode, flat segments, paging off, EBX: struct pvh_start_info.
 */
#pragma once

#include <stdint.h>

#define PVH_MAGIC 0x336ec578u

/*
 * OFFSET  SIZE  FIELD
 *      0     4  magic
 *      4     4  version        1: the memory map is there
 *      8     4  flags
 *     12     4  nr_modules
 *     16     8  modlist_paddr  of struct pvh_module[nr_modules]
 *     24     8  cmdline_paddr  NUL-terminated
 *     32     8  rsdp_paddr
 *     40     8  memmap_paddr   of struct pvh_memmap[memmap_entries]
 *     48     4  memmap_entries
 *     52     4  reserved
 */
struct pvh_start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist_paddr, cmdline_paddr, rsdp_paddr, memmap_paddr;
	uint32_t memmap_entries, reserved;
};
_Static_assert(sizeof(struct pvh_start_info) == 56, "pvh_start_info is 56 bytes");

struct pvh_module {
	uint64_t paddr, size, cmdline_paddr, reserved;
};
_Static_assert(sizeof(struct pvh_module) == 32, "pvh_module is 32 bytes");

/* type as in e820: 1 RAM, 2 reserved, 3 ACPI tables, 4 ACPI NVS, ... */
struct pvh_memmap {
	uint64_t addr, size;
	uint32_t type, reserved;
};
_Static_assert(sizeof(struct pvh_memmap) == 24, "pvh_memmap is 24 bytes");
