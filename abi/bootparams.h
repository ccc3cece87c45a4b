/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/bootparams.h: the "zero page" of the 64-bit Linux boot protocol (Documentation/arch/x86/boot.rst and
 * zero-page.rst), as far as Coracle reads it.  All addresses are physical.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BOOTPARAMS_HEADER 0x53726448u /* "HdrS" */
#define BOOTPARAMS_NE820  128

struct e820_entry {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((__packed__));
_Static_assert(sizeof(struct e820_entry) == 20, "an e820 entry is 20 bytes");

/*
 * OFFSET  SIZE  FIELD
 *  0x070     8  acpi_rsdp_addr
 *  0x0c0     4  ext_ramdisk_image  upper halves of three 32-bit fields below
 *  0x0c4     4  ext_ramdisk_size
 *  0x0c8     4  ext_cmd_line_ptr
 *  0x1e8     1  e820_entries
 *  0x1fe     2  boot_flag          0xaa55
 *  0x202     4  header             "HdrS"
 *  0x218     4  ramdisk_image
 *  0x21c     4  ramdisk_size
 *  0x228     4  cmd_line_ptr
 *  0x2d0  2560  e820_table
 */
struct boot_params {
	uint8_t unused0[0x70];
	uint64_t acpi_rsdp_addr;
	uint8_t unused1[0xc0 - 0x78];
	uint32_t ext_ramdisk_image, ext_ramdisk_size, ext_cmd_line_ptr;
	uint8_t unused2[0x1e8 - 0xcc];
	uint8_t e820_entries;
	uint8_t unused3[0x1fe - 0x1e9];
	uint16_t boot_flag;
	uint8_t unused4[2];
	uint32_t header;
	uint8_t unused5[0x218 - 0x206];
	uint32_t ramdisk_image, ramdisk_size;
	uint8_t unused6[8];
	uint32_t cmd_line_ptr;
	uint8_t unused7[0x2d0 - 0x22c];
	struct e820_entry e820_table[BOOTPARAMS_NE820];
	uint8_t unused8[4096 - 0xcd0];
} __attribute__((__packed__));
_Static_assert(offsetof(struct boot_params, header) == 0x202, "header at 0x202");
_Static_assert(offsetof(struct boot_params, cmd_line_ptr) == 0x228, "cmd_line_ptr at 0x228");
_Static_assert(offsetof(struct boot_params, e820_table) == 0x2d0, "e820_table at 0x2d0");
_Static_assert(sizeof(struct boot_params) == 4096, "boot_params is one page");
