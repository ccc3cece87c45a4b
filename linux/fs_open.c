/* SPDX-License-Identifier: Apache-2.0 */
/* linux/fs_open.c: open, openat, openat2, creat, memfd_create. */
#include "linux/fs.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"
#include "vfs/tmpfs.h"

#include "kern/slab.h"
#include "lib/mem.h"

static long install(err_t err, struct file *f, uint32_t flags)
{
	long fd;

	if (err)
		return err;
	fd = fd_install(f, 0, flags & LX_O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

static long open_how(int dfd, uaddr_t path, const struct open_how *how)
{
	struct dentry *at;
	struct upath p;
	struct file *f = NULL;
	err_t err = upath_get(&p, path);

	if (err)
		return err;
	/* Under RESOLVE_IN_ROOT "/" is the descriptor's directory. */
	err = at_begin(dfd, how->walk & WALK_IN_ROOT ? "" : p.s, &at);
	if (!err) {
		err = vfs_open(at, p.s, how, &f);
		dentry_put(at);
	}
	upath_put(&p);
	return install(err, f, how->flags);
}

/* Flags that open(2) does not know are ignored; openat2(2) is the one that refuses them. */
static long open_flags(int dfd, uaddr_t path, uint64_t flags, uint64_t mode)
{
	enum { KNOWN = 037777703 | LX_O_DSYNC | LX_O_ASYNC };
	const struct open_how how = {
		.flags = (uint32_t)flags & KNOWN,
		.mode = flags & (LX_O_CREAT | (LX_O_TMPFILE & ~LX_O_DIRECTORY)) ? mode & MODE_PERM
										: 0,
	};

	return open_how(dfd, path, &how);
}

long sys_open(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return open_flags(LX_AT_FDCWD, a->v[0], a->v[1], a->v[2]);
}

long sys_openat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return open_flags((int)a->v[0], a->v[1], a->v[2], a->v[3]);
}

long sys_creat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return open_flags(LX_AT_FDCWD, a->v[0], LX_O_CREAT | LX_O_WRONLY | LX_O_TRUNC, a->v[1]);
}

/* struct open_how of openat2(2), first version. */
struct linux_open_how {
	uint64_t flags, mode, resolve;
};

/* A longer structure is fine while the part that we do not know is zero: -E2BIG. */
static err_t read_how(struct linux_open_how *h, uaddr_t from, uint64_t size)
{
	if (size < sizeof(*h))
		return -EINVAL;
	if (size > 4096)
		return -E2BIG;
	for (uint64_t at = sizeof(*h); at < size; at++) {
		uint8_t b;
		err_t err = user_read(&b, from + at, 1);

		if (err)
			return err;
		if (b)
			return -E2BIG;
	}
	return user_read(h, from, sizeof(*h));
}

static err_t check_how(const struct linux_open_how *h)
{
	const uint64_t known = LX_O_ACCMODE | LX_O_CREAT | LX_O_EXCL | LX_O_NOCTTY | LX_O_TRUNC |
			       LX_O_APPEND | LX_O_NONBLOCK | LX_O_SYNC | LX_O_ASYNC | LX_O_DIRECT |
			       LX_O_LARGEFILE | LX_O_TMPFILE | LX_O_NOFOLLOW | LX_O_NOATIME |
			       LX_O_CLOEXEC | LX_O_PATH;
	const bool makes = h->flags & (LX_O_CREAT | (LX_O_TMPFILE & ~LX_O_DIRECTORY));

	if (h->flags & ~known || h->resolve & ~(uint64_t)0x3f)
		return -EINVAL;
	if ((h->resolve & 0x18) == 0x18) /* BENEATH and IN_ROOT */
		return -EINVAL;
	if (makes ? h->mode & ~(uint64_t)MODE_PERM : h->mode)
		return -EINVAL;
	if (h->resolve & 0x20 && h->flags & (LX_O_CREAT | LX_O_TRUNC | LX_O_TMPFILE))
		return -EAGAIN;
	return 0;
}

long sys_openat2(struct thread *t, const struct sysargs *a)
{
	static const unsigned walk_of[] = {
		WALK_NO_XDEV, WALK_NO_MAGIC, WALK_NO_LINKS | WALK_NO_MAGIC,
		WALK_BENEATH, WALK_IN_ROOT,  WALK_CACHED
	};
	struct linux_open_how h;
	struct open_how how;
	err_t err = read_how(&h, a->v[2], a->v[3]);

	(void)t;
	if (!err)
		err = check_how(&h);
	if (err)
		return err;
	how = (struct open_how){ .flags = (uint32_t)h.flags, .mode = (uint32_t)h.mode };
	for (unsigned i = 0; i < ARRAY_LEN(walk_of); i++)
		if (h.resolve & 1u << i)
			how.walk |= walk_of[i];
	return open_how((int)a->v[0], a->v[1], &how);
}

long sys_memfd_create(struct thread *t, const struct sysargs *a)
{
	enum {
		CLOEXEC = 1,
		ALLOW_SEALING = 2,
		HUGETLB = 4,
		NOEXEC_SEAL = 8,
		EXEC = 16,
		NAME = 250
	};
	uint32_t flags = (uint32_t)a->v[1];
	char name[NAME];
	struct file *f = NULL;
	err_t err;
	long n;

	(void)t;
	if (flags & ~(uint32_t)(CLOEXEC | ALLOW_SEALING | NOEXEC_SEAL | EXEC))
		return -EINVAL; /* huge pages of a fixed pool are not offered */
	n = user_read_str(name, a->v[0], sizeof(name));
	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : n;
	err = tmpfs_memfd(name, flags & (ALLOW_SEALING | NOEXEC_SEAL), LX_O_RDWR, &f);
	return install(err, f, flags & CLOEXEC ? LX_O_CLOEXEC : 0);
}
