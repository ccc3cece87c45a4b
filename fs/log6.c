/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/log6.c: the log of format 6 (doc/tfs.md, Revision 6): records with a generation, a sequence number, a
 * CRC-32C and the CRC of the record before them, each beginning a sector of its own.  A batch is one record, so that it is there
 * wholly or not at all.
 *
 * The log ends at the first record that does not check out.  Records tell up to where the log was
 * durable when they were written, and the head does too: who finds such a promise behind the end has
 * found damage, not a tear.
 */
#include "fs/tfs_int.h"

#include "lib/crc32c.h"

enum { WINDOW = 32, REC_HDR = sizeof(struct tfs6_rec) };

static const uint8_t head_magic[8] = { 'T', 'F', 'S', '6', 'H', 'E', 'A', 'D' };
static const uint8_t ext_magic[8] = { 'T', 'F', 'S', '6', 'L', 'O', 'G', 'X' };

/* Sectors of the file system, read ahead. */
struct view {
	struct tfs *fs;
	struct log_extent ext; /* of the log, being read */
	uint64_t at;	       /* sector of it */
	uint8_t *p;
	uint64_t cap;	    /* sectors that p holds */
	uint64_t sector, n; /* what it holds */
};

static err_t view_grow(struct view *v, uint64_t n)
{
	struct alloc *a = v->fs->a;
	uint8_t *p;

	if (n <= v->cap)
		return 0;
	p = alloc_get(a, n * TFS_BLOCK);
	if (!p)
		return -ENOMEM;
	alloc_put(a, v->p, v->cap * TFS_BLOCK);
	v->p = p;
	v->cap = n;
	v->n = 0;
	return 0;
}

/* [sector, sector + n) of the file system, and what follows it up to `end` as far as it fits. */
static err_t view_get(struct view *v, uint64_t sector, uint64_t n, uint64_t end, const void **out)
{
	uint64_t want;
	err_t err;

	if (sector < v->sector || sector + n > v->sector + v->n) {
		err = view_grow(v, MAX(n, (uint64_t)WINDOW));
		if (err)
			return err;
		want = MIN(v->cap, end - sector);
		v->n = 0;
		err = log_read(v->fs, sector, v->p, want);
		if (err)
			return err;
		v->sector = sector;
		v->n = want;
	}
	*out = v->p + (sector - v->sector) * TFS_BLOCK;
	return 0;
}

/* --- heads ----------------------------------------------------------------------------------- */

static uint32_t sector_crc(const void *sector)
{
	return crc32c(0, (const uint8_t *)sector + 12, TFS_BLOCK - 12);
}

static bool head_ok(const struct tfs6_head *h)
{
	return !memcmp(h->magic, head_magic, sizeof(head_magic)) && h->crc == sector_crc(h);
}

static err_t read_head(struct view *v, struct tfs6_head *out)
{
	static const uint64_t slot[] = { TFS6_HEAD_A, TFS6_HEAD_B };
	const void *p;
	bool any = false;
	err_t err;

	for (size_t i = 0; i < ARRAY_LEN(slot); i++) {
		struct tfs6_head h;

		err = view_get(v, slot[i], 1, MIN((uint64_t)WINDOW, v->fs->w.nsect), &p);
		if (err)
			return err;
		memcpy(&h, p, sizeof(h));
		if (!head_ok(&h) || (any && h.seq <= out->seq))
			continue;
		*out = h;
		any = true;
	}
	return any ? 0 : -EUCLEAN;
}

/* The slots alternate: the one that is not written keeps the state before. */
static err_t write_head(struct tfs *fs, const struct log_extent *first)
{
	struct log *l = &fs->log;
	struct tfs6_head *h = (struct tfs6_head *)(void *)fs->scratch;
	err_t err;

	*h = (struct tfs6_head){
		.seq = l->head_seq + 1,
		.gen = l->gen,
		.log_sector = first->sector,
		.log_sectors = first->n,
		.reached = l->durable,
		.compact = l->compact,
	};
	memcpy(h->magic, head_magic, sizeof(h->magic));
	h->crc = sector_crc(h);
	err = log_write(fs, h->seq & 1 ? TFS6_HEAD_A : TFS6_HEAD_B, h, 1);
	if (!err) {
		l->head_seq = h->seq;
		l->head_stale = false;
	}
	return err;
}

/* --- extents and records, read ---------------------------------------------------------------- */

