/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/x86_64/usercopy.S: moving bytes: user_copy_raw, user_clear_raw, page_clear, page_copy, memcpy, memmove, memset.
 *
 * Up to 127 bytes go through general registers.  More goes one of two ways, chosen at boot (x86_string_min):
 * `rep movsb/stosb` where the CPU says that these are fast (ERMS, FSRM), 16-byte moves through %xmm0-7
 * otherwise (32-byte ones through %ymm0-7 where there is AVX).  The kernel owns no vector registers: the routines save those they use on the stack and put
 * them back, so they may be called anywhere, interrupt handlers included, and a thread that sleeps in a
 * fault meanwhile has their values saved and restored with the rest of its state.
 *
 * In the user forms, every access of user memory has a line in .fixups.  Each loop keeps this invariant:
 * at a fault %rdi, %rsi and %rdx (or %rcx) say exactly which bytes are done; the fix-up then goes on byte by
 * byte, so that the count returned is exact.
 */
#include "asm.h"

	.text

/* An access that may fault, and where it goes on then. */
.macro FAULTS_TO target, insn:vararg
775:	\insn
	FIXUP 775b, \target
.endm
.macro COPY_ACC insn:vararg
	FAULTS_TO .Lucopy_bytes, \insn
.endm
.macro COPY_AVX_ACC insn:vararg
	FAULTS_TO .Lucopy_avx_fault, \insn
.endm
.macro COPY_LARGE_ACC insn:vararg
	FAULTS_TO .Lucopy_large_fault, \insn
.endm
.macro CLEAR_ACC insn:vararg
	FAULTS_TO .Luclear_bytes, \insn
.endm
.macro CLEAR_LARGE_ACC insn:vararg
	FAULTS_TO .Luclear_large_fault, \insn
.endm

.macro SAVE_XMM
	sub $128, %rsp
	movups %xmm0, (%rsp)
	movups %xmm1, 16(%rsp)
	movups %xmm2, 32(%rsp)
	movups %xmm3, 48(%rsp)
	movups %xmm4, 64(%rsp)
	movups %xmm5, 80(%rsp)
	movups %xmm6, 96(%rsp)
	movups %xmm7, 112(%rsp)
.endm

.macro RESTORE_XMM
	movups (%rsp), %xmm0
	movups 16(%rsp), %xmm1
	movups 32(%rsp), %xmm2
	movups 48(%rsp), %xmm3
	movups 64(%rsp), %xmm4
	movups 80(%rsp), %xmm5
	movups 96(%rsp), %xmm6
	movups 112(%rsp), %xmm7
	add $128, %rsp
.endm

/*
 * The large path's frame: %rsi and %rdi at the end of the part that goes in 128-byte steps, %rcx counting
 * from minus its length to 0, %rdx the rest (0 .. 127).
 */
.macro SPLIT_128 with_src, mask=127
	mov %rdx, %rcx
	and $\mask, %edx
	sub %rdx, %rcx
	add %rcx, %rdi
	.if \with_src
	add %rcx, %rsi
	.endif
	neg %rcx
.endm

.macro COPY_128 acc
	\acc movups (%rsi,%rcx), %xmm0
	\acc movups 16(%rsi,%rcx), %xmm1
	\acc movups 32(%rsi,%rcx), %xmm2
	\acc movups 48(%rsi,%rcx), %xmm3
	\acc movups 64(%rsi,%rcx), %xmm4
	\acc movups 80(%rsi,%rcx), %xmm5
	\acc movups 96(%rsi,%rcx), %xmm6
	\acc movups 112(%rsi,%rcx), %xmm7
	\acc movups %xmm0, (%rdi,%rcx)
	\acc movups %xmm1, 16(%rdi,%rcx)
	\acc movups %xmm2, 32(%rdi,%rcx)
	\acc movups %xmm3, 48(%rdi,%rcx)
	\acc movups %xmm4, 64(%rdi,%rcx)
	\acc movups %xmm5, 80(%rdi,%rcx)
	\acc movups %xmm6, 96(%rdi,%rcx)
	\acc movups %xmm7, 112(%rdi,%rcx)
.endm

.macro CLEAR_128 acc
	\acc movups %xmm0, (%rdi,%rcx)
	\acc movups %xmm0, 16(%rdi,%rcx)
	\acc movups %xmm0, 32(%rdi,%rcx)
	\acc movups %xmm0, 48(%rdi,%rcx)
	\acc movups %xmm0, 64(%rdi,%rcx)
	\acc movups %xmm0, 80(%rdi,%rcx)
	\acc movups %xmm0, 96(%rdi,%rcx)
	\acc movups %xmm0, 112(%rdi,%rcx)
