/* SPDX-License-Identifier: Apache-2.0 */
/* fs/mount.c: finding, making, mounting and syncing a file system. */
#include "fs/tfs_int.h"

#include "lib/crc32c.h"
#include "lib/fmt.h"

enum { LOG_WANT_MIN = 32, LOG_WANT_MAX = 1024 };

/* --- sector 0 -------------------------------------------------------------------------------- */

static err_t parse_super(const uint8_t *s, struct tfs_ident *id)
{
	static const char magic[TFS_MAGIC_LEN] = { 'N', 'V', 'M', 'T', 'F', 'S' };
	struct tfs_ident out = { 0 };
	uint64_t version, n;
	size_t at = TFS_MAGIC_LEN, len;
	uint32_t crc;

	if (memcmp(s, magic, sizeof(magic)) != 0 || !decode_varint(s, TFS_BLOCK, &at, &version))
		return -ENODEV;
	id->version = (unsigned)MIN(version, (uint64_t)UINT32_MAX);
	if (version < TFS_V4 || version > TFS_V6)
		return -EPROTONOSUPPORT;
	memcpy(&crc, s + TFS6_SUPER_CRC, sizeof(crc));
	if (version == TFS_V6 && crc != crc32c(0, s, TFS6_SUPER_CRC))
		return -EUCLEAN;
	if (!decode_varint(s, TFS_BLOCK, &at, &n) || at + TFS_UUID > TFS_BLOCK)
		return -EUCLEAN;
	out.version = id->version;
	memcpy(out.uuid, s + at, TFS_UUID);
	at += TFS_UUID;
	len = strnlen((const char *)s + at, MIN((size_t)TFS_BLOCK - at, sizeof(out.label)));
	if (len >= sizeof(out.label) || at + len >= TFS_BLOCK)
		return -EUCLEAN;
	memcpy(out.label, s + at, len);
	*id = out;
	return 0;
}

err_t tfs_probe(struct blk *b, uint64_t first_sector, struct alloc *a, struct tfs_ident *id)
{
	uint8_t *sector;
	err_t err;

	if (!blk_range_ok(b, first_sector, 1))
		return -ENODEV;
	sector = alloc_get(a, TFS_BLOCK);
	if (!sector)
		return -ENOMEM;
	err = b->read(b, first_sector, sector, 1);
	if (!err)
		err = parse_super(sector, id);
	alloc_put(a, sector, TFS_BLOCK);
	return err;
}

/* --- the struct ------------------------------------------------------------------------------ */

void tfs_damaged(struct tfs *fs, uint64_t off, const char *what)
{
	fs->readonly = true;
	if (fs->damage[0])
		return;
	if (off == UINT64_MAX)
		fmt(fs->damage, sizeof(fs->damage), "%s", what);
	else
		fmt(fs->damage, sizeof(fs->damage), "%s (byte %llu)", what,
		    (unsigned long long)off);
}

err_t tfs_writable(const struct tfs *fs)
{
	return fs->readonly ? -EROFS : 0;
}

static err_t intern_keys(struct tfs *fs)
{
	struct {
		struct sym **to;
		const char *text;
	} keys[] = {
#define X(key) { &fs->k.key, #key },
		TFS_KEYS(X)
#undef X
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		*keys[i].to = sym_get(&fs->vs, keys[i].text, strlen(keys[i].text));
		if (!*keys[i].to)
			return -ENOMEM;
	}
	return 0;
}

static void put_keys(struct tfs *fs)
{
#define X(key) sym_put(&fs->vs, fs->k.key);
	TFS_KEYS(X)
#undef X
}

static void put_buffers(struct tfs *fs)
{
	alloc_put(fs->a, fs->scratch, TFS_BLOCK);
	alloc_put(fs->a, fs->out, TFS_OUT_SECTORS * TFS_BLOCK);
}

