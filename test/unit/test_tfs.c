/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tfs.c: what TFS does when nothing goes wrong, and what it says when the disk does not hold what it should:
 * doc/tfs.md's worked example byte for byte, formats 4 to 6, damage told from tears, names,
 * links, maps, space.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fs/mbr.h"
#include "fs/tfs_int.h" /* by exception: the encoder has no other face */
#include "test/lib/fsbox.h"

enum { DISK = 4096, DIR = 0040755, REG = 0100644, LNK = 0120777, FIFO = 0010600, CHR = 0020620 };

static void boot(struct fsbox *b, unsigned version)
{
	fsbox_init(b, DISK, version);
	assert_int_equal(fsbox_format(b), 0);
	assert_int_equal(tfs_sync(b->fs), 0);
}

static void remount(struct fsbox *b)
{
	fsbox_unmount(b);
	assert_int_equal(b->mem.held, 0);
	assert_int_equal(fsbox_mount(b, 0), 0);
	assert_null(tfs_damage(b->fs));
}

static void shut(struct fsbox *b)
{
	fsbox_unmount(b);
	assert_int_equal(b->mem.held, 0);
	fsbox_fini(b);
}

static bool there(struct fsbox *b, const char *path)
{
	struct tfs_inode *i;

	if (fsbox_find(b, path, &i))
		return false;
	tfs_put(i);
	return true;
}

/* --- the worked example of doc/tfs.md ------------------------------------------------------------ */

#define BLOB1          \
	"\x91\x88\x08" \
	"children"     \
	"\x91\x86"     \
	"kernel"       \
	"\x90"
#define BLOB2          \
	"\x11\x05\x87" \
	"extents"      \
	"\x90"
#define BLOB3              \
	"\x11\x07\x81"     \
	"0"                \
	"\x93\x88\x09"     \
	"allocated"        \
	"\xb0\x9a\x4d\x86" \
	"offset"           \
	"\xb0\x98\x01\x86" \
	"length"           \
	"\xb0\x9a\x4d"
#define BLOB4                      \
	"\x12\x05\x88\x0a"         \
	"filelength"               \
	"\xb0\xea\xb1\x10\x88\x05" \
	"mtime"                    \
	"\xb0\x01"

static void expect_stage(struct tfs *fs, const char *want, size_t len)
{
	uint32_t n;

	memcpy(&n, fs->stage.p, sizeof(n));
	assert_int_equal(n, len);
	assert_int_equal(fs->stage.len, len + sizeof(n));
	assert_memory_equal(fs->stage.p + sizeof(n), want, len);
	fs->stage.len = 0;
}

static struct value number(struct tfs *fs, struct tuple *t, const char *key, uint64_t n)
{
	struct sym *k = sym_get(&fs->vs, key, strlen(key));

	assert_int_equal(tuple_set(&fs->vs, t, k, value_uint(n)), 0);
	sym_put(&fs->vs, k);
	return value_tuple(t);
}

static void test_example_written(void **state)
{
	struct tuple *kernel, *extents, *x;
	struct edits es;
	struct fsbox b;
	struct tfs *fs;
	struct value v;
	size_t bytes;

	(void)state;
	fsbox_init(&b, DISK, 5);
	assert_int_equal(fsbox_format(&b), 0);
	fs = b.fs;
	kernel = tuple_new(&fs->vs, 0);
	edits_init(&es);
	edits_name(fs, &es, tuple_find(fs->root, fs->k.children)->t, "kernel", 6,
		   value_tuple(kernel));
	assert_int_equal(edits_apply(fs, &es), 0);
	v = value_tuple(fs->root);
	assert_int_equal(encode_bound(fs, &v, &bytes), 0);
	assert_int_equal(bytes_reserve(fs->a, &fs->stage, bytes), 0);
	encode_value(fs, &fs->stage, &v);
	assert_int_equal(fs->stage.len, sizeof(BLOB1) - 1);
	assert_memory_equal(fs->stage.p, BLOB1, sizeof(BLOB1) - 1);
	fs->stage.len = 0;
	fs->building = false; /* from here on edits go to the log */

	extents = tuple_new(&fs->vs, 0);
	edits_add(fs, &es, kernel, fs->k.extents, value_tuple(extents));
	assert_int_equal(edits_apply(fs, &es), 0);
	expect_stage(fs, BLOB2, sizeof(BLOB2) - 1);

	x = tuple_new(&fs->vs, 3);
	(void)number(fs, x, "allocated", 3405);
	(void)number(fs, x, "offset", 3073);
	edits_name(fs, &es, extents, "0", 1, number(fs, x, "length", 3405));
	assert_int_equal(edits_apply(fs, &es), 0);
	expect_stage(fs, BLOB3, sizeof(BLOB3) - 1);
	fs->must_compact = true;
	shut(&b);
}

