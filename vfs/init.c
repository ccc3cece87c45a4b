/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/init.c: the file systems that every machine has, in the order in which they need each other. */
#include "kern/klog.h"
#include "vfs/chrdev.h"
#include "vfs/fdtable.h"
#include "vfs/fs.h"
#include "vfs/pcache.h"
#include "vfs/proc.h"
#include "vfs/reclaim.h"
#include "vfs/tmpfs.h"
#include "vfs/vfs.h"
#include "vfs/writeback.h"

#include "kern/panic.h"

static void sync_at_exit(unsigned status)
{
	(void)status;
	(void)!fs_sync_all();
}

err_t vfs_init(void)
{
	static struct exit_step step = { .fn = sync_at_exit, .order = EXIT_SYNC };

	fd_init();
	dentry_init();
	pcache_boot();
	reclaim_init();
	exit_add_step(&step);
	return writeback_init();
}

/* A root that lacks the directory and cannot be written goes without that file system. */
static err_t optional(const char *path, err_t err)
{
	if (err != -EROFS && err != -ENOENT)
		return err;
	klog_warn("%s: no such directory in the image, and it is read-only", path);
	return 0;
}

/* Did the image bring files there, a program's directory under /tmp for one? */
static bool holds_files(const char *path)
{
	struct dentry *d;
	struct dirent first;
	struct inode *dir;
	bool any = false;

	if (path_lookup(NULL, path, WALK_FOLLOW, &d))
		return false;
	dir = d->inode;
	if (dir->ops->readdir) {
		mutex_lock(&dir->lock);
		any = dir->ops->readdir(dir, 0, &first) == 0;
		mutex_unlock(&dir->lock);
	}
	dentry_put(d);
	return any;
}

/* Memory, unless that would hide what the image has in its place. */
static err_t mount_scratch(const char *path, uint32_t mode)
{
	if (holds_files(path))
		return 0;
	return optional(path, tmpfs_mount(path, "tmpfs", mode, FS_NODEV, 0));
}

err_t vfs_mount_standard(void)
{
	err_t err = optional("/dev", devfs_init());

	if (!err)
		err = optional("/proc", procfs_mount("/proc"));
	if (!err)
		err = optional("/sys", sysfs_mount("/sys"));
	if (!err)
		err = optional("/dev/shm", tmpfs_mount("/dev/shm", "tmpfs", 01777, FS_NODEV, 0));
	if (!err)
		err = mount_scratch("/tmp", 01777);
	if (!err)
		err = mount_scratch("/run", 0755);
	return err;
}
