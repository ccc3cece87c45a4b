/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c: what Firecracker does with a kernel: copy the segments of an ELF file to their physical addresses, fill a
 * boot_params, enter at e_entry in long mode.  The file is this loader's own boot module; its command line and
 * memory map are passed on.
 */
#include "abi/bootparams.h"
#include "abi/pvh.h"

void load(const struct pvh_start_info *si);
void enter(uint64_t entry, struct boot_params *bp);

static struct boot_params bp;

static void copy(void *dst, const void *src, uint64_t n)
{
	__asm__ volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(n) : : "memory");
}

static void zero(void *dst, uint64_t n)
{
	__asm__ volatile("rep stosb" : "+D"(dst), "+c"(n) : "a"(0) : "memory");
}

static uint64_t load_elf(const uint8_t *file)
{
	const uint64_t *entry = (const uint64_t *)(file + 24),
		       *phoff = (const uint64_t *)(file + 32);
	uint16_t n = *(const uint16_t *)(file + 56);

	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *ph = file + *phoff + i * 56;
		const uint64_t *v =
			(const uint64_t *)ph; /* type+flags, offset, vaddr, paddr, filesz, memsz */

		if (*(const uint32_t *)ph != 1)
			continue;
		zero((void *)v[3], v[5]);
		copy((void *)v[3], file + v[1], v[4]);
	}
	return *entry;
}

void load(const struct pvh_start_info *si)
{
	const struct pvh_memmap *map = (const void *)si->memmap_paddr;
	const struct pvh_module *mod = (const void *)si->modlist_paddr;

	bp.boot_flag = 0xaa55;
	bp.header = BOOTPARAMS_HEADER;
	bp.cmd_line_ptr = (uint32_t)si->cmdline_paddr;
	bp.acpi_rsdp_addr = si->rsdp_paddr;
	for (uint32_t i = 0; i < si->memmap_entries && i < BOOTPARAMS_NE820; i++)
		bp.e820_table[bp.e820_entries++] =
			(struct e820_entry){ map[i].addr, map[i].size, map[i].type };
	enter(load_elf((const uint8_t *)mod->paddr), &bp);
}
