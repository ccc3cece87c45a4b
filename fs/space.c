/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/space.c: free space.  The log does not say what is free: what no extent and no part of the log
 * claims is.  The map is made when the first block is wanted or is about to be given up (later the tree
 * would not show who still has it), so that a VM that does neither does not pay for it.
 *
 * Freed space waits in `pending` until the log that no longer mentions it is durable; otherwise new
 * data could overwrite what a power cut brings back.
 */
#include "fs/tfs_int.h"

uint64_t space_first(const struct tfs *fs)
{
	return fs->id.version == TFS_V6 ? TFS6_DATA : 1;
}

static err_t claim(struct tfs *fs, uint64_t sector, uint64_t n)
{
	err_t err = ranges_take(&fs->free, sector, n);

	if (err != -ENOENT)
		return err;
	tfs_damaged(fs, sector * TFS_BLOCK, "an extent overlaps another");
	return -EUCLEAN;
}

static err_t claim_extents(struct tfs *fs, const struct tuple *extents)
{
	const struct entry *e;
	struct tfs_ext x;
	uint32_t i = 0;
	err_t err = 0;

	while (!err && (e = tuple_next(extents, &i)) != NULL) {
		err = extent_parse(fs, e, &x);
		if (!err)
			err = claim(fs, x.sector, x.n + x.spare);
		else if (err == -EUCLEAN)
			tfs_damaged(fs, UINT64_MAX, "an extent makes no sense");
	}
	return err;
}

/* One inode: its extents now, its names later.  `twice`: files seen that have several names. */
static err_t claim_inode(struct tfs *fs, struct tuple *t, struct ranges *twice)
{
	const struct value *v;
	err_t err;

	if (t->refs > 1) {
		err = ranges_add(twice, (uintptr_t)t, 1);
		if (err)
			return err == -EEXIST ? 0 : err;
	}
	fs->files++;
	v = tuple_find(t, fs->k.extents);
	if (v && v->type == VALUE_TUPLE) {
		err = claim_extents(fs, v->t);
		if (err)
			return err;
	}
	v = tuple_find(t, fs->k.children);
	return v && v->type == VALUE_TUPLE ? stack_push(fs, v->t, NULL, 0, false) : 0;
}

static err_t claim_tree(struct tfs *fs)
{
	struct stack *s = &fs->stack;
	struct ranges twice;
	err_t err;

	ranges_init(&twice, fs->a);
	s->n = 0;
	fs->files = 0;
	err = claim_inode(fs, fs->root, &twice);
	while (!err && s->n) {
		struct frame *f = &s->f[s->n - 1];
		const struct entry *e = tuple_next(f->t, &f->slot);

		if (!e)
			s->n--;
		else if (e->v.type == VALUE_TUPLE)
			err = claim_inode(fs, e->v.t, &twice);
	}
	s->n = 0;
	ranges_fini(&twice);
	return err;
}

static err_t claim_log(struct tfs *fs)
{
	err_t err = 0;

	for (uint32_t i = 0; i < fs->log.n && !err; i++)
		if (fs->log.ext[i].sector >= space_first(fs))
			err = claim(fs, fs->log.ext[i].sector, fs->log.ext[i].n);
	return err;
}

/* What the log grows into next is put aside while there is plenty. */
static void reserve_log_extent(struct tfs *fs)
{
	uint64_t start, len;

	if (fs->log_reserve.n || !ranges_fit(&fs->free, 0, fs->log_want, &start, &len))
		return;
	if (len < fs->log_want || fs->free.total < 4 * fs->log_want)
		return;
	if (ranges_take(&fs->free, start, len) == 0)
		fs->log_reserve = (struct log_extent){ start, len };
}

err_t space_load(struct tfs *fs)
{
	uint64_t first = space_first(fs);
	err_t err = 0;

	if (fs->space_loaded)
		return 0;
	ranges_fini(&fs->free);
	if (fs->w.nsect > first)
		err = ranges_add(&fs->free, first, fs->w.nsect - first);
	if (!err)
		err = claim_log(fs);
	if (!err)
		err = claim_tree(fs);
	if (err)
		return err;
	fs->space_loaded = true;
	if (!fs->building)
		reserve_log_extent(fs);
	return 0;
}

uint64_t space_avail(const struct tfs *fs)
{
	return fs->free.total > fs->reserved ? fs->free.total - fs->reserved : 0;
}

