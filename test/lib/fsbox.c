/* SPDX-License-Identifier: Apache-2.0 */
#include "test/lib/fsbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FREG = 0100000, FDIR = 0040000, FLNK = 0120000, FMT = 0170000, PAGE = 4096 };

void fsbox_init(struct fsbox *b, uint64_t nsect, unsigned version)
{
	*b = (struct fsbox){ .version = version, .now = 1700000000123456789 };
	memdisk_init(&b->disk, nsect);
	/* What was on the disk before must never be seen. */
	memset(b->disk.medium, 0xee, nsect * BLK_SECTOR);
	memset(b->disk.now, 0xee, nsect * BLK_SECTOR);
	failalloc_init(&b->mem);
}

void fsbox_fini(struct fsbox *b)
{
	fsbox_unmount(b);
	memdisk_fini(&b->disk);
}

static struct tfs_where where(struct fsbox *b)
{
	return (struct tfs_where){ .blk = &b->disk.blk, .nsect = b->disk.blk.nsect };
}

err_t fsbox_format(struct fsbox *b)
{
	struct tfs_where w = where(b);
	struct tfs_format f = { .version = b->version, .uuid = { 1, 2, 3 }, .label = "box" };

	return tfs_format(&w, &f, &b->mem.a, &b->fs);
}

err_t fsbox_mount(struct fsbox *b, unsigned flags)
{
	struct tfs_where w = where(b);

	return tfs_mount(&w, flags, &b->mem.a, &b->fs);
}

void fsbox_unmount(struct fsbox *b)
{
	if (b->fs)
		tfs_unmount(b->fs);
	b->fs = NULL;
}

/* --- text -------------------------------------------------------------------------------------- */

static uint64_t hash_data(struct fsbox *b, struct tfs_inode *i)
{
	uint64_t h = 14695981039346656037u;
	uint8_t buf[BLK_SECTOR];

	for (uint64_t at = 0, step; at < i->size; at += step) {
		uint64_t n = i->size - at < BLK_SECTOR ? i->size - at : BLK_SECTOR;
		struct tfs_extent x;

		if (tfs_map(i, at / BLK_SECTOR, INT64_MAX / 8192, &x))
			return 1;
		step = x.state == TFS_DATA ? BLK_SECTOR : x.n * BLK_SECTOR;
		h = (h ^ (x.state == TFS_DATA)) * 1099511628211u;
		if (x.state != TFS_DATA)
			continue;
		if (b->disk.blk.read(&b->disk.blk, x.sector, buf, 1))
			return 2;
		for (uint64_t k = 0; k < n; k++)
			h = (h ^ buf[k]) * 1099511628211u;
	}
	return h;
}

