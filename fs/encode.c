/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/encode.c: values to bytes (doc/tfs.md, Values).  Encoding cannot fail: encode_bound() has made
 * room before.  No function recurses on the data, whose depth is its writer's choice.
 */
#include "fs/tfs_int.h"

enum { NUMBER_BOUND = 11 }; /* a header byte and the varint of 64 bits */

err_t bytes_reserve(struct alloc *a, struct bytes *b, size_t n)
{
	size_t cap;
	uint8_t *p;

	if (n <= b->cap - b->len)
		return 0;
	cap = MAX(b->len + n, b->cap + b->cap / 2);
	cap = ALIGN_UP(cap, 256);
	p = a->resize(a, b->p, b->cap, cap);
	if (!p)
		return -ENOMEM;
	b->p = p;
	b->cap = cap;
	return 0;
}

void bytes_free(struct alloc *a, struct bytes *b)
{
	alloc_put(a, b->p, b->cap);
	*b = (struct bytes){ 0 };
}

void bytes_put(struct bytes *b, const void *p, size_t n)
{
	DEBUG_ASSERT(n <= b->cap - b->len);
	memcpy(b->p + b->len, p, n);
	b->len += n;
}

static void put_byte(struct bytes *b, unsigned c)
{
	DEBUG_ASSERT(b->len < b->cap);
	b->p[b->len++] = (uint8_t)c;
}

size_t varint_len(uint64_t n)
{
	size_t len = 1;

	while (n >>= 7)
		len++;
	return len;
}

/* The low 7 * groups bits, most significant first, all but the last with bit 7 set. */
static void put_groups(struct bytes *b, uint64_t n, size_t groups)
{
	while (groups--)
		put_byte(b, ((n >> 7 * groups) & 0x7f) | (groups ? 0x80 : 0));
}

void encode_varint(struct bytes *b, uint64_t n)
{
	put_groups(b, n, varint_len(n));
}

/* Bit 7: immediate; 6-4: type; 3: more groups follow; 2-0: the number's high bits. */
static void put_header(struct bytes *b, bool imm, unsigned type, uint64_t n)
{
	unsigned first = (imm ? 0x80u : 0u) | type << 4;
	size_t groups = 0;

	while (groups < 9 && n >> 7 * groups >= 8)
		groups++;
	put_byte(b, first | (groups ? 8u : 0u) | (unsigned)(n >> 7 * groups));
	put_groups(b, n, groups);
}

static uint32_t new_id(struct tfs *fs)
{
	return fs->next_id++;
}

size_t key_bound(const struct sym *key)
{
	return NUMBER_BOUND + key->len;
}

void encode_key(struct tfs *fs, struct bytes *b, struct sym *key)
{
	if (key->id) {
		put_header(b, false, TFS_T_BUFFER, key->id);
		return;
	}
	put_header(b, true, TFS_T_BUFFER, key->len);
	bytes_put(b, key->s, key->len);
	key->id = new_id(fs);
}

void encode_update(struct tfs *fs, struct bytes *b, const struct tuple *t, uint32_t count)
{
	DEBUG_ASSERT(in_log(fs, t));
	(void)fs;
	put_header(b, false, TFS_T_TUPLE, count);
	encode_varint(b, t->id);
}

static err_t later_reserve(struct tfs *fs)
{
	struct later *l = &fs->later;
	struct tuple **v;
	uint32_t cap;

	if (l->n + ++l->want <= l->cap)
		return 0;
	cap = l->cap ? l->cap * 2 : 64;
	v = fs->a->resize(fs->a, l->v, l->cap * sizeof(*v), cap * sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	l->cap = cap;
	return 0;
}

/* In a new log a directory's names are written behind the tuple that holds them (log_compact()). */
static bool is_later(const struct tfs *fs, const struct entry *e)
{
	return fs->later.on && e->key == fs->k.children && e->v.type == VALUE_TUPLE;
}

static size_t leaf_bound(const struct value *v)
{
	bool bytes = v->type == VALUE_STRING || v->type == VALUE_BUFFER;

	return HEADER_BOUND + (bytes ? v->len : 0u);
}

/* Room for one entry: its own bytes, and a frame when it has entries of its own. */
static err_t entry_bound(struct tfs *fs, const struct entry *e, size_t *bytes)
{
	*bytes += leaf_bound(&e->v) + (e->key ? key_bound(e->key) : 0u);
	if (!is_nested(&e->v) || in_log(fs, e->v.t))
		return 0;
	if (is_later(fs, e))
		return later_reserve(fs);
	return stack_push(fs, e->v.t, NULL, 0, false);
}

err_t encode_bound(struct tfs *fs, const struct value *v, size_t *bytes)
{
	struct stack *s = &fs->stack;
	err_t err = 0;

	s->n = 0;
	*bytes = leaf_bound(v);
	if (is_nested(v) && !in_log(fs, v->t))
		err = stack_push(fs, v->t, NULL, 0, false);
	while (!err && s->n) {
		struct frame *f = &s->f[s->n - 1];
		const struct entry *e = tuple_next(f->t, &f->slot);

		if (e)
			err = entry_bound(fs, e, bytes);
		else
			s->n--;
	}
	s->n = 0;
	return err;
}

static void encode_bytes(struct bytes *b, const struct value *v)
{
	/* An empty buffer would mean removal. */
	bool text = v->type == VALUE_STRING || v->len == 0;

	put_header(b, true, text ? TFS_T_STRING : TFS_T_BUFFER, v->len);
	bytes_put(b, v->s, v->len);
}

/* A tuple's or vector's header.  True when its entries have to follow. */
static bool encode_open(struct tfs *fs, struct bytes *b, const struct value *v, bool later)
{
	unsigned type = v->type == VALUE_VECTOR ? TFS_T_VECTOR : TFS_T_TUPLE;

	if (in_log(fs, v->t)) {
		put_header(b, false, type, 0);
		encode_varint(b, v->t->id);
		return false;
	}
	put_header(b, true, type, later ? 0 : v->t->live);
	v->t->id = new_id(fs);
	v->t->gen = fs->gen & GEN_MASK;
	if (later)
		fs->later.v[fs->later.n++] = v->t;
	return !later;
}

static bool encode_leaf(struct tfs *fs, struct bytes *b, const struct value *v, bool later)
{
	switch (v->type) {
	case VALUE_TUPLE:
	case VALUE_VECTOR:
		return encode_open(fs, b, v, later);
	case VALUE_INT:
		put_header(b, true, TFS_T_INTEGER, v->neg);
		encode_varint(b, v->u);
		return false;
	case VALUE_STRING:
	case VALUE_BUFFER:
		encode_bytes(b, v);
		return false;
	default: /* VALUE_NONE: removal */
		put_header(b, true, TFS_T_BUFFER, 0);
		return false;
	}
}

void encode_value(struct tfs *fs, struct bytes *b, const struct value *v)
{
	struct stack *s = &fs->stack;

	s->n = 0;
	if (encode_leaf(fs, b, v, false))
		s->f[s->n++] = (struct frame){ .t = v->t };
	while (s->n) {
		struct frame *f = &s->f[s->n - 1];
		const struct entry *e = tuple_next(f->t, &f->slot);

		if (!e) {
			s->n--;
			continue;
		}
		if (e->key)
			encode_key(fs, b, e->key);
		if (encode_leaf(fs, b, &e->v, is_later(fs, e)))
			s->f[s->n++] = (struct frame){ .t = e->v.t };
	}
}
