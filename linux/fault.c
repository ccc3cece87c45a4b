/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/fault.c: traps of the program become page-ins or signals.  Runs with interrupts on, on the thread's kernel
 * stack.
 */
#include "linux/fault.h"

#include "arch/sigframe.h"
#include "kern/cputime.h"
#include "kern/klog.h"
#include "kern/thread.h"
#include "kern/trace.h"
#include "kern/vm.h"
#include "linux/exit.h"
#include "linux/process.h"

static void remember(uint64_t trap, uint64_t error, uint64_t addr)
{
	struct user_thread *u = thread_self()->user;

	u->fault_trap = trap;
	u->fault_error = error;
	u->fault_addr = addr;
}

/* As the kernel that kills for want of memory does: SIGKILL's status. */
void fault_out_of_memory(void)
{
	struct page_stats ps;
	struct vm_stats vs;

	page_stats(&ps);
	vm_stats(&vs);
	klog_err("program: out of memory: it uses %zu MB of the machine's %llu MB; give it more "
		 "with -m",
		 (vs.rss_anon_bytes + vs.rss_file_bytes) >> 20,
		 (unsigned long long)ps.total_bytes >> 20);
	process_exit(128 + LSIGKILL);
}

static void page_fault(unsigned trap, uint64_t error, uint64_t addr)
{
	struct arch_fault_kind k = arch_fault_kind(error);
	struct vm_fault_result res = vm_fault(addr, k.write, k.exec, true);
	struct linux_siginfo si;

	if (likely(res.signo == 0))
		return;
	if (res.signo == -ENOMEM)
		fault_out_of_memory();
	remember(trap, arch_fault_error(error, addr), addr);
	si = (struct linux_siginfo){ .signo = res.signo,
				     .code = res.code,
				     .fault = { .addr = addr } };
	signal_force(res.signo, &si);
}

static void counted_page_fault(unsigned trap, uint64_t error, uint64_t addr)
{
	struct thread *t = thread_self();
	bool due = cputime_due(t);
	uint64_t start = due ? cputime_start(t) : 0;

	page_fault(trap, error, addr);
	if (unlikely(due))
		cputime_end(t, start);
}

void kern_user_fault(struct pt_regs *r, unsigned trap, uint64_t error, uint64_t addr)
{
	struct linux_siginfo si;

	TRACE(TRACE_FAULT, "user fault", trap, addr, regs_pc(r));
	if (!arch_trap_signal(r, trap, error, addr, &si)) {
		counted_page_fault(trap, error, addr);
		return;
	}
	remember(trap, error, addr);
	signal_force(si.signo, &si);
}