static bool extent_ok(const struct tfs *fs, const struct log_extent *e, const struct tfs6_extent *x)
{
	return !memcmp(x->magic, ext_magic, sizeof(ext_magic)) && x->crc == sector_crc(x) &&
	       x->gen == fs->log.gen && x->sector == e->sector && x->sectors == e->n &&
	       !memcmp(x->uuid, fs->id.uuid, TFS_UUID);
}

static uint64_t rec_sectors(uint64_t len)
{
	return DIV_UP(REC_HDR + len, (uint64_t)TFS_BLOCK);
}

/* The record at a sector of the extent, if its CRC says that it is one; NULL otherwise. */
static err_t rec_at(struct view *v, uint64_t at, const struct tfs6_rec **out)
{
	uint64_t end = v->ext.sector + v->ext.n;
	struct tfs6_rec r;
	const void *p;
	err_t err;

	*out = NULL;
	err = view_get(v, v->ext.sector + at, 1, end, &p);
	if (err)
		return err;
	memcpy(&r, p, sizeof(r));
	if (r.magic != TFS6_REC_MAGIC || r.gen != v->fs->log.gen ||
	    rec_sectors(r.len) > v->ext.n - at)
		return 0;
	err = view_get(v, v->ext.sector + at, rec_sectors(r.len), end, &p);
	if (err)
		return err;
	if (r.crc == crc32c(0, (const uint8_t *)p + 8, REC_HDR - 8 + (size_t)r.len))
		*out = p;
	return 0;
}

static bool is_next(const struct log *l, const struct tfs6_rec *r)
{
	return r && r->seq == l->seq && r->prev == l->prev;
}

static err_t enter(struct view *v, uint64_t sector, uint64_t n)
{
	struct log_extent e = { sector, n };
	const void *p;
	err_t err = log_add_extent(v->fs, sector, n);

	if (!err)
		err = view_get(v, sector, 1, sector + n, &p);
	if (err)
		return err;
	if (!extent_ok(v->fs, &e, p))
		return -EUCLEAN;
	v->ext = e;
	v->at = 1;
	return 0;
}

static err_t take_values(struct tfs *fs, struct dict *d, const uint8_t *p, size_t len)
{
	size_t used;
	err_t err = 0;

	while (len && !err) {
		err = decode_blob(fs, d, p, len, &used);
		p += used;
		len -= used;
	}
	return err;
}

static err_t take_link(struct view *v, const struct tfs6_rec *r)
{
	struct tfs6_link link;

	if (r->len != sizeof(link))
		return -EUCLEAN;
	memcpy(&link, (const uint8_t *)r + REC_HDR, sizeof(link));
	return enter(v, link.sector, link.sectors);
}

/* `r` lies in the view, which take_link() moves. */
static err_t take(struct view *v, struct dict *d, const struct tfs6_rec *r)
{
	struct log *l = &v->fs->log;

	v->at += rec_sectors(r->len);
	l->seq = r->seq + 1;
	l->prev = r->crc;
	l->records++;
	switch (r->type) {
	case TFS6_REC_VALUES:
		return take_values(v->fs, d, (const uint8_t *)r + REC_HDR, r->len);
	case TFS6_REC_LINK:
		return take_link(v, r);
	default:
		return r->type & TFS6_REC_CRITICAL ? -EPROTONOSUPPORT : 0;
	}
}

/* Was the record that is missing here durable once?  Then this is not where the log ended. */
static err_t look_for_damage(struct view *v, const struct tfs6_head *head)
{
	struct log *l = &v->fs->log;
	uint64_t where = (v->ext.sector + v->at) * TFS_BLOCK;
	const struct tfs6_rec *r;
	err_t err = 0;

	if (head->reached >= l->seq && head->gen == l->gen)
		tfs_damaged(v->fs, where, "a record of the log is missing");
	for (uint64_t at = v->at + 1; at < v->ext.n && !err && !v->fs->damage[0]; at++) {
		err = rec_at(v, at, &r);
		if (!err && r && r->durable >= l->seq)
			tfs_damaged(v->fs, where, "a record of the log is damaged");
	}
	return err;
}

