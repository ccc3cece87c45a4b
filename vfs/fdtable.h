/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/fdtable.h: descriptor numbers.  One table, for one program.  Look-up takes no lock: the slot is
 * read, the file's count is raised unless it is 0, and the slot is read again; struct file's memory is never
 * reused for anything else, so the worst that a race can show is a file that is no longer in the slot.
 * Changes take one mutex.  The table grows by doubling; old ones stay until the end, so a reader may still
 * hold one.
 */
#pragma once

#include "vfs/file.h"

void fd_init(void);
struct file *fd_get(int fd); /* with a reference; NULL: -EBADF */
/* The lowest free number >= min goes to f (the reference is taken over). -EMFILE at RLIMIT_NOFILE. */
long fd_install(struct file *f, int min, bool cloexec) must_check;
/* Two-step, for calls that must not fail late: reserve a number, then fill it or give it back. */
long fd_reserve(int min, bool cloexec) must_check;
void fd_commit(int fd, struct file *f);
void fd_abort(int fd);
err_t fd_close(int fd) must_check; /* -EBADF */
/* dup2/dup3: whatever newfd was is closed. -EBADF, -EBUSY (reserved by a racing open). */
long fd_replace(struct file *f, int newfd, bool cloexec) must_check;
err_t fd_close_range(unsigned first, unsigned last, bool only_cloexec_flag) must_check;
void fd_close_all(void);
bool fd_cloexec(int fd);
err_t fd_set_cloexec(int fd, bool on) must_check;
void fd_set_limit(uint64_t nofile);
/* The next open descriptor >= fd, for /proc/self/fd; -1: none. */
int fd_next(int fd);
unsigned fd_count(void);
