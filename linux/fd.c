/* SPDX-License-Identifier: Apache-2.0 */
/* linux/fd.c: calls on descriptors of any kind: close, dup, pipe, fcntl, ioctl. */
#include "abi/linux_fcntl.h"
#include "abi/linux_ioctl.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"
#include "vfs/pipe.h"

long sys_close(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return fd_close((int)a->v[0]);
}

enum { CLOSE_RANGE_UNSHARE = 2, CLOSE_RANGE_CLOEXEC = 4 };

long sys_close_range(struct thread *t, const struct sysargs *a)
{
	uint32_t first = (uint32_t)a->v[0], last = (uint32_t)a->v[1], flags = (uint32_t)a->v[2];

	(void)t;
	if (flags & ~(uint32_t)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || first > last)
		return -EINVAL;
	/* UNSHARE: there is no other process that the table could be shared with. */
	return fd_close_range(first, last, flags & CLOSE_RANGE_CLOEXEC);
}

static long dup_from(int fd, int min, bool cloexec)
{
	struct file *f = fd_get(fd);
	long n;

	if (!f)
		return -EBADF;
	n = fd_install(f, min, cloexec);
	if (n < 0)
		file_put(f);
	return n;
}

long sys_dup(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return dup_from((int)a->v[0], 0, false);
}

static long dup_to(int fd, int newfd, bool cloexec)
{
	struct file *f = fd_get(fd);
	long n;

	if (!f)
		return -EBADF;
	n = fd_replace(f, newfd, cloexec);
	if (n < 0)
		file_put(f);
	return n;
}

long sys_dup2(struct thread *t, const struct sysargs *a)
{
	int fd = (int)a->v[0], newfd = (int)a->v[1];
	struct file *f;

	(void)t;
	if (fd != newfd)
		return dup_to(fd, newfd, false);
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	file_put(f);
	return fd;
}

long sys_dup3(struct thread *t, const struct sysargs *a)
{
	uint32_t flags = (uint32_t)a->v[2];

	(void)t;
	if ((flags & ~(uint32_t)LX_O_CLOEXEC) || (int)a->v[0] == (int)a->v[1])
		return -EINVAL;
	return dup_to((int)a->v[0], (int)a->v[1], flags & LX_O_CLOEXEC);
}

/* Both ends as descriptors, written to the program's array; all or nothing. */
static long pipe_fds(uaddr_t out, struct file *rd, struct file *wr, bool cloexec)
{
	int32_t fds[2];
	long r = fd_reserve(0, cloexec);

	if (r < 0)
		return r;
	fds[0] = (int32_t)r;
	r = fd_reserve(0, cloexec);
	if (r < 0)
		goto out_first;
	fds[1] = (int32_t)r;
	r = user_write(out, fds, sizeof(fds));
	if (r < 0)
		goto out_second;
	fd_commit(fds[0], rd);
	fd_commit(fds[1], wr);
	return 0;
out_second:
	fd_abort(fds[1]);
out_first:
	fd_abort(fds[0]);
	return r;
}

long sys_pipe2(struct thread *t, const struct sysargs *a)
{
	uint32_t flags = (uint32_t)a->v[1];
	struct file *rd, *wr;
	long r;

	(void)t;
	if (flags & ~(uint32_t)(LX_O_CLOEXEC | LX_O_NONBLOCK | LX_O_DIRECT))
		return -EINVAL;
	r = pipe_open_pair(flags, &rd, &wr);
	if (r < 0)
		return r;
	r = pipe_fds(a->v[0], rd, wr, flags & LX_O_CLOEXEC);
	if (r < 0) {
		file_put(rd);
		file_put(wr);
	}
	return r;
}

long sys_pipe(struct thread *t, const struct sysargs *a)
{
	const struct sysargs plain = { { a->v[0] } };

	return sys_pipe2(t, &plain);
}

/* --- fcntl --------------------------------------------------------------------------------------- */

#define SETTABLE (LX_O_APPEND | LX_O_NONBLOCK | LX_O_ASYNC | LX_O_DIRECT | LX_O_NOATIME)

static long set_flags(struct file *f, uint32_t flags)
{
	uint32_t now = f->flags, want = (now & ~(uint32_t)SETTABLE) | (flags & SETTABLE);
	err_t err = f->ops->set_flags ? f->ops->set_flags(f, want) : 0;

	if (err)
		return err;
	f->flags = want;
	return 0;
}

