/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trampoline.S: where another CPU starts: real mode, at the page that the startup IPI names.  smp.c copies
 * this below 1 MB, fills in the words at the end, and maps that page at its own address meanwhile.
 */
#include "layout.h"

#define AT(sym)   (sym - trampoline_start)
#define CR0_BITS  0x80010033	/* PG WP NE ET MP PE, as head.S */
#define CR4_PAE   0x20
#define MSR_EFER  0xc0000080
#define EFER_BITS 0x900		/* NXE LME */

	.section .rodata
	.balign	16
	.globl	trampoline_start, trampoline_end, trampoline_args
	.code16
trampoline_start:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	movzwl	%ax, %ebx
	shl	$4, %ebx		/* our physical address */
	/* What depends on the address is patched here, not by smp.c: it is one page's business. */
	lea	AT(gdt)(%ebx), %eax
	mov	%eax, AT(gdt_ptr) + 2
	lea	AT(protected)(%ebx), %eax
	mov	%eax, AT(far32)
	lea	AT(long_mode)(%ebx), %eax
	mov	%eax, AT(far64)
	lgdtl	AT(gdt_ptr)
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	*AT(far32)

	.code32
protected:
	mov	$KERNEL_DS, %eax
	mov	%eax, %ds
	mov	%eax, %ss
	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	AT(arg_cr3)(%ebx), %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_BITS, %eax
	wrmsr
	mov	$CR0_BITS, %eax
	mov	%eax, %cr0
	ljmp	*AT(far64)(%ebx)

	.code64
long_mode:
	mov	AT(arg_stack)(%rbx), %rsp
	mov	AT(arg_cpu)(%rbx), %rdi
	mov	AT(arg_fn)(%rbx), %rsi
	mov	AT(arg_entry)(%rbx), %rax
	xor	%ebp, %ebp
	push	$0			/* no return address */
	jmp	*%rax

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* 0x08: 32-bit code */
	.quad	0x00af9b000000ffff	/* KERNEL_CS */
	.quad	0x00cf93000000ffff	/* KERNEL_DS */
gdt_end:
gdt_ptr:
	.word	gdt_end - gdt - 1
	.long	0
far32:
	.long	0
	.word	0x08
far64:
	.long	0
	.word	KERNEL_CS
	.balign	8
trampoline_args:			/* struct trampoline_args in smp.c */
arg_cr3:
	.quad	0
arg_stack:
	.quad	0
arg_cpu:
	.quad	0
arg_fn:
	.quad	0
arg_entry:
	.quad	0
trampoline_end:
	.section .note.GNU-stack, "", @progbits
