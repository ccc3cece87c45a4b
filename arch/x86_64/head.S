/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head.S: from the loader to C.  Two entries: PVH (32-bit, paging off; Xen's hvm/start_info.h) and 64-bit Linux
 * (Documentation/arch/x86/boot.rst, "64-bit boot protocol").  Both make the same page tables:
 *
 *	PML4[0], PML4[256] -> pdpt -> four page directories: the first 4 GB by 2 MB pages, at their
 *	own addresses and at the direct map's
 *
 * then call boot_reloc() at its physical address, which maps the image high, and go on there.
 */
#include "layout.h"

#define PA(sym) (sym - pvh_start + KERNEL_PHYS)

#define PTE_TABLE 0x23		/* present, writable, accessed */
#define PTE_LARGE 0xe3		/* present, writable, accessed, dirty, 2 MB */

#define CR0_BITS  0x80010033	/* PG WP NE ET MP PE */
#define CR4_PAE   0x20
#define CR4_OSFXSR (1 << 9)
#define MSR_EFER  0xc0000080
#define EFER_LME  0x100
#define EFER_NXE  0x800

	.section .boot.text, "ax"
	.code32
	.globl pvh_start
pvh_start:
	cli
	cld
	mov	%ebx, %esi		/* struct hvm_start_info */
	rdtsc
	mov	%eax, PA(boot_entry_cycles)
	mov	%edx, PA(boot_entry_cycles) + 4

	mov	$0x80000000, %eax
	cpuid
	cmp	$0x80000001, %eax
	jb	no_long_mode
	mov	$0x80000001, %eax
	cpuid
	bt	$29, %edx		/* LM */
	jnc	no_long_mode
	mov	%edx, %ebp		/* bit 20: NX */

	movl	$PA(boot_pdpt) + PTE_TABLE, PA(boot_pml4)
	movl	$PA(boot_pdpt) + PTE_TABLE, PA(boot_pml4) + 256 * 8
	movl	$PA(boot_pd) + PTE_TABLE, PA(boot_pdpt)
	movl	$PA(boot_pd) + 0x1000 + PTE_TABLE, PA(boot_pdpt) + 8
	movl	$PA(boot_pd) + 0x2000 + PTE_TABLE, PA(boot_pdpt) + 16
	movl	$PA(boot_pd) + 0x3000 + PTE_TABLE, PA(boot_pdpt) + 24
	mov	$PA(boot_pd), %edi
	mov	$PTE_LARGE, %eax
	mov	$2048, %ecx
1:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	dec	%ecx
	jnz	1b

	mov	$CR4_PAE + CR4_OSFXSR, %eax	/* memcpy() may use %xmm from here on */
	mov	%eax, %cr4
	mov	$PA(boot_pml4), %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	bt	$20, %ebp
	jnc	1f
	or	$EFER_NXE, %eax
1:	wrmsr
	mov	$CR0_BITS, %eax
	mov	%eax, %cr0
	lgdt	PA(boot_gdt_ptr)
	ljmp	$KERNEL_CS, $PA(pvh_long)

/* The one message that needs no 64-bit code: COM1, then the status line of doc/run.md 1.4, then stop. */
no_long_mode:
	mov	$PA(no_long_mode_text), %esi
1:	mov	$0x3fd, %dx
2:	in	%dx, %al
	test	$0x20, %al
	jz	2b
	lodsb
	test	%al, %al
	jz	3f
	mov	$0x3f8, %dx
	out	%al, %dx
	jmp	1b
3:	mov	$0x501, %dx		/* isa-debug-exit, where it is */
	in	%dx, %al
	test	%al, %al
	jnz	4f
	mov	$125, %al
	out	%al, %dx
4:	mov	$0xfe, %al		/* reset by the keyboard controller */
	out	%al, $0x64
5:	hlt
	jmp	5b
no_long_mode_text:
	.asciz	"coracle: this CPU has no 64-bit mode; a newer one is needed (-cpu qemu64)\ncoracle: exit status 125\n"

	.code64
pvh_long:
	mov	%esi, %edi
	mov	$BOOT_PVH, %esi
	jmp	boot_common

/* rsi: struct boot_params, in identity-mapped memory; interrupts off. */
	.globl linux64_start
linux64_start:
	cli
	cld
	mov	%rsi, %rdi
	rdtsc
	mov	%eax, boot_entry_cycles(%rip)
	mov	%edx, boot_entry_cycles + 4(%rip)
	lea	boot_pml4(%rip), %r8
	lea	boot_pdpt(%rip), %r9
	lea	boot_pd(%rip), %r10
	lea	PTE_TABLE(%r9), %rax
	mov	%rax, (%r8)
	mov	%rax, 256 * 8(%r8)
	lea	PTE_TABLE(%r10), %rax
	mov	$4, %ecx
1:	mov	%rax, (%r9)
	add	$0x1000, %rax
	add	$8, %r9
	dec	%ecx
	jnz	1b
	mov	$PTE_LARGE, %eax
	mov	$2048, %ecx
1:	mov	%rax, (%r10)
	add	$0x200000, %rax
	add	$8, %r10
	dec	%ecx
	jnz	1b
	mov	%r8, %cr3
	mov	%cr4, %rax
	or	$CR4_OSFXSR, %rax	/* memcpy() may use %xmm from here on */
	mov	%rax, %cr4
	mov	$MSR_EFER, %ecx		/* a CPU in 64-bit mode without NX is turned away by cpu.c */
	rdmsr
	or	$EFER_NXE, %eax
	wrmsr
	mov	$CR0_BITS, %eax
	mov	%rax, %cr0
	lea	boot_gdt(%rip), %rax
	mov	%rax, boot_gdt_ptr64 + 2(%rip)
	lgdt	boot_gdt_ptr64(%rip)
	lea	boot_stack_top(%rip), %rsp
	lea	1f(%rip), %rax
	pushq	$KERNEL_CS
	push	%rax
	lretq
1:	mov	$BOOT_LINUX64, %esi

/* rdi: what the loader left; esi: which protocol. Physical addresses until the jump. */
boot_common:
	mov	$KERNEL_DS, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	lea	boot_stack_top(%rip), %rsp
	xor	%ebp, %ebp
	push	%rdi
	push	%rsi
	call	boot_reloc		/* rax: what to add to a physical address of the image */
	pop	%rsi
	pop	%rdi
	lea	1f(%rip), %rcx
	add	%rax, %rcx
	add	%rax, %rsp
	jmp	*%rcx
1:	call	boot_main
	ud2

	.balign	8
boot_gdt:
	.quad	0, 0
	.quad	0x00af9b000000ffff	/* KERNEL_CS: 64-bit code */
	.quad	0x00cf93000000ffff	/* KERNEL_DS */
boot_gdt_end:
boot_gdt_ptr:
	.word	boot_gdt_end - boot_gdt - 1
	.long	PA(boot_gdt)

	.section .data, "aw"
	.balign 8
	.globl boot_entry_cycles
boot_entry_cycles:
	.quad	0
boot_gdt_ptr64:
	.word	boot_gdt_end - boot_gdt - 1
	.quad	0

	.section .bss.pages, "aw", @nobits
	.balign	4096
	.globl boot_pml4, boot_pdpt, boot_pd, boot_stack, boot_stack_top
boot_pml4:
	.skip	4096
boot_pdpt:
	.skip	4096
boot_pd:
	.skip	4 * 4096
boot_stack:
	.skip	BOOT_STACK_BYTES
boot_stack_top:
	.section .note.GNU-stack, "", @progbits
