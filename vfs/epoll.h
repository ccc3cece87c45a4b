/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/epoll.h: epoll.  Each watched (file, descriptor) pair is an item that hangs on the file's poll source;
 * an event puts the item on the ready list of its epoll and wakes one waiter.  Waiting looks only at ready
 * items.  Level, edge, one-shot and exclusive; an epoll may watch an epoll (depth 5, no loops).
 *
 * Context: threads.  Errors are Linux's for the call named.
 */
#pragma once

#include "lib/list.h"
#include "vfs/file.h"

struct epoll_event_user { /* struct epoll_event of x86-64: packed */
	uint32_t events;
	uint64_t data;
} packed;
_Static_assert(sizeof(struct epoll_event_user) == 12, "struct epoll_event is 12 bytes on x86-64");

enum {
	EPOLL_ONESHOT = 1u << 30,
	EPOLL_ET = 1u << 31,
	EPOLL_WAKEUP = 1u << 29,
	EPOLL_EXCLUSIVE = 1u << 28,
};
enum { EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3 };

void epoll_init(void);
err_t epoll_new(uint32_t flags, struct file **out) must_check;
bool epoll_is(const struct file *f);
/* -EEXIST, -ENOENT, -ENOMEM, -EINVAL, -ELOOP, -EPERM (a kind that has no readiness). */
err_t epoll_ctl(struct file *ep, int op, int fd, struct file *target,
		const struct epoll_event_user *ev) must_check;
/* The number of events written to user memory at `events`; -EINTR, -EFAULT. */
long epoll_wait(struct file *ep, uaddr_t events, int max, uint64_t deadline_ns) must_check;
void epoll_forget(struct file *f); /* the description goes: all its items go */