.endm

/*
 * The same with 32-byte registers, 256 bytes a step: copies of 512 bytes and more where the CPU has AVX and
 * no fast `rep`.  Saving and restoring all of %ymm0-7 leaves their upper halves as they were.
 */
.macro SAVE_YMM
	sub $256, %rsp
	vmovups %ymm0, (%rsp)
	vmovups %ymm1, 32(%rsp)
	vmovups %ymm2, 64(%rsp)
	vmovups %ymm3, 96(%rsp)
	vmovups %ymm4, 128(%rsp)
	vmovups %ymm5, 160(%rsp)
	vmovups %ymm6, 192(%rsp)
	vmovups %ymm7, 224(%rsp)
.endm

.macro RESTORE_YMM
	vmovups (%rsp), %ymm0
	vmovups 32(%rsp), %ymm1
	vmovups 64(%rsp), %ymm2
	vmovups 96(%rsp), %ymm3
	vmovups 128(%rsp), %ymm4
	vmovups 160(%rsp), %ymm5
	vmovups 192(%rsp), %ymm6
	vmovups 224(%rsp), %ymm7
	add $256, %rsp
.endm

.macro COPY_256 acc
	\acc vmovups (%rsi,%rcx), %ymm0
	\acc vmovups 32(%rsi,%rcx), %ymm1
	\acc vmovups 64(%rsi,%rcx), %ymm2
	\acc vmovups 96(%rsi,%rcx), %ymm3
	\acc vmovups 128(%rsi,%rcx), %ymm4
	\acc vmovups 160(%rsi,%rcx), %ymm5
	\acc vmovups 192(%rsi,%rcx), %ymm6
	\acc vmovups 224(%rsi,%rcx), %ymm7
	\acc vmovups %ymm0, (%rdi,%rcx)
	\acc vmovups %ymm1, 32(%rdi,%rcx)
	\acc vmovups %ymm2, 64(%rdi,%rcx)
	\acc vmovups %ymm3, 96(%rdi,%rcx)
	\acc vmovups %ymm4, 128(%rdi,%rcx)
	\acc vmovups %ymm5, 160(%rdi,%rcx)
	\acc vmovups %ymm6, 192(%rdi,%rcx)
	\acc vmovups %ymm7, 224(%rdi,%rcx)
.endm

.macro PLAIN insn:vararg
	\insn
.endm

/* The bit `size` of the rest, %edx, which is below 16. */
.macro COPY_BIT acc, size, mov, reg
	test $\size, %dl
	jz 1f
	\acc \mov (%rsi), \reg
	\acc \mov \reg, (%rdi)
	add $\size, %rsi
	add $\size, %rdi
	sub $\size, %edx
1:
.endm

.macro CLEAR_BIT acc, size, mov, reg
	test $\size, %dl
	jz 1f
	\acc \mov \reg, (%rdi)
	add $\size, %rdi
	sub $\size, %edx
1:
.endm

/* size_t user_copy_raw(void *dst, const void *src, size_t n): the bytes not copied */
FUNC user_copy_raw
	STAC
	cmp $16, %rdx
	jb .Lucopy_small
	cmp $128, %rdx
	jae .Lucopy_large
.Lucopy_16:
	COPY_ACC mov (%rsi), %rax
	COPY_ACC mov 8(%rsi), %rcx
	COPY_ACC mov %rax, (%rdi)
	COPY_ACC mov %rcx, 8(%rdi)
	add $16, %rsi
	add $16, %rdi
	sub $16, %rdx
	cmp $16, %rdx
	jae .Lucopy_16
.Lucopy_small:
	COPY_BIT COPY_ACC, 8, movq, %rax
	COPY_BIT COPY_ACC, 4, movl, %eax
	COPY_BIT COPY_ACC, 2, movw, %ax
	COPY_BIT COPY_ACC, 1, movb, %al
.Lucopy_done:
	CLAC
	mov %rdx, %rax
	ret
.Lucopy_large:
	cmp x86_string_min(%rip), %rdx
	jae .Lucopy_rep
	cmp x86_avx_min(%rip), %rdx
	jae .Lucopy_avx
.Lucopy_sse:
	SAVE_XMM
	SPLIT_128 1
.Lucopy_128:
	COPY_128 COPY_LARGE_ACC
	add $128, %rcx
	jnz .Lucopy_128
	RESTORE_XMM
	cmp $16, %rdx
	jae .Lucopy_16
	jmp .Lucopy_small
