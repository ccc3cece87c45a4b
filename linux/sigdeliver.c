/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/sigdeliver.c: the slow way out of the kernel, taken when a thread's flags are set: end, yield, signals' handlers,
 * restarted calls; and rt_sigreturn, the way back from a handler.
 */
#include "arch/sigframe.h"
#include "kern/klog.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "kern/uio.h"
#include "lib/mem.h"
#include "linux/exit.h"
#include "kern/vm.h"
#include "linux/fault.h"
#include "linux/rseq.h"
#include "linux/signal_int.h"
#include "linux/strace.h"
#include "linux/syscall.h"

/* --- a handler's frame ----------------------------------------------------------------------------- */

/* Where the frame may begin, growing down. */
static uint64_t frame_top(const struct user_thread *u, const struct linux_sigaction *act,
			  uint64_t sp)
{
	const struct linux_stack *s = &u->altstack;

	if ((act->flags & LSA_ONSTACK) && s->size && !signal_on_altstack(s, sp))
		return s->sp + s->size;
	return sp - sigframe_red_zone();
}

/* A frame that began on the alternate stack must fit there: what lies below is not its. */
static bool frame_fits(const struct user_thread *u, uint64_t top, uint64_t frame)
{
	const struct linux_stack *s = &u->altstack;

	if (s->size && top > s->sp && top - s->sp <= s->size)
		return frame > s->sp && frame <= top;
	return frame < top;
}

static err_t put_fpstate(struct thread *t, uint64_t at)
{
	uint32_t word;
	size_t n;

	fpu_save(t->fpu);
	sigframe_fp_seal(t->fpu);
	if (user_write(at, t->fpu, fpu_bytes()))
		return -EFAULT;
	n = sigframe_fp_trailer(&word);
	if (n && user_write(at + fpu_bytes(), &word, n))
		return -EFAULT;
	fpu_init_area(t->fpu);
	fpu_restore(t->fpu);
	return 0;
}

/* The mask that the handler's return brings back. */
static linux_sigset_t mask_before(struct user_thread *u)
{
	if (!u->has_saved_mask)
		return u->mask;
	u->has_saved_mask = false;
	return u->saved_mask;
}

static err_t build_frame(struct thread *t, struct pt_regs *r, const struct linux_sigaction *act,
			 const struct linux_siginfo *si)
{
	uint8_t image[SIGFRAME_BYTES_MAX] __attribute__((aligned(16)));
	struct user_thread *u = t->user;
	uint64_t top = frame_top(u, act, regs_sp(r));
	struct sigframe_place p = sigframe_place(top);
	struct sigframe_info info = {
		.siginfo = si,
		.altstack = u->altstack,
		.mask = u->has_saved_mask ? u->saved_mask : u->mask,
		.trap = u->fault_trap,
		.error = u->fault_error,
		.fault_addr = u->fault_addr,
		.restorer = act->restorer,
	};

	if (!(act->flags & LSA_RESTORER) || !frame_fits(u, top, p.frame))
		return -EFAULT;
	sigframe_fill(image, r, &info, p.fpstate);
	if (user_write(p.frame, image, sigframe_bytes()) || put_fpstate(t, p.fpstate))
		return -EFAULT;
	if (u->altstack.flags & LSS_AUTODISARM)
		u->altstack = (struct linux_stack){ .flags = LSS_DISABLE };
	sigframe_enter(r, act->handler, si->signo, p.frame);
	return 0;
}

static void mask_for_handler(struct user_thread *u, const struct linux_sigaction *act, int signo)
{
	linux_sigset_t mask = u->mask | act->mask;

	if (!(act->flags & LSA_NODEFER))
		mask |= LSIG_BIT(signo);
	signal_set_mask(mask);
}

/* --- calls that a signal cut short ------------------------------------------------------------------- */

static bool restarts_with_handler(long result, const struct linux_sigaction *act)
{
	return result == -ERESTARTNOINTR || (result == -ERESTARTSYS && (act->flags & LSA_RESTART));
}

static bool is_restart(long result)
{
	return result == -ERESTARTSYS || result == -ERESTARTNOINTR || result == -ERESTARTNOHAND ||
	       result == -ERESTART_RESTARTBLOCK;
}

