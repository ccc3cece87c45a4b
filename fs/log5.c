/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/log5.c: the log of formats 4 and 5: one stream of opcodes through a chain of extents, ended by END and
 * continued in place.  The format has no checksum; what we can do for it is order: what END will no
 * longer hide is on the device before the one sector that holds END is rewritten, and a new extent
 * before the sector that links to it.
 */
#include "fs/tfs_int.h"

enum {
	WINDOW = 32,		     /* sectors read at once */
	BLOB_MAX = 32 * 1024 * 1024, /* of other writers */
	LINK_ROOM = 1 + 10 + 10 + 1, /* LINK, two varints, END */
	EXTENT_MIN = 2,
};

static const char magic[TFS_MAGIC_LEN] = { 'N', 'V', 'M', 'T', 'F', 'S' };

/* A place in the log: byte `at` of an extent, seen through a window of sectors. */
struct cursor {
	struct tfs *fs;
	struct log_extent ext;
	uint64_t at;
	uint8_t *win;
	uint64_t win_at, win_len; /* bytes of the extent */
	struct bytes blob;
};

static err_t fill(struct cursor *c)
{
	uint64_t sector = c->at / TFS_BLOCK;
	uint64_t n = MIN((uint64_t)WINDOW, c->ext.n - sector);
	err_t err = log_read(c->fs, c->ext.sector + sector, c->win, n);

	c->win_at = sector * TFS_BLOCK;
	c->win_len = err ? 0 : n * TFS_BLOCK;
	return err;
}

/* -EUCLEAN at the end of the extent. */
static err_t get(struct cursor *c, uint8_t *out, uint64_t n)
{
	while (n) {
		uint64_t skip, part;
		err_t err;

		if (c->at >= c->ext.n * TFS_BLOCK)
			return -EUCLEAN;
		if (c->at < c->win_at || c->at - c->win_at >= c->win_len) {
			err = fill(c);
			if (err)
				return err;
		}
		skip = c->at - c->win_at;
		part = MIN(n, c->win_len - skip);
		memcpy(out, c->win + skip, part);
		out += part;
		c->at += part;
		n -= part;
	}
	return 0;
}

static err_t get_varint(struct cursor *c, uint64_t *out)
{
	uint8_t b[10];
	size_t n = 0, at = 0;
	err_t err;

	do {
		if (n == sizeof(b))
			return -EUCLEAN;
		err = get(c, &b[n], 1);
		if (err)
			return err;
	} while (b[n++] & 0x80);
	return decode_varint(b, n, &at, out) ? 0 : -EUCLEAN;
}

static void enter(struct cursor *c, uint64_t sector, uint64_t n)
{
	c->ext = (struct log_extent){ sector, n };
	c->at = 0;
	c->win_len = 0;
}

/* An extent's header: magic, version, its length. */
static err_t get_header(struct cursor *c, uint64_t *n)
{
	uint8_t m[TFS_MAGIC_LEN];
	uint64_t version;
	err_t err = get(c, m, sizeof(m));

	if (!err && memcmp(m, magic, sizeof(m)) != 0)
		return -EUCLEAN;
	if (!err)
		err = get_varint(c, &version);
	if (!err && version != c->fs->id.version)
		return -EUCLEAN;
	return err ? err : get_varint(c, n);
}

static err_t follow_link(struct cursor *c)
{
	uint64_t sector, n, claimed;
	err_t err = get_varint(c, &sector);

	if (!err)
		err = get_varint(c, &n);
	if (!err)
		err = log_add_extent(c->fs, sector, n);
	if (err)
		return err;
	enter(c, sector, n);
	return get_header(c, &claimed);
}

static err_t get_piece(struct cursor *c, uint64_t len)
{
	err_t err;

	if (len > BLOB_MAX || c->blob.len + len > BLOB_MAX)
		return -EUCLEAN;
	err = bytes_reserve(c->fs->a, &c->blob, len);
	if (!err)
		err = get(c, c->blob.p + c->blob.len, len);
	if (!err)
		c->blob.len += len;
	return err;
}

/* A blob, whose pieces may be separated by links only. */
static err_t get_blob(struct cursor *c, struct dict *d)
{
	uint64_t total, len;
	size_t used;
	uint8_t op;
	err_t err;

	c->blob.len = 0;
	err = get_varint(c, &total);
	if (!err)
		err = get_varint(c, &len);
	if (!err && (len == 0 || len > total || total > BLOB_MAX))
		return -EUCLEAN;
	if (!err)
		err = get_piece(c, len);
	while (!err && c->blob.len < total) {
		err = get(c, &op, 1);
		if (!err && op == TFS_OP_LINK) {
			err = follow_link(c);
		} else if (!err && op == TFS_OP_TUPLE_MORE) {
			err = get_varint(c, &len);
			if (!err && (len == 0 || len > total - c->blob.len))
				return -EUCLEAN;
			if (!err)
				err = get_piece(c, len);
		} else if (!err) {
			return -EUCLEAN;
		}
	}
	if (!err)
		err = decode_blob(c->fs, d, c->blob.p, c->blob.len, &used);
	c->fs->log.records++;
	return !err && used != total ? -EUCLEAN : err;
}

