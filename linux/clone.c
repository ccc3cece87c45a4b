/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/clone.c: new threads.  What asks for another process, or for anything that is not shared with this one, is
 * refused: clone(2), clone3(2).
 */
#include "kern/klog.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "kern/uio.h"
#include "lib/mem.h"
#include "arch/mmu.h"
#include "arch/regs.h"
#include "linux/syscall.h"
#include "linux/user_thread.h"

enum clone_flags {
	CLONE_VM = 0x100,
	CLONE_FS = 0x200,
	CLONE_FILES = 0x400,
	CLONE_SIGHAND = 0x800,
	CLONE_PIDFD = 0x1000,
	CLONE_PTRACE = 0x2000,
	CLONE_VFORK = 0x4000,
	CLONE_PARENT = 0x8000,
	CLONE_THREAD = 0x10000,
	CLONE_NEWNS = 0x20000,
	CLONE_SYSVSEM = 0x40000,
	CLONE_SETTLS = 0x80000,
	CLONE_PARENT_SETTID = 0x100000,
	CLONE_CHILD_CLEARTID = 0x200000,
	CLONE_DETACHED = 0x400000,
	CLONE_UNTRACED = 0x800000,
	CLONE_CHILD_SETTID = 0x1000000,
	CLONE_IO = (int)0x80000000,
};
#define CLONE_SIGNAL_MASK   0xffu
#define CLONE_CLEAR_SIGHAND 0x100000000ull
#define CLONE_INTO_CGROUP   0x200000000ull

#define THREAD_NEEDS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define THREAD_MAY                                                                        \
	(CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |      \
	 CLONE_DETACHED | CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_IO | CLONE_PARENT | \
	 CLONE_PTRACE)

/* struct clone_args of clone3(2), version 2. */
struct clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};
_Static_assert(sizeof(struct clone_args) == 88, "CLONE_ARGS_SIZE_VER2");
#define CLONE_ARGS_SIZE_VER0 64

/* --- struct user_thread ------------------------------------------------------------------------------ */