static void before_handler(struct pt_regs *r, const struct linux_sigaction *act)
{
	long result = (long)regs_result(r);

	if (!regs_in_syscall(r))
		return;
	if (is_restart(result)) {
		if (restarts_with_handler(result, act))
			regs_restart_syscall(r, regs_syscall_nr(r));
		else
			regs_set_result(r, (uint64_t)-EINTR);
	}
	regs_leave_syscall(r);
}

/* The signal was ignored, or taken by another thread: as if nothing had happened. */
static void without_handler(struct pt_regs *r)
{
	long result = (long)regs_result(r);

	if (!regs_in_syscall(r) || !is_restart(result))
		return;
	regs_restart_syscall(r, result == -ERESTART_RESTARTBLOCK ? NR_restart_syscall
								 : regs_syscall_nr(r));
	regs_leave_syscall(r);
}

/* --- one signal -------------------------------------------------------------------------------------- */

/* The next signal for u with the disposition that holds now; 0: none. */
static int next_signal(struct user_thread *u, struct linux_siginfo *si, struct linux_sigaction *act)
{
	bool on = spin_lock_irq(&sig.lock);
	int signo = signal_take_locked(u, ~u->mask, si);

	if (signo) {
		*act = sig.action[signo - 1];
		if (act->handler != LSIG_DFL && act->handler != LSIG_IGN &&
		    (act->flags & LSA_RESETHAND))
			sig.action[signo - 1].handler = LSIG_DFL;
	}
	signal_recalc_locked(u);
	spin_unlock_irq(&sig.lock, on);
	return signo;
}

/* Nobody can continue a process whose parent is not there: as for every orphaned group, only SIGSTOP stops. */
static void stop_process(void)
{
	struct user_thread *u;
	bool on = spin_lock_irq(&sig.lock);

	sig.stopped = true;
	list_for_each_entry (u, &sig.threads, link)
		thread_notify(u->thread, THREAD_SIGNAL);
	spin_unlock_irq(&sig.lock, on);
}

static void stay_stopped(void)
{
	bool on = spin_lock_irq(&sig.lock);

	while (sig.stopped && !(atomic_load(&thread_self()->flags) & THREAD_KILL))
		if (waitq_wait_deaf(&sig.wq, WAIT_FOREVER))
			break;
	spin_unlock_irq(&sig.lock, on);
}

static void default_action(struct pt_regs *r, int signo, const struct linux_siginfo *si)
{
	if (SIGSET_IGNORE & LSIG_BIT(signo))
		return;
	if (SIGSET_STOP & LSIG_BIT(signo)) {
		if (signo == LSIGSTOP)
			stop_process();
		return;
	}
	if (SIGSET_CORE & LSIG_BIT(signo))
		crash_report(r, si);
	else
		klog_info("program: killed by %s", signal_name(signo));
	process_exit(128 + (unsigned)signo);
}

/* The frame could not be written: SIGSEGV, for which no handler will do if it was that one's frame. */
static void frame_failed(int signo)
{
	const struct linux_siginfo si = { .signo = LSIGSEGV, .code = LSI_KERNEL };

	if (signo == LSIGSEGV) {
		bool on = spin_lock_irq(&sig.lock);

		sig.action[LSIGSEGV - 1].handler = LSIG_DFL;
		spin_unlock_irq(&sig.lock, on);
	}
	signal_force(LSIGSEGV, &si);
}

static void run_handler(struct thread *t, struct pt_regs *r, int signo,
			const struct linux_siginfo *si, const struct linux_sigaction *act)
{
	before_handler(r, act);
	if (atomic_load(&t->flags) & THREAD_TRACE)
		strace_signal(si);
	rseq_on_signal(t, r);
	if (build_frame(t, r, act, si)) {
		frame_failed(signo);
		return;
	}
	(void)mask_before(t->user);
	mask_for_handler(t->user, act, signo);
}

