/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/mmu.h: page tables.  One user half, shared by all CPUs; one kernel half.  Callers hold the lock that
 * guards the range (the address space's, or the kernel map's); page-table pages come from page_alloc().
 */
#pragma once

#include "arch/arch.h"

enum pt_prot {
	PT_READ = 1 << 0,
	PT_WRITE = 1 << 1,
	PT_EXEC = 1 << 2,
	PT_USER = 1 << 3,
	PT_UNCACHED = 1 << 4,
	PT_GLOBAL = 1 << 5,
	PT_DIRTY = 1 << 6,	/* pre-set, so that the CPU need not */
};

#include "arch_mmu_inline.h" /* pa_to_va, va_to_pa, USER_TOP, and the software-walk entry points */
