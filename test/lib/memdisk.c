/* SPDX-License-Identifier: Apache-2.0 */
#include "test/lib/memdisk.h"

#include <stdlib.h>
#include <string.h>

static struct memdisk *disk_of(struct blk *b)
{
	return container_of(b, struct memdisk, blk);
}

static err_t disk_read(struct blk *b, uint64_t sector, void *buf, uint32_t n)
{
	struct memdisk *d = disk_of(b);

	if (d->dead)
		return -EIO;
	if (!blk_range_ok(b, sector, n))
		return -EINVAL;
	d->reads++;
	memcpy(buf, d->now + sector * BLK_SECTOR, (size_t)n * BLK_SECTOR);
	return 0;
}

static void remember(struct memdisk *d, uint64_t sector, const uint8_t *p)
{
	if (d->ncache == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 64;
		d->cache = realloc(d->cache, d->cap * sizeof(*d->cache));
	}
	d->cache[d->ncache].sector = sector;
	memcpy(d->cache[d->ncache++].data, p, BLK_SECTOR);
}

static err_t disk_write(struct blk *b, uint64_t sector, const void *buf, uint32_t n)
{
	struct memdisk *d = disk_of(b);

	if (!blk_range_ok(b, sector, n))
		return -EINVAL;
	/* The write that is cut may have got anywhere: it is in the cache, and fails. */
	for (uint32_t i = 0; i < n && !d->dead; i++)
		remember(d, sector + i, (const uint8_t *)buf + (size_t)i * BLK_SECTOR);
	if (d->writes++ >= d->cut)
		d->dead = true;
	if (d->dead)
		return -EIO;
	memcpy(d->now + sector * BLK_SECTOR, buf, (size_t)n * BLK_SECTOR);
	return 0;
}

static void settle(struct memdisk *d, size_t i)
{
	memcpy(d->medium + d->cache[i].sector * BLK_SECTOR, d->cache[i].data, BLK_SECTOR);
}

static err_t disk_flush(struct blk *b)
{
	struct memdisk *d = disk_of(b);

	if (d->dead)
		return -EIO;
	for (size_t i = 0; i < d->ncache; i++)
		settle(d, i);
	d->ncache = 0;
	d->flushes++;
	return 0;
}

void memdisk_init(struct memdisk *d, uint64_t nsect)
{
	*d = (struct memdisk){
		.blk = {
			.name = "mem",
			.nsect = nsect,
			.write_cache = true,
			.phys_sectors = 1,
			.max_segs = 1,
			.read = disk_read,
			.write = disk_write,
			.flush = disk_flush,
		},
		.cut = UINT32_MAX,
	};
	d->medium = calloc(nsect, BLK_SECTOR);
	d->now = calloc(nsect, BLK_SECTOR);
}

void memdisk_fini(struct memdisk *d)
{
	free(d->medium);
	free(d->now);
	free(d->cache);
}

void memdisk_power(struct memdisk *d, unsigned seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (size_t i = 0; i < d->ncache; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		if (seed == 1 || (seed > 1 && (x & 0x100)))
			settle(d, i);
	}
	d->ncache = 0;
	d->dead = false;
	d->cut = UINT32_MAX;
	memcpy(d->now, d->medium, d->blk.nsect * BLK_SECTOR);
}
