/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/x86_64/trapsig.c: which signal a trap of the program stands for (SDM 3, 6.15; signal numbers and codes as
 * Linux sends them), and the registers' names.
 */
#include "arch/sigframe.h"
#include "lib/mem.h"

enum {
	TRAP_DE,
	TRAP_DB,
	TRAP_NMI,
	TRAP_BP,
	TRAP_OF,
	TRAP_BR,
	TRAP_UD,
	TRAP_NM,
	TRAP_DF,
	TRAP_TS = 10,
	TRAP_NP,
	TRAP_SS,
	TRAP_GP,
	TRAP_PF,
	TRAP_MF = 16,
	TRAP_AC,
	TRAP_MC,
	TRAP_XM
};

enum { PF_PRESENT = 1 << 0, PF_WRITE = 1 << 1, PF_FETCH = 1 << 4 };

/* The first unmasked exception in the order of SDM 1, 8.4 (x87) and 11.5 (SSE): both have these six bits. */
static int fp_code(uint32_t raised)
{
	if (raised & 0x01)
		return LFPE_FLTINV;
	if (raised & 0x04)
		return LFPE_FLTDIV;
	if (raised & 0x08)
		return LFPE_FLTOVF;
	if (raised & 0x12)
		return LFPE_FLTUND;
	return raised & 0x20 ? LFPE_FLTRES : 0;
}

static int x87_code(void)
{
	uint16_t control, status;

	__asm__ volatile("fnstcw %0" : "=m"(control));
	__asm__ volatile("fnstsw %0" : "=m"(status));
	return fp_code(status & ~control & 0x3fu);
}

static int sse_code(void)
{
	uint32_t mxcsr;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return fp_code(mxcsr & ~(mxcsr >> 7) & 0x3f);
}

static void say(struct linux_siginfo *i, int signo, int code, uint64_t addr)
{
	*i = (struct linux_siginfo){ .signo = signo, .code = code, .fault = { .addr = addr } };
}

bool arch_trap_signal(const struct pt_regs *r, unsigned trap, uint64_t error, uint64_t addr,
		      struct linux_siginfo *out)
{
	(void)error;
	(void)addr;
	switch (trap) {
	case TRAP_DE:
		say(out, LSIGFPE, LFPE_INTDIV, r->ip);
		break;
	case TRAP_DB:
		say(out, LSIGTRAP, LTRAP_TRACE, r->ip);
		break;
	case TRAP_BP:
		say(out, LSIGTRAP, LSI_KERNEL, 0);
		break;
	case TRAP_UD:
		say(out, LSIGILL, LILL_ILLOPN, r->ip);
		break;
	case TRAP_NP:
	case TRAP_SS:
		say(out, LSIGBUS, LSI_KERNEL, 0);
		break;
	case TRAP_MF:
		say(out, LSIGFPE, x87_code(), r->ip);
		break;
	case TRAP_XM:
		say(out, LSIGFPE, sse_code(), r->ip);
		break;
	case TRAP_AC:
		say(out, LSIGBUS, LBUS_ADRALN, 0);
		break;
	case TRAP_PF:
		return false;
	default:
		say(out, LSIGSEGV, LSI_KERNEL, 0);
	}
	return true;
}

struct arch_fault_kind arch_fault_kind(uint64_t error)
{
	return (struct arch_fault_kind){ .write = error & PF_WRITE, .exec = error & PF_FETCH };
}

/* As Linux says it: of the kernel's half a program learns that it may not, never whether something is there. */
uint64_t arch_fault_error(uint64_t error, uint64_t addr)
{
	return addr >> 63 ? error | PF_PRESENT : error;
}

bool regs_describe(const struct pt_regs *r, unsigned i, const char **name, uint64_t *value)
{
#define REG(n)                                  \
	{                                       \
#n, offsetof(struct pt_regs, n) \
	}
	static const struct {
		char name[6];
		uint16_t at;
	} regs[] = { REG(ax),  REG(bx),	 REG(cx),  REG(dx),  REG(si),  REG(di),
		     REG(bp),  REG(sp),	 REG(r8),  REG(r9),  REG(r10), REG(r11),
		     REG(r12), REG(r13), REG(r14), REG(r15), REG(ip),  REG(flags) };
#undef REG

	if (i >= ARRAY_LEN(regs))
		return false;
	*name = regs[i].name;
	memcpy(value, (const char *)r + regs[i].at, sizeof(*value));
	return true;
}
