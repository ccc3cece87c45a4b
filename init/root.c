/* SPDX-License-Identifier: Apache-2.0 */
/* init/root.c: the root from the first disk, memory file systems where programs expect to scribble. */
#include "init/root.h"

#include "dev/blks.h"
#include "init/config.h"
#include "kern/klog.h"
#include "kern/panic.h"
#include "vfs/tfs.h"
#include "vfs/tmpfs.h"
#include "vfs/vfs.h"

static void mount_disk(void)
{
	struct blk *disk = blk_next(NULL);
	struct tfs_ident ident;
	uint64_t first, nsect;
	struct fs *fs;
	err_t err;

	if (!disk)
		vm_fail("no root disk: there is no virtio-blk device");
	err = tfs_fs_find(disk, &first, &nsect, &ident);
	if (err)
		vm_fail("the root disk %s holds no TFS file system", disk->name);
	err = tfs_fs_mount(disk, first, nsect, "/", 0, &fs);
	if (err)
		vm_fail("the root file system on %s cannot be mounted: error %d", disk->name, -err);
	config_set_root(tfs_fs_manifest(fs));
	if (config_flag("readonly_rootfs"))
		fs->flags |= FS_RDONLY;
}

/* Memory: what is written there is gone with the machine, as programs expect of these places. */
static err_t mount_memory(void)
{
	err_t err = tmpfs_mount("/tmp", "tmpfs", 01777, FS_NODEV, 0);

	return err ? err : tmpfs_mount("/run", "tmpfs", 0755, FS_NODEV, 0);
}

err_t root_mount(void)
{
	mount_disk();
	return mount_memory();
}
