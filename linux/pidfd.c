/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/pidfd.c: descriptors of processes, and memory moved between processes by number.  The one process there is may do
 * both to itself, as programs do that treat themselves like any other (crash handlers, run-time systems, tests).
 */
#include "abi/linux_fcntl.h"
#include "kern/page.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "kern/uio.h"
#include "lib/fmt.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"

/* Readable once the process is gone: never, for one who could look. */
static uint32_t pidfd_poll(struct file *f)
{
	(void)f;
	return 0;
}

static size_t pidfd_info(struct file *f, char *buf, size_t size)
{
	(void)f;
	return fmt(buf, size, "Pid:\t%u\nNSpid:\t%u\n", PROCESS_PID, PROCESS_PID);
}

static const struct file_ops pidfd_ops = {
	.kind = "pidfd",
	.poll = pidfd_poll,
	.fdinfo = pidfd_info,
};

/* 0: it is the process. A thread that does not lead one is not a process: pidfd_open(2). */
static long find(int pid)
{
	struct thread *t;

	if (pid == (int)PROCESS_PID)
		return 0;
	t = thread_find((uint32_t)pid);
	if (!t)
		return -ESRCH;
	thread_put(t);
	return -EINVAL;
}

static long install(struct file *f)
{
	long fd = fd_install(f, 0, true);

	if (fd < 0)
		file_put(f);
	return fd;
}

long sys_pidfd_open(struct thread *t, const struct sysargs *a)
{
	uint32_t flags = (uint32_t)a->v[1];
	struct file *f;
	long r;

	(void)t;
	if (flags & ~(uint32_t)LX_O_NONBLOCK || (int)a->v[0] <= 0)
		return -EINVAL;
	r = find((int)a->v[0]);
	if (!r)
		r = file_new(&pidfd_ops, FILE_READ | FILE_WRITE, LX_O_RDWR | flags, NULL, &f);
	return r ? r : install(f);
}

static err_t check(int fd)
{
	struct file *f = fd_get(fd);
	err_t err = f && f->ops == &pidfd_ops ? 0 : -EBADF;

	if (f)
		file_put(f);
	return err;
}

long sys_pidfd_send_signal(struct thread *t, const struct sysargs *a)
{
	struct linux_siginfo info = { .signo = (int)a->v[1],
				      .code = LSI_USER,
				      .rt = { .pid = PROCESS_PID, .uid = process.creds.uid } };
	int signo = (int)a->v[1];
	err_t err;

	(void)t;
	if ((uint32_t)a->v[3])
		return -EINVAL;
	err = check((int)a->v[0]);
	if (err)
		return err;
	if (a->v[2] && user_read(&info, a->v[2], sizeof(info)))
		return -EFAULT;
	if (info.signo != signo || signo < 0 || signo > LSIG_MAX)
		return -EINVAL;
	return signo ? signal_send_process(signo, &info) : 0;
}

long sys_pidfd_getfd(struct thread *t, const struct sysargs *a)
{
	struct file *f;
	err_t err;

	(void)t;
	if ((uint32_t)a->v[2])
		return -EINVAL;
	err = check((int)a->v[0]);
	if (err)
		return err;
	f = fd_get((int)a->v[1]);
	return f ? install(f) : -EBADF;
}

/* --- process_vm_readv(2), process_vm_writev(2) ------------------------------------------------------------- */

static err_t read_vec(uaddr_t at, uint64_t n, struct uvec **out, size_t *total)
{
	struct uvec *v;
	err_t err;

	if (n > LX_IOV_MAX)
		return -EINVAL;
	v = kmalloc(MAX(n, 1ull) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	err = user_read(v, at, n * sizeof(*v));
	*total = 0;
	for (uint64_t i = 0; i < n && !err; i++) {
		if ((int64_t)v[i].len < 0)
			err = -EINVAL;
		v[i].len = MIN(v[i].len, LX_MAX_RW_COUNT - *total);
		*total += v[i].len;
	}
	if (err)
		kfree(v);
	else
		*out = v;
	return err;
}

/* By way of a page of ours, since both sides may fault: up to the end of the page there. */
static long move_part(struct uio *here, uaddr_t there, size_t left, void *page, bool write)
{
	size_t n = MIN(MIN(left, here->left), PAGE_SIZE - (there & PAGE_MASK));
	long r;

	if (!write)
		return user_read(page, there, n) ? -EFAULT : uio_write(here, page, n);
	r = uio_read(here, page, n);
	return r > 0 && user_write(there, page, (size_t)r) ? -EFAULT : r;
}

/* Until one side ends or cannot be reached: what was moved counts. */
static long move(struct uio *here, const struct uvec *there, uint64_t n, void *page, bool write)
{
	long done = 0, r = 0;

	for (uint64_t i = 0; i < n && here->left; i++)
		for (uint64_t at = 0; at < there[i].len && here->left; at += (uint64_t)r) {
			r = move_part(here, there[i].base + at, there[i].len - at, page, write);
			if (r <= 0)
				return done ? done : r;
			done += r;
		}
	return done;
}

static long move_vecs(const struct sysargs *a, bool write)
{
	struct uvec *here, *there;
	size_t here_total, there_total;
	void *page = NULL;
	struct uio u;
	long r = read_vec(a->v[1], a->v[2], &here, &here_total);

	if (r)
		return r;
	r = read_vec(a->v[3], a->v[4], &there, &there_total);
	if (r)
		goto out_here;
	if (!here_total || !there_total)
		goto out_there;
	r = find((int)a->v[0]) == -ESRCH ? -ESRCH : 0; /* a thread stands for its process */
	page = kmalloc(PAGE_SIZE);
	if (!page)
		r = -ENOMEM;
	uio_vec(&u, here, (unsigned)a->v[2], here_total);
	if (!r)
		r = move(&u, there, a->v[4], page, write);
	kfree(page);
out_there:
	kfree(there);
out_here:
	kfree(here);
	return r;
}

long sys_process_vm_readv(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return a->v[5] ? -EINVAL : move_vecs(a, false);
}

long sys_process_vm_writev(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return a->v[5] ? -EINVAL : move_vecs(a, true);
}
