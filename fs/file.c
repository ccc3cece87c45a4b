/* SPDX-License-Identifier: Apache-2.0 */
/* fs/file.c: where a file's data is and where new data goes. */
#include "fs/tfs_int.h"

enum {
	TAKE_MAX = 65536, /* blocks in one allocation: 32 MB */
	SIZE_SHIFT_MAX = 62,
};

static const uint64_t block_max = UINT64_MAX / 4096;

static err_t file_check(struct tfs_inode *i, uint64_t block, uint64_t n)
{
	if ((i->mode & S_IFMT_) != S_IFREG_)
		return -EINVAL;
	if (block > block_max || n > block_max - block)
		return -EFBIG;
	return map_load(i);
}

static err_t change_check(struct tfs_inode *i, uint64_t block, uint64_t n)
{
	err_t err = tfs_writable(i->fs);

	return err ? err : file_check(i, block, n);
}

/* The hole around `block`, which no extent covers. */
static void hole_at(const struct tfs_inode *i, uint64_t block, uint64_t *lo, uint64_t *hi)
{
	uint32_t k = map_find(i, block);

	*lo = k ? i->map.e[k - 1].block + i->map.e[k - 1].n : 0;
	*hi = k < i->map.n ? i->map.e[k].block : block_max;
}

static const struct tfs_ext *ext_at(const struct tfs_inode *i, uint64_t block)
{
	uint32_t k = map_find(i, block);

	return k < i->map.n && i->map.e[k].block <= block ? &i->map.e[k] : NULL;
}

static void describe(const struct tfs *fs, const struct tfs_ext *x, uint64_t block, uint64_t n,
		     struct tfs_extent *out)
{
	uint64_t skip = block - x->block;

	*out = (struct tfs_extent){
		.sector = fs->w.first + x->sector + skip,
		.n = MIN(n, x->n - skip),
		.state = x->state,
	};
}

err_t tfs_map(struct tfs_inode *i, uint64_t block, uint64_t n, struct tfs_extent *out)
{
	const struct tfs_ext *x;
	uint64_t lo, hi;
	err_t err = file_check(i, block, n);

	if (err)
		return err;
	x = ext_at(i, block);
	if (x) {
		describe(i->fs, x, block, n, out);
		return 0;
	}
	hole_at(i, block, &lo, &hi);
	*out = (struct tfs_extent){ .n = MIN(n, hi - block), .state = TFS_HOLE };
	return 0;
}

/* --- new space -------------------------------------------------------------------------------- */

/* Next to what comes before it in the file, or where the last new file went. */
static uint64_t goal_for(const struct tfs_inode *i, uint64_t block)
{
	uint32_t k = map_find(i, block);
	const struct tfs_ext *before = k ? &i->map.e[k - 1] : NULL;

	if (before && before->block + before->n == block)
		return before->sector + before->n;
	return i->goal ? i->goal : i->fs->goal;
}

/* Pieces end on a unit of the file, so that the next one begins on one. */
static uint64_t round_piece(uint64_t start, uint64_t n)
{
	uint64_t over = (start + n) % TFS_ALLOC;

	return n > over && n - over >= TFS_ALLOC ? n - over : n;
}

/*
 * Space for the hole at `block`, in whole units as far as the hole reaches; at least the block itself gets
 * some.
 */
static err_t take_space(struct tfs_inode *i, uint64_t block, uint64_t n, bool reserved,
			struct tfs_ext *out)
{
	struct tfs *fs = i->fs;
	uint64_t lo, hi, start, want, keep;
	struct log_extent got;
	err_t err;

	hole_at(i, block, &lo, &hi);
	n = MIN(n, (uint64_t)TAKE_MAX);
	start = MAX(lo, ALIGN_DOWN(block, (uint64_t)TFS_ALLOC));
	want = MIN(hi, ALIGN_UP(block + n, (uint64_t)TFS_ALLOC)) - start;
	err = space_take(fs, goal_for(i, start), want, reserved, &got);
	if (err)
		return err;
	if (got.n <= block - start)
		start = block;
	keep = got.n < want ? round_piece(start, got.n) : got.n;
	keep = MIN(keep, hi - start);
	if (keep <= block - start)
		keep = MIN(got.n, hi - start);
	if (keep < got.n) {
		space_undo(fs, got.sector + keep, got.n - keep);
		if (reserved)
			fs->reserved += got.n - keep;
	}
	i->goal = fs->goal = got.sector + keep;
	*out = (struct tfs_ext){ .block = start, .sector = got.sector, .n = keep };
	return 0;
}

static err_t fill_hole(struct tfs_inode *i, uint64_t block, uint64_t n, bool reserved,
		       enum tfs_state state, struct tfs_ext *out)
{
	err_t err = take_space(i, block, n, reserved, out);

	if (err)
		return err;
	out->state = state;
	err = map_insert(i, out);
	if (err)
		space_undo(i->fs, out->sector, out->n);
	return err;
}

err_t tfs_write_begin(struct tfs_inode *i, uint64_t block, uint64_t n, bool reserved,
		      struct tfs_extent *out)
{
	const struct tfs_ext *x;
	struct tfs_ext fresh;
	err_t err = change_check(i, block, n);

	if (err)
		return err;
	x = ext_at(i, block);
	if (!x) {
		err = fill_hole(i, block, n, reserved, TFS_PENDING, &fresh);
		if (err)
			return err;
		x = ext_at(i, block);
	}
	describe(i->fs, x, block, n, out);
	return 0;
}

static void touch_data(struct tfs_inode *i, int64_t now)
{
	if (!now)
		return;
	i->mtime = i->ctime = now;
	tfs_inode_touch(i, DIRTY_MTIME | DIRTY_CTIME);
}

