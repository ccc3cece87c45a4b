/* SPDX-License-Identifier: Apache-2.0 */
/* linux/rw.c: the read and write families.  Check orders as Linux's fs/read_write.c has them. */
#include "abi/linux_fcntl.h"
#include "kern/slab.h"
#include "kern/thread.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"
#include "vfs/pipe.h"

/* Where a call's bytes are: one range or a copied-in iovec. */
struct span {
	struct uio uio;
	struct uvec *heap;
	struct uvec few[8];
};

static err_t span_one(struct span *s, uaddr_t base, uint64_t len)
{
	s->heap = NULL;
	if (!user_range_ok(base, len))
		return -EFAULT;
	uio_user(&s->uio, base, MIN(len, LX_MAX_RW_COUNT));
	return 0;
}

static err_t span_check(struct uvec *v, unsigned n, uint64_t *total)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++) {
		if ((int64_t)v[i].len < 0)
			return -EINVAL;
		if (!user_range_ok(v[i].base, v[i].len))
			return -EFAULT;
		v[i].len = MIN(v[i].len, LX_MAX_RW_COUNT - sum);
		sum += v[i].len;
	}
	*total = sum;
	return 0;
}

static err_t span_vec(struct span *s, uaddr_t vec, uint64_t n)
{
	struct uvec *v = s->few;
	uint64_t total;
	err_t err;

	s->heap = NULL;
	if (n > LX_IOV_MAX)
		return -EINVAL;
	if (n > ARRAY_LEN(s->few)) {
		v = s->heap = kmalloc(n * sizeof(*v));
		if (!v)
			return -ENOMEM;
	}
	err = user_read(v, vec, n * sizeof(*v));
	if (!err)
		err = span_check(v, (unsigned)n, &total);
	if (err) {
		kfree(s->heap);
		return err;
	}
	uio_vec(&s->uio, v, (unsigned)n, total);
	return 0;
}

/* A write that nobody can read any more: the signal, and the error all the same. */
static long broken_pipe(long r, const struct file *f)
{
	if (r == -EPIPE && !(f->mode & FILE_SEEK))
		signal_send_self(LSIGPIPE);
	return r;
}

long sys_read(struct thread *t, const struct sysargs *a)
{
	struct file *f = fd_get((int)a->v[0]);
	struct uio u;
	long r;

	(void)t;
	if (!f)
		return -EBADF;
	if (!(f->mode & FILE_READ)) {
		r = -EBADF;
	} else if (!user_range_ok(a->v[1], a->v[2])) {
		r = f->ops->read ? -EFAULT : -EINVAL;
	} else {
		uio_user(&u, a->v[1], MIN(a->v[2], LX_MAX_RW_COUNT));
		r = file_read(f, &u);
	}
	file_put(f);
	return r;
}

long sys_write(struct thread *t, const struct sysargs *a)
{
	struct file *f = fd_get((int)a->v[0]);
	struct uio u;
	long r;

	(void)t;
	if (!f)
		return -EBADF;
	if (!(f->mode & FILE_WRITE)) {
		r = -EBADF;
	} else if (!user_range_ok(a->v[1], a->v[2])) {
		r = f->ops->write ? -EFAULT : -EINVAL;
	} else {
		uio_user(&u, a->v[1], MIN(a->v[2], LX_MAX_RW_COUNT));
		r = broken_pipe(file_write(f, &u), f);
	}
	file_put(f);
	return r;
}

static long at_offset(const struct sysargs *a, long (*move)(struct file *, struct uio *, uint64_t))
{
	struct file *f;
	struct span s;
	long r;

	if ((int64_t)a->v[3] < 0)
		return -EINVAL;
	f = fd_get((int)a->v[0]);
	if (!f)
		return -EBADF;
	r = f->mode & FILE_SEEK ? span_one(&s, a->v[1], a->v[2]) : -ESPIPE;
	if (!r)
		r = move(f, &s.uio, a->v[3]);
	file_put(f);
	return r;
}

long sys_pread64(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return at_offset(a, file_pread);
}

long sys_pwrite64(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return at_offset(a, file_pwrite);
}

