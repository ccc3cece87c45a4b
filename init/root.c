/* SPDX-License-Identifier: Apache-2.0 */
/* init/root.c: the root from the first disk, the file systems every machine has, and volumes. */
#include "init/root.h"

#include "dev/blks.h"
#include "init/config.h"
#include "kern/klog.h"
#include "kern/panic.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "vfs/tfs.h"
#include "vfs/vfs.h"

static struct tfs_ident ident; /* [I] of the root */

const uint8_t *root_uuid(void)
{
	return ident.uuid;
}

static void mount_disk(void)
{
	struct blk *disk = blk_next(NULL);
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
}

/* --- volumes: mounts:(label-or-uuid:/path) ---------------------------------------------------------- */

static void hex_uuid(const uint8_t *uuid, char *out)
{
	fmt(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
	    uuid[0], uuid[1], uuid[2], uuid[3], uuid[4], uuid[5], uuid[6], uuid[7], uuid[8],
	    uuid[9], uuid[10], uuid[11], uuid[12], uuid[13], uuid[14], uuid[15]);
}

static bool is_called(const struct tfs_ident *id, const struct sym *name)
{
	char uuid[37];

	hex_uuid(id->uuid, uuid);
	return strcmp(id->label, name->s) == 0 || strcmp(uuid, name->s) == 0;
}

/* The disk that holds the volume; the root disk is not one. */
static bool mount_volume(const struct sym *name, const char *path)
{
	struct tfs_ident vol;
	uint64_t first, nsect;
	struct fs *fs;

	for (struct blk *b = blk_next(blk_next(NULL)); b; b = blk_next(b)) {
		err_t err;

		if (tfs_fs_find(b, &first, &nsect, &vol) || !is_called(&vol, name))
			continue;
		err = tfs_fs_mount(b, first, nsect, path, 0, &fs);
		if (err)
			vm_fail("volume %s on %s cannot be mounted on %s: error %d", name->s,
				b->name, path, -err);
		return true;
	}
	return false;
}

static void mount_volumes(void)
{
	const struct value *v = config_get("mounts");
	const struct tuple *t = v && v->type == VALUE_TUPLE ? v->t : NULL;
	const struct entry *e;
	size_t n;

	for (uint32_t i = 0; t && (e = tuple_next(t, &i));) {
		const char *path = value_text(&e->v, &n);

		if (!e->key || !path)
			continue;
		if (!mount_volume(e->key, path))
			vm_fail("mounts: no disk holds the volume %s for %s", e->key->s, path);
	}
}

err_t root_mount(void)
{
	err_t err;

	mount_disk();
	err = vfs_mount_standard();
	if (err)
		return err;
	mount_volumes();
	if (config_flag("readonly_rootfs"))
		fs_next(NULL)->flags |= FS_RDONLY; /* now that the mount points are there */
	return 0;
}
