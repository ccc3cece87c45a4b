/* SPDX-License-Identifier: Apache-2.0 */
/* linux/splice.c: splice(2) and tee(2): who may be moved to whom, in Linux's order of refusals (fs/splice.c). */
#include "abi/linux_fcntl.h"
#include "kern/uio.h"
#include "linux/fs.h"
#include "linux/signal.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"
#include "vfs/inode.h"
#include "vfs/pipe.h"

enum { SPLICE_F_NONBLOCK = 2, SPLICE_F_ALL = 15 };

struct side {
	struct file *f;
	uaddr_t at; /* where the program keeps the offset; 0: the description's own */
	uint64_t pos;
};

static err_t offset_read(struct side *s)
{
	err_t err;

	if (!s->at)
		return 0;
	if (pipe_is(s->f))
		return -ESPIPE;
	err = user_read(&s->pos, s->at, sizeof(s->pos));
	if (err)
		return err;
	return s->f->mode & FILE_SEEK && (int64_t)s->pos >= 0 ? 0 : -EINVAL;
}

static long move(struct side *in, struct side *out, size_t len, bool nowait)
{
	uint64_t *in_pos = in->at ? &in->pos : NULL, *out_pos = out->at ? &out->pos : NULL;

	if (pipe_is(in->f) && pipe_is(out->f))
		return pipe_tee(in->f, out->f, len, nowait, false);
	if (pipe_is(in->f)) {
		if (out->f->flags & LX_O_APPEND || !out->f->ops->write)
			return -EINVAL;
		return pipe_splice_out(in->f, out->f, out_pos, len, nowait);
	}
	if (!pipe_is(out->f) || !in->f->ops->read || (in->f->inode && inode_is_dir(in->f->inode)))
		return -EINVAL;
	return pipe_splice_in(out->f, in->f, in_pos, len, nowait);
}

static long splice(struct side *in, struct side *out, size_t len, uint64_t flags)
{
	err_t err;
	long n;

	if (!(in->f->mode & FILE_READ) || !(out->f->mode & FILE_WRITE))
		return -EBADF;
	err = offset_read(out);
	if (!err)
		err = offset_read(in);
	if (err)
		return err;
	n = move(in, out, MIN(len, (size_t)LX_MAX_RW_COUNT), flags & SPLICE_F_NONBLOCK);
	if (n > 0 && out->at)
		err = user_write(out->at, &out->pos, sizeof(out->pos));
	if (!err && n > 0 && in->at)
		err = user_write(in->at, &in->pos, sizeof(in->pos));
	return err ? err : n;
}

static long with_signal(long n)
{
	if (n == -EPIPE)
		signal_send_self(LSIGPIPE);
	return n;
}

long sys_splice(struct thread *t, const struct sysargs *a)
{
	struct side in = { .at = a->v[1] }, out = { .at = a->v[3] };
	long n;

	(void)t;
	if (!a->v[4])
		return 0;
	if (a->v[5] & ~(uint64_t)SPLICE_F_ALL)
		return -EINVAL;
	n = fd_get_real((int)a->v[0], &in.f);
	if (n)
		return n;
	n = fd_get_real((int)a->v[2], &out.f);
	if (!n) {
		n = with_signal(splice(&in, &out, a->v[4], a->v[5]));
		file_put(out.f);
	}
	file_put(in.f);
	return n;
}

static long tee(struct file *in, struct file *out, size_t len, uint64_t flags)
{
	if (!(in->mode & FILE_READ) || !(out->mode & FILE_WRITE))
		return -EBADF;
	if (!pipe_is(in) || !pipe_is(out))
		return -EINVAL;
	return pipe_tee(in, out, MIN(len, (size_t)LX_MAX_RW_COUNT), flags & SPLICE_F_NONBLOCK,
			true);
}

long sys_tee(struct thread *t, const struct sysargs *a)
{
	struct file *in, *out;
	long n;

	(void)t;
	if (a->v[3] & ~(uint64_t)SPLICE_F_ALL)
		return -EINVAL;
	if (!a->v[2])
		return 0;
	n = fd_get_real((int)a->v[0], &in);
	if (n)
		return n;
	n = fd_get_real((int)a->v[1], &out);
	if (!n) {
		n = with_signal(tee(in, out, a->v[2], a->v[3]));
		file_put(out);
	}
	file_put(in);
	return n;
}
