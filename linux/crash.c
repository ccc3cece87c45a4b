/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/crash.c: the crash report.  Written for somebody who has nothing but this text: what happened, to which instruction
 * of which file, how it got there, and what memory looks like.
 */
#include "arch/sigframe.h"
#include "kern/klog.h"
#include "kern/thread.h"
#include "kern/vm.h"
#include "lib/fmt.h"
#include "linux/fault.h"
#include "linux/process.h"

#define BACKTRACE_MAX 32
#define CODE_BYTES    16

static const char *code_name(const struct linux_siginfo *si)
{
	if (si->code == LSI_KERNEL)
		return "sent by the kernel";
	if (si->code <= 0)
		return "sent by the program";
	switch (si->signo) {
	case LSIGSEGV:
		return si->code == LSEGV_MAPERR ? "address not mapped" : "access not permitted";
	case LSIGBUS:
		return si->code == LBUS_ADRERR ? "past the end of the file" : "misaligned address";
	case LSIGFPE:
		return si->code == LFPE_INTDIV ? "integer division" : "floating-point exception";
	case LSIGILL:
		return "illegal instruction";
	default:
		return "trap";
	}
}

static void say_why(const struct linux_siginfo *si)
{
	const struct thread *t = thread_self();
	char where[40] = "";

	if (si->code > 0 && si->code != LSI_KERNEL)
		fmt(where, sizeof(where), ", address %#llx", (unsigned long long)si->fault.addr);
	klog_err("program: killed by %s: %s%s; thread %u (%s)", signal_name(si->signo),
		 code_name(si), where, t->tid, t->name);
}

static void say_registers(const struct pt_regs *r)
{
	char line[128];
	const char *name;
	size_t n = 0;
	uint64_t v;

	for (unsigned i = 0; regs_describe(r, i, &name, &v); i++) {
		n += fmt(line + n, sizeof(line) - n, "  %5s %016llx", name, (unsigned long long)v);
		if (i % 4 == 3) {
			klog_err("%s", line);
			n = 0;
		}
	}
	if (n)
		klog_err("%s", line);
}

static void say_code(uint64_t pc)
{
	uint8_t code[CODE_BYTES];
	char line[CODE_BYTES * 3 + 1];
	size_t n = 0;

	if (user_read(code, pc, sizeof(code)))
		return;
	for (unsigned i = 0; i < sizeof(code); i++)
		n += fmt(line + n, sizeof(line) - n, " %02x", code[i]);
	klog_err("   code%s", line);
}

/* "  #2 0x... /usr/lib/libc.so.6+0x1234": the offset is the file's, as objdump and addr2line want it. */
static void say_place(const char *label, uint64_t pc)
{
	struct vm_area_info area;
	char path[256];

	if (!vm_find(pc, &area, path, sizeof(path)))
		klog_err("  %s %#llx (not mapped)", label, (unsigned long long)pc);
	else
		klog_err("  %s %#llx %s+%#llx", label, (unsigned long long)pc,
			 area.name[0] ? area.name : "[anonymous]",
			 (unsigned long long)(pc - area.start + area.offset));
}

/* Frame pointers as compilers lay them (System V ABI, 3.2.2): saved pointer, then return address. */
static void say_backtrace(const struct pt_regs *r)
{
	uint64_t fp = regs_fp(r), frame[2];
	char label[16];

	say_place("at", regs_pc(r));
	for (unsigned i = 1; i < BACKTRACE_MAX && fp && !(fp & 7); i++) {
		if (user_read(frame, fp, sizeof(frame)) || !frame[1])
			return;
		fmt(label, sizeof(label), "#%u", i);
		say_place(label, frame[1]);
		if (frame[0] <= fp)
			return;
		fp = frame[0];
	}
}

static bool say_area(const struct vm_area_info *a, void *arg)
{
	(void)arg;
	klog_err("  %012llx-%012llx %c%c%c%c %08llx %s", (unsigned long long)a->start,
		 (unsigned long long)a->end, a->prot & VM_READ ? 'r' : '-',
		 a->prot & VM_WRITE ? 'w' : '-', a->prot & VM_EXEC ? 'x' : '-',
		 a->flags & VM_SHARED ? 's' : 'p', (unsigned long long)a->offset, a->name);
	return true;
}

void crash_report(const struct pt_regs *r, const struct linux_siginfo *si)
{
	say_why(si);
	say_registers(r);
	say_code(regs_pc(r));
	say_backtrace(r);
	klog_err("  memory areas:");
	vm_for_each(say_area, NULL, false);
}
