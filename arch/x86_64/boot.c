/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot.c: the loader's information, copied into boot_info, and the direct map cut to what is there.  Runs
 * once, high, on the boot CPU, interrupts off, before kernel_main().  The first 4 GB are mapped at
 * DIRECT_BASE when it starts; what the loader left lies below 4 GB by both protocols.
 */
#include "arch/boot_mem.h"
#include "arch/mmu.h"
#include "abi/bootparams.h"
#include "abi/pvh.h"
#include "boot_int.h"
#include "lib/mem.h"
#include "x86.h"
#include "x86_int.h"

#define LOW_END	  (4ull << 30)
#define MAP_END	  (512ull << 30) /* one page of the third level */
#define LARGE	  (2ull << 20)
#define GIGA	  (1ull << 30)
#define PTE_LARGE (PTE_P | PTE_W | PTE_A | PTE_D | PTE_PS)

struct boot_info boot_info;

/* The loader's memory; NULL when it is not wholly below 4 GB. */
static const void *low_mem(uint64_t pa, uint64_t len)
{
	if (!pa || pa >= LOW_END || len > LOW_END - pa)
		return NULL;
	return (const void *)(DIRECT_BASE + pa);
}

static void copy_cmdline(uint64_t pa)
{
	uint64_t below = pa < LOW_END ? LOW_END - pa : 0;
	size_t room = MIN((uint64_t)BOOT_CMDLINE_MAX - 1, below);
	const char *s = low_mem(pa, 1);
	size_t n;

	if (!s)
		return;
	n = strnlen(s, room);
	memcpy(boot_info.cmdline, s, n);
	boot_info.cmdline[n] = 0;
}

static void take_pvh(const struct pvh_start_info *si)
{
	const struct pvh_memmap *map;
	const struct pvh_module *mod;

	if (!si || si->magic != PVH_MAGIC)
		x86_fail("entered by PVH without its start info");
	boot_info.protocol = "pvh";
	boot_info.rsdp.v = si->rsdp_paddr;
	boot_info.knows_rsdp = true;
	copy_cmdline(si->cmdline_paddr);
	map = low_mem(si->memmap_paddr, (uint64_t)si->memmap_entries * sizeof(*map));
	if (si->version < 1 || !map)
		x86_fail("the loader gave no memory map (PVH version 0)");
	for (unsigned i = 0; i < si->memmap_entries; i++)
		boot_mem_add(&boot_info, map[i].addr, map[i].size, map[i].type);
	mod = si->nr_modules ? low_mem(si->modlist_paddr, sizeof(*mod)) : NULL;
	if (mod) {
		boot_info.module_start.v = mod->paddr;
		boot_info.module_len = mod->size;
	}
}

static void take_linux64(const struct boot_params *bp)
{
	if (!bp || bp->boot_flag != 0xaa55 || bp->header != BOOTPARAMS_HEADER)
		x86_fail("entered by the 64-bit Linux protocol without its boot_params");
	boot_info.protocol = "linux64";
	boot_info.rsdp.v = bp->acpi_rsdp_addr;
	copy_cmdline(bp->cmd_line_ptr | (uint64_t)bp->ext_cmd_line_ptr << 32);
	for (unsigned i = 0; i < bp->e820_entries && i < BOOTPARAMS_NE820; i++)
		boot_mem_add(&boot_info, bp->e820_table[i].addr, bp->e820_table[i].size,
			     bp->e820_table[i].type);
	boot_info.module_start.v = bp->ramdisk_image | (uint64_t)bp->ext_ramdisk_image << 32;
	boot_info.module_len = bp->ramdisk_size | (uint64_t)bp->ext_ramdisk_size << 32;
}

/*
 * A module outside what the map lists is no module.  It may reach into what is reserved: SeaBIOS keeps the
 * top of RAM for itself, the more of it the more disks there are, and QEMU has placed the module
 * without knowing of that.  The firmware is done by then; the allocator never gets those pages.
 */
static void check_module(void)
{
	uint64_t at = boot_info.module_start.v, end = at + boot_info.module_len;

	for (unsigned i = 0; at < end && i < boot_info.nmem; i++) {
		const struct boot_mem *m = &boot_info.mem[i];

		if (m->type == BOOT_MEM_RESERVED && m->start.v >= LOW_END)
			continue; /* not mapped */
		if (at >= m->start.v && at - m->start.v < m->len)
			at = m->start.v + m->len;
	}
	if (at >= end && boot_info.module_len && end > boot_info.module_start.v)
		return;
	boot_info.module_start.v = 0;
	boot_info.module_len = 0;
}

uint64_t x86_trampoline_phys;

