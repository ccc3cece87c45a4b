/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h: numbers that the linker script, the assembler and C must agree on.  The address map as a whole is in
 * arch_mmu_inline.h; doc/boot.md says what is where in memory at the entry.
 */
#pragma once

#define KERNEL_LINK 0xffffffff80000000 /* what the linker adds to physical addresses */
#define KERNEL_PHYS 0x100000 /* where loaders put the image: the first byte is pvh_start */
#define KERNEL_PTS  4 /* page tables for the image: up to 8 MB with .bss, less the slide's offset */
#define SLIDE_LIMIT 0x3f000000 /* the slide stays in the first of the two top gigabytes */

#define FIX_BASE 0xffffffffbfe00000 /* interrupt controllers: the last 2 MB of that gigabyte */

#define BOOT_STACK_BYTES 16384

/* Selectors: Linux's values (arch_regs.h says why). SYSRET adds 8 and 16 to USER32_CS. */
#define KERNEL_CS 0x10
#define KERNEL_DS 0x18
#define USER32_CS 0x23
#define TSS_SEL	  0x40
#define CPU_SEL	  0x7b /* its limit is the CPU's number: the vDSO's getcpu */

#define BOOT_PVH     1
#define BOOT_LINUX64 2

/* struct arch_cpu and struct thread, as entry.S sees them. */
#define CPU_THREAD    8
#define CPU_KSTACK    16
#define CPU_USER_SP   24
#define THREAD_FLAGS  8 /* arch.h THREAD_FLAGS_AT */
#define THREAD_TRACED 8 /* arch.h THREAD_FLAG_IGNORED */

/* The per-CPU area of tables and exception stacks: three stacks, then struct cpu_tables. */
#define IST_BYTES     4096
#define IST_FATAL     1 /* #DF, #MC */
#define IST_NMI	      2
#define IST_DEBUG     3
#define CPU_TABLES_AT 12288
