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
		err = optional("/tmp", tmpfs_mount("/tmp", "tmpfs", 01777, FS_NODEV, 0));
	if (!err)
		err = optional("/run", tmpfs_mount("/run", "tmpfs", 0755, FS_NODEV, 0));
	return err;
}
