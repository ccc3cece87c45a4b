/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/sched.c: scheduling as programs ask for it.  The scheduler knows priorities, nice values and affinity; policies
 * are kept per thread, and a real-time one is granted only to who may have one (sched(7)).
 */
#include "kern/cpu.h"
#include "kern/thread.h"
#include "kern/uio.h"
#include "lib/mem.h"
#include "linux/futex.h"
#include "linux/process.h"
#include "linux/syscall.h"

#define SCHED_RESET_ON_FORK 0x40000000
enum { CAP_SYS_NICE = 23 };

/* A thread by number, 0: the caller; with a reference.  NULL: no such thread. */
static struct thread *target(struct thread *self, int tid)
{
	struct thread *t;

	if (tid == 0) {
		thread_get(self);
		return self;
	}
	t = tid > 0 ? thread_find((uint32_t)tid) : NULL;
	if (t && !t->user) {
		thread_put(t);
		return NULL;
	}
	return t;
}

/* --- where threads run ------------------------------------------------------------------------------- */

static cpumask_t online(void)
{
	return ncpus >= 64 ? UINT64_MAX : (1ull << ncpus) - 1;
}

long sys_sched_yield(struct thread *t, const struct sysargs *a)
{
	(void)t;
	(void)a;
	sched_yield();
	return 0;
}

long sys_sched_setaffinity(struct thread *self, const struct sysargs *a)
{
	cpumask_t mask = 0;
	struct thread *t;
	long err;

	if (user_read(&mask, a->v[2], MIN(a->v[1], sizeof(mask))))
		return -EFAULT;
	t = target(self, (int)a->v[0]);
	if (!t)
		return -ESRCH;
	err = thread_set_affinity(t, mask & online());
	thread_put(t);
	return err;
}

/* The answer is the number of bytes written: sched_getaffinity(2), "C library/kernel differences". */
long sys_sched_getaffinity(struct thread *self, const struct sysargs *a)
{
	cpumask_t mask;
	struct thread *t;

	if (a->v[1] * 8 < ncpus || a->v[1] & (sizeof(long) - 1))
		return -EINVAL;
	t = target(self, (int)a->v[0]);
	if (!t)
		return -ESRCH;
	mask = t->affinity & online();
	thread_put(t);
	return user_write(a->v[2], &mask, sizeof(mask)) ? -EFAULT : (long)sizeof(mask);
}

/* The third argument has meant nothing since Linux 2.6.24. */
long sys_getcpu(struct thread *t, const struct sysargs *a)
{
	uint32_t id = this_cpu()->arch.id;

	(void)t;
	if (a->v[0] && user_store32(a->v[0], id))
		return -EFAULT;
	if (a->v[1] && user_store32(a->v[1], 0)) /* one memory node */
		return -EFAULT;
	return 0;
}

/* --- policies ------------------------------------------------------------------------------------------ */

