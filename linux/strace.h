/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/strace.h: system calls as text, one line each, in strace(1)'s form:
 *
 *	[1] openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3 <0.000041>
 *
 * What an argument is comes from its row in syscalls.def.  Arguments that go in are read before the call is made, those that
 * come out afterwards.  Threads that are not traced pay one bit test.
 *
 * Context: the calling thread; it may sleep.
 */
#pragma once

#include "linux/syscall.h"

struct linux_siginfo;

/* Trace all threads from now on: to the log console, or to a file of the program's file system. */
void strace_enable(void);
err_t strace_to_file(const char *path) must_check;
/* Calls by name that are left out (the manifest's notrace), or the only ones that are shown (tracelist). */
err_t strace_filter(const char *name, bool only) must_check; /* -ENOENT: no such call */
void strace_new_thread(struct thread *t);		     /* before it runs */
/* Make the call and write its line. */
long strace_call(struct thread *t, uint64_t nr, syscall_fn fn, const struct sysargs *a);
void strace_signal(const struct linux_siginfo *si);

const char *errno_name(int err); /* "ENOENT"; NULL: not one */