static bool all_data(const struct tfs_inode *i, uint64_t block, uint64_t n)
{
	uint64_t end = block + n;

	while (block < end) {
		const struct tfs_ext *x = ext_at(i, block);

		if (!x || x->state != TFS_DATA)
			return false;
		block = x->block + x->n;
	}
	return true;
}

err_t tfs_write_end(struct tfs_inode *i, uint64_t block, uint64_t n, uint64_t size, int64_t now)
{
	struct tfs *fs = i->fs;
	struct edits es;
	err_t err = change_check(i, block, n);

	if (err)
		return err;
	fs->unflushed = true;
	edits_init(&es);
	if (size > i->size)
		edits_add(fs, &es, i->t, fs->k.filelength, value_uint(size));
	if (!all_data(i, block, n)) {
		fs->data_unflushed = true;
		err = map_change(i, block, n, MAP_WRITTEN, &es);
	} else if (size > i->size) {
		fs->data_unflushed = true;
		err = edits_apply(fs, &es);
	}
	if (err)
		return err;
	i->size = MAX(i->size, size);
	touch_data(i, now);
	return 0;
}

void tfs_write_abort(struct tfs_inode *i, uint64_t block, uint64_t n)
{
	/* Without memory the space stays pending, and goes with the last handle. */
	if (!i->fs->readonly && !file_check(i, block, n) &&
	    map_change(i, block, n, MAP_ABORT, NULL))
		return;
}

/* --- length and holes -------------------------------------------------------------------------- */

err_t tfs_truncate(struct tfs_inode *i, uint64_t size, int64_t now)
{
	struct tfs *fs = i->fs;
	uint64_t from = ALIGN_UP(size / TFS_BLOCK + (size % TFS_BLOCK != 0), (uint64_t)TFS_ALLOC);
	struct edits es;
	err_t err = change_check(i, from, 0);

	if (err)
		return err;
	edits_init(&es);
	edits_add(fs, &es, i->t, fs->k.filelength, value_uint(size));
	if (size < i->size)
		err = map_change(i, from, block_max - from, MAP_PUNCH, &es);
	else
		err = edits_apply(fs, &es);
	if (err)
		return err;
	i->size = size;
	touch_data(i, now);
	return 0;
}

static err_t grow_to(struct tfs_inode *i, uint64_t size)
{
	struct tfs *fs = i->fs;
	struct edits es;
	err_t err;

	if (size <= i->size)
		return 0;
	edits_init(&es);
	edits_add(fs, &es, i->t, fs->k.filelength, value_uint(size));
	err = edits_apply(fs, &es);
	if (!err)
		i->size = size;
	return err;
}

err_t tfs_fallocate(struct tfs_inode *i, uint64_t block, uint64_t n, uint64_t size, int64_t now)
{
	uint64_t end = block + n;
	err_t err = change_check(i, block, n);

	while (!err && block < end) {
		const struct tfs_ext *x = ext_at(i, block);
		struct tfs_ext fresh;
		uint64_t lo, hi;

		if (x) {
			block = x->block + x->n;
			continue;
		}
		hole_at(i, block, &lo, &hi);
		err = fill_hole(i, block, MIN(end, hi) - block, false, TFS_UNINIT, &fresh);
		block = fresh.block + fresh.n;
	}
	if (!err)
		err = grow_to(i, size);
	if (!err)
		touch_data(i, now);
	return err;
}

err_t tfs_punch(struct tfs_inode *i, uint64_t block, uint64_t n, int64_t now)
{
	err_t err = change_check(i, block, n);

	if (!err)
		err = map_change(i, block, n, MAP_PUNCH, NULL);
	if (!err)
		touch_data(i, now);
	return err;
}

err_t tfs_zero(struct tfs_inode *i, uint64_t block, uint64_t n, uint64_t size, int64_t now)
{
	err_t err = change_check(i, block, n);

	if (!err)
		err = map_change(i, block, n, MAP_ZERO, NULL);
	return err ? err : tfs_fallocate(i, block, n, size, now);
}

static bool has_data(const struct tfs_ext *x)
{
	return x->state == TFS_DATA || x->state == TFS_PENDING;
}

/* The end of the run of extents with data that begins at k, in blocks. */
static uint64_t data_end(const struct tfs_inode *i, uint32_t k)
{
	uint64_t end = i->map.e[k].block;

	while (k < i->map.n && has_data(&i->map.e[k]) && i->map.e[k].block == end) {
		end += i->map.e[k].n;
		k++;
	}
	return end;
}

err_t tfs_seek(struct tfs_inode *i, uint64_t off, bool data, uint64_t *out)
{
	uint64_t at;
	uint32_t k;
	err_t err = file_check(i, 0, 0);

	if (err)
		return err;
	if (off >= i->size)
		return -ENXIO;
	k = map_find(i, off / TFS_BLOCK);
	if (data) {
		while (k < i->map.n && !has_data(&i->map.e[k]))
			k++;
		if (k == i->map.n || i->map.e[k].block * TFS_BLOCK >= i->size)
			return -ENXIO;
		*out = MAX(off, i->map.e[k].block * TFS_BLOCK);
		return 0;
	}
	at = off;
	if (k < i->map.n && has_data(&i->map.e[k]) && i->map.e[k].block <= off / TFS_BLOCK) {
		uint64_t end = i->map.e[k].block + i->map.e[k].n;

		at = end * TFS_BLOCK;
		if (k + 1 < i->map.n && i->map.e[k + 1].block == end && has_data(&i->map.e[k + 1]))
			at = data_end(i, k + 1) * TFS_BLOCK;
	}
	*out = MIN(at, i->size);
	return 0;
}
