/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry.S: the ways into the kernel and out of it.  On each way in, the registers become a struct pt_regs
 * (arch_regs.h) on the stack: the thread's kernel stack from user mode, the current one from kernel mode, an
 * exception stack for #DF, #MC, NMI and #DB.
 *
 * GS: in user mode the program's, in kernel mode struct arch_cpu; SWAPGS at each border.
 */
#include "asm.h"
#include "layout.h"

#define R_AX	 80
#define R_ORIG	 120
#define R_IP	 128
#define R_CS	 136
#define R_FLAGS	 144
#define R_CX	 88
#define R_R11	 48
#define R_DI	 112
#define R_SIZE	 168

#define ENOSYS	 38
#define USER_CS	 0x33
#define USER_DS	 0x2b
#define FLAG_IF	 0x200
#define MSR_GS_BASE 0xc0000101

	.macro	PUSH_REST		/* after di */
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.endm

	.macro	POP_CALLEE
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	.endm

	.macro	POP_ALL			/* leaves orig_ax on the stack */
	POP_CALLEE
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
	.endm

	.section .entry.text, "ax"

/*
 * SYSCALL (Intel SDM volume 2B): rcx = return address, r11 = flags, interrupts off (SFMASK), stack still the
 * program's.
 */
FUNC syscall_entry
	swapgs
	mov	%rsp, %gs:CPU_USER_SP
	mov	%gs:CPU_KSTACK, %rsp
	push	$USER_DS
	push	%gs:CPU_USER_SP
	push	%r11
	push	$USER_CS
	push	%rcx
	push	%rax
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	$-ENOSYS
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, %rdi
	push	%r9			/* the arguments once more, side by side */
	push	%r8
	push	%r10
	push	%rdx
	push	%rsi
	push	R_DI(%rdi)
	mov	%rsp, %rsi
	sti
	call	kern_syscall
	cli
	add	$48, %rsp
	mov	%gs:CPU_THREAD, %rax
	testl	$~THREAD_TRACED, THREAD_FLAGS(%rax)
	jnz	user_slow
/*
 * SYSRET only where it gives back what the frame says: rcx and r11 still hold address and flags (a signal handler's frame
 * does not), and the address is in the lower half (on Intel SYSRET to a non-canonical address faults in ring 0). With TF
 * set the trap then comes before the next instruction and not after it, which is as good.
 */
	mov	R_CX(%rsp), %rcx
	mov	R_R11(%rsp), %r11
	cmp	R_IP(%rsp), %rcx
	jne	user_iret
	cmp	R_FLAGS(%rsp), %r11
	jne	user_iret
	mov	%rcx, %rax
	shr	$47, %rax
	jnz	user_iret
	POP_CALLEE
	add	$8, %rsp		/* r11 is there already */
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	add	$8, %rsp		/* and rcx */
	pop	%rdx
	pop	%rsi
	pop	%rdi
	mov	24 + 8(%rsp), %rsp	/* past orig_ax, ip, cs, flags: sp */
	swapgs
	sysretq
END syscall_entry

/* Something waits to be done before the program goes on. Interrupts off here and after. */
user_slow:
	mov	%rsp, %rdi
	call	x86_user_return
/* To user mode by IRET. Segments and flags were made safe by whoever wrote them; the address is checked here. */
user_iret:
	mov	R_IP(%rsp), %rax
	shr	$47, %rax
	jnz	bad_ip
	POP_ALL
	add	$8, %rsp
	swapgs
	iretq
bad_ip:
	mov	%rsp, %rdi
	call	x86_bad_user_ip
	jmp	user_return

/* void arch_enter_user(struct pt_regs *r): r is at the top of this thread's stack. */
FUNC arch_enter_user
	cli
	mov	%rdi, %rsp
user_return:
	mov	%gs:CPU_THREAD, %rax
	testl	$~THREAD_TRACED, THREAD_FLAGS(%rax)
	jnz	user_slow
	jmp	user_iret
