/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/proc_fd.c: /proc/PID/fd: links that are the open files themselves.  What has a place in the file system is
 * followed there; what has none gets an inode for the moment, which opens as another description of the same.
 */
#include "abi/linux_fcntl.h"
#include "kern/slab.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "vfs/fdtable.h"
#include "vfs/proc.h"
#include "vfs/textfs.h"
#include "vfs/vfs.h"

struct fd_inode {
	struct inode i;
	struct file *file; /* of an object without a name; counted */
	int fd;
};

static struct fd_inode *fd_inode(struct inode *i)
{
	return container_of(i, struct fd_inode, i);
}

static void put_last(struct inode *i)
{
	if (!inode_unref(i))
		return;
	if (fd_inode(i)->file)
		file_put(fd_inode(i)->file);
	inode_fini(i);
	kfree(fd_inode(i));
}

static struct fd_inode *new_inode(struct fs *fs, const struct inode_ops *ops, uint32_t mode, int fd)
{
	struct fd_inode *fi = kzalloc(sizeof(*fi));

	if (!fi)
		return NULL;
	inode_init(&fi->i, fs, ops, mode);
	fi->i.ino = ((uint64_t)1 << 60) + (unsigned)fd;
	fi->i.flags = INODE_VOLATILE;
	fi->fd = fd;
	return fi;
}

/* --- objects without a name ------------------------------------------------------------------------------- */

static err_t open_again(struct inode *i, uint32_t flags, struct file **out)
{
	return vfs_reopen(fd_inode(i)->file, flags, out);
}

static const struct inode_ops anon_ops = { .open_own = open_again, .put_last = put_last };

static size_t name_of(struct file *f, char *buf, size_t size)
{
	if (f->ops->name)
		return f->ops->name(f, buf, size);
	return fmt(buf, size, "anon_inode:[%s]", f->ops->kind);
}

static uint32_t mode_of_kind(const struct file *f)
{
	if (strcmp(f->ops->kind, "pipe") == 0)
		return MODE_FIFO | 0600;
	return strcmp(f->ops->kind, "socket") == 0 ? MODE_SOCK | 0777 : MODE_REG | 0600;
}

static err_t anon_dentry(struct fs *fs, struct file *f, int fd, struct dentry **out)
{
	struct fd_inode *fi = new_inode(fs, &anon_ops, mode_of_kind(f), fd);
	char name[64];
	err_t err;

	if (!fi)
		return -ENOMEM;
	file_get(f);
	fi->file = f;
	name_of(f, name, sizeof(name));
	err = dentry_new_anon(&fi->i, name, out);
	if (err)
		inode_put(&fi->i);
	return err;
}

/* --- the links ------------------------------------------------------------------------------------------------ */

static long read_link(struct inode *i, char *buf, size_t size)
{
	struct file *f = fd_get(fd_inode(i)->fd);
	char *path;
	long n;

	if (!f)
		return -ENOENT;
	path = kmalloc(4096);
	if (!path)
		n = -ENOMEM;
	else if (f->path)
		n = vfs_path(f->path, path, 4096);
	else
		n = (long)name_of(f, path, 4096);
	file_put(f);
	if (n > 0) {
		n = MIN(n, (long)size);
		memcpy(buf, path, (size_t)n);
	}
	kfree(path);
	return n;
}

static err_t jump(struct inode *i, struct dentry **out)
{
	struct file *f = fd_get(fd_inode(i)->fd);
	err_t err = 0;

	if (!f)
		return -ENOENT;
	if (f->path) {
		*out = f->path;
		dentry_get(*out);
	} else {
		err = anon_dentry(i->fs, f, fd_inode(i)->fd, out);
	}
	file_put(f);
	return err;
}

static const struct inode_ops link_ops = { .readlink = read_link,
					   .jump = jump,
					   .put_last = put_last };

/* --- fdinfo: position, flags, and what the kind adds ---------------------------------------------- */

static void fdinfo(struct text *t, const struct proc_ctx *c)
{
	struct file *f = fd_get((int)c->n);
	char more[512];
	size_t n = 0;

	if (!f)
		return;
	text_printf(t, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n",
		    (unsigned long long)f->pos,
		    (unsigned)f->flags | (fd_cloexec((int)c->n) ? LX_O_CLOEXEC : 0u),
		    f->inode ? f->inode->fs->id : 0,
		    f->inode ? (unsigned long long)f->inode->ino : 0ull);
	if (f->ops->fdinfo)
		n = f->ops->fdinfo(f, more, sizeof(more));
	text_write(t, more, MIN(n, sizeof(more) - 1));
	file_put(f);
}

static const struct proc_row fdinfo_row = { .path = "", .mode = 0444, .show = fdinfo };
static struct text_node fdinfo_node = { .row = &fdinfo_row,
					.mode = MODE_REG | 0444,
					.id = (1 << 20) - 1 };

err_t proc_fdinfo_lookup(struct inode *dir, const struct name *n, struct inode **out)
{
	int64_t fd = textfs_number(n);
	const struct proc_ctx c = { .n = (unsigned)fd };
	struct file *f;
	err_t err;

	if (fd < 0 || !(f = fd_get((int)fd)))
		return -ENOENT;
	file_put(f);
	err = textfs_inode(dir->fs->priv, &fdinfo_node, &c, out);
	if (!err)
		(*out)->flags |= INODE_VOLATILE;
	return err;
}

err_t proc_fd_lookup(struct fs *fs, const struct name *n, struct inode **out)
{
	int64_t fd = textfs_number(n);
	struct fd_inode *fi;
	struct file *f;

	if (fd < 0 || !(f = fd_get((int)fd)))
		return -ENOENT;
	fi = new_inode(fs, &link_ops, MODE_LNK | 0500, (int)fd);
	if (fi && f->mode & FILE_WRITE)
		fi->i.mode |= 0200;
	if (fi && !(f->mode & FILE_READ))
		fi->i.mode &= ~0400u;
	file_put(f);
	if (!fi)
		return -ENOMEM;
	*out = &fi->i;
	return 0;
}

err_t proc_fd_readdir(uint64_t cookie, struct dirent *out)
{
	static char name[12]; /* the directory's lock */
	int fd = fd_next((int)cookie);

	if (fd < 0)
		return -ENOENT;
	*out = (struct dirent){
		.name = name,
		.len = fmt(name, sizeof(name), "%d", fd),
		.ino = ((uint64_t)1 << 60) + (unsigned)fd,
		.mode = MODE_LNK,
		.cookie = (uint64_t)fd + 1,
	};
	return 0;
}
