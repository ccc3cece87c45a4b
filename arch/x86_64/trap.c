/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trap.c: the interrupt table, and what each vector means.  Faults of the program go to kern_user_fault();
 * faults of the kernel are broken invariants, but for instructions listed in .fixups (user copies).
 */
#include "arch/mmu.h"
#include "arch/regs.h"
#include "boot_int.h"
#include "lib/assert.h"
#include "lib/fmt.h"
#include "x86.h"
#include "x86_int.h"

enum {
	TRAP_DB = 1,
	TRAP_NMI = 2,
	TRAP_BP = 3,
	TRAP_OF = 4,
	TRAP_DF = 8,
	TRAP_GP = 13,
	TRAP_PF = 14,
	TRAP_MC = 18
};
enum { GATE_INTERRUPT = 0x8e, GATE_USER = 0xee, STUB_BYTES = 8 };

struct gate { /* Intel SDM volume 3, figure 6-8 */
	uint16_t offset0, selector;
	uint8_t ist, type;
	uint16_t offset1;
	uint32_t offset2, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "a gate has 16 bytes");

struct fixup {
	int32_t from, to; /* relative to their own addresses */
};

#pragma GCC visibility push(hidden)
extern const struct fixup fixups_start[], fixups_end[]; /* kernel.lds */
extern char trap_stubs[], syscall_entry[], ctx_start[]; /* entry.S */
/* called by entry.S */
void x86_trap(struct pt_regs *r, unsigned vector, uint64_t error);
void x86_user_return(struct pt_regs *r);
void x86_bad_user_ip(struct pt_regs *r);
#pragma GCC visibility pop

static struct gate idt[256];

_Static_assert(offsetof(struct arch_cpu, thread) == CPU_THREAD, "entry.S");
_Static_assert(offsetof(struct arch_cpu, kstack_top) == CPU_KSTACK, "entry.S");
_Static_assert(offsetof(struct arch_cpu, user_sp) == CPU_USER_SP, "entry.S");
_Static_assert(THREAD_FLAGS_AT == THREAD_FLAGS && THREAD_FLAG_IGNORED == THREAD_TRACED, "entry.S");

static uint8_t ist_of(unsigned vector)
{
	switch (vector) {
	case TRAP_DF:
	case TRAP_MC:
		return IST_FATAL;
	case TRAP_NMI:
		return IST_NMI;
	case TRAP_DB:
		return IST_DEBUG;
	default:
		return 0;
	}
}

void x86_init_idt(void)
{
	for (unsigned v = 0; v < ARRAY_LEN(idt); v++) {
		uint64_t at = (uint64_t)trap_stubs + (uint64_t)v * STUB_BYTES;

		idt[v] = (struct gate){
			.offset0 = (uint16_t)at,
			.selector = KERNEL_CS,
			.ist = ist_of(v),
			.type = v == TRAP_BP || v == TRAP_OF ? GATE_USER : GATE_INTERRUPT,
			.offset1 = (uint16_t)(at >> 16),
			.offset2 = (uint32_t)(at >> 32),
		};
	}
}

void x86_load_idt(void)
{
	struct table_ptr p = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile("lidt %0" : : "m"(p));
}

