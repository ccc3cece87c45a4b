/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/sigframe.h: what a signal handler finds on its stack.  The layout is the CPU's part of Linux's ABI (ucontext and
 * extended state, as debuggers, unwinders and garbage collectors read it); copying it to and from the program is linux/'s.
 * Pure but for fpu_bytes(): images are filled and read in kernel memory.
 */
#pragma once

#include "abi/linux_signal.h"
#include "arch/regs.h"

#define SIGFRAME_BYTES_MAX 512 /* the frame without extended state */

/* What goes into a frame beside the registers. */
struct sigframe_info {
	const struct linux_siginfo *siginfo;
	struct linux_stack altstack;
	linux_sigset_t mask;		  /* comes back at the handler's return */
	uint64_t trap, error, fault_addr; /* of the last fault of this thread */
	uint64_t restorer;		  /* where the handler returns to */
};

/* Where in the program's memory. */
struct sigframe_place {
	uint64_t frame;	  /* the handler's stack pointer */
	uint64_t fpstate; /* extended state; above the frame */
};

size_t sigframe_bytes(void);	 /* of the image */
size_t sigframe_stack_min(void); /* AT_MINSIGSTKSZ: the frame, extended state, alignment */
struct sigframe_place sigframe_place(uint64_t sp);
uint64_t sigframe_red_zone(void); /* bytes below the stack pointer that are the program's */
void sigframe_fill(void *image, const struct pt_regs *r, const struct sigframe_info *info,
		   uint64_t fpstate);
/* Registers such that the handler begins. */
void sigframe_enter(struct pt_regs *r, uint64_t handler, int signo, uint64_t frame);
/* Where the frame is when rt_sigreturn is called, and what the image says. */
uint64_t sigframe_of_return(const struct pt_regs *r);
void sigframe_read(const void *image, struct pt_regs *r, linux_sigset_t *mask,
		   struct linux_stack *altstack, uint64_t *fpstate);

/*
 * Extended state in a frame is fpu_bytes() as fpu_save() left them, marked by sigframe_fp_seal(), and a trailer after it.
 */
void sigframe_fp_seal(void *fpu_image);	    /* into an image about to be copied out */
size_t sigframe_fp_trailer(uint32_t *word); /* bytes of *word to be stored behind it: 0 or 4 */
/*
 * An image that the program gives back becomes one that fpu_restore() can take without a fault.
 * `len`: how much of it could be read (512: only the legacy part is valid).
 */
#define SIGFRAME_FP_LEGACY 512
size_t sigframe_fp_wanted(const void *legacy); /* how much to read, after the legacy part */
void sigframe_fp_sanitize(void *fpu_image, size_t len);

/* A trap's meaning: the signal for it, with si_code and si_addr. False: a page fault, which the address space decides. */
bool arch_trap_signal(const struct pt_regs *r, unsigned trap, uint64_t error, uint64_t addr,
		      struct linux_siginfo *out);
/* Of a page fault's error code. */
struct arch_fault_kind {
	bool write, exec;
};
struct arch_fault_kind arch_fault_kind(uint64_t error);
uint64_t arch_fault_error(uint64_t error, uint64_t addr); /* what the program may see of it */
/* Registers by name, for the crash report: false past the last. */
bool regs_describe(const struct pt_regs *r, unsigned i, const char **name, uint64_t *value);