/* Where the next append begins: at END, whose sector is kept. */
static void stop_at_end(struct cursor *c)
{
	struct log *l = &c->fs->log;
	uint64_t end = c->at - 1, base = ALIGN_DOWN(end, TFS_BLOCK);

	l->at = end;
	l->used = base / TFS_BLOCK + 1;
	memcpy(l->tail, c->win + (base - c->win_at), TFS_BLOCK);
}

static err_t replay(struct cursor *c, struct dict *d)
{
	err_t err = 0;
	uint8_t op;

	while (!err) {
		err = get(c, &op, 1);
		if (err)
			break;
		switch (op) {
		case TFS_OP_END:
			stop_at_end(c);
			return 0;
		case TFS_OP_TUPLE:
			err = get_blob(c, d);
			break;
		case TFS_OP_SEGMENT:
			break;
		case TFS_OP_LINK:
			err = follow_link(c);
			break;
		default:
			err = -EUCLEAN;
		}
	}
	return err;
}

static err_t start(struct cursor *c)
{
	uint8_t skip[TFS_UUID], b;
	uint64_t n;
	err_t err;

	enter(c, 0, 1);
	err = get_header(c, &n);
	if (!err)
		err = log_add_extent(c->fs, 0, n);
	if (err)
		return err;
	c->ext.n = n;
	err = get(c, skip, sizeof(skip));
	do
		err = err ? err : get(c, &b, 1);
	while (!err && b);
	return err;
}

err_t log5_replay(struct tfs *fs, struct dict *d)
{
	struct cursor c = { .fs = fs };
	err_t err;

	c.win = alloc_get(fs->a, WINDOW * TFS_BLOCK);
	if (!c.win)
		return -ENOMEM;
	err = start(&c);
	if (!err)
		err = replay(&c, d);
	if (err == -EUCLEAN && fs->root) {
		tfs_damaged(fs, c.ext.sector * TFS_BLOCK + c.at, "not a log record");
		err = 0;
	}
	bytes_free(fs->a, &c.blob);
	alloc_put(fs->a, c.win, WINDOW * TFS_BLOCK);
	return err;
}

/* --- appending ------------------------------------------------------------------------------- */

/* What one extent gets: bytes from a sector boundary on. */
struct piece {
	struct log_extent ext;
	uint64_t base; /* byte of the extent that buf begins at */
	struct bytes buf;
};

struct writer {
	struct tfs *fs;
	struct piece *v;
	uint32_t n;
};

static struct piece *last(struct writer *w)
{
	return &w->v[w->n - 1];
}

static uint64_t room(struct writer *w)
{
	const struct piece *p = last(w);

	return p->ext.n * TFS_BLOCK - p->base - p->buf.len;
}