/* preadv2(2), pwritev2(2): flags of one call. */
enum {
	RWF_HIPRI = 1,
	RWF_DSYNC = 2,
	RWF_SYNC = 4,
	RWF_NOWAIT = 8,
	RWF_APPEND = 16,
	RWF_NOAPPEND = 32,
	RWF_ALL = 63
};

static long move_vec(struct file *f, struct uio *u, const uint64_t *pos, bool write)
{
	if (!pos)
		return write ? broken_pipe(file_write(f, u), f) : file_read(f, u);
	return write ? file_pwrite(f, u, *pos) : file_pread(f, u, *pos);
}

/* Are these offered for such a call on such a file? Linux's order of refusals. */
static long flags_ok(const struct file *f, uint32_t rwf, bool write)
{
	if (rwf & ~(uint32_t)RWF_ALL)
		return -EOPNOTSUPP;
	if ((rwf & RWF_APPEND) && (rwf & RWF_NOAPPEND))
		return -EINVAL;
	/* A buffered write to a file may wait for space at any time. */
	if ((rwf & RWF_NOWAIT) && (!(f->mode & FILE_NOWAIT_OK) || (write && f->mode & FILE_SEEK)))
		return -EOPNOTSUPP;
	return 0;
}

static uint8_t uio_flags(uint32_t rwf)
{
	return (uint8_t)((rwf & RWF_NOWAIT ? UIO_NOWAIT : 0) | (rwf & RWF_APPEND ? UIO_APPEND : 0) |
			 (rwf & RWF_NOAPPEND ? UIO_NOAPPEND : 0));
}

static long move_flagged(struct file *f, struct uio *u, const uint64_t *pos, uint32_t rwf,
			 bool write)
{
	long r = move_vec(f, u, pos, write);
	err_t err = 0;

	if (r > 0 && write && (rwf & (RWF_DSYNC | RWF_SYNC)) && f->ops->sync)
		err = f->ops->sync(f, !(rwf & RWF_SYNC));
	return err ? err : r;
}

static long vectored(const struct sysargs *a, const uint64_t *pos, uint32_t rwf, bool write)
{
	struct file *f;
	struct span s;
	long r;

	if (pos && (int64_t)*pos < 0)
		return -EINVAL;
	f = fd_get((int)a->v[0]);
	if (!f)
		return -EBADF;
	if (pos && !(f->mode & FILE_SEEK))
		r = -ESPIPE;
	else if (!(f->mode & (write ? FILE_WRITE : FILE_READ)))
		r = -EBADF;
	else
		r = flags_ok(f, rwf, write);
	if (!r)
		r = span_vec(&s, a->v[1], a->v[2]);
	if (!r) {
		s.uio.flags = uio_flags(rwf);
		r = move_flagged(f, &s.uio, pos, rwf, write);
		kfree(s.heap);
	}
	file_put(f);
	return r;
}

/* Into a pipe's writing end, or out of its reading end; the program's pages are copied. */
long sys_vmsplice(struct thread *t, const struct sysargs *a)
{
	enum { SPLICE_F_NONBLOCK = 2, SPLICE_F_ALL = 15 };
	struct file *f;
	struct span s;
	long r;

	(void)t;
	if (a->v[3] & ~(uint64_t)SPLICE_F_ALL)
		return -EINVAL;
	f = fd_get((int)a->v[0]);
	if (!f)
		return -EBADF;
	r = pipe_is(f) ? span_vec(&s, a->v[1], a->v[2]) : -EBADF;
	if (!r) {
		s.uio.flags = a->v[3] & SPLICE_F_NONBLOCK ? UIO_NOWAIT : 0;
		r = move_vec(f, &s.uio, NULL, f->mode & FILE_WRITE);
		kfree(s.heap);
	}
	file_put(f);
	return r;
}

long sys_readv(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vectored(a, NULL, 0, false);
}

long sys_writev(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vectored(a, NULL, 0, true);
}

long sys_preadv(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vectored(a, &a->v[3], 0, false);
}

long sys_pwritev(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vectored(a, &a->v[3], 0, true);
}

/* Offset -1: the description's own position. */
long sys_preadv2(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vectored(a, (int64_t)a->v[3] == -1 ? NULL : &a->v[3], (uint32_t)a->v[5], false);
}

long sys_pwritev2(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return vectored(a, (int64_t)a->v[3] == -1 ? NULL : &a->v[3], (uint32_t)a->v[5], true);
}
