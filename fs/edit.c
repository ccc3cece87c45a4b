/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/edit.c: lists of edits, applied all or not at all.  Whatever can fail (memory, room in the log) is asked for first; then the
 * edits are encoded into the stage and made in the tree, and neither can fail.
 *
 * The edits of one tuple are neighbours in the list: they become one blob, and their room is
 * reserved together.
 */
#include "fs/tfs_int.h"

/* A stage this long goes to the log by itself, so that a batch stays a reasonable record. */
enum { STAGE_MAX = 64 * 1024 };

void edits_init(struct edits *es)
{
	es->v = es->some;
	es->n = 0;
	es->cap = ARRAY_LEN(es->some);
	es->failed = false;
}

static void edits_fini(struct tfs *fs, struct edits *es)
{
	if (es->v != es->some)
		alloc_put(fs->a, es->v, es->cap * sizeof(*es->v));
	edits_init(es);
}

void edits_drop(struct tfs *fs, struct edits *es)
{
	for (uint32_t i = 0; i < es->n; i++) {
		value_put(&fs->vs, &es->v[i].v);
		sym_put(&fs->vs, es->v[i].key);
	}
	edits_fini(fs, es);
}

static bool grow(struct tfs *fs, struct edits *es)
{
	uint32_t cap = es->cap * 4;
	struct edit *v = alloc_get(fs->a, cap * sizeof(*v));

	if (!v)
		return false;
	memcpy(v, es->v, es->n * sizeof(*v));
	if (es->v != es->some)
		alloc_put(fs->a, es->v, es->cap * sizeof(*v));
	es->v = v;
	es->cap = cap;
	return true;
}

/* Takes over both the reference on the key and the value. */
static void add(struct tfs *fs, struct edits *es, struct tuple *t, struct sym *key, struct value v)
{
	if (!key || !t || (es->n == es->cap && !grow(fs, es))) {
		es->failed = true;
		value_put(&fs->vs, &v);
		sym_put(&fs->vs, key);
		return;
	}
	es->v[es->n++] = (struct edit){ .t = t, .key = key, .v = v };
}

void edits_add(struct tfs *fs, struct edits *es, struct tuple *t, struct sym *key, struct value v)
{
	key->refs++;
	add(fs, es, t, key, v);
}

void edits_name(struct tfs *fs, struct edits *es, struct tuple *t, const char *name, size_t len,
		struct value v)
{
	add(fs, es, t, sym_get(&fs->vs, name, len), v);
}

/* The end of the run of edits of one tuple that begins at i. */
static uint32_t run_end(const struct edits *es, uint32_t i)
{
	const struct tuple *t = es->v[i].t;

	while (i < es->n && es->v[i].t == t)
		i++;
	return i;
}

static bool goes_to_log(const struct tfs *fs, const struct tuple *t)
{
	return !fs->building && !fs->must_compact && in_log(fs, t);
}

/* Room in the tuple for a run's values; adds up its encoded length. */
static err_t prepare_run(struct tfs *fs, const struct edits *es, uint32_t i, uint32_t end,
			 size_t *bytes)
{
	struct tuple *t = es->v[i].t;
	uint32_t slots = 0;
	size_t len;
	err_t err;

	for (uint32_t j = i; j < end; j++)
		slots += es->v[j].v.type != VALUE_NONE;
	err = tuple_reserve(&fs->vs, t, slots);
	if (err || !goes_to_log(fs, t))
		return err;
	*bytes += 2 * HEADER_BOUND;
	for (uint32_t j = i; j < end; j++) {
		err = encode_bound(fs, &es->v[j].v, &len);
		if (err)
			return err;
		*bytes += len + key_bound(es->v[j].key);
	}
	return 0;
}

static err_t prepare(struct tfs *fs, const struct edits *es)
{
	size_t bytes = 0;
	err_t err = 0;

	for (uint32_t i = 0, end; i < es->n && !err; i = end) {
		end = run_end(es, i);
		err = prepare_run(fs, es, i, end, &bytes);
	}
	if (!err && fs->stage.len && fs->stage.len + bytes > STAGE_MAX) {
		err = log_commit(fs);
		if (err == -ENOSPC) /* the log cannot grow; a new one may be shorter */
			err = log_compact(fs);
	}
	return err ? err : bytes_reserve(fs->a, &fs->stage, bytes);
}

static void encode_run(struct tfs *fs, const struct edits *es, uint32_t i, uint32_t end)
{
	struct bytes *b = &fs->stage;
	size_t start = b->len;
	uint32_t len = 0;

	bytes_put(b, &len, sizeof(len));
	encode_update(fs, b, es->v[i].t, end - i);
	for (; i < end; i++) {
		encode_key(fs, b, es->v[i].key);
		encode_value(fs, b, &es->v[i].v);
	}
	len = (uint32_t)(b->len - start - sizeof(len));
	memcpy(b->p + start, &len, sizeof(len));
}

static void apply(struct tfs *fs, struct edits *es)
{
	for (uint32_t i = 0; i < es->n; i++) {
		struct edit *e = &es->v[i];
		err_t err = tuple_set(&fs->vs, e->t, e->key, e->v);

		ASSERT(!err); /* prepare() made room */
		e->v.type = VALUE_NONE;
	}
}

err_t edits_apply(struct tfs *fs, struct edits *es)
{
	err_t err = tfs_writable(fs);

	if (!err && es->failed)
		err = -ENOMEM;
	if (!err)
		err = prepare(fs, es);
	if (!err) {
		for (uint32_t i = 0, end; i < es->n; i = end) {
			end = run_end(es, i);
			if (goes_to_log(fs, es->v[i].t))
				encode_run(fs, es, i, end);
		}
		apply(fs, es);
		fs->changed = true;
	}
	edits_drop(fs, es);
	return err;
}
