/* SPDX-License-Identifier: Apache-2.0 */
#include "vfs/fs.h"

#include "kern/klog.h"
#include "lib/mem.h"
#include "vfs/vfs.h"
#include "vfs/writeback.h"

static struct list mounts = LIST_INIT(mounts); /* appended to during boot only */
static unsigned nfs;

enum { FIRST_MOUNT_ID = 20, FIRST_ANON_DEV = 32 };

void fs_init(struct fs *fs, const struct fs_ops *ops, const char *type, unsigned flags)
{
	fs->ops = ops;
	fs->type = type;
	fs->flags = flags;
	fs->id = FIRST_MOUNT_ID + nfs;
	fs->dev = dev_make(0, FIRST_ANON_DEV + nfs);
	nfs++;
	mutex_init(&fs->rename_lock);
	list_init(&fs->link);
}

/* The directory to mount on; made, with its parents, if it is not there. */
static err_t mount_point(const char *path, struct dentry **out)
{
	char part[256];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= len; i++) {
		err_t err;

		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		err = vfs_mkdir(NULL, part, 0755);
		if (err && err != -EEXIST && err != -EROFS)
			return err;
	}
	return path_lookup(NULL, path, WALK_FOLLOW, out);
}

static void become_root(struct fs *fs)
{
	dentry_get(fs->root);
	vfs_set_root(fs->root);
	dentry_get(fs->root);
	vfs_set_cwd(fs->root);
}

static err_t cover(struct fs *fs, const char *path)
{
	struct dentry *on;
	err_t err = mount_point(path, &on);

	if (err)
		return err;
	if (!inode_is_dir(on->inode)) {
		dentry_put(on);
		return -ENOTDIR;
	}
	spin_lock(&dcache_lock);
	fs->on = on;
	on->covered = fs;
	spin_unlock(&dcache_lock);
	return 0;
}

err_t fs_mount(struct fs *fs, struct inode *root, const char *path)
{
	err_t err = dentry_new_root(fs, root, &fs->root);

	if (err)
		return err;
	if (list_empty(&mounts)) {
		become_root(fs);
	} else {
		err = cover(fs, path);
		if (err)
			return err;
	}
	list_add_tail(&mounts, &fs->link);
	return 0;
}

struct fs *fs_next(struct fs *fs)
{
	struct list *l = fs ? fs->link.next : mounts.next;

	return l == &mounts ? NULL : list_entry(l, struct fs, link);
}

err_t fs_sync(struct fs *fs)
{
	err_t err = writeback_all(fs), late = 0;

	if (fs->ops->sync && !(fs->flags & FS_RDONLY))
		late = fs->ops->sync(fs);
	return err ? err : late;
}

err_t fs_sync_all(void)
{
	err_t first = 0;

	for (struct fs *fs = fs_next(NULL); fs; fs = fs_next(fs)) {
		err_t err = fs_sync(fs);

		if (err)
			klog_err("%s on %s: not all could be written (%d)\n", fs->type, fs->source,
				 err);
		if (err && !first)
			first = err;
	}
	return first;
}