err_t user_thread_new(struct thread *t, const struct user_thread *parent)
{
	struct user_thread *u = kzalloc(sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->thread = t;
	sigqueue_init(&u->queue);
	list_init(&u->pi_waiters);
	u->altstack.flags = LSS_DISABLE;
	u->timer_slack_ns = 50000;
	if (parent) {
		u->mask = parent->mask;
		if (!parent->reset_on_fork) {
			u->sched_policy = parent->sched_policy;
			u->sched_prio = parent->sched_prio;
		}
		u->timer_slack_ns = parent->timer_slack_ns;
	}
	t->user = u;
	atomic_fetch_add(&process.nthreads, 1);
	signal_thread_add(u);
	return 0;
}

/* --- clone -------------------------------------------------------------------------------------------- */

/* Says once which kind of process the program wanted. */
static cold long refuse_process(uint64_t flags)
{
	static _Atomic bool said;

	if (!atomic_exchange(&said, true))
		klog_warn("program: clone for %s (flags %#llx): there is one process only",
			  flags & CLONE_VFORK ? "vfork or posix_spawn"
			  : flags & CLONE_VM  ? "a process that shares memory"
					      : "fork",
			  (unsigned long long)flags);
	return -ENOSYS;
}

static err_t check_flags(const struct clone_args *c)
{
	uint64_t f = c->flags;

	/* Combinations that Linux finds invalid come before what we do not have (clone(2), ERRORS). */
	if ((f & CLONE_THREAD && !(f & CLONE_SIGHAND)) || (f & CLONE_SIGHAND && !(f & CLONE_VM)))
		return -EINVAL;
	if ((f & THREAD_NEEDS) != THREAD_NEEDS)
		return -ENOSYS;
	if (f & ~(uint64_t)(THREAD_NEEDS | (THREAD_MAY & 0xffffffff)))
		return -EINVAL;
	if ((f & CLONE_SETTLS) && c->tls >= USER_TOP) /* the CPU would not take it */
		return -EPERM;
	return 0;
}

static void child_regs(const struct clone_args *c, struct pt_regs *r)
{
	*r = *thread_regs(thread_self());
	regs_set_result(r, 0);
	regs_leave_syscall(r);
	if (c->stack)
		regs_set_sp(r, c->stack + c->stack_size);
}

/* Addresses that cannot be written are the program's loss: clone(2) does not fail for them. */
static void tell_tids(const struct clone_args *c, struct thread *child)
{
	if (c->flags & CLONE_PARENT_SETTID && user_store32(c->parent_tid, child->tid))
		klog_info("program: clone: parent_tid cannot be written");
	if (c->flags & CLONE_CHILD_SETTID && user_store32(c->child_tid, child->tid))
		klog_info("program: clone: child_tid cannot be written");
	if (c->flags & CLONE_CHILD_CLEARTID)
		child->user->clear_tid = c->child_tid;
}

static err_t make_thread(const struct clone_args *c, struct thread **out)
{
	struct thread *self = thread_self();
	struct pt_regs r;
	err_t err;

	if (atomic_load(&process.nthreads) >= process_rlimit(RLIM_NPROC))
		return -EAGAIN;
	child_regs(c, &r);
	err = thread_new_user(self->name, &r, c->flags & CLONE_SETTLS ? c->tls : tls_get(), out);
	if (err)
		return err;
	err = user_thread_new(*out, self->user);
	if (err)
		thread_put(*out);
	return err;
}

static void inherit(struct thread *child, const struct thread *self)
{
	const struct user_thread *u = child->user;

	child->nice = self->user->reset_on_fork ? MAX(self->nice, 0) : self->nice;
	thread_set_prio(child, u->sched_prio, u->sched_policy == SCHED_RR);
	child->tls2 = tls2_get();
	child->affinity = self->affinity;
	atomic_fetch_or(&child->flags, atomic_load(&self->flags) & THREAD_TRACE);
}

static long clone(const struct clone_args *c)
{
	struct thread *self = thread_self(), *child;
	err_t err = check_flags(c);
	uint32_t tid;

	if (err == -ENOSYS)
		return refuse_process(c->flags);
	if (!err)
		err = make_thread(c, &child);
	if (err)
		return err;
	inherit(child, self);
	fpu_save(self->fpu);
	memcpy(child->fpu, self->fpu, fpu_bytes());
	tell_tids(c, child);
	tid = child->tid;
	if (atomic_load(&process.exiting))
		thread_notify(child, THREAD_KILL);
	thread_start(child);
	return tid;
}

/* x86-64's order of arguments: flags, stack, parent_tid, child_tid, tls. */
long sys_clone(struct thread *t, const struct sysargs *a)
{
	struct clone_args c = {
		.flags = a->v[0] & 0xffffffff & ~(uint64_t)CLONE_SIGNAL_MASK,
		.exit_signal = a->v[0] & CLONE_SIGNAL_MASK,
		.stack = a->v[1],
		.parent_tid = a->v[2],
		.child_tid = a->v[3],
		.tls = a->v[4],
	};

	(void)t;
	return clone(&c);
}

/* copy_struct_from_user()'s rule: what a newer program says beyond our struct must be zero. */
static err_t read_args(uint64_t addr, uint64_t size, struct clone_args *c)
{
	uint8_t extra;

	if (size > 4096)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	memset(c, 0, sizeof(*c));
	if (user_read(c, addr, MIN(size, sizeof(*c))))
		return -EFAULT;
	for (uint64_t i = sizeof(*c); i < size; i++) {
		if (user_read(&extra, addr + i, 1))
			return -EFAULT;
		if (extra)
			return -E2BIG;
	}
	return 0;
}

long sys_clone3(struct thread *t, const struct sysargs *a)
{
	struct clone_args c;
	err_t err = read_args(a->v[0], a->v[1], &c);

	(void)t;
	if (err)
		return err;
	if (c.flags & (CLONE_SIGNAL_MASK | CLONE_DETACHED) || c.exit_signal > LSIG_MAX)
		return -EINVAL;
	if (c.flags & (CLONE_THREAD | CLONE_PARENT) && c.exit_signal)
		return -EINVAL;
	if (!c.stack != !c.stack_size)
		return -EINVAL;
	if (c.set_tid_size || c.flags & (CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP))
		return c.flags & CLONE_THREAD ? -EINVAL : refuse_process(c.flags);
	return clone(&c);
}

/* --- what the C library tells of each thread ---------------------------------------------------------- */

long sys_set_tid_address(struct thread *t, const struct sysargs *a)
{
	t->user->clear_tid = a->v[0];
	return t->tid;
}

#define ROBUST_HEAD_BYTES 24

long sys_set_robust_list(struct thread *t, const struct sysargs *a)
{
	if (a->v[1] != ROBUST_HEAD_BYTES)
		return -EINVAL;
	t->user->robust_list = a->v[0];
	return 0;
}

long sys_get_robust_list(struct thread *t, const struct sysargs *a)
{
	uint64_t len = ROBUST_HEAD_BYTES, head = 0;
	struct thread *of = t;
	int tid = (int)a->v[0];

	if (tid) {
		of = thread_find((uint32_t)tid);
		if (!of)
			return -ESRCH;
	}
	if (of->user)
		head = of->user->robust_list;
	if (tid)
		thread_put(of);
	if (user_write(a->v[2], &len, sizeof(len)) || user_write(a->v[1], &head, sizeof(head)))
		return -EFAULT;
	return 0;
}

long sys_gettid(struct thread *t, const struct sysargs *a)
{
	(void)a;
	return t->tid;
}
