/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_tfs.c: a log from outside, then a life on top of it.  The first byte picks the format; what follows
 * is the log's payload, which the harness frames (format 6's checksums included), so that the fuzzer reaches what
 * lies behind them.  Whatever the log says: mount or refuse, look at everything, check, change,
 * sync, compact, mount again.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/tfs.h"
#include "lib/crc32c.h"
#include "test/lib/fsbox.h"

enum { DISK = 512, EXT = 32, EXT_SECTORS = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *at(struct fsbox *b, uint64_t sector)
{
	return b->disk.now + sector * BLK_SECTOR;
}

static size_t put_super(uint8_t *p, unsigned version)
{
	memset(p, 0, BLK_SECTOR);
	memcpy(p, "NVMTFS", 6);
	p[6] = (uint8_t)version;
	p[7] = 1;
	return 8 + TFS_UUID + 1;
}

/* Sector 0 links to one extent, whose records are the input as it is. */
static void frame_stream(struct fsbox *b, unsigned version, const uint8_t *data, size_t size)
{
	static const uint8_t link[] = { 5, EXT, 0x82, 0x2c }; /* 300 */
	static const uint8_t head[] = { 'N', 'V', 'M', 'T', 'F', 'S', 0, 0x82, 0x2c };
	size_t n = put_super(at(b, 0), version);

	memcpy(at(b, 0) + n, link, sizeof(link));
	memcpy(at(b, EXT), head, sizeof(head));
	at(b, EXT)[6] = (uint8_t)version;
	if (size > EXT_SECTORS * BLK_SECTOR - sizeof(head))
		size = EXT_SECTORS * BLK_SECTOR - sizeof(head);
	memcpy(at(b, EXT) + sizeof(head), data, size);
}

static void seal(uint8_t *sector)
{
	uint32_t crc = crc32c(0, sector + 12, BLK_SECTOR - 12);

	memcpy(sector + 8, &crc, sizeof(crc));
}

/* The input in records: a length byte, then that many bytes; 255 makes it a link. */
static void frame_records(struct fsbox *b, const uint8_t *data, size_t size)
{
	struct tfs6_head *h = (void *)at(b, TFS6_HEAD_A);
	struct tfs6_extent *x = (void *)at(b, EXT);
	uint64_t sector = EXT + 1, seq = 1;
	uint32_t crc;

	put_super(at(b, 0), 6);
	crc = crc32c(0, at(b, 0), TFS6_SUPER_CRC);
	memcpy(at(b, 0) + TFS6_SUPER_CRC, &crc, sizeof(crc));
	memset(at(b, TFS6_HEAD_B), 0, BLK_SECTOR);
	*h = (struct tfs6_head){
		.seq = 1, .gen = 7, .log_sector = EXT, .log_sectors = EXT_SECTORS
	};
	memcpy(h->magic, "TFS6HEAD", 8);
	seal((uint8_t *)h);
	*x = (struct tfs6_extent){ .gen = 7, .sector = EXT, .sectors = EXT_SECTORS, .first = 1 };
	memcpy(x->magic, "TFS6LOGX", 8);
	seal((uint8_t *)x);
	crc = x->crc;
	while (size && sector < EXT + EXT_SECTORS) {
		bool link = data[0] == 255;
		size_t want = link ? sizeof(struct tfs6_link) : data[0];
		size_t len = want < size ? want : size - 1;
		struct tfs6_rec r = { .magic = TFS6_REC_MAGIC,
				      .gen = 7,
				      .seq = seq++,
				      .prev = crc,
				      .len = (uint32_t)len,
				      .type = link ? TFS6_REC_LINK : TFS6_REC_VALUES };
		uint8_t *p = at(b, sector);

		memset(p, 0, BLK_SECTOR);
		memcpy(p, &r, sizeof(r));
		memcpy(p + sizeof(r), data + 1, len);
		r.crc = crc = crc32c(0, p + 8, sizeof(r) - 8 + len);
		memcpy(p, &r, sizeof(r));
		data += len + 1;
		size -= len + 1;
		sector++;
	}
}

static void quiet(struct tfs_check *c, uint64_t off, const char *what)
{
	(void)c;
	(void)off;
	(void)what;
}

/* Any of these may be refused; none may crash. */
static void live(struct fsbox *b)
{
	struct tfs_check c = { .found = quiet };
	struct tfs_stat st;
	err_t ignored = 0;

	free(fsbox_text(b));
	ignored |= tfs_check(b->fs, &c);
	ignored |= tfs_statfs(b->fs, &st);
	ignored |= fsbox_make(b, "new", 0100644, NULL);
	ignored |= fsbox_write(b, "new", 5000, 9000, 1);
	ignored |= fsbox_write(b, "a", 100, 9000, 1);
	ignored |= fsbox_rename(b, "a", "b", 0);
	ignored |= fsbox_rename(b, "d", "d/x/y", 0);
	ignored |= fsbox_link(b, "b", "c");
	ignored |= tfs_commit(b->fs);
	ignored |= fsbox_remove(b, "b");
	ignored |= fsbox_rename(b, "c", "d", TFS_RENAME_EXCHANGE);
	ignored |= tfs_sync(b->fs);
	ignored |= tfs_compact(b->fs);
	ignored |= fsbox_remove(b, "new");
	ignored |= tfs_sync(b->fs);
	(void)ignored;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fsbox b;
	bool sound;

	if (size < 2)
		return 0;
	fsbox_init(&b, DISK, 6);
	memset(b.disk.now, 0, DISK * BLK_SECTOR);
	if (data[0] % 3 == 2)
		frame_records(&b, data + 1, size - 1);
	else
		frame_stream(&b, 4 + data[0] % 3, data + 1, size - 1);
	if (fsbox_mount(&b, 0) == 0) {
		live(&b);
		sound = !tfs_readonly(b.fs);
		fsbox_unmount(&b);
		if (sound && fsbox_mount(&b, 0))
			abort(); /* what we wrote we can read */
		fsbox_unmount(&b);
	}
	if (b.mem.held)
		abort();
	fsbox_fini(&b);
	return 0;
}
