/* SPDX-License-Identifier: Apache-2.0 */
/* linux/fs_stat.c: the stat family, access, readlink, statfs. */
#include "abi/linux_stat.h"
#include "kern/slab.h"
#include "lib/mem.h"
#include "linux/fs.h"
#include "linux/process.h"
#include "linux/syscall.h"
#include "vfs/fdtable.h"
#include "vfs/fs.h"

/* --- what there is to say of a file ------------------------------------------------------------------ */

struct attrs {
	uint64_t dev, ino, rdev, size, blocks;
	uint32_t mode, nlink, uid, gid, blksize;
	int64_t atime, mtime, ctime, btime;
	unsigned mnt_id;
	bool mount_root;
};

static void attrs_of_inode(struct inode *i, const struct dentry *d, struct attrs *a)
{
	if (i->ops->refresh)
		i->ops->refresh(i);
	*a = (struct attrs){
		.dev = i->fs->dev,
		.ino = i->ino,
		.rdev = i->rdev,
		.size = i->size,
		.blocks = i->blocks,
		.mode = i->mode,
		.nlink = i->nlink,
		.uid = i->uid,
		.gid = i->gid,
		.blksize = 4096,
		.atime = i->atime,
		.mtime = i->mtime,
		.ctime = i->ctime,
		.btime = i->btime,
		.mnt_id = i->fs->id,
		.mount_root = d && d == i->fs->root,
	};
}

/* Files that have no inode of their own: their kind says what they are, "pipe:[12]" which one. */
static void attrs_of_anon(struct file *f, struct attrs *a)
{
	char name[64] = "";
	const char *n;

	*a = (struct attrs){ .dev = dev_make(0, 1), .mode = 0600, .nlink = 1, .blksize = 4096 };
	if (strcmp(f->ops->kind, "pipe") == 0)
		a->mode = MODE_FIFO | 0600;
	else if (strcmp(f->ops->kind, "socket") == 0)
		a->mode = MODE_SOCK | 0777;
	if (f->ops->name)
		f->ops->name(f, name, sizeof(name));
	n = strchr(name, '[');
	for (n = n ? n + 1 : ""; *n >= '0' && *n <= '9'; n++)
		a->ino = a->ino * 10 + (uint64_t)(*n - '0');
	if (!a->ino)
		a->ino = 1;
	a->atime = a->mtime = a->ctime = a->btime = vfs_now();
	a->uid = vfs_cred.uid;
	a->gid = vfs_cred.gid;
}

static void attrs_of_file(struct file *f, struct attrs *a)
{
	if (f->inode)
		attrs_of_inode(f->inode, f->path, a);
	else
		attrs_of_anon(f, a);
}

static err_t attrs_of_fd(int fd, struct attrs *a)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	attrs_of_file(f, a);
	file_put(f);
	return 0;
}

static bool is_empty(uaddr_t path)
{
	char c;

	return user_read(&c, path, 1) == 0 && c == '\0';
}

static err_t attrs_at(int dfd, uaddr_t path, int at_flags, struct attrs *a)
{
	struct dentry *d;
	err_t err;

	/* fstat() in glibc's clothes: the descriptor may be of any kind. */
	if (at_flags & LX_AT_EMPTY_PATH && dfd >= 0 && is_empty(path))
		return attrs_of_fd(dfd, a);
	err = lookup_at(dfd, path, walk_of_at(at_flags), &d);
	if (err)
		return err;
	attrs_of_inode(d->inode, d, a);
	dentry_put(d);
	return 0;
}

/* --- stat ----------------------------------------------------------------------------------------------- */

#define NS_PER_SEC 1000000000ll

static int64_t sec_of(int64_t ns)
{
	return ns / NS_PER_SEC - (ns % NS_PER_SEC < 0);
}

static int64_t nsec_of(int64_t ns)
{
	return ns - sec_of(ns) * NS_PER_SEC;
}

static long put_stat(uaddr_t to, const struct attrs *a)
{
	const struct linux_stat st = {
		.dev = a->dev,
		.ino = a->ino,
		.nlink = a->nlink,
		.mode = a->mode,
		.uid = a->uid,
		.gid = a->gid,
		.rdev = a->rdev,
		.size = (int64_t)a->size,
		.blksize = a->blksize,
		.blocks = (int64_t)a->blocks,
		.atime = sec_of(a->atime),
		.atime_ns = nsec_of(a->atime),
		.mtime = sec_of(a->mtime),
		.mtime_ns = nsec_of(a->mtime),
		.ctime = sec_of(a->ctime),
		.ctime_ns = nsec_of(a->ctime),
	};

	return user_write(to, &st, sizeof(st));
}

