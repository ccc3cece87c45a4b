/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/sigcalls.c: the system calls about signals, but for the return from a handler (sigdeliver.c) and signalfd.
 */
#include "arch/sigframe.h"
#include "kern/clock.h"
#include "kern/thread.h"
#include "kern/uio.h"
#include "linux/signal_int.h"
#include "linux/syscall.h"

#define SIGSET_BYTES sizeof(linux_sigset_t)

static bool valid(int signo)
{
	return signo >= 1 && signo <= LSIG_MAX;
}

/* --- dispositions -------------------------------------------------------------------------------- */

/* Flags that we act on: the rest is cleared, which is how programs find out (sigaction(2), SA_UNSUPPORTED). */
#define SA_KNOWN                                                                           \
	(LSA_NOCLDSTOP | LSA_NOCLDWAIT | LSA_SIGINFO | LSA_EXPOSE_TAGBITS | LSA_RESTORER | \
	 LSA_ONSTACK | LSA_RESTART | LSA_NODEFER | LSA_RESETHAND)

static void set_action(int signo, const struct linux_sigaction *new, struct linux_sigaction *old)
{
	bool on = spin_lock_irq(&sig.lock);
	struct linux_sigaction *act = &sig.action[signo - 1];

	*old = *act;
	if (new) {
		*act = *new;
		act->flags &= SA_KNOWN;
		act->mask &= ~SIGSET_UNMASKABLE;
		/* POSIX 2.4.3: setting it to be ignored discards what is pending, blocked or not. */
		if (signal_ignored_locked(signo))
			signal_discard_locked(LSIG_BIT(signo));
	}
	spin_unlock_irq(&sig.lock, on);
}