.Lucopy_avx:
	SAVE_YMM
	SPLIT_128 1, 255
.Lucopy_256:
	COPY_256 COPY_AVX_ACC
	add $256, %rcx
	jnz .Lucopy_256
	RESTORE_YMM
	cmp $128, %rdx
	jae .Lucopy_sse
	cmp $16, %rdx
	jae .Lucopy_16
	jmp .Lucopy_small
.Lucopy_avx_fault:
	RESTORE_YMM
	jmp .Lucopy_rest
.Lucopy_large_fault:
	RESTORE_XMM
.Lucopy_rest:
	add %rcx, %rsi
	add %rcx, %rdi
	sub %rcx, %rdx
.Lucopy_bytes:				/* %rdx > 0 */
	FAULTS_TO .Lucopy_done, movb (%rsi), %al
	FAULTS_TO .Lucopy_done, movb %al, (%rdi)
	inc %rsi
	inc %rdi
	dec %rdx
	jnz .Lucopy_bytes
	jmp .Lucopy_done
.Lucopy_rep:
	mov %rdx, %rcx
	FAULTS_TO .Lucopy_rep_fault, rep movsb
	xor %edx, %edx
	jmp .Lucopy_done
.Lucopy_rep_fault:
	mov %rcx, %rdx
	jmp .Lucopy_done
END user_copy_raw

/* size_t user_clear_raw(void *dst, size_t n): the bytes not cleared */
FUNC user_clear_raw
	STAC
	mov %rsi, %rdx
	xor %eax, %eax
	cmp $16, %rdx
	jb .Luclear_small
	cmp $128, %rdx
	jae .Luclear_large
.Luclear_16:
	CLEAR_ACC mov %rax, (%rdi)
	CLEAR_ACC mov %rax, 8(%rdi)
	add $16, %rdi
	sub $16, %rdx
	cmp $16, %rdx
	jae .Luclear_16
.Luclear_small:
	CLEAR_BIT CLEAR_ACC, 8, movq, %rax
	CLEAR_BIT CLEAR_ACC, 4, movl, %eax
	CLEAR_BIT CLEAR_ACC, 2, movw, %ax
	CLEAR_BIT CLEAR_ACC, 1, movb, %al
.Luclear_done:
	CLAC
	mov %rdx, %rax
	ret
.Luclear_large:
	cmp x86_string_min(%rip), %rdx
	jae .Luclear_rep
	sub $16, %rsp
	movups %xmm0, (%rsp)
	pxor %xmm0, %xmm0
	SPLIT_128 0
.Luclear_128:
	CLEAR_128 CLEAR_LARGE_ACC
	add $128, %rcx
	jnz .Luclear_128
	movups (%rsp), %xmm0
	add $16, %rsp
	cmp $16, %rdx
	jae .Luclear_16
	jmp .Luclear_small
.Luclear_large_fault:
	movups (%rsp), %xmm0
	add $16, %rsp
	add %rcx, %rdi
	sub %rcx, %rdx
.Luclear_bytes:
	FAULTS_TO .Luclear_done, movb %al, (%rdi)
	inc %rdi
	dec %rdx
	jnz .Luclear_bytes
	jmp .Luclear_done
.Luclear_rep:
	mov %rdx, %rcx
	FAULTS_TO .Luclear_rep_fault, rep stosb
	xor %edx, %edx
	jmp .Luclear_done
.Luclear_rep_fault:
	mov %rcx, %rdx
	jmp .Luclear_done
END user_clear_raw

/* void page_clear(void *p) */
FUNC page_clear
	cmpq $4096, x86_string_min(%rip)
	jbe 3f
	add $4096, %rdi
	mov $-4096, %rcx
	sub $40, %rsp
	cmpq $4096, x86_avx_min(%rip)
	jbe 2f
	movups %xmm0, (%rsp)
	pxor %xmm0, %xmm0
1:
.set off, 0
.rept 32
	movaps %xmm0, off(%rdi,%rcx)
.set off, off + 16
.endr
	add $512, %rcx
	jnz 1b
	movups (%rsp), %xmm0
	add $40, %rsp
	ret
2:	vmovups %ymm0, (%rsp)
	vpxor %xmm0, %xmm0, %xmm0	/* clears the upper half, too */
1:
.set off, 0
.rept 32
	vmovaps %ymm0, off(%rdi,%rcx)