static long stat_at(int dfd, uaddr_t path, uaddr_t to, int at_flags)
{
	struct attrs at;
	err_t err = attrs_at(dfd, path, at_flags, &at);

	return err ? err : put_stat(to, &at);
}

long sys_stat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return stat_at(LX_AT_FDCWD, a->v[0], a->v[1], 0);
}

long sys_lstat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return stat_at(LX_AT_FDCWD, a->v[0], a->v[1], LX_AT_SYMLINK_NOFOLLOW);
}

long sys_fstat(struct thread *t, const struct sysargs *a)
{
	struct attrs at;
	err_t err = attrs_of_fd((int)a->v[0], &at);

	(void)t;
	return err ? err : put_stat(a->v[1], &at);
}

long sys_newfstatat(struct thread *t, const struct sysargs *a)
{
	int flags = (int)a->v[3];

	(void)t;
	if (flags & ~(LX_AT_SYMLINK_NOFOLLOW | LX_AT_NO_AUTOMOUNT | LX_AT_EMPTY_PATH |
		      LX_AT_STATX_SYNC_TYPE))
		return -EINVAL;
	return stat_at((int)a->v[0], a->v[1], a->v[2], flags);
}

static struct linux_statx_time statx_time(int64_t ns)
{
	return (struct linux_statx_time){ .sec = sec_of(ns), .nsec = (uint32_t)nsec_of(ns) };
}

static long put_statx(uaddr_t to, const struct attrs *a)
{
	const struct linux_statx st = {
		.mask = LX_STATX_BASIC | LX_STATX_BTIME | LX_STATX_MNT_ID,
		.blksize = a->blksize,
		.attributes = a->mount_root ? LX_STATX_ATTR_MOUNT_ROOT : 0,
		.attributes_mask = LX_STATX_ATTR_MOUNT_ROOT,
		.nlink = a->nlink,
		.uid = a->uid,
		.gid = a->gid,
		.mode = (uint16_t)a->mode,
		.ino = a->ino,
		.size = a->size,
		.blocks = a->blocks,
		.atime = statx_time(a->atime),
		.btime = statx_time(a->btime),
		.ctime = statx_time(a->ctime),
		.mtime = statx_time(a->mtime),
		.rdev_major = dev_major(a->rdev),
		.rdev_minor = dev_minor(a->rdev),
		.dev_major = dev_major(a->dev),
		.dev_minor = dev_minor(a->dev),
		.mnt_id = a->mnt_id,
	};

	return user_write(to, &st, sizeof(st));
}

long sys_statx(struct thread *t, const struct sysargs *a)
{
	int flags = (int)a->v[2];
	struct attrs at;
	err_t err;

	(void)t;
	if ((uint32_t)a->v[3] & (uint32_t)LX_STATX_RESERVED)
		return -EINVAL;
	if (flags & ~(LX_AT_SYMLINK_NOFOLLOW | LX_AT_NO_AUTOMOUNT | LX_AT_EMPTY_PATH |
		      LX_AT_STATX_SYNC_TYPE) ||
	    (flags & LX_AT_STATX_SYNC_TYPE) == LX_AT_STATX_SYNC_TYPE)
		return -EINVAL;
	err = attrs_at((int)a->v[0], a->v[1], flags, &at);
	return err ? err : put_statx(a->v[4], &at);
}

/* --- access ------------------------------------------------------------------------------------------------ */

/* The identity that access(2) asks for is the real one, unless AT_EACCESS. */
static void real_cred(struct vfs_cred *c)
{
	*c = vfs_cred;
	c->uid = process.creds.uid;
	c->gid = process.creds.gid;
	c->override = process.creds.uid == 0;
}

static long access_at(int dfd, uaddr_t path, unsigned mode, int at_flags)
{
	struct vfs_cred c = vfs_cred;
	struct dentry *d;
	err_t err;

	if (mode & ~7u)
		return -EINVAL;
	if (at_flags & ~(LX_AT_EACCESS | LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH))
		return -EINVAL;
	err = lookup_at(dfd, path, walk_of_at(at_flags), &d);
	if (err)
		return err;
	if (!(at_flags & LX_AT_EACCESS))
		real_cred(&c);
	err = inode_permission_as(d->inode, mode, &c);
	dentry_put(d);
	return err;
}

