/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/syscall.h: what a system call is to the kernel.  The list is linux/syscalls.def; each is answered by
 *
 *	long sys_<name>(struct thread *t, const struct sysargs *a);
 *
 * which returns the result, -Exxx, or one of -ERESTART* (linux/signal.h) when a signal cut a sleep short.
 *
 * Context: thread context of the caller, interrupts on, no lock held.  t is thread_self().
 */
#pragma once

#include "lib/err.h"

struct thread;

struct sysargs {
	uint64_t v[6]; /* not yet narrowed: an int argument is (int)a->v[n] */
};

typedef long (*syscall_fn)(struct thread *t, const struct sysargs *a);

#define SYSCALL(nr, name, sig) long sys_##name(struct thread *t, const struct sysargs *a);
#define NOTIMPL(nr, name, sig, why)
#include "linux/syscalls.def"
#undef SYSCALL
#undef NOTIMPL

enum syscall_nr {
#define SYSCALL(nr, name, sig)	    NR_##name = (nr),
#define NOTIMPL(nr, name, sig, why) NR_##name = (nr),
#include "linux/syscalls.def"
#undef SYSCALL
#undef NOTIMPL
	NR_SYSCALLS
};

const char *syscall_name(uint64_t nr); /* NULL: no such number */
/* The argument types of the call, whose name syscall_name() gave. */
const char *syscall_sig(const char *name);
bool syscall_is_implemented(uint64_t nr);
/* Calls answered -ENOSYS so far, for `--missing`. */
void syscall_for_each_missing(void (*fn)(const char *name, unsigned nr, void *arg), void *arg);