.set off, off + 32
.endr
	add $1024, %rcx
	jnz 1b
	vmovups (%rsp), %ymm0
	add $40, %rsp
	ret
3:	xor %eax, %eax
	mov $4096, %ecx
	rep stosb
	ret
END page_clear

/* void page_copy(void *dst, const void *src) */
FUNC page_copy
	mov $4096, %edx
	cmp x86_avx_min(%rip), %rdx
	jb memcpy
	SAVE_YMM
	SPLIT_128 1, 255
1:	COPY_256 PLAIN
	add $256, %rcx
	jnz 1b
	RESTORE_YMM
	ret
END page_copy

/* void *memmove(void *dst, const void *src, size_t n) */
FUNC memmove
	mov %rdi, %rax
	sub %rsi, %rax
	cmp %rdx, %rax			/* unsigned: src <= dst < src + n copies downwards */
	jb .Lmove_down
	/* fall into memcpy, which copies upwards and reads each block before it writes it */
	.globl memcpy
	.type memcpy, @function
memcpy:
	mov %rdi, %rax
	cmp $16, %rdx
	jb .Lcopy_small
	cmp $128, %rdx
	jae .Lcopy_large
.Lcopy_16:
	mov (%rsi), %rcx
	mov 8(%rsi), %r8
	mov %rcx, (%rdi)
	mov %r8, 8(%rdi)
	add $16, %rsi
	add $16, %rdi
	sub $16, %rdx
	cmp $16, %rdx
	jae .Lcopy_16
.Lcopy_small:
	COPY_BIT PLAIN, 8, movq, %rcx
	COPY_BIT PLAIN, 4, movl, %ecx
	COPY_BIT PLAIN, 2, movw, %cx
	COPY_BIT PLAIN, 1, movb, %cl
	ret
.Lcopy_large:
	cmp x86_string_min(%rip), %rdx
	jae .Lcopy_rep
	SAVE_XMM
	SPLIT_128 1
.Lcopy_128:
	COPY_128 PLAIN
	add $128, %rcx
	jnz .Lcopy_128
	RESTORE_XMM
	cmp $16, %rdx
	jae .Lcopy_16
	jmp .Lcopy_small
.Lcopy_rep:
	mov %rdx, %rcx
	rep movsb
	ret
.Lmove_down:
	mov %rdi, %rax
	cmp $8, %rdx
	jb .Ldown_bytes
.Ldown_8:
	mov -8(%rsi,%rdx), %rcx
	mov %rcx, -8(%rdi,%rdx)
	sub $8, %rdx
	cmp $8, %rdx
	jae .Ldown_8
.Ldown_bytes:
	test %rdx, %rdx
	jz 2f
1:	movb -1(%rsi,%rdx), %cl
	movb %cl, -1(%rdi,%rdx)
	dec %rdx
	jnz 1b
2:	ret
	.size memcpy, . - memcpy
END memmove

/* void *memset(void *dst, int c, size_t n) */
FUNC memset
	mov %rdi, %r8
	movzbl %sil, %eax
	mov $0x0101010101010101, %rcx
	imul %rcx, %rax
	cmp $16, %rdx
	jb .Lset_small
	cmp $128, %rdx
	jae .Lset_large
.Lset_16:
	mov %rax, (%rdi)
	mov %rax, 8(%rdi)
	add $16, %rdi
	sub $16, %rdx
	cmp $16, %rdx
	jae .Lset_16
.Lset_small:
	CLEAR_BIT PLAIN, 8, movq, %rax
	CLEAR_BIT PLAIN, 4, movl, %eax
	CLEAR_BIT PLAIN, 2, movw, %ax
	CLEAR_BIT PLAIN, 1, movb, %al
	mov %r8, %rax
	ret
.Lset_large:
	cmp x86_string_min(%rip), %rdx
	jae .Lset_rep
	sub $24, %rsp
	movups %xmm0, (%rsp)
	movq %rax, %xmm0
	punpcklqdq %xmm0, %xmm0
	SPLIT_128 0
.Lset_128:
	CLEAR_128 PLAIN
	add $128, %rcx
	jnz .Lset_128
	movups (%rsp), %xmm0
	add $24, %rsp
	cmp $16, %rdx
	jae .Lset_16
	jmp .Lset_small
.Lset_rep:
	mov %rdx, %rcx
	rep stosb
	mov %r8, %rax
	ret
END memset
	.data
	.balign 8
	.globl x86_avx_min
x86_avx_min:
	.quad -1			/* from what size 32-byte moves are used; fpu.c knows */
	.section .note.GNU-stack, "", @progbits
