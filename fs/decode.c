/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/decode.c: bytes to values (doc/tfs.md, Values).  The bytes are from outside: every length is checked against what is left, every
 * reference against the dictionary, and depth costs heap, not stack.
 */
#include "fs/tfs_int.h"

bool decode_varint(const uint8_t *p, size_t len, size_t *at, uint64_t *out)
{
	uint64_t n = 0;

	while (*at < len) {
		uint8_t c = p[(*at)++];

		if (n >> 57)
			return false;
		n = n << 7 | (c & 0x7f);
		if (!(c & 0x80)) {
			*out = n;
			return true;
		}
	}
	return false;
}

struct header {
	bool imm;
	unsigned type;
	uint64_t n;
};

struct reader {
	struct tfs *fs;
	struct dict *d;
	const uint8_t *p;
	size_t len, at;
};

static bool get_header(struct reader *r, struct header *h)
{
	bool v4 = r->fs->id.version == TFS_V4;
	uint8_t c;

	if (r->at >= r->len)
		return false;
	c = r->p[r->at++];
	h->imm = c & 0x80;
	h->type = v4 ? c >> 6 & 1 : c >> 4 & 7;
	h->n = v4 ? c & 0x1f : c & 7;
	if (!(c & (v4 ? 0x20 : 8)))
		return true;
	do {
		if (r->at >= r->len || h->n >> 57)
			return false;
		c = r->p[r->at++];
		h->n = h->n << 7 | (c & 0x7f);
	} while (c & 0x80);
	return true;
}

static const uint8_t *get_bytes(struct reader *r, uint64_t n)
{
	const uint8_t *p = r->p + r->at;

	if (n > r->len - r->at)
		return NULL;
	r->at += n;
	return p;
}

/* The dictionary keeps symbols and tuples while the log is read, so that a later reference finds them. */
static err_t get_key(struct reader *r, struct sym **out)
{
	struct header h;
	const uint8_t *s;
	struct sym *y;
	err_t err;

	if (!get_header(r, &h) || h.type != TFS_T_BUFFER)
		return -EUCLEAN;
	if (!h.imm) {
		*out = dict_sym(r->d, h.n);
		return *out ? 0 : -EUCLEAN;
	}
	s = get_bytes(r, h.n);
	if (!s)
		return -EUCLEAN;
	y = sym_get(&r->fs->vs, (const char *)s, h.n);
	if (!y)
		return -ENOMEM;
	err = dict_add(r->fs, r->d, (uintptr_t)y | 1);
	if (err) {
		sym_put(&r->fs->vs, y);
		return err;
	}
	y->id = r->d->n - 1;
	*out = y;
	return 0;
}

static err_t new_tuple(struct reader *r, const struct header *h, struct tuple **out)
{
	uint64_t room = r->len - r->at;
	struct tuple *t;
	err_t err;

	if (h->n > room) /* an entry takes a byte at least */
		return -EUCLEAN;
	t = tuple_new(&r->fs->vs, (uint32_t)MIN(h->n, (uint64_t)1024));
	if (!t)
		return -ENOMEM;
	err = dict_add(r->fs, r->d, (uintptr_t)t);
	if (err) {
		tuple_put(&r->fs->vs, t);
		return err;
	}
	t->id = r->d->n - 1;
	t->gen = r->fs->gen & GEN_MASK;
	*out = t;
	return 0;
}

/* A reference: the dictionary index follows the header. */
static err_t old_tuple(struct reader *r, struct tuple **out)
{
	uint64_t i;

	if (!decode_varint(r->p, r->len, &r->at, &i))
		return -EUCLEAN;
	*out = dict_tuple(r->d, i);
	return *out ? 0 : -EUCLEAN;
}

static err_t set_entry(struct reader *r, const struct frame *f, struct value v)
{
	err_t err;

	if (f->vector && v.type == VALUE_NONE)
		return 0;
	if (f->vector)
		err = vector_add(&r->fs->vs, f->t, v);
	else
		err = tuple_set(&r->fs->vs, f->t, f->key, v);
	if (err)
		value_put(&r->fs->vs, &v);
	return err;
}

/* "." and ".." are how a writer may link its own tree; they are no part of ours. */
static bool is_dots(const struct sym *key)
{
	return key && key->s[0] == '.' && (key->len == 1 || (key->len == 2 && key->s[1] == '.'));
}

