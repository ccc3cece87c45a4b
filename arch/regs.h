/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/regs.h: the registers of a trapped program, and the names by which linux/ reaches them.  The
 * struct itself is the architecture's (arch_regs.h); for a user thread it lies at the top of the kernel
 * stack.  Whoever changes registers of a stopped program calls regs_make_safe() last: it forces what a
 * program must not choose (segments, privileged flags) whatever was written.
 */
#pragma once

#include "arch/arch.h"

struct pt_regs;

static inline bool regs_from_user(const struct pt_regs *r);
static inline uint64_t regs_pc(const struct pt_regs *r);
static inline void regs_set_pc(struct pt_regs *r, uint64_t pc);
static inline uint64_t regs_sp(const struct pt_regs *r);
static inline void regs_set_sp(struct pt_regs *r, uint64_t sp);
static inline uint64_t regs_fp(const struct pt_regs *r);

/* A system call: number, arguments, result. regs_restart_syscall() makes it happen again. */
static inline unsigned long regs_syscall_nr(const struct pt_regs *r);
static inline void regs_syscall_args(const struct pt_regs *r, uint64_t v[6]);
static inline uint64_t regs_result(const struct pt_regs *r);
static inline void regs_set_result(struct pt_regs *r, uint64_t v);
static inline bool regs_in_syscall(const struct pt_regs *r);
static inline void regs_leave_syscall(struct pt_regs *r); /* no restart from here on */
static inline void regs_restart_syscall(struct pt_regs *r, unsigned long nr);

/* Three arguments of a function that is entered with these registers (a signal handler). */
static inline void regs_set_args3(struct pt_regs *r, uint64_t a, uint64_t b, uint64_t c);

/* A fresh program: everything zero but these. */
void regs_init_user(struct pt_regs *r, uint64_t pc, uint64_t sp);
void regs_make_safe(struct pt_regs *r);

#include "arch_regs.h"