long sys_rt_sigaction(struct thread *t, const struct sysargs *a)
{
	int signo = (int)a->v[0];
	struct linux_sigaction new, old;

	(void)t;
	if (a->v[3] != SIGSET_BYTES)
		return -EINVAL;
	if (a->v[1] && user_read(&new, a->v[1], sizeof(new)))
		return -EFAULT;
	if (!valid(signo) || (a->v[1] && (SIGSET_UNMASKABLE & LSIG_BIT(signo))))
		return -EINVAL;
	set_action(signo, a->v[1] ? &new : NULL, &old);
	if (a->v[2] && user_write(a->v[2], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

/* --- masks --------------------------------------------------------------------------------------- */

static err_t apply_how(int how, linux_sigset_t set, linux_sigset_t old, linux_sigset_t *out)
{
	switch (how) {
	case LSIG_BLOCK:
		*out = old | set;
		return 0;
	case LSIG_UNBLOCK:
		*out = old & ~set;
		return 0;
	case LSIG_SETMASK:
		*out = set;
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_rt_sigprocmask(struct thread *t, const struct sysargs *a)
{
	linux_sigset_t old = t->user->mask, set;
	err_t err;

	if (a->v[3] != SIGSET_BYTES)
		return -EINVAL;
	if (a->v[1]) {
		if (user_read(&set, a->v[1], sizeof(set)))
			return -EFAULT;
		err = apply_how((int)a->v[0], set, old, &set);
		if (err)
			return err;
		signal_set_mask(set);
	}
	if (a->v[2] && user_write(a->v[2], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

long sys_rt_sigpending(struct thread *t, const struct sysargs *a)
{
	linux_sigset_t set = signal_pending_set() & t->user->mask;

	if (a->v[1] > SIGSET_BYTES)
		return -EINVAL;
	return user_write(a->v[0], &set, a->v[1]);
}

err_t signal_mask_arg(uint64_t mask_addr, uint64_t size)
{
	linux_sigset_t set;

	if (!mask_addr)
		return 0;
	if (size != SIGSET_BYTES)
		return -EINVAL;
	if (user_read(&set, mask_addr, sizeof(set)))
		return -EFAULT;
	signal_set_mask_for_call(set);
	return 0;
}

/* --- waiting ------------------------------------------------------------------------------------- */

/* Until a signal that is not blocked comes. */
static long wait_for_handler(void)
{
	bool on = spin_lock_irq(&sig.lock);

	while (!signal_interrupted())
		if (waitq_wait(&sig.wq, WAIT_FOREVER))
			break;
	spin_unlock_irq(&sig.lock, on);
	return -ERESTARTNOHAND;
}

long sys_pause(struct thread *t, const struct sysargs *a)
{
	(void)t;
	(void)a;
	return wait_for_handler();
}

long sys_rt_sigsuspend(struct thread *t, const struct sysargs *a)
{
	linux_sigset_t set;

	(void)t;
	if (a->v[1] != SIGSET_BYTES)
		return -EINVAL;
	if (user_read(&set, a->v[0], sizeof(set)))
		return -EFAULT;
	signal_set_mask_for_call(set);
	return wait_for_handler();
}

/* -EAGAIN after the deadline, -EINTR when a signal of another kind wants its handler. */
static long wait_for_one_of(struct user_thread *u, linux_sigset_t set, uint64_t deadline,
			    struct linux_siginfo *out)
{
	err_t err = 0;
	int signo;
	bool on;

	on = spin_lock_irq(&sig.lock);
	u->waiting = set;
	while (!(signo = signal_take_locked(u, set, out)) && !err) {
		signal_recalc_locked(u);
		err = waitq_wait(&sig.wq, deadline);
		if (err == -EINTR && !(signal_deliverable_locked(u) & ~set) &&
		    ((u->queue.pending | sig.shared.pending) & set))
			err = 0;
	}
	u->waiting = 0;
	signal_recalc_locked(u);
	spin_unlock_irq(&sig.lock, on);
	if (signo)
		return signo;
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

struct timespec64 {
	int64_t sec, nsec;
};

/* A relative timeout as a deadline; none: for ever. */
static err_t read_deadline(uint64_t addr, uint64_t *deadline)
{
	struct timespec64 ts;
	uint64_t now = clock_mono_ns();

	*deadline = WAIT_FOREVER;
	if (!addr)
		return 0;
	if (user_read(&ts, addr, sizeof(ts)))
		return -EFAULT;
	if (ts.sec < 0 || ts.nsec < 0 || ts.nsec >= 1000000000)
		return -EINVAL;
	if ((uint64_t)ts.sec < (UINT64_MAX - now) / 1000000000 - 1)
		*deadline = now + (uint64_t)ts.sec * 1000000000 + (uint64_t)ts.nsec;
	return 0;
}

static err_t write_siginfo(uint64_t addr, const struct linux_siginfo *info)
{
	uint8_t whole[LINUX_SIGINFO_USER_BYTES] = { 0 };

	*(struct linux_siginfo *)(void *)whole = *info;
	return user_write(addr, whole, sizeof(whole));
}

long sys_rt_sigtimedwait(struct thread *t, const struct sysargs *a)
{
	struct linux_siginfo info;
	linux_sigset_t set;
	uint64_t deadline;
	long signo;
	err_t err;

	if (a->v[3] != SIGSET_BYTES)
		return -EINVAL;
	if (user_read(&set, a->v[0], sizeof(set)))
		return -EFAULT;
	err = read_deadline(a->v[2], &deadline);
	if (err)
		return err;
	signo = wait_for_one_of(t->user, set & ~SIGSET_UNMASKABLE, deadline, &info);
	if (signo > 0 && a->v[1] && write_siginfo(a->v[1], &info))
		return -EFAULT;
	return signo;
}

/* --- sending ------------------------------------------------------------------------------------- */

static struct linux_siginfo info_of_sender(int signo, int code)
{
	return (struct linux_siginfo){ .signo = signo,
				       .code = code,
				       .rt = { .pid = PROCESS_PID, .uid = process.creds.uid } };
}

/* -1 is "everybody but init and the caller", who are one here. */
static bool is_us(int pid)
{
	return pid == (int)PROCESS_PID || pid == 0 || (pid < -1 && (uint32_t)-pid == process.pgid);
}

/* kill(2) takes thread numbers too: they stand for their process. */
static bool is_our_thread(int pid)
{
	struct thread *t = pid > 0 ? thread_find((uint32_t)pid) : NULL;
	bool ours = t && t->is_user;

	if (t)
		thread_put(t);
	return ours;
}

long sys_kill(struct thread *t, const struct sysargs *a)
{
	int pid = (int)a->v[0], signo = (int)a->v[1];
	struct linux_siginfo info = info_of_sender(signo, LSI_USER);

	(void)t;
	if (signo && !valid(signo))
		return -EINVAL;
	if (!is_us(pid) && !is_our_thread(pid))
		return -ESRCH;
	return signo ? signal_send_process(signo, &info) : 0;
}

static long send_to_tid(int tid, int signo, const struct linux_siginfo *info)
{
	struct thread *t = thread_find((uint32_t)tid);
	long err = -ESRCH;

	if (!t)
		return err;
	if (t->user)
		err = signo ? signal_send_thread(t, signo, info) : 0;
	thread_put(t);
	return err;
}

static long tkill(int tgid, int tid, int signo)
{
	struct linux_siginfo info = info_of_sender(signo, LSI_TKILL);

	if (tid <= 0 || tgid <= 0 || (signo && !valid(signo)))
		return -EINVAL;
	if (tgid != (int)PROCESS_PID)
		return -ESRCH;
	return send_to_tid(tid, signo, &info);
}

long sys_tkill(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return tkill(PROCESS_PID, (int)a->v[0], (int)a->v[1]);
}

long sys_tgkill(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return tkill((int)a->v[0], (int)a->v[1], (int)a->v[2]);
}

/* What a program says of its own signal: anything, to itself (rt_sigqueueinfo(2) restricts what others may). */
static err_t read_siginfo(uint64_t addr, int signo, struct linux_siginfo *out)
{
	if (user_read(out, addr, sizeof(*out)))
		return -EFAULT;
	out->signo = signo;
	return 0;
}

long sys_rt_sigqueueinfo(struct thread *t, const struct sysargs *a)
{
	int pid = (int)a->v[0], signo = (int)a->v[1];
	struct linux_siginfo info;
	err_t err = read_siginfo(a->v[2], signo, &info);

	(void)t;
	if (err)
		return err;
	if (signo && !valid(signo))
		return -EINVAL;
	if (pid <= 0 || (pid != (int)PROCESS_PID && !is_our_thread(pid)))
		return -ESRCH;
	return signo ? signal_send_process(signo, &info) : 0;
}

long sys_rt_tgsigqueueinfo(struct thread *t, const struct sysargs *a)
{
	int tgid = (int)a->v[0], tid = (int)a->v[1], signo = (int)a->v[2];
	struct linux_siginfo info;
	err_t err = read_siginfo(a->v[3], signo, &info);

	(void)t;
	if (err)
		return err;
	if (tgid <= 0 || tid <= 0 || (signo && !valid(signo)))
		return -EINVAL;
	if (tgid != (int)PROCESS_PID)
		return -ESRCH;
	return send_to_tid(tid, signo, &info);
}

/* --- the alternate stack --------------------------------------------------------------------------- */

static uint32_t altstack_state(const struct linux_stack *s, uint64_t sp)
{
	if (!s->size)
		return LSS_DISABLE;
	return signal_on_altstack(s, sp) ? LSS_ONSTACK : 0;
}

err_t signal_altstack_set(struct user_thread *u, const struct linux_stack *new)
{
	uint32_t mode = new->flags & ~LSS_AUTODISARM;

	if (mode != 0 && mode != LSS_ONSTACK && mode != LSS_DISABLE)
		return -EINVAL;
	if (mode == LSS_DISABLE) {
		u->altstack = (struct linux_stack){ .flags = LSS_DISABLE };
		return 0;
	}
	if (new->size < LINUX_MINSIGSTKSZ)
		return -ENOMEM;
	u->altstack = *new;
	return 0;
}

long sys_sigaltstack(struct thread *t, const struct sysargs *a)
{
	struct user_thread *u = t->user;
	uint64_t sp = regs_sp(thread_regs(t));
	uint32_t state = altstack_state(&u->altstack, sp);
	struct linux_stack old = u->altstack, new;
	err_t err;

	if (a->v[0]) {
		if (user_read(&new, a->v[0], sizeof(new)))
			return -EFAULT;
		if (state == LSS_ONSTACK)
			return -EPERM;
		err = signal_altstack_set(u, &new);
		if (err)
			return err;
	}
	old.flags = state | (old.flags & LSS_AUTODISARM);
	if (a->v[1] && user_write(a->v[1], &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

long sys_restart_syscall(struct thread *t, const struct sysargs *a)
{
	struct user_thread *u = t->user;
	long (*fn)(struct thread *, const uint64_t *) = u->restart_fn;

	(void)a;
	u->restart_fn = NULL;
	return fn ? fn(t, u->restart_words) : -EINTR;
}