static void put_log(struct fsbox *b, unsigned version, const void *records, size_t len)
{
	uint8_t *s = b->disk.now;

	memset(s, 0, 4 * BLK_SECTOR);
	memcpy(s, "NVMTFS", 6);
	s[6] = (uint8_t)version;
	s[7] = 1;
	memset(s + 8, 0x5a, 16);
	memcpy(s + 24, "old", 4);
	memcpy(s + 28, "\x05\x01\x88\x00", 4);
	memcpy(s + BLK_SECTOR, "NVMTFS", 6);
	s[BLK_SECTOR + 6] = (uint8_t)version;
	memcpy(s + BLK_SECTOR + 7, "\x88\x00", 2);
	memcpy(s + BLK_SECTOR + 9, records, len);
}

static size_t add_record(uint8_t *to, const char *blob, size_t len)
{
	to[0] = 2;
	to[1] = to[2] = (uint8_t)len;
	memcpy(to + 3, blob, len);
	return len + 3;
}

static void test_example_read(void **state)
{
	uint8_t log[300];
	struct tfs_inode *i;
	struct tfs_extent x;
	struct fsbox b;
	size_t n = 0;

	(void)state;
	fsbox_init(&b, 8192, 5);
	n += add_record(log + n, BLOB1, sizeof(BLOB1) - 1);
	n += add_record(log + n, BLOB2, sizeof(BLOB2) - 1);
	n += add_record(log + n, BLOB3, sizeof(BLOB3) - 1);
	n += add_record(log + n, BLOB4, sizeof(BLOB4) - 1);
	log[n++] = 1;
	put_log(&b, 5, log, n);
	assert_int_equal(fsbox_mount(&b, 0), 0);
	assert_null(tfs_damage(b.fs));
	assert_string_equal(tfs_ident(b.fs)->label, "old");
	assert_int_equal(fsbox_find(&b, "kernel", &i), 0);
	assert_int_equal(i->size, 1742992);
	assert_int_equal(i->mode, 0100755);
	assert_int_equal(tfs_map(i, 3400, 100, &x), 0);
	assert_int_equal(x.sector, 3073 + 3400);
	assert_int_equal(x.n, 5);
	assert_int_equal(x.state, TFS_DATA);
	assert_int_equal(tfs_map(i, 3405, 100, &x), 0);
	assert_int_equal(x.state, TFS_HOLE);
	tfs_put(i);
	assert_int_equal(fsbox_check(&b), 0);
	/* Growing it: blocks that are not a multiple of a page go on where they end. */
	assert_int_equal(fsbox_write(&b, "kernel", 1742992, 5000, 1), 0);
	assert_int_equal(tfs_sync(b.fs), 0);
	remount(&b);
	assert_int_equal(fsbox_find(&b, "kernel", &i), 0);
	assert_int_equal(i->size, 1742992 + 5000);
	tfs_put(i);
	assert_int_equal(fsbox_check(&b), 0);
	shut(&b);
}

/* Format 4: type in bit 6, more in bit 5, five bits of number; all leaves are buffers. */
static void test_format_4(void **state)
{
	static const char blob[] = "\xc2\x88"
				   "children"
				   "\xc1\x81"
				   "f"
				   "\xc2\x8a"
				   "filelength"
				   "\x83"
				   "700"
				   "\x87"
				   "extents"
				   "\xc0"
				   "\x87"
				   "program"
				   "\x82"
				   "/f";
	uint8_t log[200];
	struct tfs_inode *i;
	struct fsbox b;
	size_t n;

	(void)state;
	fsbox_init(&b, DISK, 4);
	n = add_record(log, blob, sizeof(blob) - 1);
	log[n++] = 1;
	put_log(&b, 4, log, n);
	assert_int_equal(fsbox_mount(&b, 0), 0);
	assert_null(tfs_damage(b.fs));
	assert_true(tfs_readonly(b.fs));
	assert_true(value_is(tuple_get(tfs_root_tuple(b.fs), "program"), "/f"));
	assert_int_equal(fsbox_find(&b, "f", &i), 0);
	assert_int_equal(i->size, 700);
	tfs_put(i);
	assert_int_equal(fsbox_make(&b, "x", REG, NULL), -EROFS);
	shut(&b);
}

/* --- damage --------------------------------------------------------------------------------------- */

