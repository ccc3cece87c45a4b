/* SPDX-License-Identifier: Apache-2.0 */
/* boot_int.h: symbols shared by head.S, kernel.lds and the boot*.c files.  Boot CPU only. */
#pragma once

#include "layout.h"
#include "lib/util.h"

#pragma GCC visibility push(hidden)

/* kernel.lds */
extern char image_start[], text_end[], rodata_end[], image_end[];
struct reloc {
	uint64_t offset, info;
	int64_t addend;
};
extern const struct reloc relocs_start[], relocs_end[];
extern const uint64_t relr_start[], relr_end[];
extern const int32_t smap_sites_start[],
	smap_sites_end[]; /* site - own address; three bytes of NOP */

/* head.S */
extern uint64_t boot_pml4[512], boot_pdpt[512], boot_pd[4][512];
extern uint64_t boot_entry_cycles;
extern char boot_stack[], boot_stack_top[];

/* boot_reloc.c */
extern uint64_t boot_slide;
extern uint64_t fix_pt[512]; /* maps FIX_BASE */
uint64_t boot_reloc(const void *info, unsigned protocol);
_Noreturn void boot_main(const void *info, unsigned protocol); /* boot.c */

#pragma GCC visibility pop
