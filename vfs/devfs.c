/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/devfs.c: /dev: character devices by number, the memory devices, and the links of console programs. */
#include "abi/linux_fcntl.h"
#include "kern/klog.h"
#include "kern/rand.h"
#include "kern/slab.h"
#include "lib/fmt.h"
#include "vfs/chrdev.h"
#include "vfs/pcache.h"
#include "vfs/tmpfs.h"
#include "vfs/vfs.h"

static struct chrdev *devices; /* changed during boot only */
static bool mounted;

err_t chrdev_open(uint64_t rdev, struct file *f)
{
	for (struct chrdev *d = devices; d; d = d->next) {
		if (d->major != dev_major(rdev) || d->minor != dev_minor(rdev))
			continue;
		f->ops = d->fops;
		f->data = d->arg;
		return d->open ? d->open(f, d) : 0;
	}
	return -ENXIO;
}

static err_t make_node(const struct chrdev *d)
{
	char path[64];
	uint32_t umask = atomic_exchange(&vfs_umask, 0);
	err_t err;

	fmt(path, sizeof(path), "/dev/%s", d->name);
	err = vfs_mknod(NULL, path, MODE_CHR | d->mode, dev_make(d->major, d->minor));
	atomic_store(&vfs_umask, umask);
	return err == -EEXIST ? 0 : err;
}

err_t chrdev_add(struct chrdev *d)
{
	d->next = devices;
	devices = d;
	return mounted ? make_node(d) : 0;
}

/* --- null, zero, full ---------------------------------------------------------------------------------------- */

static long read_nothing(struct file *f, struct uio *u, uint64_t *pos)
{
	(void)f;
	(void)u;
	(void)pos;
	return 0;
}

static long write_all(struct file *f, struct uio *u, uint64_t *pos)
{
	size_t n = u->left;

	(void)f;
	(void)pos;
	uio_advance(u, n);
	return (long)n;
}

static long write_full(struct file *f, struct uio *u, uint64_t *pos)
{
	(void)f;
	(void)pos;
	return u->left ? -ENOSPC : 0;
}

static long read_zeroes(struct file *f, struct uio *u, uint64_t *pos)
{
	(void)f;
	(void)pos;
	return uio_zero(u, u->left);
}

/* Linux's null_lseek(): any position is position 0. */
static int64_t seek_nowhere(struct file *f, int64_t off, int whence)
{
	(void)off;
	(void)whence;
	f->pos = 0;
	return 0;
}

/* --- mapping /dev/zero: memory of its own, as an unlinked file in memory has ------------------------------------ */

static err_t map_zeroes(struct file *f, unsigned prot, unsigned flags, uint64_t offset,
			struct vm_object **out)
{
	struct file *mem;
	err_t err;

	(void)f;
	(void)prot;
	if (!(flags & VM_SHARED)) {
		*out = NULL; /* anonymous */
		return 0;
	}
	err = tmpfs_memfd("zero", false, LX_O_RDWR, &mem);
	if (err)
		return err;
	mem->inode->size = offset + (PCACHE_SIZE_MAX >> 1);
	*out = &mem->inode->pages->obj;
	f->data = mem; /* it goes with the description; the mapping counts the inode itself */
	return 0;
}

static void release_zeroes(struct file *f)
{
	if (f->data)
		file_put(f->data);
}

/* --- random ------------------------------------------------------------------------------------------------------- */

static long read_random(struct file *f, struct uio *u, uint64_t *pos)
{
	uint8_t buf[256];
	long total = 0;

	(void)f;
	(void)pos;
	while (u->left) {
		size_t n = MIN(u->left, sizeof(buf));
		long done;

		rand_bytes(buf, n);
		done = uio_write(u, buf, n);
		if (done < 0)
			return total ? total : done;
		total += done;
		if ((size_t)done < n)
			break;
	}
	return total;
}

static long write_random(struct file *f, struct uio *u, uint64_t *pos)
{
	uint8_t buf[256];
	long total = 0;

	(void)f;
	(void)pos;
	while (u->left) {
		long done = uio_read(u, buf, MIN(u->left, sizeof(buf)));

		if (done <= 0)
			return total ? total : done;
		rand_mix(buf, (size_t)done);
		total += done;
	}
	return total;
}

enum { RNDGETENTCNT = (int)0x80045200u };

