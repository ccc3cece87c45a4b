/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/fs_copy.c: sendfile and copy_file_range.  The pages of the cache are what is written out: the bytes are
 * copied once, by whoever takes them.
 */
#include "abi/linux_stat.h"
#include "linux/fs.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"
#include "vfs/fs.h"
#include "vfs/pcache.h"
#include "kern/thread.h"

enum { BATCH_PAGES = 16 };

/* Up to a batch of in's content at pos, as pages held and a vector over them. Bytes, 0 at the end, or an error. */
struct batch {
	struct page *page[BATCH_PAGES];
	struct uvec vec[BATCH_PAGES];
	unsigned n;
	size_t bytes;
};

static long batch_fill(struct batch *b, struct file *in, uint64_t pos, uint64_t len)
{
	uint64_t size = in->inode->size;

	b->n = 0;
	b->bytes = 0;
	if (pos >= size)
		return 0;
	len = MIN(len, size - pos);
	while (b->n < BATCH_PAGES && b->bytes < len) {
		uint64_t at = pos + b->bytes, off = at & PAGE_MASK;
		size_t n = MIN(PAGE_SIZE - off, len - b->bytes);
		err_t err = pcache_get(in->inode->pages, at >> PAGE_SHIFT, in, &b->page[b->n]);

		if (err)
			return b->n ? (long)b->bytes : err;
		b->vec[b->n].base = (uintptr_t)page_va(b->page[b->n]) + off;
		b->vec[b->n].len = n;
		b->bytes += n;
		b->n++;
	}
	return (long)b->bytes;
}

static void batch_put(struct batch *b)
{
	for (unsigned i = 0; i < b->n; i++)
		page_put(b->page[i]);
}

static long write_batch(struct batch *b, struct file *out, uint64_t *out_pos)
{
	struct uio u;
	long n;

	uio_vec(&u, b->vec, b->n, b->bytes);
	u.kernel = true;
	n = out_pos ? file_pwrite(out, &u, *out_pos) : file_write(out, &u);
	if (n > 0 && out_pos)
		*out_pos += (uint64_t)n;
	return n;
}

/* Until len is moved, in ends, out takes no more, or a signal waits. */
static long move(struct file *in, uint64_t *in_pos, struct file *out, uint64_t *out_pos,
		 uint64_t len)
{
	long total = 0;

	while (len) {
		struct batch b;
		long got = batch_fill(&b, in, *in_pos, len), put;

		if (got <= 0)
			return total ? total : got;
		put = write_batch(&b, out, out_pos);
		batch_put(&b);
		if (put <= 0)
			return total ? total : put;
		total += put;
		*in_pos += (uint64_t)put;
		len -= (uint64_t)put;
		if (put < got || thread_self()->flags & (THREAD_SIGNAL | THREAD_KILL))
			break;
	}
	return total;
}

/* An offset of the program's, or the description's own position when it gave none. */
static err_t read_pos(struct file *f, uaddr_t at, uint64_t *pos)
{
	if (!at) {
		*pos = f->pos;
		return 0;
	}
	return user_read(pos, at, sizeof(*pos));
}

static err_t write_pos(struct file *f, uaddr_t at, uint64_t pos)
{
	if (!at) {
		f->pos = pos;
		return 0;
	}
	return user_write(at, &pos, sizeof(pos));
}

static bool has_pages(const struct file *f)
{
	return f->inode && f->inode->pages && f->mode & FILE_SEEK;
}

/* --- sendfile -------------------------------------------------------------------------------------------------- */

static long sendfile(struct file *out, struct file *in, uaddr_t off, uint64_t count)
{
	uint64_t pos;
	err_t err;
	long n;

	if (!(in->mode & FILE_READ) || !(out->mode & FILE_WRITE))
		return -EBADF;
	if (off && !(in->mode & FILE_SEEK))
		return -ESPIPE;
	if (!has_pages(in) || !out->ops->write || out->flags & LX_O_APPEND)
		return -EINVAL;
	err = read_pos(in, off, &pos);
	if (err)
		return err;
	if ((int64_t)pos < 0)
		return -EINVAL;
	n = move(in, &pos, out, NULL, MIN(count, (uint64_t)LX_MAX_RW_COUNT));
	if (n > 0)
		err = write_pos(in, off, pos);
	return err ? err : n;
}

long sys_sendfile(struct thread *t, const struct sysargs *a)
{
	struct file *in, *out;
	long n = fd_get_real((int)a->v[1], &in);

	(void)t;
	if (n)
		return n;
	n = fd_get_real((int)a->v[0], &out);
	if (!n) {
		n = sendfile(out, in, a->v[2], a->v[3]);
		file_put(out);
	}
	file_put(in);
	return n;
}

/* --- copy_file_range --------------------------------------------------------------------------------------------- */

static err_t check_kinds(const struct file *in, const struct file *out)
{
	if ((in->inode && inode_is_dir(in->inode)) || (out->inode && inode_is_dir(out->inode)))
		return -EISDIR;
	if (!has_pages(in) || !has_pages(out))
		return -EINVAL;
	if (!(in->mode & FILE_READ) || !(out->mode & FILE_WRITE) || out->flags & LX_O_APPEND)
		return -EBADF;
	return in->inode->fs == out->inode->fs ? 0 : -EXDEV;
}

static long copy_range(struct file *in, uaddr_t in_at, struct file *out, uaddr_t out_at,
		       uint64_t len)
{
	uint64_t from, to;
	err_t err = read_pos(in, in_at, &from);
	long n;

	if (!err)
		err = read_pos(out, out_at, &to);
	if (!err)
		err = check_kinds(in, out);
	if (err)
		return err;
	if ((int64_t)from < 0 || (int64_t)to < 0)
		return -EINVAL;
	len = MIN(len, (uint64_t)LX_MAX_RW_COUNT);
	if (in->inode == out->inode && from < to + len && to < from + len)
		return -EINVAL;
	n = move(in, &from, out, &to, len);
	if (n > 0) {
		err = write_pos(in, in_at, from);
		if (!err)
			err = write_pos(out, out_at, to);
	}
	return err ? err : n;
}

long sys_copy_file_range(struct thread *t, const struct sysargs *a)
{
	struct file *in, *out;
	long n = fd_get_real((int)a->v[0], &in);

	(void)t;
	if (n)
		return n;
	n = fd_get_real((int)a->v[2], &out);
	if (!n) {
		n = a->v[5] ? -EINVAL : copy_range(in, a->v[1], out, a->v[3], a->v[4]);
		file_put(out);
	}
	file_put(in);
	return n;
}