/* The sector of the n-th record with this text in it. */
static uint64_t find_sector(struct fsbox *b, const char *text)
{
	for (uint64_t s = TFS6_DATA; s < DISK; s++)
		if (memmem(b->disk.now + s * BLK_SECTOR, BLK_SECTOR, text, strlen(text)))
			return s;
	fail();
	return 0;
}

static void three_records(struct fsbox *b)
{
	boot(b, 6);
	assert_int_equal(fsbox_make(b, "first", DIR, NULL), 0);
	assert_int_equal(tfs_sync(b->fs), 0);
	assert_int_equal(fsbox_make(b, "second", DIR, NULL), 0);
	assert_int_equal(tfs_sync(b->fs), 0);
	assert_int_equal(fsbox_make(b, "third", DIR, NULL), 0);
	assert_int_equal(tfs_sync(b->fs), 0);
	fsbox_unmount(b);
}

/* A bad record with good ones behind it that knew it durable: damage.  Any bit of it. */
static void test_damage_in_the_middle(void **state)
{
	struct fsbox b;
	uint32_t len;
	uint64_t s;

	(void)state;
	three_records(&b);
	s = find_sector(&b, "second");
	memcpy(&len, b.disk.now + s * BLK_SECTOR + offsetof(struct tfs6_rec, len), sizeof(len));
	for (unsigned bit = 0; bit < (sizeof(struct tfs6_rec) + len) * 8; bit++) {
		b.disk.now[s * BLK_SECTOR + bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(fsbox_mount(&b, 0), 0);
		assert_non_null(tfs_damage(b.fs));
		assert_non_null(strstr(tfs_damage(b.fs), "byte"));
		assert_true(tfs_readonly(b.fs));
		assert_true(there(&b, "first"));
		assert_false(there(&b, "second"));
		assert_int_equal(fsbox_make(&b, "x", DIR, NULL), -EROFS);
		fsbox_unmount(&b);
		b.disk.now[s * BLK_SECTOR + bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	shut(&b);
}

/* The last record may be a tear: the log ends before it, and goes on there. */
static void test_tear_at_the_end(void **state)
{
	struct fsbox b;
	uint64_t s;

	(void)state;
	three_records(&b);
	s = find_sector(&b, "third");
	b.disk.now[s * BLK_SECTOR + 60] ^= 1;
	assert_int_equal(fsbox_mount(&b, 0), 0);
	assert_null(tfs_damage(b.fs));
	assert_true(there(&b, "second"));
	assert_false(there(&b, "third"));
	assert_int_equal(fsbox_make(&b, "fourth", DIR, NULL), 0);
	assert_int_equal(tfs_sync(b.fs), 0);
	remount(&b);
	assert_true(there(&b, "fourth"));
	shut(&b);
}

/* The head knows how far the log reached when it got its last extent. */
static void test_lost_link(void **state)
{
	struct fsbox b;
	char name[20];
	uint64_t ext, link;

	(void)state;
	boot(&b, 6);
	for (int i = 0; b.fs->log.n < 2; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		assert_int_equal(fsbox_make(&b, name, DIR, NULL), 0);
		assert_int_equal(tfs_sync(b.fs), 0);
	}
	ext = b.fs->log.ext[0].sector;
	link = ext + b.fs->log.ext[0].n - 1;
	fsbox_unmount(&b);
	while (memcmp(b.disk.now + link * BLK_SECTOR, "TREC", 4) != 0)
		link--;
	memset(b.disk.now + link * BLK_SECTOR, 0, BLK_SECTOR);
	assert_int_equal(fsbox_mount(&b, 0), 0);
	assert_non_null(tfs_damage(b.fs));
	shut(&b);
}

/* New logs over the places of old ones: nothing of the old is taken for the new. */
static void test_many_logs(void **state)
{
	(void)state;
	for (unsigned version = 5; version <= 6; version++) {
		struct fsbox b;
		char name[20];

		boot(&b, version);
		for (int i = 0; i < 60; i++) {
			char *was, *is;

			snprintf(name, sizeof(name), "f%d", i % 7);
			if (fsbox_make(&b, name, REG, NULL))
				assert_int_equal(fsbox_remove(&b, name), 0);
			assert_int_equal(tfs_sync(b.fs), 0);
			if (i % 3 == 0)
				assert_int_equal(tfs_compact(b.fs), 0);
			was = fsbox_text(&b);
			remount(&b);
			is = fsbox_text(&b);
			assert_string_equal(is, was);
			free(is);
			free(was);
			assert_int_equal(fsbox_check(&b), 0);
		}
		shut(&b);
	}
}

static void test_refusals(void **state)
{
	struct tfs_where w;
	struct tfs_ident id;
	struct fsbox b;

	(void)state;
	fsbox_init(&b, DISK, 6);
	assert_int_equal(fsbox_mount(&b, 0), -ENODEV);
	assert_int_equal(fsbox_format(&b), 0);
	assert_int_equal(tfs_sync(b.fs), 0);
	fsbox_unmount(&b);
	b.disk.now[6] = 7;
	id.version = 0;
	assert_int_equal(tfs_probe(&b.disk.blk, 0, &b.mem.a, &id), -EPROTONOSUPPORT);
	assert_int_equal(id.version, 7);
	b.disk.now[6] = 6;
	b.disk.now[20] ^= 1; /* sector 0 has a checksum, too */
	assert_int_equal(fsbox_mount(&b, 0), -EUCLEAN);
	b.disk.now[20] ^= 1;
	memset(b.disk.now + TFS6_HEAD_A * BLK_SECTOR, 0, BLK_SECTOR);
	memset(b.disk.now + TFS6_HEAD_B * BLK_SECTOR, 0, BLK_SECTOR);
	assert_int_equal(fsbox_mount(&b, 0), -EUCLEAN);
	w = (struct tfs_where){ .blk = &b.disk.blk, .first = 1, .nsect = DISK };
	assert_int_equal(tfs_mount(&w, 0, &b.mem.a, &b.fs), -EINVAL);
	b.fs = NULL;
	shut(&b);
}

/* --- names ---------------------------------------------------------------------------------------- */

static void test_names(void **state)
{
	char longname[300];

	(void)state;
	for (unsigned version = 5; version <= 6; version++) {
		struct tfs_inode *root, *i;
		struct fsbox b;

		memset(longname, 'n', sizeof(longname));
		boot(&b, version);
		root = tfs_root(b.fs);
		longname[256] = 0;
		assert_int_equal(fsbox_make(&b, longname, REG, NULL), -ENAMETOOLONG);
		longname[255] = 0;
		assert_int_equal(fsbox_make(&b, longname, REG, NULL), 0);
		assert_int_equal(fsbox_make(&b, longname, REG, NULL), -EEXIST);
		assert_int_equal(fsbox_make(&b, ".", DIR, NULL), -EINVAL);
		assert_int_equal(fsbox_make(&b, "..", DIR, NULL), -EINVAL);
		assert_int_equal(fsbox_make(&b, "", DIR, NULL), -EINVAL);
		assert_int_equal(fsbox_make(&b, "d", DIR, NULL), 0);
		assert_int_equal(fsbox_make(&b, "d/e", DIR, NULL), 0);
		assert_int_equal(fsbox_make(&b, "f", REG, NULL), 0);
		assert_int_equal(fsbox_make(&b, "f/x", REG, NULL), -ENOTDIR);
		assert_int_equal(root->nlink, 3);
		assert_int_equal(fsbox_remove(&b, "d"), -ENOTEMPTY);
		assert_int_equal(tfs_unlink(root, "d", 1, 1), -EISDIR);
		assert_int_equal(tfs_rmdir(root, "f", 1, 1), -ENOTDIR);
		/* rename(2) */
		assert_int_equal(fsbox_rename(&b, "d", "d/e/x", 0), -EINVAL);
		assert_int_equal(fsbox_rename(&b, "d", "d/e", 0), -EINVAL);
		assert_int_equal(fsbox_rename(&b, "f", "d", 0), -EISDIR);
		assert_int_equal(fsbox_rename(&b, "d", "f", 0), -ENOTDIR);
		assert_int_equal(fsbox_rename(&b, "nope", "f", 0), -ENOENT);
		assert_int_equal(fsbox_make(&b, "g", DIR, NULL), 0);
		assert_int_equal(fsbox_rename(&b, "g", "d", 0), -ENOTEMPTY);
		assert_int_equal(fsbox_rename(&b, "f", "d/f", TFS_RENAME_NOREPLACE), 0);
		assert_int_equal(fsbox_rename(&b, "d/e", "d/f", TFS_RENAME_NOREPLACE), -EEXIST);
		assert_int_equal(fsbox_rename(&b, "d", "d/e", TFS_RENAME_EXCHANGE), -EINVAL);
		assert_int_equal(fsbox_rename(&b, "d/f", "zz", TFS_RENAME_EXCHANGE), -ENOENT);
		assert_int_equal(fsbox_rename(&b, "d/e", "g", 0), 0);
		assert_int_equal(fsbox_rename(&b, "g", "d/g", 0), 0);
		assert_int_equal(fsbox_find(&b, "d/g", &i), 0);
		assert_int_equal(i->parent->nlink, 3);
		assert_int_equal(root->nlink, 3);
		tfs_put(i);
		/* A removed directory takes nothing more. */
		assert_int_equal(fsbox_find(&b, "d/g", &i), 0);
		assert_int_equal(fsbox_remove(&b, "d/g"), 0);
		{
			struct tfs_new n = { .mode = REG };
			struct tfs_inode *x;

			assert_int_equal(tfs_create(i, "x", 1, &n, &x), -ENOENT);
		}
		tfs_put(i);
		tfs_put(root);
		assert_int_equal(tfs_sync(b.fs), 0);
		remount(&b);
		assert_true(there(&b, "d/f"));
		assert_false(there(&b, "d/g"));
		assert_int_equal(fsbox_check(&b), 0);
		shut(&b);
	}
}

static void test_links_and_orphans(void **state)
{
	(void)state;
	for (unsigned version = 5; version <= 6; version++) {
		const struct tfs_attr private = { .set = TFS_SET_MODE, .mode = 0600 };
		struct tfs_new n = { .mode = REG, .now = 5 };
		struct tfs_inode *i, *root;
		struct tfs_stat before, after;
		struct fsbox b;

		boot(&b, version);
		assert_int_equal(fsbox_make(&b, "d", DIR, NULL), 0);
		assert_int_equal(fsbox_make(&b, "a", REG, NULL), 0);
		assert_int_equal(fsbox_write(&b, "a", 0, 5000, 1), 0);
		assert_int_equal(fsbox_link(&b, "a", "d/b"), 0);
		assert_int_equal(fsbox_link(&b, "a", "c"), 0);
		assert_int_equal(fsbox_link(&b, "d", "e"), -EPERM);
		assert_int_equal(fsbox_link(&b, "a", "c"), -EEXIST);
		assert_int_equal(tfs_sync(b.fs), 0);
		remount(&b);
		assert_int_equal(fsbox_find(&b, "d/b", &i), 0);
		assert_int_equal(i->nlink, 3);
		assert_int_equal(fsbox_remove(&b, "a"), 0);
		assert_int_equal(fsbox_rename(&b, "c", "d/b", 0), 0); /* the same file: nothing */
		assert_true(there(&b, "c"));
		assert_int_equal(tfs_compact(b.fs), 0); /* one file, two names, a new log */
		assert_int_equal(fsbox_check(&b), 0);
		tfs_put(i);
		remount(&b);
		assert_int_equal(fsbox_find(&b, "c", &i), 0);
		assert_int_equal(i->nlink, 2);
		assert_int_equal(i->size, 5000);
		assert_int_equal(tfs_statfs(b.fs, &before), 0);
		/* Unlinked but held: its data stays, through a new log, too. */
		assert_int_equal(fsbox_remove(&b, "c"), 0);
		assert_int_equal(fsbox_remove(&b, "d/b"), 0);
		assert_int_equal(i->nlink, 0);
		assert_int_equal(tfs_compact(b.fs), 0);
		assert_int_equal(tfs_compact(b.fs), 0);
		assert_int_equal(tfs_truncate(i, 100, 7), 0);
		assert_int_equal(tfs_sync(b.fs), 0);
		tfs_put(i);
		assert_int_equal(tfs_statfs(b.fs, &after), 0); /* at once, not after a sync */
		assert_true(after.free >= before.free + 16);
		/* A file without a name gets one. */
		root = tfs_root(b.fs);
		assert_int_equal(tfs_tmpfile(b.fs, &n, &i), 0);
		assert_int_equal(tfs_fallocate(i, 0, 64, 1000, 8), 0);
		assert_int_equal(tfs_setattr(i, &private), 0);
		assert_int_equal(tfs_compact(b.fs), 0);
		assert_int_equal(tfs_link(root, "named", 5, i, 9), 0);
		tfs_put(i);
		tfs_put(root);
		assert_int_equal(tfs_sync(b.fs), 0);
		remount(&b);
		assert_int_equal(fsbox_find(&b, "named", &i), 0);
		assert_int_equal(i->size, 1000);
		assert_int_equal(i->nlink, 1);
		assert_int_equal(i->mode, 0100600);
		assert_true(i->mtime == 8);
		assert_int_equal(i->blocks, 64);
		tfs_put(i);
		assert_int_equal(fsbox_check(&b), 0);
		shut(&b);
	}
}

static void test_kinds_and_attributes(void **state)
{
	(void)state;
	for (unsigned version = 5; version <= 6; version++) {
		struct tfs_attr a = { .set = 63,
				      .mode = 04711,
				      .uid = 7,
				      .gid = 8,
				      .atime = -1500000001,
				      .mtime = 1234567890123456789,
				      .ctime = 999999999 };
		struct tfs_new n = { .mode = CHR, .rdev = 0x501, .now = 1 };
		struct tfs_inode *i, *root;
		struct fsbox b;
		const char *s;
		size_t len;

		boot(&b, version);
		root = tfs_root(b.fs);
		assert_int_equal(tfs_create(root, "tty", 3, &n, &i), 0);
		tfs_put(i);
		tfs_put(root);
		assert_int_equal(fsbox_make(&b, "p", FIFO, NULL), 0);
		assert_int_equal(fsbox_make(&b, "s", 0140755, NULL), 0);
		assert_int_equal(fsbox_make(&b, "l", LNK, "to/there"), 0);
		assert_int_equal(fsbox_make(&b, "f", REG, NULL), 0);
		assert_int_equal(fsbox_find(&b, "f", &i), 0);
		assert_int_equal(tfs_setattr(i, &a), 0);
		assert_int_equal(tfs_xattr_set(i, "user.a", "", 0, 0, 3), 0);
		assert_int_equal(tfs_xattr_set(i, "user.b", "\0\1", 2, 0, 3), 0);
		assert_int_equal(tfs_xattr_set(i, "user.b", "x", 1, TFS_XATTR_CREATE, 3), -EEXIST);
		assert_int_equal(tfs_xattr_set(i, "user.c", "x", 1, TFS_XATTR_REPLACE, 3),
				 -ENODATA);
		assert_int_equal(tfs_xattr_remove(i, "user.c", 3), -ENODATA);
		a.set = TFS_SET_CTIME;
		assert_int_equal(tfs_setattr(i, &a), 0);
		tfs_put(i);
		assert_int_equal(tfs_sync(b.fs), 0);
		remount(&b);
		assert_int_equal(fsbox_find(&b, "f", &i), 0);
		assert_int_equal(i->mode, 0104711);
		assert_int_equal(i->uid, 7);
		assert_int_equal(i->gid, 8);
		assert_true(i->atime == a.atime && i->mtime == a.mtime && i->ctime == a.ctime);
		assert_int_equal(tfs_xattr_get(i, "user.a", &s, &len), 0);
		assert_int_equal(len, 0);
		assert_int_equal(tfs_xattr_get(i, "user.b", &s, &len), 0);
		assert_int_equal(len, 2);
		assert_memory_equal(s, "\0\1", 2);
		assert_int_equal(tfs_xattr_remove(i, "user.a", 3), 0);
		assert_int_equal(tfs_xattr_get(i, "user.a", &s, &len), -ENODATA);
		tfs_put(i);
		assert_int_equal(fsbox_find(&b, "tty", &i), 0);
		assert_int_equal(i->mode, CHR);
		assert_int_equal(i->rdev, 0x501);
		tfs_put(i);
		assert_int_equal(fsbox_find(&b, "p", &i), 0);
		assert_int_equal(i->mode, FIFO);
		tfs_put(i);
		assert_int_equal(fsbox_find(&b, "s", &i), 0);
		assert_int_equal(i->mode, 0140755);
		tfs_put(i);
		assert_int_equal(fsbox_find(&b, "l", &i), 0);
		assert_int_equal(tfs_readlink(i, &s, &len), 0);
		assert_int_equal(len, 8);
		assert_memory_equal(s, "to/there", 8);
		tfs_put(i);
		shut(&b);
	}
}

/* --- maps and space ---------------------------------------------------------------------------------- */

static void expect(struct tfs_inode *i, uint64_t block, uint64_t n, enum tfs_state s)
{
	struct tfs_extent x;

	assert_int_equal(tfs_map(i, block, 1u << 20, &x), 0);
	assert_int_equal(x.state, s);
	assert_int_equal(x.n, n);
}

static void test_map(void **state)
{
	(void)state;
	for (unsigned version = 5; version <= 6; version++) {
		struct tfs_extent x;
		struct tfs_inode *i;
		struct fsbox b;
		uint64_t at;

		boot(&b, version);
		assert_int_equal(fsbox_make(&b, "f", REG, NULL), 0);
		assert_int_equal(fsbox_find(&b, "f", &i), 0);
		expect(i, 0, 1u << 20, TFS_HOLE);
		/* New space is whole units, pending until its data is there. */
		assert_int_equal(tfs_write_begin(i, 20, 2, false, &x), 0);
		assert_int_equal(x.n, 2);
		assert_int_equal(x.state, TFS_PENDING);
		expect(i, 16, 8, TFS_PENDING);
		assert_int_equal(i->blocks, 8);
		assert_int_equal(tfs_write_end(i, 16, 8, 24 * 512, 9), 0);
		expect(i, 0, 16, TFS_HOLE);
		expect(i, 16, 8, TFS_DATA);
		/* Neighbours that touch on the disk become one extent. */
		assert_int_equal(tfs_write_begin(i, 24, 8, false, &x), 0);
		assert_int_equal(tfs_write_end(i, 24, 8, 32 * 512, 9), 0);
		expect(i, 16, 16, TFS_DATA);
		/* What never came goes back. */
		assert_int_equal(tfs_write_begin(i, 64, 8, false, &x), 0);
		tfs_write_abort(i, 64, 8);
		expect(i, 32, 1u << 20, TFS_HOLE);
		assert_int_equal(tfs_fallocate(i, 8, 40, 0, 9), 0);
		expect(i, 8, 8, TFS_UNINIT);
		expect(i, 32, 16, TFS_UNINIT);
		assert_int_equal(i->size, 32 * 512);
		assert_int_equal(tfs_zero(i, 16, 4, 0, 9), 0);
		expect(i, 20, 12, TFS_DATA);
		assert_int_equal(tfs_punch(i, 22, 2, 9), 0);
		expect(i, 20, 2, TFS_DATA);
		expect(i, 22, 2, TFS_HOLE);
		expect(i, 24, 8, TFS_DATA);
		assert_int_equal(tfs_seek(i, 0, true, &at), 0);
		assert_int_equal(at, 20 * 512);
		assert_int_equal(tfs_seek(i, 20 * 512 + 7, true, &at), 0);
		assert_int_equal(at, 20 * 512 + 7);
		assert_int_equal(tfs_seek(i, 20 * 512, false, &at), 0);
		assert_int_equal(at, 22 * 512);
		assert_int_equal(tfs_seek(i, 25 * 512, false, &at), 0);
		assert_int_equal(at, 32 * 512);
		assert_int_equal(tfs_seek(i, 32 * 512, true, &at), -ENXIO);
		assert_int_equal(tfs_sync(b.fs), 0);
		tfs_put(i);
		remount(&b);
		assert_int_equal(fsbox_find(&b, "f", &i), 0);
		expect(i, 8, 8, TFS_UNINIT);
		expect(i, 20, 2, TFS_DATA);
		expect(i, 22, 2, TFS_HOLE);
		expect(i, 24, 8, TFS_DATA);
		expect(i, 32, 16, TFS_UNINIT);
		assert_int_equal(tfs_truncate(i, 21 * 512, 9), 0);
		expect(i, 24, 1u << 20, TFS_HOLE);
		assert_int_equal(tfs_truncate(i, 1ull << 60, 9), 0);
		assert_int_equal(tfs_truncate(i, 0, 9), 0);
		assert_int_equal(i->blocks, 0);
		tfs_put(i);
		assert_int_equal(tfs_sync(b.fs), 0);
		assert_int_equal(fsbox_check(&b), 0);
		shut(&b);
	}
}

/* Full, then room again: nothing is lost on the way, and what was promised can be written. */
static void test_full(void **state)
{
	(void)state;
	for (unsigned version = 5; version <= 6; version++) {
		struct tfs_stat empty, st;
		struct tfs_extent x;
		struct tfs_inode *i;
		struct fsbox b;
		uint64_t n = 0;

		boot(&b, version);
		assert_int_equal(tfs_statfs(b.fs, &empty), 0);
		assert_int_equal(fsbox_make(&b, "f", REG, NULL), 0);
		assert_int_equal(fsbox_make(&b, "g", REG, NULL), 0);
		assert_int_equal(tfs_reserve(b.fs, 16), 0);
		while (fsbox_write(&b, "f", n * 4096, 4096, 1) == 0)
			n++;
		assert_in_range(n, 300, 512);
		assert_int_equal(fsbox_write(&b, "f", n * 4096, 4096, 1), -ENOSPC);
		assert_int_equal(tfs_reserve(b.fs, 8), -ENOSPC);
		assert_int_equal(fsbox_find(&b, "g", &i), 0);
		assert_int_equal(tfs_write_begin(i, 0, 16, true, &x), 0);
		assert_int_equal(x.n, 16);
		assert_int_equal(tfs_write_end(i, 0, 16, 16 * 512, 9), 0);
		tfs_put(i);
		assert_int_equal(tfs_sync(b.fs), 0);
		remount(&b);
		assert_int_equal(fsbox_check(&b), 0);
		assert_int_equal(fsbox_write(&b, "f", 0, 4096, 3), 0); /* in place */
		assert_int_equal(fsbox_remove(&b, "f"), 0);
		/* Removed, not yet durable: the next writer makes it so and goes on. */
		assert_int_equal(fsbox_write(&b, "g", 0, n * 4096, 2), 0);
		assert_int_equal(fsbox_remove(&b, "g"), 0);
		assert_int_equal(tfs_sync(b.fs), 0);
		assert_int_equal(tfs_compact(b.fs), 0);
		assert_int_equal(tfs_statfs(b.fs, &st), 0);
		assert_in_range(st.free + 200, empty.free, empty.free + 400);
		assert_int_equal(fsbox_check(&b), 0);
		shut(&b);
	}
}

static void test_grow(void **state)
{
	struct tfs_stat small, large;
	struct fsbox b;

	(void)state;
	fsbox_init(&b, DISK, 6);
	b.disk.blk.nsect = 1000;
	assert_int_equal(fsbox_format(&b), 0);
	assert_int_equal(tfs_sync(b.fs), 0);
	assert_int_equal(tfs_statfs(b.fs, &small), 0);
	b.disk.blk.nsect = DISK;
	assert_int_equal(tfs_grow(b.fs, DISK), 0);
	assert_int_equal(tfs_statfs(b.fs, &large), 0);
	assert_int_equal(large.free, small.free + DISK - 1000);
	assert_int_equal(tfs_grow(b.fs, 10), -EINVAL);
	remount(&b);
	assert_int_equal(tfs_statfs(b.fs, &small), 0);
	assert_int_equal(small.blocks, DISK);
	shut(&b);
}

/* Two files on one piece of disk: never written to, and said so. */
static void test_overlap(void **state)
{
	static const char blob[] = "\x91\x88\x08"
				   "children"
				   "\x92\x81"
				   "a"
				   "\x91\x87"
				   "extents"
				   "\x91\x81"
				   "0"
				   "\x92\x86"
				   "offset"
				   "\xb0\x98\x00\x86"
				   "length"
				   "\xb0\x10\x81"
				   "b"
				   "\x91\x06\x91\x08\x08\x92\x08\x0a\xb0\x98\x08\x08\x0b\xb0\x10";
	struct fsbox b;
	uint8_t log[200];
	size_t n;

	(void)state;
	fsbox_init(&b, 8192, 5);
	n = add_record(log, blob, sizeof(blob) - 1);
	log[n++] = 1;
	put_log(&b, 5, log, n);
	assert_int_equal(fsbox_mount(&b, 0), 0);
	assert_true(there(&b, "a"));
	assert_true(there(&b, "b"));
	fprintf(stderr, "(one finding follows)\n");
	assert_int_equal(fsbox_check(&b), 1);
	assert_int_not_equal(fsbox_write(&b, "a", 100000, 4096, 1), 0);
	assert_non_null(tfs_damage(b.fs));
	shut(&b);
}

static void test_mbr(void **state)
{
	struct mbr_part p[MBR_PARTS];
	uint8_t s[512] = { 0 };

	(void)state;
	assert_false(mbr_parse(s, 1000, p));
	s[510] = 0x55;
	s[511] = 0xaa;
	s[0x1be + 16] = 0x80;
	s[0x1be + 16 + 4] = 0x83;
	s[0x1be + 16 + 8] = 10;
	s[0x1be + 16 + 12] = 0xde;
	s[0x1be + 16 + 13] = 3; /* 990 */
	assert_true(mbr_parse(s, 1000, p));
	assert_int_equal(p[0].type, 0);
	assert_int_equal(p[1].type, 0x83);
	assert_int_equal(p[1].first, 10);
	assert_int_equal(p[1].nsect, 990);
	assert_true(mbr_parse(s, 999, p));
	assert_int_equal(p[1].type, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example_written),
		cmocka_unit_test(test_example_read),
		cmocka_unit_test(test_format_4),
		cmocka_unit_test(test_damage_in_the_middle),
		cmocka_unit_test(test_tear_at_the_end),
		cmocka_unit_test(test_lost_link),
		cmocka_unit_test(test_many_logs),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_links_and_orphans),
		cmocka_unit_test(test_kinds_and_attributes),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_mbr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