static long ioctl_random(struct file *f, unsigned cmd, uint64_t arg)
{
	(void)f;
	return cmd == (unsigned)RNDGETENTCNT ? user_store32(arg, 256) : -EINVAL;
}

/* --- kmsg: the kernel's log, from the start; what a program writes becomes a line of it ----------------------------- */

static long read_kmsg(struct file *f, struct uio *u, uint64_t *pos)
{
	char buf[256];
	size_t n;

	(void)pos;
	n = klog_read(&f->pos, buf, MIN(u->left, sizeof(buf)));
	return n ? uio_write(u, buf, n) : 0;
}

static long write_kmsg(struct file *f, struct uio *u, uint64_t *pos)
{
	char line[256];
	long n = uio_read(u, line, MIN(u->left, sizeof(line) - 1));

	(void)f;
	(void)pos;
	if (n <= 0)
		return n;
	while (n > 0 && line[n - 1] == '\n')
		n--;
	klog_info("program: %.*s", (int)n, line);
	uio_advance(u, u->left);
	return n;
}

static const struct file_ops null_ops = {
	.kind = "null",
	.read = read_nothing,
	.write = write_all,
	.seek = seek_nowhere,
};
static const struct file_ops zero_ops = {
	.kind = "zero",
	.read = read_zeroes,
	.write = write_all,
	.seek = seek_nowhere,
	.mmap = map_zeroes,
	.release = release_zeroes,
};
static const struct file_ops full_ops = {
	.kind = "full",
	.read = read_zeroes,
	.write = write_full,
	.seek = seek_nowhere,
};
static const struct file_ops random_ops = {
	.kind = "random",
	.read = read_random,
	.write = write_random,
	.ioctl = ioctl_random,
	.seek = seek_nowhere,
};
static const struct file_ops kmsg_ops = {
	.kind = "kmsg",
	.read = read_kmsg,
	.write = write_kmsg,
	.seek = seek_nowhere,
};

/* pread and pwrite work on these, whatever the offset. */
static err_t open_seekable(struct file *f, const struct chrdev *d)
{
	(void)d;
	f->mode |= FILE_SEEK;
	return 0;
}

/* tty(4): the process has no controlling terminal. */
static err_t open_no_terminal(struct file *f, const struct chrdev *d)
{
	(void)f;
	(void)d;
	return -ENXIO;
}

static struct chrdev memory_devices[] = {
	{ .name = "null",
	  .major = 1,
	  .minor = 3,
	  .mode = 0666,
	  .fops = &null_ops,
	  .open = open_seekable },
	{ .name = "zero",
	  .major = 1,
	  .minor = 5,
	  .mode = 0666,
	  .fops = &zero_ops,
	  .open = open_seekable },
	{ .name = "full",
	  .major = 1,
	  .minor = 7,
	  .mode = 0666,
	  .fops = &full_ops,
	  .open = open_seekable },
	{ .name = "random",
	  .major = 1,
	  .minor = 8,
	  .mode = 0666,
	  .fops = &random_ops,
	  .open = open_seekable },
	{ .name = "urandom",
	  .major = 1,
	  .minor = 9,
	  .mode = 0666,
	  .fops = &random_ops,
	  .open = open_seekable },
	/* While there is no terminal: what is registered later, vfs/tty.c, is found first. */
	{ .name = "tty", .major = 5, .minor = 0, .mode = 0666, .open = open_no_terminal },
	{ .name = "console", .major = 5, .minor = 1, .mode = 0620, .fops = &kmsg_ops },
	{ .name = "kmsg", .major = 1, .minor = 11, .mode = 0644, .fops = &kmsg_ops },
};

static const struct {
	const char *path, *target;
} links[] = {
	{ "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
};

err_t devfs_init(void)
{
	err_t err = tmpfs_mount("/dev", "devtmpfs", 0755, 0, 1 << 20);

	if (err)
		return err;
	mounted = true;
	for (struct chrdev *d = devices; d && !err; d = d->next)
		err = make_node(d);
	for (unsigned i = 0; i < ARRAY_LEN(memory_devices) && !err; i++)
		err = chrdev_add(&memory_devices[i]);
	for (unsigned i = 0; i < ARRAY_LEN(links) && !err; i++)
		err = vfs_symlink(links[i].target, NULL, links[i].path);
	return err;
}