/*
 * Freed space comes back once the log is durable: make it so when there is no other.  An unlinked file may
 * hang on nothing but its times, not yet logged.
 */
static err_t find_room(struct tfs *fs, uint64_t want)
{
	err_t err = space_load(fs);

	if (err || space_avail(fs) >= want)
		return err;
	if (!fs->pending.total && list_empty(&fs->dirty))
		return 0;
	return tfs_sync(fs);
}

err_t space_take(struct tfs *fs, uint64_t goal, uint64_t want, bool reserved,
		 struct log_extent *out)
{
	err_t err = find_room(fs, reserved ? 0 : want);
	uint64_t start, len;

	if (err)
		return err;
	if (!reserved)
		want = MIN(want, space_avail(fs));
	if (!want || !ranges_fit(&fs->free, goal, want, &start, &len))
		return -ENOSPC;
	err = ranges_take(&fs->free, start, len);
	if (err)
		return err;
	if (reserved)
		fs->reserved -= MIN(fs->reserved, len);
	*out = (struct log_extent){ start, len };
	return 0;
}

/*
 * Without memory for the range the space is lost until the next mount finds it again: better than to
 * fail a removal for want of memory.
 */
void space_undo(struct tfs *fs, uint64_t sector, uint64_t n)
{
	if (ranges_add(&fs->free, sector, n))
		fs->lost += n;
}

void space_free(struct tfs *fs, uint64_t sector, uint64_t n)
{
	ASSERT(fs->space_loaded); /* before the log stopped to mention it */
	if (fs->building)
		space_undo(fs, sector, n);
	else if (ranges_add(&fs->pending, sector, n))
		fs->lost += n;
}

void space_settle(struct tfs *fs)
{
	ranges_absorb(&fs->free, &fs->pending);
	if (fs->space_loaded && !fs->building)
		reserve_log_extent(fs);
}

err_t tfs_reserve(struct tfs *fs, uint64_t blocks)
{
	err_t err = tfs_writable(fs);

	if (!err)
		err = find_room(fs, blocks);
	if (err)
		return err;
	if (space_avail(fs) < blocks)
		return -ENOSPC;
	fs->reserved += blocks;
	return 0;
}

void tfs_unreserve(struct tfs *fs, uint64_t blocks)
{
	fs->reserved -= MIN(fs->reserved, blocks);
}

err_t log_new_extent(struct tfs *fs, uint64_t need, struct log_extent *out)
{
	uint64_t start, len, want = MAX(need, fs->log_want);
	err_t err = space_load(fs);

	if (err)
		return err;
	if (fs->log_reserve.n >= need) {
		*out = fs->log_reserve;
		fs->log_reserve = (struct log_extent){ 0 };
		return 0;
	}
	if (!ranges_fit(&fs->free, 0, want, &start, &len) || len < need)
		return -ENOSPC;
	err = ranges_take(&fs->free, start, len);
	if (!err)
		*out = (struct log_extent){ start, len };
	return err;
}

err_t tfs_grow(struct tfs *fs, uint64_t nsect)
{
	err_t err;

	if (nsect < fs->w.nsect)
		return -EINVAL;
	err = tfs_writable(fs);
	if (!err)
		err = space_load(fs);
	if (!err && nsect > fs->w.nsect)
		err = ranges_add(&fs->free, fs->w.nsect, nsect - fs->w.nsect);
	if (!err)
		fs->w.nsect = nsect;
	return err;
}

err_t tfs_statfs(struct tfs *fs, struct tfs_stat *out)
{
	err_t err = space_load(fs);

	if (err)
		return err;
	*out = (struct tfs_stat){
		.blocks = fs->w.nsect,
		.free = fs->free.total + fs->pending.total,
		.avail = space_avail(fs) + fs->pending.total,
		.files = fs->files,
		.log_bytes = fs->log.sectors * TFS_BLOCK,
		.mem_bytes = fs->vs.mem,
	};
	return 0;
}

err_t tfs_end(struct tfs *fs, uint64_t *nsect)
{
	const struct range *r;
	uint64_t end = fs->w.nsect;
	err_t err = space_load(fs);

	if (err)
		return err;
	r = fs->w.nsect ? ranges_from(&fs->free, fs->w.nsect - 1) : NULL;
	if (r)
		end = r->start;
	if (fs->log_reserve.n && fs->log_reserve.sector + fs->log_reserve.n == end)
		end = fs->log_reserve.sector;
	*nsect = end;
	return 0;
}