long sys_access(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return access_at(LX_AT_FDCWD, a->v[0], (unsigned)a->v[1], 0);
}

long sys_faccessat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return access_at((int)a->v[0], a->v[1], (unsigned)a->v[2], 0);
}

long sys_faccessat2(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return access_at((int)a->v[0], a->v[1], (unsigned)a->v[2], (int)a->v[3]);
}

/* --- readlink -------------------------------------------------------------------------------------------------- */

static long readlink_at(int dfd, uaddr_t path, uaddr_t to, int size)
{
	struct dentry *d;
	char *buf;
	long n;

	if (size <= 0)
		return -EINVAL;
	n = lookup_at(dfd, path, WALK_EMPTY, &d);
	if (n)
		return n;
	if (!inode_is(d->inode, MODE_LNK)) {
		n = is_empty(path) ? -ENOENT : -EINVAL;
		dentry_put(d);
		return n;
	}
	buf = kmalloc(LX_PATH_MAX);
	n = buf ? vfs_readlink(d, buf, MIN((size_t)size, (size_t)LX_PATH_MAX)) : -ENOMEM;
	dentry_put(d);
	if (n > 0 && user_write(to, buf, (size_t)n))
		n = -EFAULT;
	kfree(buf);
	return n;
}

long sys_readlink(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return readlink_at(LX_AT_FDCWD, a->v[0], a->v[1], (int)a->v[2]);
}

long sys_readlinkat(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return readlink_at((int)a->v[0], a->v[1], a->v[2], (int)a->v[3]);
}

/* --- statfs ----------------------------------------------------------------------------------------------------- */

static uint64_t mount_flags(const struct fs *fs)
{
	enum {
		ST_RDONLY = 1,
		ST_NODEV = 4,
		ST_NOEXEC = 8,
		ST_VALID = 0x20,
		ST_NOATIME = 0x400,
		ST_RELATIME = 0x1000
	};
	uint64_t flags = ST_VALID;

	if (fs->flags & FS_RDONLY)
		flags |= ST_RDONLY;
	if (fs->flags & FS_NODEV)
		flags |= ST_NODEV;
	if (fs->flags & FS_NOEXEC)
		flags |= ST_NOEXEC;
	return flags | (fs->flags & FS_NOATIME ? ST_NOATIME : ST_RELATIME);
}

static long put_statfs(uaddr_t to, struct fs *fs)
{
	struct fs_stat s = { .block = 4096 };
	struct linux_statfs st;
	err_t err = fs->ops->stat ? fs->ops->stat(fs, &s) : 0;

	if (err)
		return err;
	st = (struct linux_statfs){
		.type = s.type,
		.bsize = s.block,
		.blocks = s.blocks,
		.bfree = s.bfree,
		.bavail = s.bavail,
		.files = s.files,
		.ffree = s.ffree,
		.fsid = { (int32_t)s.id, (int32_t)(s.id >> 32) },
		.namelen = LX_NAME_MAX,
		.frsize = s.block,
		.flags = mount_flags(fs),
	};
	return user_write(to, &st, sizeof(st));
}

long sys_statfs(struct thread *t, const struct sysargs *a)
{
	struct dentry *d;
	long r = lookup_at(LX_AT_FDCWD, a->v[0], WALK_FOLLOW, &d);

	(void)t;
	if (r)
		return r;
	r = put_statfs(a->v[1], d->fs);
	dentry_put(d);
	return r;
}

/* What has no place in a file system lives on one that holds such things: its magic is all there is to say. */
static long put_statfs_anon(uaddr_t to, const struct file *f)
{
	const struct linux_statfs st = {
		.type = strcmp(f->ops->kind, "pipe") == 0     ? 0x50495045
			: strcmp(f->ops->kind, "socket") == 0 ? 0x534f434b
							      : 0x09041934,
		.bsize = 4096,
		.frsize = 4096,
		.namelen = LX_NAME_MAX,
		.flags = 0x20,
	};

	return user_write(to, &st, sizeof(st));
}

long sys_fstatfs(struct thread *t, const struct sysargs *a)
{
	struct file *f = fd_get((int)a->v[0]);
	long r;

	(void)t;
	if (!f)
		return -EBADF;
	r = f->inode ? put_statfs(a->v[1], f->inode->fs) : put_statfs_anon(a->v[1], f);
	file_put(f);
	return r;
}