void x86_syscall_init(void)
{
	wrmsr(MSR_STAR, (uint64_t)USER32_CS << 48 | (uint64_t)KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
	wrmsr(MSR_SFMASK, FLAG_IF | FLAG_TF | FLAG_DF | FLAG_NT | FLAG_AC | FLAG_IOPL | FLAG_RF);
}

static uint64_t fixup_of(uint64_t ip)
{
	for (const struct fixup *f = fixups_start; f < fixups_end; f++)
		if ((uint64_t)&f->from + (uint64_t)(int64_t)f->from == ip)
			return (uint64_t)&f->to + (uint64_t)(int64_t)f->to;
	return 0;
}

static const char *name_of(unsigned vector)
{
	static const char *const names[] = {
		"divide error",
		"debug trap",
		"NMI",
		"breakpoint",
		"overflow",
		"bound",
		"invalid instruction",
		"no FPU",
		"double fault (kernel stack overflow?)",
		"",
		"invalid TSS",
		"segment not present",
		"stack fault",
		"general protection fault",
		"page fault",
		"",
		"FPU error",
		"alignment check",
		"machine check",
		"SIMD error",
	};

	return vector < ARRAY_LEN(names) ? names[vector] : "unexpected trap";
}

/*
 * A user copy that met a bad address goes on at its fix-up, with the trap number in eax.  With interrupts off a
 * spinlock may be held, and bringing a page in may sleep: the copy ends there, and its caller brings it in unlocked.
 */
static void kernel_fault(struct pt_regs *r, unsigned vector, uint64_t error)
{
	uint64_t addr = vector == TRAP_PF ? read_cr2() : 0;
	uint64_t to = fixup_of(r->ip);

	if (to && vector == TRAP_PF && addr < USER_TOP && (r->flags & FLAG_IF)) {
		bool mapped;

		irq_enable();
		mapped = kern_kernel_fault(r, error, addr);
		irq_disable();
		if (mapped)
			return;
	}
	if (!to || (vector != TRAP_PF && vector != TRAP_GP))
		kern_fatal_trap(r, name_of(vector), addr);
	r->ip = to;
}

enum { PF_PRESENT = 1 << 0, PF_USER = 1 << 2 };

/*
 * A fault of the CPU's own, on the program's behalf, at an address that is mapped: SMAP keeps it out, and no page
 * would help. QEMU's TCG (7.2) reads the stack of a far return so.
 */
static bool is_hopeless(unsigned vector, uint64_t error)
{
	return vector == TRAP_PF && (error & PF_PRESENT) && !(error & PF_USER);
}

/* NMI: the others of a panic (arch_cpus_stop_others()). Nothing else here sends one. */
static void exception(struct pt_regs *r, unsigned vector, uint64_t error)
{
	uint64_t addr = vector == TRAP_PF ? read_cr2() : 0;

	if (vector == TRAP_NMI)
		x86_nmi();
	else if (vector == TRAP_DB && !regs_from_user(r))
		r->flags &=
			~(uint64_t)FLAG_TF; /* a program's single step that ran over into here */
	else if (vector == TRAP_MC || vector == TRAP_DF)
		kern_fatal_trap(r, name_of(vector), addr);
	else if (!regs_from_user(r))
		kernel_fault(r, vector, error);
	else {
		irq_enable();
		if (is_hopeless(vector, error))
			kern_user_fault(r, TRAP_GP, 0, 0);
		else
			kern_user_fault(r, vector, error, addr);
		irq_disable();
	}
}

static void interrupt(unsigned vector)
{
	kern_irq_enter();
	switch (vector) {
	case VEC_TIMER:
		kern_timer_irq();
		break;
	case VEC_KICK:
		kern_kick_irq();
		break;
	case VEC_CALL:
		kern_call_irq();
		break;
	case VEC_SPURIOUS:
		break;
	default:
		kern_irq(vector);
	}
	if (vector != VEC_SPURIOUS)
		lapic_eoi(); /* after the handler, which lowered the line if it was a level */
	kern_irq_exit();
}

void x86_trap(struct pt_regs *r, unsigned vector, uint64_t error)
{
	vector &= 0xff;
	if (vector >= VEC_DEVICE_FIRST)
		interrupt(vector);
	else
		exception(r, vector, error);
}

/* Until no flag is left, since new ones come while interrupts are on. */
void x86_user_return(struct pt_regs *r)
{
	const volatile uint32_t *flags =
		(const void *)((const char *)arch_thread_self() + THREAD_FLAGS_AT);

	do {
		irq_enable();
		kern_user_return(r);
		irq_disable();
	} while (*flags & ~(uint32_t)THREAD_FLAG_IGNORED);
}

/* A jump to an address that cannot be: the fault that the program's own instruction would have had. */
void x86_bad_user_ip(struct pt_regs *r)
{
	irq_enable();
	kern_user_fault(r, TRAP_GP, 0, r->ip);
	irq_disable();
}

void ctx_init(struct arch_ctx *c, void *stack_top, void (*fn)(void *), void *arg)
{
	uint64_t *sp = stack_top;

	*--sp = 0; /* ends a backtrace */
	*--sp = (uint64_t)ctx_start;
	*--sp = 0;	       /* bp */
	*--sp = 0;	       /* bx */
	*--sp = (uint64_t)fn;  /* r12 */
	*--sp = (uint64_t)arg; /* r13 */
	*--sp = 0;	       /* r14 */
	*--sp = 0;	       /* r15 */
	c->sp = (uint64_t)sp;
}
