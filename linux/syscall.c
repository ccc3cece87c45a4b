/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/syscall.c: from the entry code to the function that answers, and back.  Nothing here takes a lock, allocates
 * or looks at the scheduler; a call that is not traced costs a bounds check and an indirect call.
 */
#include "linux/syscall.h"

#include <stdatomic.h>

#include "arch/arch.h"
#include "arch/regs.h"
#include "kern/cputime.h"
#include "kern/klog.h"
#include "kern/thread.h"
#include "lib/mem.h"
#include "linux/strace.h"

static const syscall_fn table[NR_SYSCALLS] = {
#define SYSCALL(nr, name, sig) [nr] = sys_##name,
#define NOTIMPL(nr, name, sig, why)
#include "linux/syscalls.def"
#undef SYSCALL
#undef NOTIMPL
};

/* "name\0signature\0" of every call, one behind the other: no pointers, of which each would be 8 bytes. */
static const struct {
	char none[1];
#define SYSCALL(nr, name, sig)	    char of_##nr[sizeof(#name "\0" sig)];
#define NOTIMPL(nr, name, sig, why) SYSCALL(nr, name, sig)
#include "linux/syscalls.def"
#undef SYSCALL
} texts = {
	"",
#define SYSCALL(nr, name, sig) #name "\0" sig,
#include "linux/syscalls.def"
#undef SYSCALL
};

/* Where they begin; 0: there is no such call. */
static const uint16_t text_at[NR_SYSCALLS] = {
#define SYSCALL(nr, name, sig) [nr] = offsetof(__typeof__(texts), of_##nr),
#include "linux/syscalls.def"
#undef SYSCALL
#undef NOTIMPL
};

static _Atomic uint8_t asked_for[NR_SYSCALLS]; /* calls that were answered -ENOSYS */

const char *syscall_name(uint64_t nr)
{
	return nr < NR_SYSCALLS && text_at[nr] ? (const char *)&texts + text_at[nr] : NULL;
}

const char *syscall_sig(const char *name)
{
	return name + strlen(name) + 1;
}

static const char *name_or_mark(uint64_t nr)
{
	return text_at[nr] ? syscall_name(nr) : "?";
}

bool syscall_is_implemented(uint64_t nr)
{
	return nr < NR_SYSCALLS && table[nr];
}

void syscall_for_each_missing(void (*fn)(const char *name, unsigned nr, void *arg), void *arg)
{
	for (unsigned i = 0; i < NR_SYSCALLS; i++)
		if (atomic_load(&asked_for[i]))
			fn(name_or_mark(i), i, arg);
}

static cold long no_such_call(uint64_t nr)
{
	if (nr >= NR_SYSCALLS) {
		klog_info("program: system call %llu does not exist", (unsigned long long)nr);
		return -ENOSYS;
	}
	if (!atomic_exchange(&asked_for[nr], 1))
		klog_warn("program: system call %s (%u) is not available", name_or_mark(nr),
			  (unsigned)nr);
	return -ENOSYS;
}

/*
 * A call that a signal cut short may not leave by the fast way, even if another thread took the signal meanwhile:
 * kern_user_return() makes of the internal error what the program shall see.
 */
static cold void look_again(struct thread *t)
{
	atomic_fetch_or(&t->flags, THREAD_WORK);
}

static inline long call(struct thread *t, const struct pt_regs *r, const struct sysargs *a)
{
	uint64_t nr = regs_syscall_nr(r);

	if (unlikely(nr >= NR_SYSCALLS || !table[nr]))
		return no_such_call(nr);
	if (unlikely(atomic_load_explicit(&t->flags, memory_order_relaxed) & THREAD_TRACE))
		return strace_call(t, nr, table[nr], a);
	return table[nr](t, a);
}

static noinline long timed_call(struct thread *t, const struct pt_regs *r, const struct sysargs *a)
{
	uint64_t start = cputime_start(t);
	long result = call(t, r, a);

	cputime_end(t, start);
	return result;
}

_Static_assert(sizeof(struct sysargs) == 6 * sizeof(uint64_t), "the entry code makes one");

void kern_syscall(struct pt_regs *r, const uint64_t args[6])
{
	struct thread *t = thread_self();
	long result;

	if (cputime_due(t))
		result = timed_call(t, r, (const struct sysargs *)args);
	else
		result = call(t, r, (const struct sysargs *)args);

	if (unlikely((unsigned long)(result + ERESTART_RESTARTBLOCK) <=
		     ERESTART_RESTARTBLOCK - ERESTARTSYS))
		look_again(t);
	regs_set_result(r, (uint64_t)result);
}