static err_t replay(struct view *v, struct dict *d, const struct tfs6_head *head)
{
	struct log *l = &v->fs->log;
	const struct tfs6_rec *r;
	err_t err;

	while (v->at < v->ext.n) {
		err = rec_at(v, v->at, &r);
		if (err)
			return err;
		if (!is_next(l, r))
			break;
		err = take(v, d, r);
		if (err)
			return err;
	}
	l->used = v->at;
	l->durable = l->seq - 1;
	return look_for_damage(v, head);
}

static err_t read_log(struct view *v, struct dict *d)
{
	struct log *l = &v->fs->log;
	struct tfs6_head head;
	const void *p;
	err_t err;

	err = read_head(v, &head);
	if (err)
		return err;
	l->gen = head.gen;
	l->head_seq = head.seq;
	l->compact = head.compact;
	err = enter(v, head.log_sector, head.log_sectors);
	if (!err)
		err = view_get(v, v->ext.sector, 1, v->ext.sector + v->ext.n, &p);
	if (err)
		return err;
	l->seq = ((const struct tfs6_extent *)p)->first;
	l->prev = ((const struct tfs6_extent *)p)->crc;
	return replay(v, d, &head);
}

err_t log6_replay(struct tfs *fs, struct dict *d)
{
	struct view v = { .fs = fs };
	err_t err = read_log(&v, d);

	/* A record that checks out and makes no sense: what came before it does. */
	if (err == -EUCLEAN && fs->root) {
		tfs_damaged(fs, (v.ext.sector + v.at) * TFS_BLOCK, "a record makes no sense");
		err = 0;
	}
	alloc_put(fs->a, v.p, v.cap * TFS_BLOCK);
	return err;
}

/* --- writing ---------------------------------------------------------------------------------- */

static err_t write_ext_header(struct tfs *fs, const struct log_extent *e, uint64_t first,
			      uint32_t *crc)
{
	struct tfs6_extent *x = (struct tfs6_extent *)(void *)fs->scratch;

	*x = (struct tfs6_extent){
		.gen = fs->log.gen,
		.sector = e->sector,
		.sectors = e->n,
		.first = first,
	};
	memcpy(x->magic, ext_magic, sizeof(x->magic));
	memcpy(x->uuid, fs->id.uuid, TFS_UUID);
	x->crc = sector_crc(x);
	if (crc)
		*crc = x->crc;
	return log_write(fs, e->sector, x, 1);
}

/* The values of a stage, one behind the other without the lengths between them. */
struct gather {
	const struct bytes *stage;
	size_t at;
	uint32_t left; /* of the value at `at` */
};

/* The next part of it that is in one piece; NULL: that was all. */
static const uint8_t *gather_next(struct gather *g, size_t max, size_t *n)
{
	const uint8_t *p;

	while (!g->left) {
		if (g->at == g->stage->len)
			return NULL;
		memcpy(&g->left, g->stage->p + g->at, sizeof(g->left));
		g->at += sizeof(g->left);
	}
	p = g->stage->p + g->at;
	*n = MIN((size_t)g->left, max);
	g->at += *n;
	g->left -= (uint32_t)*n;
	return p;
}

static size_t gather_len(struct gather g)
{
	size_t len = 0, n;

	while (gather_next(&g, SIZE_MAX, &n))
		len += n;
	return len;
}

static uint32_t gather_crc(struct gather g, uint32_t crc)
{
	const uint8_t *p;
	size_t n;

	while ((p = gather_next(&g, SIZE_MAX, &n)))
		crc = crc32c(crc, p, n);
	return crc;
}

/* Fill [to, to + room); zeroes behind the last value. */
static void gather_fill(struct gather *g, uint8_t *to, size_t room)
{
	const uint8_t *p;
	size_t n;

	while (room && (p = gather_next(g, room, &n))) {
		memcpy(to, p, n);
		to += n;
		room -= n;
	}
	memset(to, 0, room);
}

/*
 * Through one buffer that is there from the mount on: a commit is what gives memory back when there is none, so it must
 * not ask for any.  A record of which not all arrived fails its checksum, however it was cut.
 */
