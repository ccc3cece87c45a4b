/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run --image: an image made earlier, by build, mkfs or others.  Its root tuple is read as a manifest, and the
 * options are laid over it as they are over --manifest's, because the boot module's keys replace the image's
 * whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/tfs.h"
#include "tools/coracle_image.h"
#include "tools/coracle_manifest.h"
#include "tools/fileblk.h"
#include "tools/mkimage.h"

/* MBR: four entries of 16 bytes at 446, the type at 4, first sector at 8, sectors at 12. */
enum { MBR_TABLE = 446, MBR_ENTRY = 16, MBR_PARTS = 4, MBR_MAGIC = 510 };

static uint32_t le32_at(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The file system is the whole file, or the last partition of an MBR. */
static bool find_fs(struct blk *blk, struct tfs_where *w)
{
	struct tfs_ident id;
	uint8_t mbr[BLK_SECTOR];

	*w = (struct tfs_where){ .blk = blk, .first = 0, .nsect = blk->nsect };
	if (tfs_probe(blk, 0, mkimage_alloc(), &id) == 0)
		return true;
	if (blk->read(blk, 0, mbr, 1) || mbr[MBR_MAGIC] != 0x55 || mbr[MBR_MAGIC + 1] != 0xaa)
		return false;
	for (int i = MBR_PARTS - 1; i >= 0; i--) {
		const uint8_t *e = mbr + MBR_TABLE + i * MBR_ENTRY;

		w->first = le32_at(e + 8);
		w->nsect = le32_at(e + 12);
		if (e[4] == 0 || w->first == 0 || w->first >= blk->nsect)
			continue;
		w->nsect = MIN(w->nsect, blk->nsect - w->first);
		return tfs_probe(blk, w->first, mkimage_alloc(), &id) == 0;
	}
	return false;
}

/* Looked for as a shell in the guest would: the kernel wants a path. */
static char *find_program(struct tfs *fs, const char *name)
{
	static const char *const dirs[] = { "usr/local/bin", "usr/bin", "usr/sbin", "bin", "sbin" };

	if (strchr(name, '/'))
		return path_clean("/", name);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		struct tfs_inode *at = tfs_root(fs), *next;
		char *path = xasprintf("%s/%s", dirs[i], name), *rest = path;
		err_t err = 0;

		for (char *step; !err && (step = strsep(&rest, "/")) != NULL;) {
			err = tfs_lookup(at, step, strlen(step), &next);
			tfs_put(at);
			at = err ? NULL : next;
		}
		if (at)
			tfs_put(at);
		free(path);
		if (!err)
			return xasprintf("/%s/%s", dirs[i], name);
	}
	die(EXIT_MISUSE, "%s: not in the image's directories for programs; name it by its path",
	    name);
}

static void settings(struct spec *s, struct tfs *fs, struct buf *module)
{
	const char *cwd;

	s->manifest = (struct tuple *)(uintptr_t)tfs_root_tuple(fs);
	manifest_environment(s);
	spec_take_argv(s);
	spec_take_env(s);
	cwd = values_str(s->manifest, "cwd");
	s->guest_cwd = path_clean("/", s->o->cwd ? s->o->cwd : cwd ? cwd : "/");
	s->found = find_program(fs, s->program);
	spec_module_text(s, module);
}

void image_settings(const struct opts *o, struct buf *module)
{
	int fd = open(o->image, O_RDONLY | O_CLOEXEC);
	struct spec s = { .o = o };
	struct fileblk file;
	struct tfs_where w;
	struct tfs *fs;
	err_t err;

	if (fd < 0)
		die_errno(EXIT_MISUSE, "--image %s", o->image);
	fileblk_init(&file, fd, fileblk_size(fd) / BLK_SECTOR, true);
	if (!find_fs(&file.blk, &w))
		die(EXIT_MISUSE, "--image %s: there is no TFS in it", o->image);
	err = tfs_mount(&w, TFS_RDONLY, mkimage_alloc(), &fs);
	if (err)
		die(EXIT_MISUSE, "--image %s: damaged: %s", o->image, strerror(-err));
	if (tfs_damage(fs))
		die(EXIT_MISUSE, "--image %s: damaged: %s; see dump --check", o->image,
		    tfs_damage(fs));
	settings(&s, fs, module);
	tfs_unmount(fs);
	close(fd);
}