/* The lowest whole page of RAM, but not page 0, for CPUs that start in real mode. */
static void reserve_trampoline(void)
{
	for (unsigned i = 0; i < boot_info.nmem; i++) {
		const struct boot_mem *m = &boot_info.mem[i];
		uint64_t at = MAX(m->start.v, 4096ull);

		if (m->type != BOOT_MEM_RAM || at + 4096 > m->start.v + m->len || at >= 0xa0000)
			continue;
		if (boot_mem_add(&boot_info, at, 4096, BOOT_MEM_RESERVED)) {
			x86_trampoline_phys = at;
			boot_mem_finish(&boot_info);
		}
		return;
	}
}

/*
 * A zeroed page for page tables, taken from behind the image, which grows by it.  Only machines with
 * memory above 4 GB and without 1 GB pages need more than a few.
 */
static uint64_t *early_page(void)
{
	uint64_t at = boot_info.kernel_end.v;
	uint64_t mod = boot_info.module_start.v;

	for (unsigned i = 0; i < boot_info.nmem; i++) {
		const struct boot_mem *m = &boot_info.mem[i];
		uint64_t *page = (uint64_t *)(DIRECT_BASE + at);

		if (m->type != BOOT_MEM_RAM || at < m->start.v || at + 4096 > m->start.v + m->len)
			continue;
		if (boot_info.module_len && at + 4096 > mod && at < mod + boot_info.module_len)
			break;
		boot_info.kernel_end.v += 4096;
		return memset(page, 0, 4096);
	}
	x86_fail("no room behind the kernel for page tables; give the VM more memory");
}

/* Above 4 GB: 1 GB pages where the CPU has them and the range fills them, else 2 MB pages. */
static void map_high(uint64_t start, uint64_t end, bool giga)
{
	while (start < end) {
		uint64_t *slot = &boot_pdpt[start / GIGA], *pd;

		if (giga && IS_ALIGNED(start, GIGA) && end - start >= GIGA && !*slot) {
			*slot = start | PTE_LARGE | PTE_NX;
			start += GIGA;
			continue;
		}
		if (!*slot)
			*slot = ((uint64_t)early_page() - DIRECT_BASE) | PTE_P | PTE_W | PTE_A;
		pd = (uint64_t *)(DIRECT_BASE + (*slot & PTE_ADDR));
		do {
			pd[start / LARGE % 512] = start | PTE_LARGE | PTE_NX;
			start += LARGE;
		} while (start < end && start % GIGA);
	}
}

static void unmap_low(uint64_t start, uint64_t end)
{
	uint64_t *pd = &boot_pd[0][0];

	for (; start < end; start += LARGE)
		pd[start / LARGE] = 0;
}

/* Large pages wherever there is memory of any kind (but reserved); nothing elsewhere. */
static void cut_direct_map(void)
{
	bool giga = cpuid(0x80000001, 0).d & (1u << 26);
	uint64_t low = 0; /* below: done */

	for (unsigned i = 0; i < boot_info.nmem; i++) {
		const struct boot_mem *m = &boot_info.mem[i];
		uint64_t start = ALIGN_DOWN(m->start.v, LARGE);
		uint64_t end = ALIGN_UP(MIN(m->start.v + m->len, MAP_END), LARGE);

		if (m->type == BOOT_MEM_RESERVED)
			continue;
		if (start < LOW_END) {
			if (start > low)
				unmap_low(low, start);
			low = MAX(low, MIN(end, LOW_END));
		}
		if (end > LOW_END)
			map_high(MAX(start, LOW_END), end, giga);
	}
	unmap_low(low, LOW_END);
}

/* Firmware tables lie where the map says reserved, or not at all: below 4 GB only. */
void *arch_boot_map(paddr_t pa, uint64_t len)
{
	uint64_t *pd = &boot_pd[0][0];

	if (!low_mem(pa.v, len))
		return NULL;
	for (uint64_t at = ALIGN_DOWN(pa.v, LARGE); at < pa.v + len; at += LARGE)
		if (!pd[at / LARGE])
			pd[at / LARGE] = at | PTE_LARGE | PTE_NX;
	return (void *)(DIRECT_BASE + pa.v);
}

void *arch_boot_stack(void)
{
	return boot_stack;
}

static void drop_identity_map(void)
{
	boot_pml4[0] = 0;
	boot_pml4[256] |= PTE_NX;
	write_cr3(read_cr3());
}

void boot_main(const void *info, unsigned protocol)
{
	uint64_t slide = boot_slide;

	boot_info.entry_cycles = boot_entry_cycles;
	boot_info.kaslr_slide = slide;
	boot_info.kernel_start.v = KERNEL_PHYS;
	boot_info.kernel_end.v = (uint64_t)image_end - KERNEL_LINK - slide;
	if (protocol == BOOT_PVH)
		take_pvh(low_mem((uint64_t)info, sizeof(struct pvh_start_info)));
	else
		take_linux64(low_mem((uint64_t)info, sizeof(struct boot_params)));
	boot_mem_finish(&boot_info);
	check_module();
	reserve_trampoline();
	cut_direct_map();
	(void)arch_boot_map(boot_info.module_start, boot_info.module_len);
	drop_identity_map();
	x86_mmu_early();
	kernel_main();
}