END arch_enter_user

/*
 * Traps and interrupts. A stub has pushed an error code (0 where the CPU does not) and the vector; the vector
 * lies where di belongs, the code where orig_ax does.
 */
trap_no_code:
	push	(%rsp)
	movq	$0, 8(%rsp)
trap_common:
	xchg	%rdi, (%rsp)
	PUSH_REST
	cld
	CLAC
	movzbl	%dil, %esi
	testb	$3, R_CS(%rsp)
	jz	1f
	swapgs
trap_from_user:
	mov	R_ORIG(%rsp), %rdx
	movq	$-1, R_ORIG(%rsp)
	mov	%rsp, %rdi
	call	x86_trap
	jmp	user_return
1:	mov	R_ORIG(%rsp), %rdx
	movq	$-1, R_ORIG(%rsp)
	mov	%rsp, %rdi
	call	x86_trap
	POP_ALL
	add	$8, %rsp
	iretq

/*
 * On an exception stack. From user mode: on to the thread's stack, then as any trap (it may become a signal).
 * From kernel mode GS may be either: load it from the top of this stack, put it back afterwards.
 */
paranoid_common:
	xchg	%rdi, (%rsp)
	PUSH_REST
	cld
	CLAC
	movzbl	%dil, %esi
	testb	$3, R_CS(%rsp)
	jz	2f
	swapgs
	mov	%gs:CPU_KSTACK, %rdx
	sub	$R_SIZE, %rdx
	xor	%eax, %eax
1:	mov	(%rsp, %rax), %rcx
	mov	%rcx, (%rdx, %rax)
	add	$8, %eax
	cmp	$R_SIZE, %eax
	jne	1b
	mov	%rdx, %rsp
	jmp	trap_from_user
2:	mov	$MSR_GS_BASE, %ecx
	rdmsr
	mov	%eax, %r12d		/* the interrupted GS base, in registers that C keeps */
	mov	%edx, %r13d
	mov	%rsp, %rdx
	or	$(IST_BYTES - 1), %rdx
	mov	-7(%rdx), %rax		/* the highest word of the stack */
	mov	%rax, %rdx
	shr	$32, %rdx
	wrmsr
	mov	R_ORIG(%rsp), %rdx
	movq	$-1, R_ORIG(%rsp)
	mov	%rsp, %rdi
	call	x86_trap
	mov	$MSR_GS_BASE, %ecx
	mov	%r12d, %eax
	mov	%r13d, %edx
	wrmsr
	POP_ALL
	add	$8, %rsp
	iretq

/*
 * One stub a vector, 8 bytes each; x86_init_idt() counts on the size. A byte says which: pushed sign-extended, cut
 * again where it is read. Where the CPU pushes no error code, the second half of the stub's work makes the room.
 */
	.balign	8
	.globl	trap_stubs
trap_stubs:
	vector = 0
	.rept	256
	.balign	8
	.byte	0x6a, vector		/* push $vector */
	.if	(vector == 8)
	jmp	paranoid_common
	.elseif	(vector == 1) || (vector == 2) || (vector == 18)
	jmp	paranoid_no_code
	.elseif	((vector >= 10) && (vector <= 14)) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
	jmp	trap_common
	.else
	jmp	trap_no_code
	.endif
	vector = vector + 1
	.endr

paranoid_no_code:
	push	(%rsp)
	movq	$0, 8(%rsp)
	jmp	paranoid_common

	.text
/* void ctx_switch(struct arch_ctx *from, const struct arch_ctx *to): callee-saved registers and the stack. */
FUNC ctx_switch
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, (%rdi)
	mov	(%rsi), %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
END ctx_switch

/* Where ctx_init() starts a thread: fn in r12, its argument in r13. */
FUNC ctx_start
	xor	%ebp, %ebp
	mov	%r13, %rdi
	call	*%r12
	ud2
END ctx_start
	.section .note.GNU-stack, "", @progbits
