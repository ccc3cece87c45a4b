/* SPDX-License-Identifier: Apache-2.0 */
/* start.S: PVH entry of the test loader: 4 GB identity-mapped, long mode, then load() in load.c. */
	.section .note.Xen, "a", @note
	.long	4, 4, 18
	.asciz	"Xen"
	.long	start

	.text
	.code32
	.globl	start
start:
	cli
	mov	%ebx, %edi
	movl	$pdpt + 3, pml4
	mov	$pd + 3, %eax
	xor	%ecx, %ecx
1:	mov	%eax, pdpt(, %ecx, 8)
	add	$4096, %eax
	inc	%ecx
	cmp	$4, %ecx
	jne	1b
	mov	$0x83, %eax
	xor	%ecx, %ecx
1:	mov	%eax, pd(, %ecx, 8)
	add	$0x200000, %eax
	inc	%ecx
	cmp	$2048, %ecx
	jne	1b
	mov	$0x20, %eax
	mov	%eax, %cr4
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x100, %eax
	wrmsr
	mov	$0x80000011, %eax
	mov	%eax, %cr0
	lgdt	gdt_ptr
	ljmp	$0x10, $2f
	.code64
2:	mov	$0x18, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	mov	$stack_top, %esp
	call	load
	hlt

	.globl	enter
enter:				/* (entry, boot_params): as the 64-bit protocol has it */
	jmp	*%rdi

	.data
	.balign	8
gdt:	.quad	0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_ptr:
	.word	31
	.long	gdt
	.bss
	.balign	4096
pml4:	.skip	4096
pdpt:	.skip	4096
pd:	.skip	4 * 4096
	.skip	4096
stack_top:
	.section .note.GNU-stack, "", @progbits
