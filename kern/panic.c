/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/panic.c: the ends that are not orderly.  A panic that happens while one is printed stops at once:
 * what is out is better than a loop.  Addresses are printed as the ELF file has them (the KASLR slide
 * taken off), ready for addr2line -e coracle.elf.dbg.
 */
#include <stdatomic.h>

#include "arch/boot.h"
#include "arch/regs.h"
#include "kern/cpu.h"
#include "kern/exit_int.h"
#include "kern/klog.h"
#include "kern/panic.h"
#include "kern/trace.h"
#include "lib/assert.h"
#include "lib/fmt.h"

enum { FRAMES = 24 };

static _Atomic int panicking; /* CPU + 1 */

static void begin(void)
{
	int nobody = 0, me = (int)arch_cpu_self()->id + 1;

	irq_disable();
	/* Relaxed: the exchange itself decides. */
	if (!atomic_compare_exchange_strong_explicit(&panicking, &nobody, me, memory_order_relaxed,
						     memory_order_relaxed)) {
		if (nobody == me)
			exit_machine(125);
		arch_cpu_stop();
	}
	arch_cpus_stop_others();
	klog_panicking();
}

static void trace_line(void *arg, const char *text)
{
	(void)arg;
	klog_err("  %s", text);
}

static void print_backtrace(uint64_t fp, uint64_t sp)
{
	uint64_t pcs[FRAMES];
	size_t n = arch_kernel_backtrace(fp, sp, pcs, ARRAY_LEN(pcs));

	klog_err("backtrace (addr2line -fie coracle.elf.dbg; slide %#lx):", boot_info.kaslr_slide);
	for (size_t i = 0; i < n; i++)
		klog_err("  %#lx", pcs[i] - boot_info.kaslr_slide);
	trace_dump(trace_line, NULL);
}

static _Noreturn void finish(uint64_t fp, uint64_t sp)
{
	print_backtrace(fp, sp);
	exit_machine(125);
}

void panic(const char *f, ...)
{
	va_list ap;
	char text[256];

	begin();
	va_start(ap, f);
	fmt_v(text, sizeof(text), f, ap);
	va_end(ap);
	klog_err("panic on CPU %u: %s", arch_cpu_self()->id, text);
	finish((uint64_t)__builtin_frame_address(0), (uint64_t)__builtin_frame_address(0));
}

void assert_fail(const char *expr, const char *file, int line)
{
	panic("%s:%d: assertion failed: %s", file, line, expr);
}

void kern_fatal_trap(const struct pt_regs *r, const char *what, uint64_t addr)
{
	char line[128];

	begin();
	klog_err("panic on CPU %u: %s at %#lx (address %#lx)", arch_cpu_self()->id, what,
		 regs_pc(r) - boot_info.kaslr_slide, addr);
	for (unsigned n = 0; arch_regs_line(r, n, line, sizeof(line)); n++)
		klog_err("%s", line);
	finish(regs_fp(r), regs_sp(r));
}

void vm_fail(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	klog_v(KLOG_ERR, f, ap);
	va_end(ap);
	exit_machine(125);
}
