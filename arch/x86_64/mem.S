/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.S: memcmp, and from what size the string instructions pay: where the CPU says that they are fast
 * (ERMS, FSRM). Never under an emulator, which takes `rep movsb` one byte at a time. usercopy.S has the rest.
 */
#include "asm.h"

	.text
/* int memcmp(rdi a, rsi b, rdx n) */
FUNC memcmp
	xor	%eax, %eax
1:	cmp	$8, %rdx
	jb	2f
	mov	(%rdi), %rcx
	cmp	(%rsi), %rcx
	jne	3f
	add	$8, %rdi
	add	$8, %rsi
	sub	$8, %rdx
	jmp	1b
2:	test	%edx, %edx
	jz	4f
3:	movzbl	(%rdi), %eax		/* the difference is within 8 bytes, or n is at its end */
	movzbl	(%rsi), %ecx
	sub	%ecx, %eax
	jnz	4f
	inc	%rdi
	inc	%rsi
	dec	%rdx
	jnz	3b
4:	ret
END memcmp

	.data
	.balign	8
	.globl	x86_string_min
x86_string_min:
	.quad	-1			/* never, until cpu.c knows better */
	.section .note.GNU-stack, "", @progbits