static err_t get_nested(struct reader *r, const struct frame *f, const struct header *h)
{
	bool vector = h->type == TFS_T_VECTOR;
	struct tuple *t;
	struct value *old;
	err_t err;

	err = h->imm ? new_tuple(r, h, &t) : old_tuple(r, &t);
	if (err)
		return err;
	old = f->vector ? NULL : tuple_find(f->t, f->key);
	if (!(old && is_nested(old) && old->t == t) && !is_dots(f->key)) {
		r->d->shared |= !h->imm;
		t->refs++;
		err = set_entry(r, f, vector ? value_vector(t) : value_tuple(t));
		if (err)
			return err;
	}
	if (h->n > UINT32_MAX)
		return -EUCLEAN;
	return h->n ? stack_push(r->fs, t, NULL, (uint32_t)h->n, vector) : 0;
}

static err_t get_bytes_value(struct reader *r, const struct frame *f, const struct header *h)
{
	struct value v = { .type = VALUE_NONE };
	const uint8_t *s;

	s = get_bytes(r, h->n);
	if (!s)
		return -EUCLEAN;
	if (h->type == TFS_T_STRING)
		v = value_string(&r->fs->vs, (const char *)s, h->n);
	else if (h->n)
		v = value_buffer(&r->fs->vs, (const char *)s, h->n);
	else
		return set_entry(r, f, v);
	return v.type == VALUE_NONE ? -ENOMEM : set_entry(r, f, v);
}

static err_t get_symbol_value(struct reader *r, const struct frame *f, uint64_t index)
{
	const struct sym *y = dict_sym(r->d, index);
	struct value v;

	if (!y)
		return -EUCLEAN;
	v = value_string(&r->fs->vs, y->s, y->len);
	return v.type == VALUE_NONE ? -ENOMEM : set_entry(r, f, v);
}

static err_t get_integer(struct reader *r, const struct frame *f, const struct header *h)
{
	struct value v;
	uint64_t u;

	if (!h->imm || h->n > 1 || !decode_varint(r->p, r->len, &r->at, &u))
		return -EUCLEAN;
	v = value_uint(u);
	v.neg = h->n & 1;
	return set_entry(r, f, v);
}

static err_t get_value(struct reader *r, const struct frame *f)
{
	struct header h;

	if (!get_header(r, &h))
		return -EUCLEAN;
	switch (h.type) {
	case TFS_T_TUPLE:
	case TFS_T_VECTOR:
		return get_nested(r, f, &h);
	case TFS_T_INTEGER:
		return get_integer(r, f, &h);
	case TFS_T_STRING:
		return h.imm ? get_bytes_value(r, f, &h) : -EUCLEAN;
	case TFS_T_BUFFER:
		return h.imm ? get_bytes_value(r, f, &h) : get_symbol_value(r, f, h.n);
	default:
		return -EUCLEAN;
	}
}

/* The outermost tuple: the first of the log is the root, later ones change what is there. */
static err_t get_outer(struct reader *r)
{
	struct header h;
	struct tuple *t;
	err_t err;

	if (!get_header(r, &h) || (h.type != TFS_T_TUPLE && h.type != TFS_T_VECTOR))
		return -EUCLEAN;
	if (h.n > r->len - r->at)
		return -EUCLEAN;
	err = h.imm ? new_tuple(r, &h, &t) : old_tuple(r, &t);
	if (err)
		return err;
	if (!r->fs->root) {
		r->fs->root = t;
		t->refs++;
	}
	return stack_push(r->fs, t, NULL, (uint32_t)h.n, h.type == TFS_T_VECTOR);
}

err_t decode_blob(struct tfs *fs, struct dict *d, const uint8_t *p, size_t len, size_t *used)
{
	struct reader r = { .fs = fs, .d = d, .p = p, .len = len };
	struct stack *s = &fs->stack;
	err_t err;

	s->n = 0;
	err = get_outer(&r);
	while (!err && s->n) {
		struct frame *f = &s->f[s->n - 1], now;

		if (!f->left) {
			s->n--;
			continue;
		}
		f->left--;
		now = *f; /* the stack may move */
		if (!now.vector)
			err = get_key(&r, &now.key);
		if (!err)
			err = get_value(&r, &now);
	}
	s->n = 0;
	*used = r.at;
	return err;
}
