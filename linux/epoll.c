/* SPDX-License-Identifier: Apache-2.0 */
/* linux/epoll.c: the calls of epoll(7), eventfd(2) and timerfd_create(2) over vfs/. */
#include "vfs/epoll.h"

#include "abi/linux_fcntl.h"
#include "abi/linux_time.h"
#include "kern/clock.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "linux/timespec.h"
#include "vfs/eventfd.h"
#include "vfs/fdtable.h"
#include "vfs/timerfd.h"

/* A new description becomes a descriptor; err is what its making said. */
static long install(err_t err, struct file *f, bool cloexec)
{
	long fd;

	if (err)
		return err;
	fd = fd_install(f, 0, cloexec);
	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_epoll_create1(struct thread *t, const struct sysargs *a)
{
	uint32_t flags = (uint32_t)a->v[0];
	struct file *f = NULL;
	err_t err;

	(void)t;
	if (flags & ~(uint32_t)LX_O_CLOEXEC)
		return -EINVAL;
	err = epoll_new(LX_O_RDWR, &f);
	return install(err, f, flags & LX_O_CLOEXEC);
}

long sys_epoll_create(struct thread *t, const struct sysargs *a)
{
	const struct sysargs none = { { 0 } };

	return (int)a->v[0] <= 0 ? -EINVAL : sys_epoll_create1(t, &none);
}

long sys_epoll_ctl(struct thread *t, const struct sysargs *a)
{
	int op = (int)a->v[1];
	struct epoll_event_user ev = { 0 };
	struct file *ep, *target;
	err_t err;

	(void)t;
	if (op != EPOLL_CTL_DEL && user_read(&ev, a->v[3], sizeof(ev)) < 0)
		return -EFAULT;
	ep = fd_get((int)a->v[0]);
	if (!ep)
		return -EBADF;
	target = fd_get((int)a->v[2]);
	if (target) {
		err = epoll_ctl(ep, op, (int)a->v[2], target, &ev);
		file_put(target);
	} else {
		err = -EBADF;
	}
	file_put(ep);
	return err;
}

static long do_wait(int epfd, uaddr_t events, int max, uint64_t deadline_ns)
{
	struct file *ep;
	long r;

	if (max <= 0 || (size_t)max > INT32_MAX / sizeof(struct epoll_event_user))
		return -EINVAL;
	if (!user_range_ok(events, (size_t)max * sizeof(struct epoll_event_user)))
		return -EFAULT;
	ep = fd_get(epfd);
	if (!ep)
		return -EBADF;
	r = epoll_is(ep) ? epoll_wait(ep, events, max, deadline_ns) : -EINVAL;
	file_put(ep);
	return r;
}

long sys_epoll_wait(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return do_wait((int)a->v[0], a->v[1], (int)a->v[2], timespec_ms_deadline((int)a->v[3]));
}

long sys_epoll_pwait(struct thread *t, const struct sysargs *a)
{
	err_t err = signal_mask_arg(a->v[4], a->v[5]);

	return err ? err : sys_epoll_wait(t, a);
}

long sys_epoll_pwait2(struct thread *t, const struct sysargs *a)
{
	uint64_t deadline;
	err_t err = timespec_deadline(a->v[3], &deadline);

	(void)t;
	if (!err)
		err = signal_mask_arg(a->v[4], a->v[5]);
	if (err)
		return err;
	if (deadline <= clock_mono_ns())
		deadline = 0;
	return do_wait((int)a->v[0], a->v[1], (int)a->v[2], deadline);
}

enum { EFD_SEMAPHORE = 1 };

long sys_eventfd2(struct thread *t, const struct sysargs *a)
{
	uint32_t flags = (uint32_t)a->v[1];
	struct file *f = NULL;
	err_t err;

	(void)t;
	if (flags & ~(uint32_t)(EFD_SEMAPHORE | LX_O_CLOEXEC | LX_O_NONBLOCK))
		return -EINVAL;
	err = eventfd_new((uint32_t)a->v[0], flags & EFD_SEMAPHORE, flags & LX_O_NONBLOCK, &f);
	return install(err, f, flags & LX_O_CLOEXEC);
}

long sys_eventfd(struct thread *t, const struct sysargs *a)
{
	const struct sysargs plain = { { a->v[0] } };

	return sys_eventfd2(t, &plain);
}

static err_t timerfd_clock_arg(int id, enum timerfd_clock *clock)
{
	switch (id) {
	case LX_CLOCK_REALTIME:
	case LX_CLOCK_REALTIME_ALARM:
		*clock = TIMERFD_REAL;
		return 0;
	case LX_CLOCK_MONOTONIC:
	case LX_CLOCK_BOOTTIME:
	case LX_CLOCK_BOOTTIME_ALARM:
		*clock = TIMERFD_MONO;
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_timerfd_create(struct thread *t, const struct sysargs *a)
{
	uint32_t flags = (uint32_t)a->v[1];
	enum timerfd_clock clock;
	struct file *f = NULL;
	err_t err;

	(void)t;
	if (flags & ~(uint32_t)(LX_O_CLOEXEC | LX_O_NONBLOCK))
		return -EINVAL;
	err = timerfd_clock_arg((int)a->v[0], &clock);
	if (!err)
		err = timerfd_new(clock, flags & LX_O_NONBLOCK, &f);
	return install(err, f, flags & LX_O_CLOEXEC);
}

static err_t get_timerfd(int fd, struct file **out)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	if (!timerfd_is(f)) {
		file_put(f);
		return -EINVAL;
	}
	*out = f;
	return 0;
}

static err_t write_spec(uaddr_t addr, const struct timerfd_spec *s)
{
	err_t err = timespec_write(addr, s->interval_ns);

	return err ? err : timespec_write(addr + 16, s->value_ns);
}

long sys_timerfd_settime(struct thread *t, const struct sysargs *a)
{
	uint32_t flags = (uint32_t)a->v[1];
	struct timerfd_spec now, was;
	struct file *f;
	err_t err = timespec_read(a->v[2] + 16, &now.value_ns);

	(void)t;
	if (!err)
		err = timespec_read(a->v[2], &now.interval_ns);
	if (!err && (flags & ~(uint32_t)(LX_TIMER_ABSTIME | LX_TFD_TIMER_CANCEL_ON_SET)))
		err = -EINVAL;
	if (!err)
		err = get_timerfd((int)a->v[0], &f);
	if (err)
		return err;
	timerfd_set(f, flags & LX_TIMER_ABSTIME, flags & LX_TFD_TIMER_CANCEL_ON_SET, &now, &was);
	file_put(f);
	return a->v[3] ? write_spec(a->v[3], &was) : 0;
}

long sys_timerfd_gettime(struct thread *t, const struct sysargs *a)
{
	struct timerfd_spec left;
	struct file *f;
	err_t err = get_timerfd((int)a->v[0], &f);

	(void)t;
	if (err)
		return err;
	timerfd_get(f, &left);
	file_put(f);
	return write_spec(a->v[1], &left);
}