static err_t new_fs(const struct tfs_where *w, struct alloc *a, struct tfs **out)
{
	struct tfs *fs = alloc_get(a, sizeof(*fs));
	uint64_t want = ALIGN_DOWN(w->nsect / 64, (uint64_t)TFS_ALLOC);
	err_t err;

	if (!fs)
		return -ENOMEM;
	*fs = (struct tfs){ .w = *w, .a = a, .next_id = 1 };
	fs->log_want = MIN(MAX(want, (uint64_t)LOG_WANT_MIN), (uint64_t)LOG_WANT_MAX);
	list_init(&fs->dirty);
	ranges_init(&fs->free, a);
	ranges_init(&fs->pending, a);
	ranges_init(&fs->logged, a);
	fs->scratch = alloc_get(a, TFS_BLOCK);
	fs->out = alloc_get(a, TFS_OUT_SECTORS * TFS_BLOCK);
	err = fs->scratch && fs->out ? vstore_init(&fs->vs, a) : -ENOMEM;
	if (err) {
		put_buffers(fs);
		alloc_put(a, fs, sizeof(*fs));
		return err;
	}
	err = intern_keys(fs);
	if (err) {
		tfs_unmount(fs);
		return err;
	}
	*out = fs;
	return 0;
}

void tfs_unmount(struct tfs *fs)
{
	struct alloc *a = fs->a;

	tfs_inodes_forget(fs);
	tuple_put(&fs->vs, fs->root);
	put_keys(fs);
	vstore_fini(&fs->vs);
	ranges_fini(&fs->free);
	ranges_fini(&fs->pending);
	ranges_fini(&fs->logged);
	bytes_free(a, &fs->stage);
	alloc_put(a, fs->stack.f, fs->stack.cap * sizeof(*fs->stack.f));
	alloc_put(a, fs->later.v, fs->later.cap * sizeof(*fs->later.v));
	alloc_put(a, fs->log.ext, fs->log.cap * sizeof(*fs->log.ext));
	put_buffers(fs);
	alloc_put(a, fs, sizeof(*fs));
}

const struct tfs_ident *tfs_ident(const struct tfs *fs)
{
	return &fs->id;
}

bool tfs_readonly(const struct tfs *fs)
{
	return fs->readonly;
}

const char *tfs_damage(const struct tfs *fs)
{
	return fs->damage[0] ? fs->damage : NULL;
}

const struct tuple *tfs_root_tuple(const struct tfs *fs)
{
	return fs->root;
}

struct vstore *tfs_store(struct tfs *fs)
{
	return &fs->vs;
}

err_t tfs_root_set(struct tfs *fs, const char *key, struct value v)
{
	struct edits es;

	edits_init(&es);
	edits_name(fs, &es, fs->root, key, strlen(key), v);
	return edits_apply(fs, &es);
}

void tfs_set_uuid(struct tfs *fs, const uint8_t uuid[TFS_UUID])
{
	memcpy(fs->id.uuid, uuid, TFS_UUID);
}

/* --- mount and format ------------------------------------------------------------------------ */

static err_t replay(struct tfs *fs)
{
	struct dict d;
	err_t err;

	dict_init(&d);
	err = fs->id.version == TFS_V6 ? log6_replay(fs, &d) : log5_replay(fs, &d);
	if (!err && !fs->root)
		err = -EUCLEAN;
	if (!err && d.shared)
		err = tree_is_sound(fs, &d);
	fs->next_id = d.n;
	dict_fini(fs, &d, !err);
	return err;
}

static err_t check_where(const struct tfs_where *w)
{
	if (w->nsect < 2 || !blk_range_ok(w->blk, w->first, w->nsect))
		return -EINVAL;
	return 0;
}

err_t tfs_mount(const struct tfs_where *w, unsigned flags, struct alloc *a, struct tfs **out)
{
	struct tfs_ident id = { 0 };
	struct tfs *fs;
	err_t err = check_where(w);

	if (!err)
		err = tfs_probe(w->blk, w->first, a, &id);
	if (!err)
		err = new_fs(w, a, &fs);
	if (err)
		return err;
	fs->id = id;
	/* Format 4 is history: it is read. */
	fs->readonly = (flags & TFS_RDONLY) || w->blk->readonly || id.version == TFS_V4;
	err = replay(fs);
	if (err) {
		tfs_unmount(fs);
		return err;
	}
	*out = fs;
	return 0;
}

