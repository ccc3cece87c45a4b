/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/fs.h"

#include "kern/slab.h"
#include "vfs/fdtable.h"

err_t upath_get(struct upath *p, uaddr_t from)
{
	long n = user_read_str(p->small, from, sizeof(p->small));

	p->s = p->small;
	if (likely(n != -ENAMETOOLONG))
		return n < 0 ? (err_t)n : 0;
	p->s = kmalloc(LX_PATH_MAX);
	if (!p->s)
		return -ENOMEM;
	n = user_read_str(p->s, from, LX_PATH_MAX);
	if (n >= 0)
		return 0;
	kfree(p->s);
	return (err_t)n;
}

void upath_put(struct upath *p)
{
	if (p->s != p->small)
		kfree(p->s);
}

err_t at_begin(int dfd, const char *path, struct dentry **at)
{
	struct file *f;
	err_t err = 0;

	*at = NULL;
	if (*path == '/' || dfd == LX_AT_FDCWD)
		return 0;
	f = fd_get(dfd);
	if (!f)
		return -EBADF;
	if (!f->path) {
		err = -ENOTDIR;
	} else {
		*at = f->path;
		dentry_get(*at);
	}
	file_put(f);
	return err;
}

err_t lookup_at(int dfd, uaddr_t path, unsigned flags, struct dentry **out)
{
	struct dentry *at;
	struct upath p;
	err_t err = upath_get(&p, path);

	if (err)
		return err;
	err = *p.s || flags & WALK_EMPTY ? at_begin(dfd, p.s, &at) : -ENOENT;
	if (!err) {
		err = path_lookup(at, p.s, flags, out);
		dentry_put(at);
	}
	upath_put(&p);
	return err;
}

err_t fd_get_real(int fd, struct file **out)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	if (f->mode & FILE_PATH) {
		file_put(f);
		return -EBADF;
	}
	*out = f;
	return 0;
}