static err_t add_piece(struct writer *w, const struct log_extent *e)
{
	struct alloc *a = w->fs->a;
	struct piece *v;

	v = a->resize(a, w->v, w->n * sizeof(*v), (w->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	w->v = v;
	v[w->n++] = (struct piece){ .ext = *e };
	return bytes_reserve(a, &last(w)->buf, TFS_BLOCK);
}

static err_t put(struct writer *w, const void *p, size_t n)
{
	err_t err = bytes_reserve(w->fs->a, &last(w)->buf, n + TFS_BLOCK);

	if (!err)
		bytes_put(&last(w)->buf, p, n);
	return err;
}

static void put_ext_header(struct bytes *b, unsigned version, uint64_t n)
{
	bytes_put(b, magic, sizeof(magic));
	encode_varint(b, version);
	encode_varint(b, n);
}

static void put_link(struct bytes *b, const struct log_extent *e)
{
	uint8_t op = TFS_OP_LINK;

	bytes_put(b, &op, 1);
	encode_varint(b, e->sector);
	encode_varint(b, e->n);
}

/* Go on in a new extent: LINK ends this one. */
static err_t put_extent(struct writer *w)
{
	struct log_extent e;
	struct tfs *fs = w->fs;
	err_t err;

	if (room(w) < LINK_ROOM) /* another writer left less than we do: only a new log helps */
		return -ENOSPC;
	err = log_new_extent(fs, EXTENT_MIN, &e);
	if (err)
		return err;
	err = bytes_reserve(fs->a, &last(w)->buf, LINK_ROOM + TFS_BLOCK);
	if (!err) {
		put_link(&last(w)->buf, &e);
		err = add_piece(w, &e);
	}
	if (err) {
		space_undo(fs, e.sector, e.n);
		return err;
	}
	put_ext_header(&last(w)->buf, fs->id.version, e.n);
	return 0;
}

/* One blob, in as many pieces as the extents' ends make of it. */
static err_t put_blob(struct writer *w, const uint8_t *p, size_t len)
{
	size_t total = len, head_max = 1 + 2 * varint_len(len), part;
	uint8_t op = TFS_OP_TUPLE;
	err_t err;

	while (len) {
		if (room(w) < head_max + 1 + LINK_ROOM) {
			err = put_extent(w);
			if (err)
				return err;
		}
		part = MIN(len, room(w) - head_max - LINK_ROOM);
		err = bytes_reserve(w->fs->a, &last(w)->buf, head_max + part + TFS_BLOCK);
		if (err)
			return err;
		bytes_put(&last(w)->buf, &op, 1);
		if (op == TFS_OP_TUPLE)
			encode_varint(&last(w)->buf, total);
		encode_varint(&last(w)->buf, part);
		bytes_put(&last(w)->buf, p, part);
		op = TFS_OP_TUPLE_MORE;
		p += part;
		len -= part;
	}
	return 0;
}

static err_t build(struct writer *w, const struct bytes *stage)
{
	struct log *l = &w->fs->log;
	uint64_t base = ALIGN_DOWN(l->at, TFS_BLOCK);
	uint8_t op = TFS_OP_SEGMENT, end = TFS_OP_END;
	uint32_t len;
	err_t err;

	err = add_piece(w, &l->ext[l->n - 1]);
	if (!err)
		err = put(w, l->tail, l->at - base);
	if (err)
		return err;
	last(w)->base = base;
	if (!l->appended && room(w) > 1 + LINK_ROOM)
		err = put(w, &op, 1);
	for (size_t i = 0; !err && i < stage->len; i += len) {
		memcpy(&len, stage->p + i, sizeof(len));
		i += sizeof(len);
		err = put_blob(w, stage->p + i, len);
	}
	return err ? err : put(w, &end, 1);
}

/* Zeros to the end of the sector, which put() has kept room for. */
static uint64_t pad(struct piece *p)
{
	size_t end = ALIGN_UP(p->buf.len, (size_t)TFS_BLOCK);

	memset(p->buf.p + p->buf.len, 0, end - p->buf.len);
	return end / TFS_BLOCK;
}

/* Everything but the first sector, a flush, and the first sector, which makes all of it visible. */
static err_t write_pieces(struct writer *w)
{
	const struct piece *p;
	uint64_t n, sector;
	bool more = w->n > 1;
	err_t err = 0;

	for (uint32_t i = w->n - 1; i && !err; i--)
		err = log_write(w->fs, w->v[i].ext.sector, w->v[i].buf.p, pad(&w->v[i]));
	p = &w->v[0];
	n = pad(&w->v[0]);
	sector = p->ext.sector + p->base / TFS_BLOCK;
	if (!err && n > 1) {
		err = log_write(w->fs, sector + 1, p->buf.p + TFS_BLOCK, n - 1);
		more = true;
	}
	if (!err && more)
		err = log_flush(w->fs);
	return err ? err : log_write(w->fs, sector, p->buf.p, 1);
}

/* The extents that were added are the log's now; the memory for that was the last thing to fail. */
static err_t adopt(struct writer *w)
{
	struct log *l = &w->fs->log;
	const struct piece *p;
	uint64_t end;
	err_t err = 0;

	for (uint32_t i = 1; i < w->n && !err; i++)
		err = log_add_extent(w->fs, w->v[i].ext.sector, w->v[i].ext.n);
	if (err)
		return err;
	p = last(w);
	end = p->buf.len - 1; /* END */
	l->at = p->base + end;
	l->used = l->at / TFS_BLOCK + 1;
	memcpy(l->tail, p->buf.p + ALIGN_DOWN(end, (uint64_t)TFS_BLOCK), TFS_BLOCK);
	l->appended = true;
	l->records++;
	return 0;
}

err_t log5_append(struct tfs *fs, const struct bytes *stage)
{
	struct writer w = { .fs = fs };
	bool written = false;
	err_t err;

	err = build(&w, stage);
	if (!err) {
		err = write_pieces(&w);
		written = true;
	}
	if (!err)
		err = adopt(&w);
	if (written && err == -ENOMEM)
		err = -EIO; /* on the device, but not in our books */
	for (uint32_t i = 0; i < w.n; i++) {
		if (i && err && !written)
			space_undo(fs, w.v[i].ext.sector, w.v[i].ext.n);
		bytes_free(fs->a, &w.v[i].buf);
	}
	alloc_put(fs->a, w.v, w.n * sizeof(*w.v));
	return err;
}

err_t log5_begin(struct tfs *fs, const struct log_extent *first)
{
	struct log *l = &fs->log;
	struct bytes b = { .p = l->tail, .cap = sizeof(l->tail) };

	put_ext_header(&b, fs->id.version, first->n);
	l->at = b.len;
	l->used = 1;
	l->appended = true; /* nothing before it to be a segment of */
	return 0;
}

/* Sector 0: header, uuid, label, and one record, the link to the log proper. */
err_t log5_switch(struct tfs *fs, const struct log_extent *first)
{
	struct bytes b = { .p = fs->scratch, .cap = TFS_BLOCK };

	memset(fs->scratch, 0, TFS_BLOCK);
	put_ext_header(&b, fs->id.version, 1);
	bytes_put(&b, fs->id.uuid, TFS_UUID);
	bytes_put(&b, fs->id.label, strlen(fs->id.label) + 1);
	put_link(&b, first);
	return log_write(fs, 0, fs->scratch, 1);
}