static err_t make_root(struct tfs *fs)
{
	struct value children;
	err_t err;

	fs->root = tuple_new(&fs->vs, 8);
	children = value_tuple(tuple_new(&fs->vs, 0));
	if (!fs->root || !children.t) {
		tuple_put(&fs->vs, children.t);
		return -ENOMEM;
	}
	err = tuple_set(&fs->vs, fs->root, fs->k.children, children);
	if (err)
		tuple_put(&fs->vs, children.t);
	return err;
}

/* The log's place at the front, as large as the caller thinks it will be. */
static err_t set_log_aside(struct tfs *fs, uint64_t sectors)
{
	uint64_t start, len;
	err_t err = space_load(fs);

	if (err)
		return err;
	sectors = MAX(sectors, (uint64_t)4);
	/* Files begin on a page of the device, as far as its own beginning does. */
	sectors = ALIGN_UP(space_first(fs) + sectors, (uint64_t)TFS_ALLOC) - space_first(fs);
	if (!ranges_fit(&fs->free, 0, sectors, &start, &len) || len < sectors)
		return -ENOSPC;
	err = ranges_take(&fs->free, start, len);
	if (!err)
		fs->log_reserve = (struct log_extent){ start, len };
	return err;
}

err_t tfs_format(const struct tfs_where *w, const struct tfs_format *f, struct alloc *a,
		 struct tfs **out)
{
	const char *label = f->label ? f->label : "";
	struct tfs *fs;
	err_t err = check_where(w);

	if (!err && w->blk->readonly)
		err = -EROFS;
	if (!err &&
	    ((f->version != TFS_V5 && f->version != TFS_V6) || strlen(label) > TFS_LABEL_MAX))
		err = -EINVAL;
	if (!err)
		err = new_fs(w, a, &fs);
	if (err)
		return err;
	fs->id.version = f->version;
	memcpy(fs->id.uuid, f->uuid, TFS_UUID);
	memcpy(fs->id.label, label, strlen(label) + 1);
	fs->building = fs->changed = true;
	if (f->log_sectors) /* the tree's size is known, the device's may be a placeholder */
		fs->log_want = MIN(MAX(f->log_sectors, (uint64_t)LOG_WANT_MIN), fs->log_want);
	err = make_root(fs);
	if (!err)
		err = set_log_aside(fs, f->log_sectors ? f->log_sectors : fs->log_want);
	if (err) {
		tfs_unmount(fs);
		return err;
	}
	*out = fs;
	return 0;
}

/* --- commit and sync ------------------------------------------------------------------------- */

bool tfs_dirty(const struct tfs *fs)
{
	return !fs->readonly && (fs->stage.len || fs->building || !list_empty(&fs->dirty) ||
				 (fs->must_compact && fs->changed));
}

err_t tfs_compact(struct tfs *fs)
{
	err_t err = tfs_writable(fs);

	if (!err)
		err = tfs_inodes_stage(fs);
	return err ? err : log_compact(fs);
}

err_t tfs_commit(struct tfs *fs)
{
	err_t err = tfs_writable(fs);

	if (err)
		return fs->damage[0] ? err : 0; /* a read-only mount has nothing to write */
	err = tfs_inodes_stage(fs);
	if (err || !tfs_dirty(fs))
		return err;
	if (fs->building || fs->must_compact || log_wants_compact(fs)) {
		err = log_compact(fs);
		if (!err || fs->building || fs->must_compact)
			return err;
	}
	err = log_commit(fs);
	if (err == -ENOSPC) /* the log cannot grow; a new one may be shorter */
		err = log_compact(fs);
	return err;
}

err_t tfs_sync(struct tfs *fs)
{
	err_t err = tfs_commit(fs);

	if (err)
		return err;
	if (fs->unflushed || fs->data_unflushed)
		err = log_flush(fs);
	if (!err && fs->id.version == TFS_V6)
		err = log6_flushed(fs);
	if (err) {
		tfs_damaged(fs, UINT64_MAX, "the device does not keep what it is given");
		return err;
	}
	space_settle(fs);
	fs->changed = false;
	return 0;
}
