/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/log.c: what the logs of all formats share: sectors in and out, the list of extents, when a batch
 * is written, and the rewriting of a log that has grown long.
 */
#include "fs/tfs_int.h"

enum {
	CHUNK = 32 * 1024, /* of a new log: how much is encoded before it is appended */
	CHUNK_ENTRIES = 256,
	OBSOLETE_MIN = 8192, /* dictionary entries */
	COMPACT_SECTORS = 2048,
};

err_t log_read(struct tfs *fs, uint64_t sector, void *buf, uint64_t n)
{
	if (sector > fs->w.nsect || n > fs->w.nsect - sector || n > UINT32_MAX)
		return -EUCLEAN;
	return fs->w.blk->read(fs->w.blk, fs->w.first + sector, buf, (uint32_t)n);
}

/* Memory that grew may lie anywhere: devices are given what was allocated for them. */
static err_t write_copied(struct tfs *fs, uint64_t sector, const uint8_t *buf, uint64_t n)
{
	struct blk *b = fs->w.blk;
	uint32_t part;
	err_t err = 0;

	for (; n && !err; n -= part, sector += part, buf += part * TFS_BLOCK) {
		part = (uint32_t)MIN(n, (uint64_t)TFS_OUT_SECTORS);
		memcpy(fs->out, buf, part * TFS_BLOCK);
		err = b->write(b, fs->w.first + sector, fs->out, part);
	}
	return err;
}

err_t log_write(struct tfs *fs, uint64_t sector, const void *buf, uint64_t n)
{
	if (sector > fs->w.nsect || n > fs->w.nsect - sector || n > UINT32_MAX)
		return -EUCLEAN;
	fs->unflushed = true;
	if (buf == fs->out || buf == fs->scratch)
		return fs->w.blk->write(fs->w.blk, fs->w.first + sector, buf, (uint32_t)n);
	return write_copied(fs, sector, buf, n);
}

err_t log_flush(struct tfs *fs)
{
	err_t err = fs->w.blk->flush(fs->w.blk);

	if (err)
		return err;
	fs->unflushed = fs->data_unflushed = false;
	if (fs->log.seq)
		fs->log.durable = fs->log.seq - 1;
	return 0;
}

/* -EUCLEAN: it lies outside the file system, or on another part of the log. */
err_t log_add_extent(struct tfs *fs, uint64_t sector, uint64_t n)
{
	struct log *l = &fs->log;
	struct log_extent *e;
	uint32_t cap;
	err_t err;

	if (sector > fs->w.nsect || n == 0 || n > fs->w.nsect - sector)
		return -EUCLEAN;
	if (l->n == l->cap) {
		cap = l->cap ? l->cap * 2 : 8;
		e = fs->a->resize(fs->a, l->ext, l->cap * sizeof(*e), cap * sizeof(*e));
		if (!e)
			return -ENOMEM;
		l->ext = e;
		l->cap = cap;
	}
	err = ranges_add(&fs->logged, sector, n);
	if (err)
		return err == -ENOMEM ? err : -EUCLEAN;
	l->ext[l->n++] = (struct log_extent){ sector, n };
	l->sectors += n;
	return 0;
}

static err_t append(struct tfs *fs)
{
	err_t err = fs->id.version == TFS_V6 ? log6_append(fs, &fs->stage)
					     : log5_append(fs, &fs->stage);

	if (!err)
		fs->stage.len = 0;
	return err;
}

/* Out of memory or space can pass; a device that failed leaves the log in a state we do not know. */
static err_t give_up_on_error(struct tfs *fs, err_t err)
{
	if (err && err != -ENOMEM && err != -ENOSPC)
		tfs_damaged(fs, UINT64_MAX, "the log could not be written");
	return err;
}

err_t log_commit(struct tfs *fs)
{
	err_t err = 0;

	if (!fs->stage.len)
		return 0;
	if (fs->data_unflushed) /* data before the metadata that shows it */
		err = log_flush(fs);
	if (!err)
		err = append(fs);
	return give_up_on_error(fs, err);
}

static uint64_t log_used(const struct tfs *fs)
{
	const struct log *l = &fs->log;

	return l->n ? l->sectors - l->ext[l->n - 1].n + l->used : 0;
}

bool log_wants_compact(const struct tfs *fs)
{
	uint64_t used = log_used(fs), entries = fs->next_id;
	uint64_t live = (uint64_t)fs->vs.nsym + fs->vs.ntuple;
	uint64_t obsolete = entries > live ? entries - live : 0;
	uint64_t most = MIN(fs->w.nsect / 16, (uint64_t)COMPACT_SECTORS);

	if (used > MAX(4 * fs->log.compact, most))
		return true;
	return obsolete >= OBSOLETE_MIN && entries <= 2 * obsolete;
}

/* --- a new log ------------------------------------------------------------------------------- */

static void forget_ids(struct tfs *fs)
{
	for (uint32_t i = 0; i < fs->vs.nbucket; i++)
		for (struct sym *y = fs->vs.bucket[i]; y; y = y->next)
			y->id = 0;
	fs->gen = (fs->gen + 1) & GEN_MASK; /* tuples' */
	fs->next_id = 1;
	fs->stage.len = 0;
}

