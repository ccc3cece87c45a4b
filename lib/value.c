/* SPDX-License-Identifier: Apache-2.0 */
/* lib/value.c: the store: interned symbols, and leaf values. */
#include "lib/value.h"

#include "lib/mem.h"
#include "lib/value_int.h"

enum { BUCKETS_MIN = 64 };

/* FNV-1a: short keys, no secret; a crafted image can only slow its own look-ups down. */
uint32_t value_hash(const char *s, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)s[i]) * 16777619u;
	return h;
}

void *vstore_get(struct vstore *vs, size_t size)
{
	void *p = alloc_get(vs->a, size);

	if (p)
		vs->mem += size;
	return p;
}

void vstore_put(struct vstore *vs, void *p, size_t size)
{
	if (p)
		vs->mem -= size;
	alloc_put(vs->a, p, size);
}

err_t vstore_init(struct vstore *vs, struct alloc *a)
{
	*vs = (struct vstore){ .a = a, .nbucket = BUCKETS_MIN };
	vs->bucket = vstore_get(vs, BUCKETS_MIN * sizeof(struct sym *));
	if (!vs->bucket)
		return -ENOMEM;
	memset(vs->bucket, 0, BUCKETS_MIN * sizeof(struct sym *));
	return 0;
}

void vstore_fini(struct vstore *vs)
{
	vstore_put(vs, vs->bucket, vs->nbucket * sizeof(struct sym *));
	vs->bucket = NULL;
}

static struct sym *find_hashed(const struct vstore *vs, uint32_t hash, const char *s, size_t len)
{
	struct sym *y = vs->bucket[hash & (vs->nbucket - 1)];

	while (y && (y->hash != hash || y->len != len || memcmp(y->s, s, len) != 0))
		y = y->next;
	return y;
}

struct sym *sym_find(const struct vstore *vs, const char *s, size_t len)
{
	return find_hashed(vs, value_hash(s, len), s, len);
}

static void sym_link(struct sym **bucket, uint32_t nbucket, struct sym *y)
{
	struct sym **b = &bucket[y->hash & (nbucket - 1)];

	y->next = *b;
	*b = y;
}

/* Twice the buckets.  Without memory the chains just stay longer. */
static void grow(struct vstore *vs)
{
	uint32_t n = vs->nbucket * 2;
	struct sym **bucket = vstore_get(vs, n * sizeof(*bucket));
	struct sym *y, *next;

	if (!bucket)
		return;
	memset(bucket, 0, n * sizeof(*bucket));
	for (uint32_t i = 0; i < vs->nbucket; i++) {
		for (y = vs->bucket[i]; y; y = next) {
			next = y->next;
			sym_link(bucket, n, y);
		}
	}
	vstore_put(vs, vs->bucket, vs->nbucket * sizeof(*bucket));
	vs->bucket = bucket;
	vs->nbucket = n;
}

struct sym *sym_get(struct vstore *vs, const char *s, size_t len)
{
	uint32_t hash = value_hash(s, len);
	struct sym *y = find_hashed(vs, hash, s, len);

	if (y) {
		y->refs++;
		return y;
	}
	if (len >= UINT32_MAX - sizeof(*y))
		return NULL;
	y = vstore_get(vs, sizeof(*y) + len + 1);
	if (!y)
		return NULL;
	*y = (struct sym){ .refs = 1, .hash = hash, .len = (uint32_t)len };
	memcpy(y->s, s, len);
	y->s[len] = 0;
	if (vs->nsym >= vs->nbucket)
		grow(vs);
	sym_link(vs->bucket, vs->nbucket, y);
	vs->nsym++;
	return y;
}

void sym_put(struct vstore *vs, struct sym *y)
{
	struct sym **p;

	if (!y || --y->refs)
		return;
	p = &vs->bucket[y->hash & (vs->nbucket - 1)];
	while (*p != y)
		p = &(*p)->next;
	*p = y->next;
	vs->nsym--;
	vstore_put(vs, y, sizeof(*y) + y->len + 1);
}

static struct value bytes(struct vstore *vs, enum value_type type, const char *s, size_t len)
{
	struct value none = { .type = VALUE_NONE };
	char *copy = len < UINT32_MAX ? vstore_get(vs, len + 1) : NULL;

	if (!copy)
		return none;
	memcpy(copy, s, len);
	copy[len] = 0;
	return (struct value){ .type = type, .len = (uint32_t)len, .s = copy };
}

struct value value_string(struct vstore *vs, const char *s, size_t len)
{
	return bytes(vs, VALUE_STRING, s, len);
}

struct value value_buffer(struct vstore *vs, const char *s, size_t len)
{
	return bytes(vs, VALUE_BUFFER, s, len);
}

struct value value_int(int64_t i)
{
	return (struct value){
		.type = VALUE_INT,
		.neg = i < 0,
		.u = i < 0 ? -(uint64_t)i : (uint64_t)i,
	};
}

struct value value_uint(uint64_t u)
{
	return (struct value){ .type = VALUE_INT, .u = u };
}

struct value value_tuple(struct tuple *t)
{
	return (struct value){ .type = VALUE_TUPLE, .t = t };
}

struct value value_vector(struct tuple *t)
{
	return (struct value){ .type = VALUE_VECTOR, .t = t };
}

void value_put(struct vstore *vs, struct value *v)
{
	if (v->type == VALUE_STRING || v->type == VALUE_BUFFER)
		vstore_put(vs, (char *)(uintptr_t)v->s, (size_t)v->len + 1);
	else if (v->type == VALUE_TUPLE || v->type == VALUE_VECTOR)
		tuple_put(vs, v->t);
	v->type = VALUE_NONE;
}