/* struct f_owner_ex: type (0 tid, 1 pid, 2 pgrp), id. */
static long owner_ex(struct file *f, int cmd, uaddr_t arg)
{
	int32_t own[2] = { 1, (int32_t)f->sig_owner };
	err_t err;

	if (cmd == LX_F_GETOWN_EX)
		return user_write(arg, own, sizeof(own));
	err = user_read(own, arg, sizeof(own));
	if (err)
		return err;
	if (own[0] < 0 || own[0] > 2)
		return -EINVAL;
	f->sig_owner = (uint32_t)own[1];
	return 0;
}

static long dup_min(int fd, uint64_t arg, bool cloexec)
{
	if (arg >= process_rlimit(RLIM_NOFILE))
		return -EINVAL;
	return dup_from(fd, (int)arg, cloexec);
}

static bool path_only_ok(int cmd)
{
	return cmd == LX_F_DUPFD || cmd == LX_F_DUPFD_CLOEXEC || cmd == LX_F_GETFD ||
	       cmd == LX_F_SETFD || cmd == LX_F_GETFL;
}

static long do_fcntl(int fd, struct file *f, int cmd, uint64_t arg)
{
	switch (cmd) {
	case LX_F_DUPFD:
		return dup_min(fd, arg, false);
	case LX_F_DUPFD_CLOEXEC:
		return dup_min(fd, arg, true);
	case LX_F_GETFD:
		return fd_cloexec(fd) ? LX_FD_CLOEXEC : 0;
	case LX_F_SETFD:
		return fd_set_cloexec(fd, arg & LX_FD_CLOEXEC);
	case LX_F_GETFL:
		return f->flags;
	case LX_F_SETFL:
		return set_flags(f, (uint32_t)arg);
	case LX_F_SETOWN:
		f->sig_owner = (uint32_t)arg;
		return 0;
	case LX_F_GETOWN:
		return (int32_t)f->sig_owner;
	case LX_F_SETOWN_EX:
	case LX_F_GETOWN_EX:
		return owner_ex(f, cmd, arg);
	case LX_F_GETPIPE_SZ:
	case LX_F_SETPIPE_SZ:
		return pipe_is(f) ? f->ops->fcntl(f, cmd, arg) : -EBADF;
	default:
		return f->ops->fcntl ? f->ops->fcntl(f, cmd, arg) : -EINVAL;
	}
}

long sys_fcntl(struct thread *t, const struct sysargs *a)
{
	struct file *f = fd_get((int)a->v[0]);
	int cmd = (int)a->v[1];
	long r = -EBADF;

	(void)t;
	if (!f)
		return -EBADF;
	if (!(f->mode & FILE_PATH) || path_only_ok(cmd))
		r = do_fcntl((int)a->v[0], f, cmd, a->v[2]);
	file_put(f);
	return r;
}

/* --- ioctl --------------------------------------------------------------------------------------- */

static long flag_ioctl(struct file *f, uint32_t flag, uaddr_t arg)
{
	uint32_t on;
	err_t err = user_read(&on, arg, sizeof(on));

	return err ? err : set_flags(f, on ? f->flags | flag : f->flags & ~flag);
}

static long do_ioctl(int fd, struct file *f, unsigned cmd, uint64_t arg)
{
	switch (cmd) {
	case LX_FIOCLEX:
		return fd_set_cloexec(fd, true);
	case LX_FIONCLEX:
		return fd_set_cloexec(fd, false);
	case LX_FIONBIO:
		return flag_ioctl(f, LX_O_NONBLOCK, arg);
	case LX_FIOASYNC:
		return flag_ioctl(f, LX_O_ASYNC, arg);
	default:
		return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
	}
}

long sys_ioctl(struct thread *t, const struct sysargs *a)
{
	struct file *f = fd_get((int)a->v[0]);
	long r = -EBADF;

	(void)t;
	if (!f)
		return -EBADF;
	if (!(f->mode & FILE_PATH))
		r = do_ioctl((int)a->v[0], f, (unsigned)a->v[1], a->v[2]);
	file_put(f);
	return r;
}