/* Room for one blob of at most `bytes` bytes; what has been collected goes out when it is enough. */
static err_t room_for(struct tfs *fs, size_t bytes)
{
	err_t err = 0;

	if (fs->stage.len >= CHUNK)
		err = append(fs);
	return err ? err : bytes_reserve(fs->a, &fs->stage, bytes + sizeof(uint32_t));
}

static size_t blob_open(struct tfs *fs)
{
	uint32_t len = 0;

	bytes_put(&fs->stage, &len, sizeof(len));
	return fs->stage.len;
}

static void blob_close(struct tfs *fs, size_t start)
{
	uint32_t len = (uint32_t)(fs->stage.len - start);

	memcpy(fs->stage.p + start - sizeof(len), &len, sizeof(len));
}

static err_t write_root(struct tfs *fs)
{
	struct value v = value_tuple(fs->root);
	size_t bytes, start;
	err_t err;

	fs->later.want = 0;
	err = encode_bound(fs, &v, &bytes);
	if (!err)
		err = room_for(fs, bytes);
	if (err)
		return err;
	start = blob_open(fs);
	encode_value(fs, &fs->stage, &v);
	blob_close(fs, start);
	return 0;
}

/* How many entries from slot *i on make a blob of reasonable length. */
static err_t measure(struct tfs *fs, const struct tuple *t, uint32_t i, uint32_t *count,
		     size_t *bytes)
{
	const struct entry *e;
	size_t len;
	err_t err = 0;

	fs->later.want = 0;
	*bytes = 2 * HEADER_BOUND;
	*count = 0;
	while (*bytes < CHUNK && *count < CHUNK_ENTRIES && (e = tuple_next(t, &i)) != NULL) {
		err = encode_bound(fs, &e->v, &len);
		if (err)
			break;
		*bytes += len + (e->key ? key_bound(e->key) : 0u);
		++*count;
	}
	return err;
}

static err_t write_names(struct tfs *fs, struct tuple *t)
{
	uint32_t i = 0, count;
	size_t bytes, start;
	err_t err;

	for (;;) {
		err = measure(fs, t, i, &count, &bytes);
		if (err || !count)
			return err;
		err = room_for(fs, bytes);
		if (err)
			return err;
		start = blob_open(fs);
		encode_update(fs, &fs->stage, t, count);
		while (count--) {
			const struct entry *e = tuple_next(t, &i);

			encode_key(fs, &fs->stage, e->key);
			encode_value(fs, &fs->stage, &e->v);
		}
		blob_close(fs, start);
	}
}

/* Top down: a directory's tuple is written empty first, and filled by an update of its own. */
static err_t write_tree(struct tfs *fs)
{
	err_t err;

	fs->later.n = 0;
	fs->later.on = true;
	err = write_root(fs);
	while (!err && fs->later.n)
		err = write_names(fs, fs->later.v[--fs->later.n]);
	fs->later.on = false;
	return err ? err : append(fs);
}

static err_t begin(struct tfs *fs, const struct log_extent *first)
{
	return fs->id.version == TFS_V6 ? log6_begin(fs, first) : log5_begin(fs, first);
}

static err_t switch_to(struct tfs *fs, const struct log_extent *first)
{
	return fs->id.version == TFS_V6 ? log6_switch(fs, first) : log5_switch(fs, first);
}

static void release_extents(struct tfs *fs, struct log *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->ext[i].sector >= space_first(fs))
			space_undo(fs, l->ext[i].sector, l->ext[i].n);
	alloc_put(fs->a, l->ext, l->cap * sizeof(*l->ext));
	l->ext = NULL;
}

/* The whole tree in new extents, durable before anything points at them. */
static err_t write_new_log(struct tfs *fs, const struct log_extent *first)
{
	err_t err = log_add_extent(fs, first->sector, first->n);

	if (err) {
		space_undo(fs, first->sector, first->n);
		return err;
	}
	err = begin(fs, first);
	if (!err)
		err = write_tree(fs);
	if (!err)
		err = log_flush(fs);
	if (!err)
		err = switch_to(fs, first);
	return err ? err : log_flush(fs);
}

err_t log_compact(struct tfs *fs)
{
	struct ranges old_logged = fs->logged;
	struct log old = fs->log;
	struct log_extent first;
	err_t err;

	err = fs->data_unflushed ? log_flush(fs) : 0;
	if (!err)
		err = log_new_extent(fs, MIN(fs->log_want, (uint64_t)64), &first);
	if (err)
		return give_up_on_error(fs, err);
	forget_ids(fs);
	ranges_init(&fs->logged, fs->a);
	fs->log = (struct log){
		.gen = old.gen + 1, .seq = old.seq, .durable = old.durable, .head_seq = old.head_seq
	};
	fs->must_compact = true;
	err = write_new_log(fs, &first);
	if (err) { /* the old log still holds; a later commit tries again */
		release_extents(fs, &fs->log);
		ranges_fini(&fs->logged);
		old.seq = fs->log.seq; /* not used twice, so that no record is mistaken */
		old.gen = fs->log.gen;
		old.durable = fs->log.durable;
		fs->log = old;
		fs->logged = old_logged;
		fs->stage.len = 0;
		return give_up_on_error(fs, err);
	}
	ranges_fini(&old_logged);
	release_extents(fs, &old);
	fs->building = fs->must_compact = false;
	fs->log.compact = log_used(fs);
	space_settle(fs);
	return 0;
}