static void describe(struct fsbox *b, FILE *f, struct tfs_inode *i, const char *path)
{
	const char *s;
	uint32_t at = 0;
	size_t len;

	fprintf(f, "%s %o nlink %u uid %u gid %u mtime %lld size %llu", path, i->mode, i->nlink,
		i->uid, i->gid, (long long)i->mtime, (unsigned long long)i->size);
	if ((i->mode & FMT) == FREG)
		fprintf(f, " data %016llx", (unsigned long long)hash_data(b, i));
	if ((i->mode & FMT) == FLNK && tfs_readlink(i, &s, &len) == 0)
		fprintf(f, " -> %.*s", (int)len, s);
	while ((s = tfs_xattr_next(i, &at, &len)) != NULL) {
		const char *v;
		size_t n;

		if (tfs_xattr_get(i, s, &v, &n) == 0)
			fprintf(f, " %s=%.*s", s, (int)n, v);
	}
	fprintf(f, "\n");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void walk(struct fsbox *b, FILE *f, struct tfs_inode *dir, const char *path)
{
	char *names[4096];
	size_t n = 0;
	struct tfs_dirent e;

	describe(b, f, dir, path);
	if ((dir->mode & FMT) != FDIR)
		return;
	for (uint64_t c = 0; n < 4096 && tfs_readdir(dir, c, &e) == 0; c = e.cookie)
		names[n++] = strndup(e.name, e.len);
	qsort(names, n, sizeof(*names), by_text);
	for (size_t k = 0; k < n; k++) {
		struct tfs_inode *i;
		char sub[4096];

		snprintf(sub, sizeof(sub), "%s/%s", path, names[k]);
		if (tfs_lookup(dir, names[k], strlen(names[k]), &i) == 0) {
			walk(b, f, i, sub);
			tfs_put(i);
		} else {
			fprintf(f, "%s: lost\n", sub);
		}
		free(names[k]);
	}
}

char *fsbox_text(struct fsbox *b)
{
	uint64_t fail_at = b->mem.fail_at;
	struct tfs_inode *root;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	b->mem.fail_at = 0;
	root = tfs_root(b->fs);
	walk(b, f, root, "");
	tfs_put(root);
	fclose(f);
	b->mem.fail_at = fail_at;
	return text;
}

static void print_finding(struct tfs_check *c, uint64_t off, const char *what)
{
	(void)c;
	fprintf(stderr, "check: %lld: %s\n", (long long)off, what);
}

uint64_t fsbox_check(struct fsbox *b)
{
	struct tfs_check c = { .found = print_finding };
	err_t err = tfs_check(b->fs, &c);

	if (err)
		fprintf(stderr, "check: %d\n", err);
	return err ? 1 : c.problems;
}

/* --- paths ------------------------------------------------------------------------------------- */

/* The directory that holds the last component, and that component. */
static err_t parent_of(struct fsbox *b, const char *path, struct tfs_inode **dir, const char **name)
{
	struct tfs_inode *d = tfs_root(b->fs), *next;
	const char *slash;

	if (!d)
		return -ENOMEM;
	while ((slash = strchr(path, '/')) != NULL) {
		err_t err = tfs_lookup(d, path, (size_t)(slash - path), &next);

		tfs_put(d);
		if (err)
			return err;
		d = next;
		path = slash + 1;
	}
	*dir = d;
	*name = path;
	return 0;
}

err_t fsbox_find(struct fsbox *b, const char *path, struct tfs_inode **out)
{
	struct tfs_inode *dir;
	const char *name;
	err_t err = parent_of(b, path, &dir, &name);

	if (err)
		return err;
	err = tfs_lookup(dir, name, strlen(name), out);
	tfs_put(dir);
	return err;
}

err_t fsbox_make(struct fsbox *b, const char *path, uint32_t mode, const char *target)
{
	struct tfs_new n = { .mode = mode, .now = ++b->now };
	struct tfs_inode *dir, *i;
	const char *name;
	err_t err = parent_of(b, path, &dir, &name);

	if (err)
		return err;
	if (target) {
		n.target = target;
		n.target_len = strlen(target);
	}
	err = tfs_create(dir, name, strlen(name), &n, &i);
	if (!err)
		tfs_put(i);
	tfs_put(dir);
	return err;
}

static uint8_t pattern(uint64_t at, unsigned salt)
{
	return (uint8_t)(at * 7 + (at >> 8) * 13 + (at >> 16) + salt * 31);
}

/* One page: what is there already, then the pattern, then zeros. */
static err_t write_page(struct fsbox *b, struct tfs_inode *i, uint64_t page, uint64_t off,
			uint64_t end, unsigned salt)
{
	uint64_t base = page * PAGE, block = base / BLK_SECTOR;
	uint8_t buf[PAGE] = { 0 };
	struct tfs_extent x;
	err_t err = 0;

	for (uint64_t k = 0; k < 8 && !err && base + k * 512 < i->size; k++) {
		err = tfs_map(i, block + k, 1, &x);
		if (!err && x.state == TFS_DATA)
			err = b->disk.blk.read(&b->disk.blk, x.sector, buf + k * 512, 1);
	}
	for (uint64_t k = 0; k < PAGE; k++) {
		if (base + k >= i->size)
			buf[k] = 0;
		if (base + k >= off && base + k < end)
			buf[k] = pattern(base + k, salt);
	}
	for (uint64_t k = 0; k < 8 && !err; k += x.n) {
		err = tfs_write_begin(i, block + k, 8 - k, false, &x);
		if (!err)
			err = b->disk.blk.write(&b->disk.blk, x.sector, buf + k * 512,
						(uint32_t)x.n);
		if (err)
			break;
	}
	if (err)
		tfs_write_abort(i, block, 8);
	return err;
}

err_t fsbox_write(struct fsbox *b, const char *path, uint64_t off, uint64_t len, unsigned salt)
{
	struct tfs_inode *i;
	uint64_t first = off / PAGE, last = (off + len - 1) / PAGE;
	err_t err = fsbox_find(b, path, &i);

	if (err)
		return err;
	for (uint64_t p = first; p <= last && !err; p++)
		err = write_page(b, i, p, off, off + len, salt);
	if (!err)
		err = tfs_write_end(i, first * 8, (last - first + 1) * 8, off + len, ++b->now);
	if (err)
		tfs_write_abort(i, first * 8, (last - first + 1) * 8);
	tfs_put(i);
	return err;
}

err_t fsbox_remove(struct fsbox *b, const char *path)
{
	struct tfs_inode *dir;
	const char *name;
	err_t err = parent_of(b, path, &dir, &name);

	if (err)
		return err;
	err = tfs_unlink(dir, name, strlen(name), ++b->now);
	if (err == -EISDIR)
		err = tfs_rmdir(dir, name, strlen(name), ++b->now);
	tfs_put(dir);
	return err;
}

err_t fsbox_rename(struct fsbox *b, const char *from, const char *to, unsigned flags)
{
	struct tfs_name f = { 0 }, t = { 0 };
	err_t err = parent_of(b, from, &f.dir, &f.s);

	if (err)
		return err;
	err = parent_of(b, to, &t.dir, &t.s);
	if (!err) {
		f.len = strlen(f.s);
		t.len = strlen(t.s);
		err = tfs_rename(&f, &t, flags, ++b->now);
		tfs_put(t.dir);
	}
	tfs_put(f.dir);
	return err;
}

err_t fsbox_link(struct fsbox *b, const char *from, const char *to)
{
	struct tfs_inode *i, *dir;
	const char *name;
	err_t err = fsbox_find(b, from, &i);

	if (err)
		return err;
	err = parent_of(b, to, &dir, &name);
	if (!err) {
		err = tfs_link(dir, name, strlen(name), i, ++b->now);
		tfs_put(dir);
	}
	tfs_put(i);
	return err;
}