static bool is_rt(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* The others neither take a nice value nor lose theirs. */
static bool has_nice(uint32_t policy)
{
	return policy == SCHED_OTHER || policy == SCHED_BATCH;
}

static bool is_policy(int policy)
{
	return is_rt(policy) || policy == SCHED_OTHER || policy == SCHED_BATCH ||
	       policy == SCHED_IDLE;
}

static long may_have(int policy, uint32_t prio)
{
	if (!is_policy(policy))
		return -EINVAL;
	if (is_rt(policy) ? prio < 1 || prio > 99 : prio != 0)
		return -EINVAL;
	if (is_rt(policy) && !process_capable(CAP_SYS_NICE) && prio > process_rlimit(RLIM_RTPRIO))
		return -EPERM;
	return 0;
}

/* policy -1: as it is. */
static long set_policy(struct thread *self, int tid, int policy, uint32_t prio, bool reset)
{
	struct thread *t;
	long err;

	t = target(self, tid);
	if (!t)
		return -ESRCH;
	if (policy < 0) {
		policy = (int)t->user->sched_policy;
		reset = t->user->reset_on_fork;
	}
	err = may_have(policy, prio);
	if (!err) {
		t->user->sched_policy = (uint32_t)policy;
		t->user->sched_prio = prio;
		t->user->reset_on_fork = reset;
		futex_pi_prio_changed(t);
	}
	thread_put(t);
	return err;
}

long sys_sched_setscheduler(struct thread *t, const struct sysargs *a)
{
	int policy = (int)a->v[1];
	uint32_t prio;

	if (policy < 0 || (int)a->v[0] < 0 || !a->v[2])
		return -EINVAL;
	if (user_read(&prio, a->v[2], sizeof(prio)))
		return -EFAULT;
	return set_policy(t, (int)a->v[0], policy & ~SCHED_RESET_ON_FORK, prio,
			  policy & SCHED_RESET_ON_FORK);
}

long sys_sched_setparam(struct thread *t, const struct sysargs *a)
{
	uint32_t prio;

	if ((int)a->v[0] < 0 || !a->v[1])
		return -EINVAL;
	if (user_read(&prio, a->v[1], sizeof(prio)))
		return -EFAULT;
	return set_policy(t, (int)a->v[0], -1, prio, false);
}

long sys_sched_getscheduler(struct thread *self, const struct sysargs *a)
{
	struct thread *t;
	long policy;

	if ((int)a->v[0] < 0)
		return -EINVAL;
	t = target(self, (int)a->v[0]);
	if (!t)
		return -ESRCH;
	policy = t->user->sched_policy;
	if (t->user->reset_on_fork)
		policy |= SCHED_RESET_ON_FORK;
	thread_put(t);
	return policy;
}

long sys_sched_getparam(struct thread *self, const struct sysargs *a)
{
	struct thread *t;
	uint32_t prio;

	if ((int)a->v[0] < 0 || !a->v[1])
		return -EINVAL;
	t = target(self, (int)a->v[0]);
	if (!t)
		return -ESRCH;
	prio = t->user->sched_prio;
	thread_put(t);
	return user_write(a->v[1], &prio, sizeof(prio));
}

long sys_sched_get_priority_max(struct thread *t, const struct sysargs *a)
{
	int policy = (int)a->v[0];

	(void)t;
	if (policy == SCHED_DEADLINE)
		return 0;
	return is_policy(policy) ? (is_rt(policy) ? 99 : 0) : -EINVAL;
}

long sys_sched_get_priority_min(struct thread *t, const struct sysargs *a)
{
	int policy = (int)a->v[0];

	(void)t;
	if (policy == SCHED_DEADLINE)
		return 0;
	return is_policy(policy) ? (is_rt(policy) ? 1 : 0) : -EINVAL;
}

long sys_sched_rr_get_interval(struct thread *self, const struct sysargs *a)
{
	int64_t ts[2] = { 0, 0 };
	struct thread *t;

	if ((int)a->v[0] < 0)
		return -EINVAL;
	t = target(self, (int)a->v[0]);
	if (!t)
		return -ESRCH;
	if (t->user->sched_policy != SCHED_FIFO)
		ts[1] = t->user->sched_policy == SCHED_RR ? SCHED_RR_NS : SCHED_SLICE_NS;
	thread_put(t);
	return user_write(a->v[1], ts, sizeof(ts));
}

/* struct sched_attr of sched_setattr(2), version 0 and 1. */
struct sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};
#define SCHED_ATTR_SIZE_VER0 48
enum {
	SCHED_FLAG_RESET_ON_FORK = 0x01,
	SCHED_FLAG_KEEP_POLICY = 0x08,
	SCHED_FLAG_KEEP_PARAMS = 0x10,
	SCHED_FLAG_ALL = 0x7f
};
_Static_assert(sizeof(struct sched_attr) == 56, "sched_attr, version 1");

long sys_sched_getattr(struct thread *self, const struct sysargs *a)
{
	struct sched_attr attr = { 0 };
	uint32_t size = (uint32_t)a->v[2];
	struct thread *t;

	if (!a->v[1] || (int)a->v[0] < 0 || a->v[3] || size < SCHED_ATTR_SIZE_VER0 || size > 4096)
		return -EINVAL;
	t = target(self, (int)a->v[0]);
	if (!t)
		return -ESRCH;
	attr.size = MIN(size, (uint32_t)sizeof(attr));
	attr.policy = t->user->sched_policy;
	attr.flags = t->user->reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	attr.nice = is_rt((int)attr.policy) ? 0 : t->nice;
	attr.priority = t->user->sched_prio;
	attr.util_max = 1024;
	thread_put(t);
	return user_write(a->v[1], &attr, attr.size);
}

/* Zeros beyond what we know, or the program means something that is not there. */
static err_t tail_is_zero(uaddr_t at, size_t n)
{
	uint64_t word;

	for (; n; n -= MIN(n, sizeof(word)), at += sizeof(word)) {
		word = 0;
		if (user_read(&word, at, MIN(n, sizeof(word))))
			return -EFAULT;
		if (word)
			return -E2BIG;
	}
	return 0;
}

/* A size that is not ours is answered with ours (sched_setattr(2), E2BIG). */
static err_t read_attr(uaddr_t at, struct sched_attr *attr)
{
	uint32_t size;
	err_t err = 0;

	if (user_read(&size, at, sizeof(size)))
		return -EFAULT;
	size = size ? size : SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > 4096)
		err = -E2BIG;
	else if (size > sizeof(*attr))
		err = tail_is_zero(at + sizeof(*attr), size - sizeof(*attr));
	if (err == -E2BIG && user_store32(at, sizeof(*attr)))
		err = -EFAULT;
	if (!err && user_read(attr, at, MIN(size, (uint32_t)sizeof(*attr))))
		err = -EFAULT;
	return err;
}

