/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.S: memcpy, memmove, memset and memcmp.  Two ways: the string instructions where the CPU says that
 * they are fast (ERMS; x86_string_min is then the size from which they pay), words in a loop elsewhere: an
 * emulator takes `rep movsb` one byte at a time.
 */
#include "asm.h"

	.text
/* void *memcpy(rdi dst, rsi src, rdx n) */
FUNC memcpy
	mov	%rdi, %rax
	cmp	$8, %rdx
	jb	copy_bytes
	cmp	x86_string_min(%rip), %rdx
	jae	copy_string
	/* The last word first: it may overlap the last of the loop. */
	mov	-8(%rsi, %rdx), %r8
	lea	-8(%rdi, %rdx), %r9
	sub	$32, %rdx
	jb	2f
1:	mov	(%rsi), %rcx
	mov	8(%rsi), %r10
	mov	16(%rsi), %r11
	mov	%rcx, (%rdi)
	mov	24(%rsi), %rcx
	mov	%r10, 8(%rdi)
	mov	%r11, 16(%rdi)
	mov	%rcx, 24(%rdi)
	add	$32, %rsi
	add	$32, %rdi
	sub	$32, %rdx
	jae	1b
2:	add	$32, %edx		/* 0 .. 31 left, of which r8 is the last word */
3:	cmp	$8, %edx
	jb	4f
	mov	(%rsi), %rcx
	mov	%rcx, (%rdi)
	add	$8, %rsi
	add	$8, %rdi
	sub	$8, %edx
	jmp	3b
4:	mov	%r8, (%r9)
	ret

copy_string:
	mov	%rdx, %rcx
	rep movsb
	ret

copy_bytes:
	test	$4, %dl
	jnz	6f
	test	$2, %dl
	jnz	7f
	test	%edx, %edx
	jz	5f
	mov	(%rsi), %cl
	mov	%cl, (%rdi)
5:	ret
6:	mov	(%rsi), %ecx		/* 4 .. 7: two words that overlap */
	mov	-4(%rsi, %rdx), %r8d
	mov	%ecx, (%rdi)
	mov	%r8d, -4(%rdi, %rdx)
	ret
7:	mov	(%rsi), %cx		/* 2, 3 */
	mov	-1(%rsi, %rdx), %r8b
	mov	%cx, (%rdi)
	mov	%r8b, -1(%rdi, %rdx)
	ret
END memcpy

/* void *memmove(rdi dst, rsi src, rdx n): downwards only where a copy upwards would eat its source. */
FUNC memmove
	mov	%rdi, %rcx
	sub	%rsi, %rcx		/* dst - src, unsigned: below n when dst lies inside the source */
	cmp	%rdx, %rcx
	jb	1f
	mov	%rsi, %rcx
	sub	%rdi, %rcx
	cmp	%rdx, %rcx
	jae	memcpy			/* apart */
	jmp	up
1:	mov	%rdi, %rax		/* downwards */
2:	cmp	$8, %rdx
	jb	3f
	mov	-8(%rsi, %rdx), %r8
	mov	%r8, -8(%rdi, %rdx)
	sub	$8, %rdx
	jmp	2b
3:	test	%rdx, %rdx
	jz	4f
	mov	-1(%rsi, %rdx), %r8b
	mov	%r8b, -1(%rdi, %rdx)
	dec	%rdx
	jmp	3b
4:	ret
up:	mov	%rdi, %rax		/* overlapping, dst below src: words upwards, none read after written */
5:	cmp	$8, %rdx
	jb	6f
	mov	(%rsi), %r8
	mov	%r8, (%rdi)
	add	$8, %rsi
	add	$8, %rdi
	sub	$8, %rdx
	jmp	5b
6:	test	%rdx, %rdx
	jz	7f
	mov	(%rsi), %r8b
	mov	%r8b, (%rdi)
	inc	%rsi
	inc	%rdi
	dec	%rdx
	jmp	6b
7:	ret
END memmove

/* void *memset(rdi dst, esi c, rdx n) */
FUNC memset
	mov	%rdi, %r9
	movzbl	%sil, %eax
	mov	$0x0101010101010101, %rcx
	imul	%rcx, %rax
	cmp	$8, %rdx
	jb	3f
	cmp	x86_string_min(%rip), %rdx
	jae	5f
	mov	%rax, -8(%rdi, %rdx)
	sub	$32, %rdx
	jb	2f
1:	mov	%rax, (%rdi)
	mov	%rax, 8(%rdi)
	mov	%rax, 16(%rdi)
	mov	%rax, 24(%rdi)
	add	$32, %rdi
	sub	$32, %rdx
	jae	1b
2:	add	$32, %edx
6:	cmp	$8, %edx
	jb	4f
	mov	%rax, (%rdi)
	add	$8, %rdi
	sub	$8, %edx
	jmp	6b
3:	test	%edx, %edx
	jz	4f
	mov	%al, (%rdi)
	inc	%rdi
	dec	%edx
	jmp	3b
4:	mov	%r9, %rax
	ret
5:	mov	%rdx, %rcx
	rep stosb
	mov	%r9, %rax
	ret
END memset

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
