/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/mkimage_disk.c: the file around the file systems: its temporary name, the master boot record, the
 * boot image (doc/tfs.md, Image layout).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/mkimage_int.h"

enum {
	TABLE = 0x1be,
	ENTRY_LEN = 16,
	TYPE_LINUX = 0x83,
	REGION_LEN_AT =
		TABLE - 20 + 8, /* record {u64 start, u64 length, u32 type} below the table */
	KLOG_SECTORS = 8,	/* the log dump area, 4 KB */
	BOOT_PART = 0,
	ROOT_PART = 1,
};

/* An existing device is written in place; a file appears under its name when it is whole. */
bool mk_open(struct mkimage *m)
{
	struct stat st;
	bool there = stat(m->o.path, &st) == 0;

	if (there && S_ISDIR(st.st_mode))
		return mk_fail(m, "%s: is a directory", m->o.path);
	m->in_place = there && !S_ISREG(st.st_mode);
	if (m->in_place) {
		m->fd = open(m->o.path, O_RDWR | O_CLOEXEC);
	} else {
		if (asprintf(&m->tmp, "%s.part%ld", m->o.path, (long)getpid()) < 0)
			abort();
		m->fd = open(m->tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	}
	if (m->fd < 0) {
		int e = errno;

		free(m->tmp);
		m->tmp = NULL;
		return mk_fail(m, "%s: %s", m->o.path, strerror(e));
	}
	if (m->in_place && !m->o.size)
		m->o.size = fileblk_size(m->fd);
	return true;
}

void mk_discard(struct mkimage *m)
{
	if (m->fd >= 0)
		close(m->fd);
	if (m->tmp)
		unlink(m->tmp);
	m->fd = -1;
}

bool mk_close(struct mkimage *m)
{
	if (close(m->fd) < 0) {
		m->fd = -1;
		return mk_fail(m, "%s: %s", m->o.path, strerror(errno));
	}
	m->fd = -1;
	if (m->tmp && rename(m->tmp, m->o.path) < 0)
		return mk_fail(m, "%s: %s", m->o.path, strerror(errno));
	return true;
}

/* Stage 2 begins at sector 1 and is padded to a sector. */
static bool boot_image_sectors(struct mkimage *m, uint64_t *sectors)
{
	struct stat st;

	*sectors = 1;
	if (!m->o.boot_image)
		return true;
	if (stat(m->o.boot_image, &st) < 0)
		return mk_fail(m, "%s: %s", m->o.boot_image, strerror(errno));
	if (st.st_size < MK_SECTOR || st.st_size > (8 << 20))
		return mk_fail(m, "%s: not a boot image: %lld bytes", m->o.boot_image,
			       (long long)st.st_size);
	*sectors = DIV_UP((uint64_t)st.st_size, (uint64_t)MK_SECTOR);
	return true;
}

/* Behind the boot image and the log's dump area.  Stage 2 computes it, so only without one is it aligned. */
uint64_t mk_root_start(struct mkimage *m)
{
	uint64_t sectors;

	if (!boot_image_sectors(m, &sectors))
		return 0;
	sectors += KLOG_SECTORS;
	return m->o.boot_image ? sectors : ALIGN_UP(sectors, (uint64_t)8);
}

static void put32(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void put_partition(uint8_t *mbr, int i, bool active, const struct tfs_where *w)
{
	static const uint8_t chs[3] = { 0xfe, 0xff, 0xff }; /* beyond what CHS can say */
	uint8_t *e = mbr + TABLE + i * ENTRY_LEN;

	e[0] = active ? 0x80 : 0;
	memcpy(e + 1, chs, 3);
	e[4] = TYPE_LINUX;
	memcpy(e + 5, chs, 3);
	put32(e + 8, w->first);
	put32(e + 12, w->nsect);
}

static bool read_boot_image(struct mkimage *m, uint8_t **out, uint64_t sectors)
{
	FILE *f = fopen(m->o.boot_image, "rb");
	uint8_t *p = calloc(sectors, MK_SECTOR);
	size_t n = f && p ? fread(p, 1, sectors * MK_SECTOR, f) : 0;

	if (f)
		fclose(f);
	*out = p;
	if (n <= (sectors - 1) * MK_SECTOR)
		return mk_fail(m, "%s: cannot be read", m->o.boot_image);
	return true;
}

bool mk_write_mbr(struct mkimage *m, uint64_t root_sectors)
{
	uint8_t *p = NULL;
	uint64_t sectors, lba_max = UINT32_MAX;
	bool ok;

	if (!boot_image_sectors(m, &sectors))
		return false;
	if (m->root.w.first + root_sectors > lba_max)
		return mk_fail(m, "%s: an image with a partition table ends at 2 TB", m->o.path);
	if (m->o.boot_image) {
		ok = read_boot_image(m, &p, sectors);
	} else {
		p = calloc(1, MK_SECTOR);
		ok = p != NULL;
	}
	if (ok) {
		struct tfs_where w = m->root.w;

		w.nsect = root_sectors;
		if (m->o.boot_image) {
			put32(p + REGION_LEN_AT, (sectors - 1) * MK_SECTOR);
			put32(p + REGION_LEN_AT + 4, 0);
		}
		if (m->boot.fs)
			put_partition(p, BOOT_PART, true, &m->boot.w);
		put_partition(p, ROOT_PART, !m->boot.fs, &w);
		p[510] = 0x55;
		p[511] = 0xaa;
		ok = !m->dev.blk.write(&m->dev.blk, 0, p, (uint32_t)sectors) ||
		     mk_fail(m, "%s: %s", m->o.path, strerror(errno));
	}
	free(p);
	return ok;
}

bool mk_format(struct mkimage *m, struct mk_fs *f, unsigned version, uint64_t first, uint64_t nsect,
	       uint64_t log_sectors)
{
	struct tfs_format how = {
		.version = version,
		.label = f == &m->root ? m->o.label : NULL,
		.log_sectors = log_sectors,
	};
	err_t err;

	memcpy(how.uuid, m->o.uuid, TFS_UUID);
	f->w = (struct tfs_where){ .blk = &m->dev.blk, .first = first, .nsect = nsect };
	err = tfs_format(&f->w, &how, mkimage_alloc(), &f->fs);
	return err ? mk_fail_err(m, err, m->o.path) : true;
}
