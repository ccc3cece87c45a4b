/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/mmu.c: this CPU's TLB, where boot left the root table, and where the image's parts are. */
#include "arch/mmu.h"

#include "boot_int.h"
#include "x86.h"
#include "x86_int.h"

struct pt_slot *pt_root;
uint64_t kernel_va_pa;

/* Beyond so many pages, refilling everything costs less than naming each. */
enum { FLUSH_ALL_PAGES = 64 };

void x86_mmu_early(void)
{
	kernel_va_pa = KERNEL_LINK + boot_slide;
	pt_root = pa_to_va(va_to_pa(boot_pml4));
}

/* Toggling CR4.PGE flushes all entries, global ones too (SDM volume 3, 4.10.4.1). */
void tlb_local_all(void)
{
	bool on = irq_save();
	uint64_t cr4 = read_cr4();

	if (cr4 & CR4_PGE) {
		write_cr4(cr4 & ~(uint64_t)CR4_PGE);
		write_cr4(cr4);
	} else {
		write_cr3(read_cr3());
	}
	irq_restore(on);
}

void tlb_local_range(uint64_t va, uint64_t len)
{
	if (len > FLUSH_ALL_PAGES * 4096ull) {
		if (va >= DIRECT_BASE)
			tlb_local_all();
		else
			write_cr3(read_cr3()); /* user entries are never global */
		return;
	}
	for (uint64_t end = va + len; va < end; va += 4096)
		tlb_local_page(va);
}

struct kernel_image kernel_image(void)
{
	return (struct kernel_image){ (uint64_t)image_start, (uint64_t)text_end,
				      (uint64_t)rodata_end, (uint64_t)image_end };
}
