/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/mmu.h: page-table entries and TLBs.  One tree of tables for the whole machine: a user half, which is
 * the one program's, and a kernel half; the root register never changes after boot.
 *
 * Every port here has four levels of 512 entries, 4 KB and 2 MB leaves; what differs is the bits, and those
 * are hidden below.  The walk itself is kern/pt.c's, written once and tested on the host.
 *
 * An entry's value is a uint64_t.  0 is empty.  A non-zero entry that is not present keeps the frame of a page
 * whose protection is PROT_NONE.  Values are read and written atomically; who may write which entry is
 * said in kern/pt.h.
 */
#pragma once

#include <stdatomic.h>

#include "arch/arch.h"

enum pt_prot {
	PT_READ = 1 << 0,
	PT_WRITE = 1 << 1,
	PT_EXEC = 1 << 2,
	PT_USER = 1 << 3,
	PT_UNCACHED = 1 << 4,
	PT_GLOBAL = 1 << 5,
	PT_DIRTY = 1 << 6,   /* pre-set (with accessed), so that the CPU need not */
	PT_SPECIAL = 1 << 7, /* leaf without a reference to its page: the zero page, kernel pages */
};

struct pt_slot {
	_Atomic uint64_t v;
};

enum { PT_LEVELS = 4, PT_SLOTS = 512, PT_LEVEL_BITS = 9 }; /* level 0: 4 KB leaves, 1: 2 MB */

/* The root table, at its direct-map address. Set by boot, constant afterwards. */
extern struct pt_slot *pt_root;
/* Virtual minus physical address of the kernel image. Set by boot. */
extern uint64_t kernel_va_pa;

/* The kernel image's parts, page-aligned: text RX, rodata R, then data and .bss RW. Virtual addresses. */
struct kernel_image {
	uint64_t text, text_end, rodata_end, end;
};
struct kernel_image kernel_image(void);

/* This CPU's TLB. User ranges: pages of any size that overlap [va, va + len). */
void tlb_local_range(uint64_t va, uint64_t len);
void tlb_local_all(void); /* global entries too */

/* A frame's bytes: 4 KB, aligned; any context. */
void page_clear(void *p);
void page_copy(void *dst, const void *src);

/*
 * Inline, in arch/<cpu>/arch_mmu_inline.h:
 *
 * USER_MIN .. USER_TOP   the program's addresses
 * DIRECT_BASE            all RAM, writable, never executable
 * VMAP_BASE, VMAP_END    kern/vmap.c's
 * PAGE_ARRAY_BASE        struct page of each frame, by frame number
 */
static inline uint64_t pte_leaf(paddr_t pa, unsigned prot, unsigned level);
static inline uint64_t pte_table(paddr_t pa, bool user);
static inline bool pte_is_leaf(uint64_t v, unsigned level);
static inline bool pte_present(uint64_t v);
static inline paddr_t pte_pa(uint64_t v);
static inline bool pte_writable(uint64_t v);
static inline bool pte_executable(uint64_t v);
static inline bool pte_dirty(uint64_t v);
static inline bool pte_young(uint64_t v);
static inline bool pte_special(uint64_t v);
static inline uint64_t pte_clean(uint64_t v);	  /* not dirty */
static inline uint64_t pte_wrprotect(uint64_t v); /* not writable */
static inline uint64_t pte_old(uint64_t v);	  /* not accessed */
/* Of a split leaf of this level: its n-th leaf one level down. */
static inline uint64_t pte_nth_leaf(uint64_t v, unsigned n, unsigned level);
static inline uint64_t pte_set_prot(uint64_t v, unsigned prot,
				    unsigned level); /* frame, dirty kept */

#include "arch_mmu_inline.h"
