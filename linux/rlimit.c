/* SPDX-License-Identifier: Apache-2.0 */
/* linux/rlimit.c: resource limits and resource use: getrlimit(2), getrusage(2), times(2). */
#include "kern/clock.h"
#include "kern/thread.h"
#include "kern/vm.h"
#include "linux/process.h"
#include "linux/ptimer.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"
#include "vfs/regular.h"

enum { CAP_SYS_RESOURCE = 24 };

/* setrlimit(2), RLIMIT_FSIZE: the signal comes beside the error. */
static void file_too_big(void)
{
	signal_send_self(LSIGXFSZ);
}

/* Limits that other floors keep watch over. */
static void tell(unsigned which, uint64_t cur, uint64_t max)
{
	switch (which) {
	case RLIM_CPU:
		ptimer_cpu_limit(cur, max);
		break;
	case RLIM_NOFILE:
		fd_set_limit(cur);
		break;
	case RLIM_FSIZE:
		vfs_fsize_hit = file_too_big;
		vfs_fsize_limit = cur;
		break;
	case RLIM_AS:
		vm_policy.limit_as = cur;
		break;
	case RLIM_DATA:
		vm_policy.limit_data = cur;
		break;
	case RLIM_STACK:
		vm_policy.limit_stack = cur;
		break;
	case RLIM_MEMLOCK:
		vm_policy.limit_memlock = cur;
		break;
	default:
		break;
	}
}

static long set_locked(unsigned which, const struct rlimit *new)
{
	struct rlimit *lim = &process.rlimit[which];

	if (new->cur > new->max)
		return -EINVAL;
	if (new->max > lim->max && !process_capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (which == RLIM_NOFILE && new->max > 1048576)
		return -EPERM; /* fs.nr_open */
	*lim = *new;
	tell(which, new->cur, new->max);
	return 0;
}

static long get_and_set(unsigned which, const struct rlimit *new, struct rlimit *old)
{
	long err;

	if (which >= RLIM_NLIMITS)
		return -EINVAL;
	mutex_lock(&process.lock);
	*old = process.rlimit[which];
	err = new ? set_locked(which, new) : 0;
	mutex_unlock(&process.lock);
	return err;
}

static bool is_ours(int pid)
{
	struct thread *t;

	if (pid == 0 || pid == (int)PROCESS_PID)
		return true;
	t = thread_find((uint32_t)pid);
	if (t)
		thread_put(t);
	return t != NULL;
}

long sys_prlimit64(struct thread *t, const struct sysargs *a)
{
	struct rlimit new, old;
	long err;

	(void)t;
	if ((unsigned)a->v[1] >= RLIM_NLIMITS)
		return -EINVAL;
	if (a->v[2] && user_read(&new, a->v[2], sizeof(new)))
		return -EFAULT;
	if (!is_ours((int)a->v[0]))
		return -ESRCH;
	err = get_and_set((unsigned)a->v[1], a->v[2] ? &new : NULL, &old);
	if (err)
		return err;
	return a->v[3] ? user_write(a->v[3], &old, sizeof(old)) : 0;
}

long sys_getrlimit(struct thread *t, const struct sysargs *a)
{
	struct rlimit old;
	long err = get_and_set((unsigned)a->v[0], NULL, &old);

	(void)t;
	return err ? err : user_write(a->v[1], &old, sizeof(old));
}

long sys_setrlimit(struct thread *t, const struct sysargs *a)
{
	struct rlimit new, old;

	(void)t;
	if (user_read(&new, a->v[1], sizeof(new)))
		return -EFAULT;
	return get_and_set((unsigned)a->v[0], &new, &old);
}

/* --- use ------------------------------------------------------------------------------------------- */

struct timeval64 {
	int64_t sec, usec;
};

struct rusage {
	struct timeval64 utime, stime;
	int64_t maxrss_kb, ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock;
	int64_t msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};
_Static_assert(sizeof(struct rusage) == 144, "struct rusage of the uapi");

enum { RUSAGE_SELF = 0, RUSAGE_CHILDREN = -1, RUSAGE_THREAD = 1 };

static struct timeval64 timeval_of(uint64_t ns)
{
	return (struct timeval64){ (int64_t)(ns / 1000000000), (int64_t)(ns / 1000 % 1000000) };
}

struct switches {
	uint64_t voluntary, involuntary;
};

static bool add_switches(struct thread *t, void *arg)
{
	struct switches *s = arg;

	if (t->is_user) {
		s->voluntary += t->nvcsw;
		s->involuntary += t->nivcsw;
	}
	return true;
}

static void fill(struct rusage *u, uint64_t total, uint64_t user, const struct switches *s)
{
	struct vm_stats vs;

	vm_stats(&vs);
	u->utime = timeval_of(user);
	u->stime = timeval_of(total - MIN(user, total));
	u->maxrss_kb = (int64_t)(vs.peak_rss_bytes / 1024);
	u->minflt = (int64_t)vs.minor_faults;
	u->majflt = (int64_t)vs.major_faults;
	u->nvcsw = (int64_t)s->voluntary;
	u->nivcsw = (int64_t)s->involuntary;
}

long sys_getrusage(struct thread *t, const struct sysargs *a)
{
	struct switches s = { t->nvcsw, t->nivcsw };
	struct rusage u = { 0 };
	uint64_t total, user;

	switch ((int)a->v[0]) {
	case RUSAGE_CHILDREN:
		break; /* there are none: all zero */
	case RUSAGE_THREAD:
		thread_times(t, &total, &user);
		fill(&u, total, user, &s);
		break;
	case RUSAGE_SELF:
		s = (struct switches){ 0, 0 };
		thread_for_each(add_switches, &s);
		thread_times_user(&total, &user);
		fill(&u, total, user, &s);
		break;
	default:
		return -EINVAL;
	}
	return user_write(a->v[1], &u, sizeof(u));
}

#define NS_PER_TICK 10000000u /* USER_HZ is 100 */

long sys_times(struct thread *t, const struct sysargs *a)
{
	uint64_t total, user;
	int64_t tms[4] = { 0 };

	(void)t;
	thread_times_user(&total, &user);
	tms[0] = (int64_t)(user / NS_PER_TICK);
	tms[1] = (int64_t)((total - MIN(user, total)) / NS_PER_TICK);
	if (a->v[0] && user_write(a->v[0], tms, sizeof(tms)))
		return -EFAULT;
	return (long)(clock_mono_ns() / NS_PER_TICK);
}
