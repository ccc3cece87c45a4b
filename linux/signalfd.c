/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/signalfd.c: signals as records to be read, signalfd(2).  What is pending for whoever reads is what there is to read, his
 * thread's own and the process's; the program has blocked these signals, so that nothing else takes them.
 */
#include "abi/linux_fcntl.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "kern/uio.h"
#include "lib/fmt.h"
#include "linux/signal_int.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"

struct signalfd {
	_Atomic linux_sigset_t mask;
};

/* struct signalfd_siginfo of the uapi. */
struct record {
	uint32_t signo;
	int32_t err, code;
	uint32_t pid, uid;
	int32_t fd;
	uint32_t tid, band, overrun, trapno;
	int32_t status, value_int;
	uint64_t value_ptr, utime, stime, addr;
	uint16_t addr_lsb;
	uint8_t zero[46];
};
_Static_assert(sizeof(struct record) == 128, "signalfd_siginfo");

static struct record record_of(const struct linux_siginfo *si)
{
	struct record r = { .signo = (uint32_t)si->signo, .err = si->err, .code = si->code };

	if (si->code == LSI_TIMER) {
		r.tid = (uint32_t)si->timer.id;
		r.overrun = (uint32_t)si->timer.overrun;
		r.value_ptr = si->timer.value;
		r.value_int = (int32_t)si->timer.value;
	} else if (si->code <= 0) {
		r.pid = (uint32_t)si->rt.pid;
		r.uid = si->rt.uid;
		r.value_ptr = si->rt.value;
		r.value_int = (int32_t)si->rt.value;
	} else if (si->code != LSI_KERNEL) {
		r.addr = si->fault.addr;
		r.addr_lsb = (uint16_t)si->fault.addr_lsb;
	}
	return r;
}

/* Wait for the first one, unless told not to. */
static err_t take_first(struct file *f, struct linux_siginfo *si)
{
	struct signalfd *s = f->data;
	struct user_thread *u = thread_self()->user;
	err_t err = 0;
	bool on = spin_lock_irq(&sig.lock);

	while (!signal_take_locked(u, s->mask, si) && !err)
		err = file_nonblock(f) ? -EAGAIN : waitq_wait(&sig.wq, WAIT_FOREVER);
	signal_recalc_locked(u);
	spin_unlock_irq(&sig.lock, on);
	return err == -EINTR ? -ERESTARTSYS : err;
}

static long signalfd_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct signalfd *s = f->data;
	struct linux_siginfo si;
	struct record r;
	long done = 0;
	err_t err;

	(void)pos;
	if (u->left < sizeof(r))
		return -EINVAL;
	err = take_first(f, &si);
	if (err)
		return err;
	do {
		r = record_of(&si);
		if (uio_write(u, &r, sizeof(r)) != (long)sizeof(r))
			return done ? done : -EFAULT;
		done += (long)sizeof(r);
	} while (u->left >= sizeof(r) && signal_take(s->mask, &si));
	return done;
}

static uint32_t signalfd_poll(struct file *f)
{
	struct signalfd *s = f->data;

	return signal_pending_set() & s->mask ? POLL_IN | POLL_RDNORM : 0;
}

static struct poll_source *signalfd_source(struct file *f)
{
	(void)f;
	return signal_poll_source();
}

static void signalfd_release(struct file *f)
{
	kfree(f->data);
}

static size_t signalfd_info(struct file *f, char *buf, size_t size)
{
	struct signalfd *s = f->data;

	return fmt(buf, size, "sigmask:\t%016llx\n", (unsigned long long)s->mask);
}

static const struct file_ops signalfd_ops = {
	.kind = "signalfd",
	.read = signalfd_read,
	.poll = signalfd_poll,
	.poll_source = signalfd_source,
	.seek = file_seek_nowhere,
	.release = signalfd_release,
	.fdinfo = signalfd_info,
};

static long make(linux_sigset_t mask, uint32_t flags)
{
	struct signalfd *s = kzalloc(sizeof(*s));
	struct file *f;
	long fd;

	if (!s)
		return -ENOMEM;
	s->mask = mask;
	fd = file_new(&signalfd_ops, FILE_READ | FILE_WRITE, LX_O_RDWR | (flags & LX_O_NONBLOCK), s,
		      &f);
	if (fd) {
		kfree(s);
		return fd;
	}
	fd = fd_install(f, 0, flags & LX_O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

/* An existing one gets another mask; whoever waits looks again. */
static long change(int fd, linux_sigset_t mask)
{
	struct file *f = fd_get(fd);
	long r = fd;
	bool on;

	if (!f)
		return -EBADF;
	if (f->ops == &signalfd_ops) {
		((struct signalfd *)f->data)->mask = mask;
		on = spin_lock_irq(&sig.lock);
		waitq_wake(&sig.wq, UINT32_MAX);
		poll_notify(&sig.poll, POLL_IN);
		spin_unlock_irq(&sig.lock, on);
	} else {
		r = -EINVAL;
	}
	file_put(f);
	return r;
}

long sys_signalfd4(struct thread *t, const struct sysargs *a)
{
	uint32_t flags = (uint32_t)a->v[3];
	int fd = (int)a->v[0];
	linux_sigset_t mask;

	(void)t;
	if (a->v[2] != sizeof(mask))
		return -EINVAL;
	if (user_read(&mask, a->v[1], sizeof(mask)))
		return -EFAULT;
	if (flags & ~(uint32_t)(LX_O_CLOEXEC | LX_O_NONBLOCK))
		return -EINVAL;
	mask &= ~SIGSET_UNMASKABLE;
	return fd == -1 ? make(mask, flags) : change(fd, mask);
}

long sys_signalfd(struct thread *t, const struct sysargs *a)
{
	const struct sysargs plain = { { a->v[0], a->v[1], a->v[2], 0 } };

	return sys_signalfd4(t, &plain);
}
