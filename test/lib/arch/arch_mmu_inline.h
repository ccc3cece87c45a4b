/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/lib/arch/arch_mmu_inline.h: an MMU for unit tests of kern/ on the host.  RAM is an arena of the test's,
 * "physical" address 0 is its first byte; entries have the format of x86-64, and a TLB flush is counted.
 */
#pragma once

extern char *test_ram;	      /* test/lib/kern.c */
extern char *test_page_array; /* where struct page of frame 0 is */
extern unsigned long test_tlb_flushes;

#define USER_MIN	0x0000000000001000ull
#define USER_TOP	0x00007ffffffff000ull
#define DIRECT_BASE	((uint64_t)(uintptr_t)test_ram)
#define DIRECT_MAX	0x0000400000000000ull
#define VMAP_BASE	0xffffc00000000000ull
#define VMAP_END	0xffffc80000000000ull
#define ARCH_LOW_END	0x4000ull
#define PAGE_ARRAY_BASE ((uint64_t)(uintptr_t)test_page_array)
#define KERNEL_BASE	0xffffffff80000000ull

enum {
	PTE_P = 1 << 0,
	PTE_W = 1 << 1,
	PTE_U = 1 << 2,
	PTE_PWT = 1 << 3,
	PTE_PCD = 1 << 4,
	PTE_A = 1 << 5,
	PTE_D = 1 << 6,
	PTE_PS = 1 << 7,
	PTE_G = 1 << 8,
	PTE_SPECIAL = 1 << 9, /* ours: bits 9 .. 11 are ignored by the CPU */
	PTE_KEPT = 1 << 10,   /* ours: a PROT_NONE page; makes sure that the value is not 0 */
};
#define PTE_NX	 (1ull << 63)
#define PTE_ADDR 0x000ffffffffff000ull

static inline uint64_t pte_prot_bits(unsigned prot)
{
	uint64_t v = PTE_KEPT;

	if (prot & (PT_READ | PT_WRITE | PT_EXEC))
		v = PTE_P | PTE_A;
	if (prot & PT_WRITE)
		v |= PTE_W;
	if (!(prot & PT_EXEC))
		v |= PTE_NX;
	if (prot & PT_USER)
		v |= PTE_U;
	if (prot & PT_UNCACHED)
		v |= PTE_PCD | PTE_PWT;
	if (prot & PT_GLOBAL)
		v |= PTE_G;
	if (prot & PT_DIRTY)
		v |= PTE_D;
	if (prot & PT_SPECIAL)
		v |= PTE_SPECIAL;
	return v;
}

static inline uint64_t pte_leaf(paddr_t pa, unsigned prot, unsigned level)
{
	return pa.v | pte_prot_bits(prot) | (level ? PTE_PS : 0);
}

/* The rights of a table are the widest; its leaves decide. */
static inline uint64_t pte_table(paddr_t pa, bool user)
{
	return pa.v | PTE_P | PTE_W | PTE_A | (user ? PTE_U : 0);
}

static inline bool pte_is_leaf(uint64_t v, unsigned level)
{
	return level == 0 || (v & PTE_PS);
}

static inline bool pte_present(uint64_t v)
{
	return v & PTE_P;
}

static inline paddr_t pte_pa(uint64_t v)
{
	return (paddr_t){ v & PTE_ADDR };
}

static inline bool pte_writable(uint64_t v)
{
	return v & PTE_W;
}

static inline bool pte_executable(uint64_t v)
{
	return !(v & PTE_NX);
}

static inline bool pte_dirty(uint64_t v)
{
	return v & PTE_D;
}

static inline bool pte_young(uint64_t v)
{
	return v & PTE_A;
}

static inline bool pte_special(uint64_t v)
{
	return v & PTE_SPECIAL;
}

static inline uint64_t pte_clean(uint64_t v)
{
	return v & ~(uint64_t)PTE_D;
}

static inline uint64_t pte_wrprotect(uint64_t v)
{
	return v & ~(uint64_t)PTE_W;
}

static inline uint64_t pte_old(uint64_t v)
{
	return v & ~(uint64_t)PTE_A;
}

static inline uint64_t pte_nth_leaf(uint64_t v, unsigned n, unsigned level)
{
	uint64_t span = 1ull << (12 + 9 * (level - 1));

	return (level == 1 ? v & ~(uint64_t)PTE_PS : v) + n * span;
}

static inline uint64_t pte_set_prot(uint64_t v, unsigned prot, unsigned level)
{
	return pte_leaf(pte_pa(v), prot, level) | (v & (PTE_D | PTE_SPECIAL));
}

static inline void *pa_to_va(paddr_t pa)
{
	return test_ram + pa.v;
}

static inline paddr_t va_to_pa(const void *va)
{
	return (paddr_t){ (uint64_t)((const char *)va - test_ram) };
}

static inline struct pt_slot *pt_table_of(uint64_t v)
{
	return pa_to_va(pte_pa(v));
}

static inline void tlb_local_page(uint64_t va)
{
	(void)va;
	test_tlb_flushes++;
}