static long set_nice(struct thread *t, int nice);

static long apply_attr(struct thread *self, int tid, const struct sched_attr *attr)
{
	int policy = attr->flags & SCHED_FLAG_KEEP_POLICY ? -1 : (int)attr->policy;
	struct thread *t = target(self, tid);
	bool keep = attr->flags & SCHED_FLAG_KEEP_PARAMS;
	long err;

	if (!t)
		return -ESRCH;
	err = set_policy(self, tid, policy, keep ? t->user->sched_prio : attr->priority,
			 attr->flags & SCHED_FLAG_RESET_ON_FORK);
	if (!err && !keep && has_nice(t->user->sched_policy))
		err = set_nice(t, attr->nice);
	thread_put(t);
	return err;
}

long sys_sched_setattr(struct thread *self, const struct sysargs *a)
{
	struct sched_attr attr = { 0 };
	err_t err;

	if (!a->v[1] || (int)a->v[0] < 0 || a->v[2])
		return -EINVAL;
	err = read_attr(a->v[1], &attr);
	if (err)
		return err;
	if (attr.policy > INT32_MAX || attr.flags & ~(uint64_t)SCHED_FLAG_ALL)
		return -EINVAL;
	return apply_attr(self, (int)a->v[0], &attr);
}

/* --- nice ------------------------------------------------------------------------------------------------ */

enum { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };

static long set_nice(struct thread *t, int nice)
{
	nice = MAX(MIN(nice, 19), -20);
	if (nice < t->nice && !process_capable(CAP_SYS_NICE) &&
	    (uint64_t)(20 - nice) > process_rlimit(RLIM_NICE))
		return -EACCES;
	t->nice = nice;
	return 0;
}

/* The thread that `which` and `who` mean; groups and users are the process, represented by the caller. */
static long prio_target(struct thread *self, int which, int who, struct thread **out)
{
	uint32_t uid = process.creds.uid;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	if (which == PRIO_PGRP && who && who != (int)process.pgid)
		return -ESRCH;
	if (which == PRIO_USER && who && (uint32_t)who != uid)
		return -ESRCH;
	*out = target(self, which == PRIO_PROCESS ? who : 0);
	return *out ? 0 : -ESRCH;
}

/* The call answers 20 - nice, so that no answer looks like an error: getpriority(2). */
long sys_getpriority(struct thread *self, const struct sysargs *a)
{
	struct thread *t;
	long r = prio_target(self, (int)a->v[0], (int)a->v[1], &t);

	if (r)
		return r;
	r = 20 - t->nice;
	thread_put(t);
	return r;
}

struct nice_all {
	int nice;
	long err;
};

static bool nice_one(struct thread *t, void *arg)
{
	struct nice_all *n = arg;

	if (t->is_user && !n->err)
		n->err = set_nice(t, n->nice);
	return true;
}

long sys_setpriority(struct thread *self, const struct sysargs *a)
{
	int which = (int)a->v[0];
	struct nice_all n = { .nice = (int)a->v[2] };
	struct thread *t;
	long err = prio_target(self, which, (int)a->v[1], &t);

	if (err)
		return err;
	if (which == PRIO_PROCESS) {
		err = set_nice(t, n.nice);
	} else {
		thread_for_each(nice_one, &n);
		err = n.err;
	}
	thread_put(t);
	return err;
}

enum {
	IOPRIO_WHO_PROCESS = 1,
	IOPRIO_WHO_USER = 3,
	IOPRIO_CLASS_IDLE = 3,
	IOPRIO_CLASS_SHIFT = 13
};

/* Requests are served in the order in which they come: a class is checked, kept, and told. */
static _Atomic uint32_t ioprio;

long sys_ioprio_set(struct thread *t, const struct sysargs *a)
{
	uint32_t value = (uint32_t)a->v[2];

	(void)t;
	if ((int)a->v[0] < IOPRIO_WHO_PROCESS || (int)a->v[0] > IOPRIO_WHO_USER)
		return -EINVAL;
	if (value >> IOPRIO_CLASS_SHIFT > IOPRIO_CLASS_IDLE || (value & 0x1fff) > 7)
		return -EINVAL;
	ioprio = value;
	return 0;
}

long sys_ioprio_get(struct thread *t, const struct sysargs *a)
{
	(void)t;
	if ((int)a->v[0] < IOPRIO_WHO_PROCESS || (int)a->v[0] > IOPRIO_WHO_USER)
		return -EINVAL;
	return ioprio;
}
