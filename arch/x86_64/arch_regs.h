/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch_regs.h: registers as entry.S pushes them.  Selectors have Linux's values, since programs see
 * them in a signal's ucontext.  Included by arch/regs.h only.
 */
#pragma once

#define USER_CS 0x33u
#define USER_DS 0x2bu

/*
 * OFFSET  MEMBER
 *      0  r15 r14 r13 r12 bp bx        callee-saved
 *     48  r11 r10 r9 r8 ax cx dx si di caller-saved
 *    120  orig_ax                      system call number; -1: not in a system call
 *    128  ip cs flags sp ss            as the CPU pushes them
 */
struct pt_regs {
	uint64_t r15, r14, r13, r12, bp, bx;
	uint64_t r11, r10, r9, r8, ax, cx, dx, si, di;
	uint64_t orig_ax;
	uint64_t ip, cs, flags, sp, ss;
};

_Static_assert(sizeof(struct pt_regs) == 168, "entry.S pushes 21 words");
_Static_assert(offsetof(struct pt_regs, orig_ax) == 120, "entry.S counts on it");

static inline bool regs_from_user(const struct pt_regs *r)
{
	return r->cs & 3;
}

static inline uint64_t regs_pc(const struct pt_regs *r)
{
	return r->ip;
}

static inline void regs_set_pc(struct pt_regs *r, uint64_t pc)
{
	r->ip = pc;
}

static inline uint64_t regs_sp(const struct pt_regs *r)
{
	return r->sp;
}

static inline void regs_set_sp(struct pt_regs *r, uint64_t sp)
{
	r->sp = sp;
}

static inline uint64_t regs_fp(const struct pt_regs *r)
{
	return r->bp;
}

static inline unsigned long regs_syscall_nr(const struct pt_regs *r)
{
	return r->orig_ax;
}

static inline void regs_syscall_args(const struct pt_regs *r, uint64_t v[6])
{
	v[0] = r->di;
	v[1] = r->si;
	v[2] = r->dx;
	v[3] = r->r10;
	v[4] = r->r8;
	v[5] = r->r9;
}

static inline uint64_t regs_result(const struct pt_regs *r)
{
	return r->ax;
}

static inline void regs_set_result(struct pt_regs *r, uint64_t v)
{
	r->ax = v;
}

static inline bool regs_in_syscall(const struct pt_regs *r)
{
	return (int64_t)r->orig_ax >= 0;
}

static inline void regs_leave_syscall(struct pt_regs *r)
{
	r->orig_ax = UINT64_MAX;
}

/* The SYSCALL instruction is two bytes long. */
static inline void regs_restart_syscall(struct pt_regs *r, unsigned long nr)
{
	r->ax = nr;
	r->ip -= 2;
}

static inline void regs_set_args3(struct pt_regs *r, uint64_t a, uint64_t b, uint64_t c)
{
	r->di = a;
	r->si = b;
	r->dx = c;
}
