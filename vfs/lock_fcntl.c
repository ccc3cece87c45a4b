/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/lock_fcntl.c: fcntl(2)'s lock commands, and its seals: what every file with an inode answers. */
#include "abi/linux_fcntl.h"
#include "lib/mem.h"
#include "vfs/inode.h"
#include "vfs/lock.h"
#include "vfs/regular.h"

/* struct flock of 64-bit CPUs. */
struct linux_flock {
	int16_t type, whence;
	int32_t zero;
	int64_t start, len;
	int32_t pid, zero2;
};
_Static_assert(sizeof(struct linux_flock) == 32, "struct flock is 32 bytes");

enum { RDLCK, WRLCK, UNLCK };
enum { PROGRAM_PID = 1 };

static err_t base_of(struct file *f, int16_t whence, int64_t *base)
{
	switch (whence) {
	case LX_SEEK_SET:
		*base = 0;
		return 0;
	case LX_SEEK_CUR:
		*base = (int64_t)f->pos;
		return 0;
	case LX_SEEK_END:
		*base = (int64_t)f->inode->size;
		return 0;
	default:
		return -EINVAL;
	}
}

/* fcntl(2): a negative length locks what lies before start. */
static err_t range_of(struct file *f, const struct linux_flock *l, struct lock_range *r)
{
	int64_t base, start;
	err_t err = base_of(f, l->whence, &base);

	if (err)
		return err;
	if (__builtin_add_overflow(base, l->start, &start))
		return -EOVERFLOW;
	r->end = UINT64_MAX;
	if (l->len < 0) {
		r->end = (uint64_t)start - 1;
		start += l->len;
	} else if (l->len > 0) {
		int64_t end;

		if (__builtin_add_overflow(start, l->len - 1, &end))
			return -EOVERFLOW;
		r->end = (uint64_t)end;
	}
	if (start < 0)
		return -EINVAL;
	r->start = (uint64_t)start;
	return 0;
}

static err_t get_lock(struct file *f, struct linux_flock *l, struct lock_range *r)
{
	struct lock_range found;

	if (l->type != RDLCK && l->type != WRLCK)
		return -EINVAL;
	if (!file_lock_test(f, r, &found)) {
		l->type = UNLCK;
		return 0;
	}
	l->type = found.exclusive ? WRLCK : RDLCK;
	l->whence = LX_SEEK_SET;
	l->start = (int64_t)found.start;
	l->len = found.end == UINT64_MAX ? 0 : (int64_t)(found.end - found.start + 1);
	l->pid = found.kind == LOCK_POSIX ? PROGRAM_PID : -1;
	return 0;
}

static err_t set_lock(struct file *f, const struct linux_flock *l, const struct lock_range *r,
		      bool wait)
{
	switch (l->type) {
	case RDLCK:
		return f->mode & FILE_READ ? file_lock(f, r, wait) : -EBADF;
	case WRLCK:
		return f->mode & FILE_WRITE ? file_lock(f, r, wait) : -EBADF;
	case UNLCK:
		file_unlock(f, r);
		return 0;
	default:
		return -EINVAL;
	}
}

static long lock_command(struct file *f, int cmd, uint64_t arg)
{
	bool ofd = cmd >= LX_F_OFD_GETLK;
	bool get = cmd == LX_F_GETLK || cmd == LX_F_OFD_GETLK;
	bool wait = cmd == LX_F_SETLKW || cmd == LX_F_OFD_SETLKW;
	struct lock_range r = { .kind = ofd ? LOCK_OFD : LOCK_POSIX };
	struct linux_flock l;
	err_t err = user_read(&l, arg, sizeof(l));

	if (err)
		return err;
	if (ofd && l.pid)
		return -EINVAL;
	r.exclusive = l.type == WRLCK;
	err = range_of(f, &l, &r);
	if (err)
		return err;
	if (!get)
		return set_lock(f, &l, &r, wait);
	err = get_lock(f, &l, &r);
	return err ? err : user_write(arg, &l, sizeof(l));
}

long file_lock_fcntl(struct file *f, int cmd, uint64_t arg)
{
	switch (cmd) {
	case LX_F_GETLK:
	case LX_F_SETLK:
	case LX_F_SETLKW:
	case LX_F_OFD_GETLK:
	case LX_F_OFD_SETLK:
	case LX_F_OFD_SETLKW:
		return f->inode ? lock_command(f, cmd, arg) : -EBADF;
	case LX_F_GET_SEALS:
		return regular_seals(f);
	case LX_F_ADD_SEALS:
		return regular_add_seals(f, (unsigned)arg);
	default:
		return -EINVAL;
	}
}