static void deliver_signals(struct thread *t, struct pt_regs *r)
{
	struct linux_sigaction act;
	struct linux_siginfo si;
	int signo;

	if (sig.stopped)
		stay_stopped();
	while (!(atomic_load(&t->flags) & THREAD_KILL) &&
	       (signo = next_signal(t->user, &si, &act))) {
		if (act.handler == LSIG_IGN)
			continue;
		if (act.handler == LSIG_DFL)
			default_action(r, signo, &si);
		else
			run_handler(t, r, signo, &si, &act);
	}
}

static void restore_mask(struct user_thread *u)
{
	if (!u->has_saved_mask)
		return;
	u->has_saved_mask = false;
	signal_set_mask(u->saved_mask);
}

/* ppoll and its like found what they were waiting for: then a signal that only their mask let in has to wait. */
static bool mask_is_over(const struct user_thread *u, const struct pt_regs *r)
{
	long result = (long)regs_result(r);

	return u->has_saved_mask && regs_in_syscall(r) && !is_restart(result) && result != -EINTR;
}

/*
 * Until no flag is left.  THREAD_WORK is taken first, so that whoever sets it meanwhile is seen the next time round.
 */
void kern_user_return(struct pt_regs *r)
{
	struct thread *t = thread_self();

	while (atomic_load(&t->flags) & ~(uint32_t)THREAD_TRACE) {
		uint32_t flags = atomic_fetch_and(&t->flags, ~(uint32_t)THREAD_WORK);

		if (flags & THREAD_KILL)
			user_thread_exit();
		if (flags & THREAD_RESCHED)
			sched_resched_check();
		if (flags & THREAD_WORK && vm_ran_out())
			fault_out_of_memory();
		if (mask_is_over(t->user, r))
			restore_mask(t->user);
		if (flags & THREAD_SIGNAL)
			deliver_signals(t, r);
		without_handler(r);
		restore_mask(t->user);
		rseq_on_return(t, r);
	}
}

/* --- and back ------------------------------------------------------------------------------------------ */

/*
 * Extended state from the program.  Read into a buffer of its own: this thread may sleep in the copy, and then its
 * registers are saved to t->fpu.
 */
static err_t get_fpstate(struct thread *t, uint64_t at)
{
	size_t n = fpu_bytes(), got = SIGFRAME_FP_LEGACY;
	uint32_t trailer, word;
	uint8_t *buf;
	err_t err = -EFAULT;

	buf = kmalloc(n);
	if (!buf)
		return -ENOMEM;
	if (user_read(buf, at, SIGFRAME_FP_LEGACY))
		goto out;
	if (sigframe_fp_wanted(buf) == n && n > SIGFRAME_FP_LEGACY &&
	    !user_read(&word, at + n, sizeof(word)) && sigframe_fp_trailer(&trailer) &&
	    word == trailer && !user_read(buf, at, n))
		got = n;
	sigframe_fp_sanitize(buf, got);
	memcpy(t->fpu, buf, n);
	fpu_restore(t->fpu);
	err = 0;
out:
	kfree(buf);
	return err;
}

static err_t return_from_handler(struct thread *t, struct pt_regs *r)
{
	uint8_t image[SIGFRAME_BYTES_MAX] __attribute__((aligned(16)));
	struct linux_stack altstack;
	linux_sigset_t mask;
	uint64_t fpstate;

	if (user_read(image, sigframe_of_return(r), sigframe_bytes()))
		return -EFAULT;
	sigframe_read(image, r, &mask, &altstack, &fpstate);
	if (fpstate && get_fpstate(t, fpstate))
		return -EFAULT;
	if (!fpstate) {
		fpu_init_area(t->fpu);
		fpu_restore(t->fpu);
	}
	if (!signal_on_altstack(&t->user->altstack, regs_sp(r)) &&
	    signal_altstack_set(t->user, &altstack))
		t->user->altstack = (struct linux_stack){ .flags = LSS_DISABLE };
	signal_set_mask(mask);
	return 0;
}

long sys_rt_sigreturn(struct thread *t, const struct sysargs *a)
{
	struct pt_regs *r = thread_regs(t);
	const struct linux_siginfo si = { .signo = LSIGSEGV, .code = LSI_KERNEL };

	(void)a;
	if (return_from_handler(t, r))
		signal_force(LSIGSEGV, &si);
	return (long)regs_result(r); /* rax is the interrupted code's */
}
