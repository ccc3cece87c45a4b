/* SPDX-License-Identifier: Apache-2.0 */
/* fixmap.c: registers that are needed before memory can be allocated, each on its own page. */
#include "arch/mmu.h"
#include "boot_int.h"
#include "lib/assert.h"
#include "x86_int.h"

volatile void *x86_map_registers(uint64_t phys)
{
	static unsigned used;
	char *va = (char *)FIX_BASE + (size_t)used * 4096;

	ASSERT(used < ARRAY_LEN(fix_pt));
	fix_pt[used++] =
		(phys & PTE_ADDR) | PTE_P | PTE_W | PTE_A | PTE_D | PTE_PCD | PTE_PWT | PTE_NX;
	return va + phys % 4096;
}