static err_t write_rec(struct tfs *fs, const struct bytes *stage, uint16_t type)
{
	struct log *l = &fs->log;
	uint64_t sector = l->ext[l->n - 1].sector + l->used, n, part;
	struct gather g = { .stage = stage };
	struct tfs6_rec r = {
		.magic = TFS6_REC_MAGIC,
		.gen = l->gen,
		.seq = l->seq,
		.durable = l->durable,
		.prev = l->prev,
		.type = type,
	};
	size_t len = gather_len(g), used = REC_HDR;
	err_t err = 0;

	r.len = (uint32_t)len;
	r.crc = gather_crc(g, crc32c(0, (const uint8_t *)&r + 8, REC_HDR - 8));
	memcpy(fs->out, &r, sizeof(r));
	n = rec_sectors(len);
	for (uint64_t at = 0; at < n && !err; at += part, used = 0) {
		part = MIN(n - at, (uint64_t)TFS_OUT_SECTORS);
		gather_fill(&g, fs->out + used, part * TFS_BLOCK - used);
		err = log_write(fs, sector + at, fs->out, part);
	}
	if (err)
		return err;
	l->used += n;
	l->seq++;
	l->prev = r.crc;
	l->records++;
	return 0;
}

static err_t write_link(struct tfs *fs, const struct log_extent *e)
{
	const struct tfs6_link link = { e->sector, e->n };
	const uint32_t len = sizeof(link);
	uint8_t value[sizeof(len) + sizeof(link)];
	const struct bytes stage = { .p = value, .len = sizeof(value) };

	memcpy(value, &len, sizeof(len));
	memcpy(value + sizeof(len), &link, sizeof(link));
	return write_rec(fs, &stage, TFS6_REC_LINK);
}

/* A new extent, whose header is durable before the record that links to it is written. */
static err_t extend(struct tfs *fs, uint64_t need)
{
	struct log_extent e;
	err_t err;

	err = log_new_extent(fs, need, &e);
	if (err)
		return err;
	err = write_ext_header(fs, &e, fs->log.seq + 1, NULL);
	if (!err)
		err = log_flush(fs);
	if (!err)
		err = write_link(fs, &e);
	if (!err) {
		err = log_add_extent(fs, e.sector, e.n);
		err = err == -ENOMEM ? -EIO : err; /* it is linked: there is no way back */
	} else {
		space_undo(fs, e.sector, e.n);
	}
	fs->log.used = 1;
	fs->log.head_stale = true;
	return err;
}

err_t log6_append(struct tfs *fs, const struct bytes *stage)
{
	struct log *l = &fs->log;
	size_t len = gather_len((struct gather){ .stage = stage });
	uint64_t n;
	err_t err = 0;

	if (!len)
		return 0;
	n = rec_sectors(len);
	/* A sector stays for the link. */
	if (l->used + n + 1 > l->ext[l->n - 1].n)
		err = extend(fs, n + 2);
	return err ? err : write_rec(fs, stage, TFS6_REC_VALUES);
}

static err_t write_super(struct tfs *fs)
{
	static const uint8_t start[8] = { 'N', 'V', 'M', 'T', 'F', 'S', TFS_V6, 1 };
	uint8_t *sector = fs->scratch;
	uint32_t crc;

	memset(sector, 0, TFS_BLOCK);
	memcpy(sector, start, sizeof(start));
	memcpy(sector + 8, fs->id.uuid, TFS_UUID);
	memcpy(sector + 8 + TFS_UUID, fs->id.label, strlen(fs->id.label) + 1);
	crc = crc32c(0, sector, TFS6_SUPER_CRC);
	memcpy(sector + TFS6_SUPER_CRC, &crc, sizeof(crc));
	return log_write(fs, 0, sector, 1);
}

/* Whatever was on the device before, neither slot is left to be taken for a head. */
static err_t write_fixed(struct tfs *fs)
{
	err_t err;

	memset(fs->scratch, 0, TFS_BLOCK);
	err = log_write(fs, TFS6_HEAD_A, fs->scratch, 1);
	if (!err)
		err = log_write(fs, TFS6_HEAD_B, fs->scratch, 1);
	return err ? err : write_super(fs);
}

err_t log6_begin(struct tfs *fs, const struct log_extent *first)
{
	struct log *l = &fs->log;

	if (!l->seq)
		l->seq = 1;
	l->used = 1;
	return write_ext_header(fs, first, l->seq, &l->prev);
}

err_t log6_switch(struct tfs *fs, const struct log_extent *first)
{
	struct log *l = &fs->log;
	err_t err = fs->building ? write_fixed(fs) : 0;

	l->compact = l->sectors - l->ext[l->n - 1].n + l->used;
	return err ? err : write_head(fs, first);
}

err_t log6_flushed(struct tfs *fs)
{
	return fs->log.head_stale ? write_head(fs, &fs->log.ext[0]) : 0;
}
