/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/tuple.c: tuples and vectors.  Entries lie in one array in the order in which they were added; above
 * VALUE_SMALL slots a table of slot numbers follows it in the same block of memory (open addressing, a slot
 * number plus one, 0 for empty).  A removed entry leaves its slot as a gap, which still ends no probe
 * and keeps its order; gaps go when the array is packed.
 */
#include "lib/mem.h"
#include "lib/value_int.h"

static uint32_t slots(unsigned hash)
{
	return hash ? 1u << hash : 0;
}

static size_t block_size(uint32_t cap, unsigned hash)
{
	return cap * sizeof(struct entry) + slots(hash) * sizeof(uint32_t);
}

static uint32_t *table_of(const struct tuple *t)
{
	return (uint32_t *)(void *)(t->e + t->cap);
}

static bool is_nested(const struct value *v)
{
	return v->type == VALUE_TUPLE || v->type == VALUE_VECTOR;
}

struct tuple *tuple_new(struct vstore *vs, uint32_t cap)
{
	struct tuple *t = vstore_get(vs, sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct tuple){ .refs = 1, .serial = ++vs->serial };
	vs->ntuple++;
	if (cap && tuple_reserve(vs, t, cap)) {
		tuple_put(vs, t);
		return NULL;
	}
	return t;
}

/* Drop what the entries hold; tuples that die with them go onto the list, so that no depth recurses. */
static struct tuple *drop_entries(struct vstore *vs, struct tuple *t, struct tuple *dead)
{
	for (uint32_t i = 0; i < t->used; i++) {
		struct value *v = &t->e[i].v;

		sym_put(vs, t->e[i].key);
		if (!is_nested(v)) {
			value_put(vs, v);
		} else if (--v->t->refs == 0) {
			v->t->owner = dead;
			dead = v->t;
		}
	}
	vstore_put(vs, t->e, block_size(t->cap, t->hash));
	t->e = NULL;
	t->used = t->live = t->cap = 0;
	t->hash = 0;
	return dead;
}

static void free_all(struct vstore *vs, struct tuple *dead)
{
	while (dead) {
		struct tuple *t = dead;

		dead = drop_entries(vs, t, t->owner);
		vs->ntuple--;
		vstore_put(vs, t, sizeof(*t));
	}
}

void tuple_put(struct vstore *vs, struct tuple *t)
{
	if (!t || --t->refs)
		return;
	t->owner = NULL;
	free_all(vs, t);
}

void tuple_clear(struct vstore *vs, struct tuple *t)
{
	free_all(vs, drop_entries(vs, t, NULL));
}

static void table_add(struct tuple *t, uint32_t slot)
{
	uint32_t *table = table_of(t), mask = slots(t->hash) - 1;
	uint32_t i = t->e[slot].key->hash & mask;

	while (table[i])
		i = (i + 1) & mask;
	table[i] = slot + 1;
}

static void table_fill(struct tuple *t)
{
	if (!t->hash)
		return;
	memset(table_of(t), 0, slots(t->hash) * sizeof(uint32_t));
	for (uint32_t i = 0; i < t->used; i++)
		if (t->e[i].key)
			table_add(t, i);
}

/* Copy the entries without the gaps. */
static uint32_t pack(struct entry *to, const struct tuple *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->used; i++)
		if (t->e[i].v.type != VALUE_NONE)
			to[n++] = t->e[i];
	return n;
}

static unsigned table_bits(uint32_t cap)
{
	unsigned bits = 4;

	if (cap <= VALUE_SMALL)
		return 0;
	while (1u << bits < cap + cap / 2)
		bits++;
	return bits;
}

static err_t resize(struct vstore *vs, struct tuple *t, uint32_t cap)
{
	unsigned hash = table_bits(cap);
	struct entry *e = vstore_get(vs, block_size(cap, hash));

	if (!e)
		return -ENOMEM;
	t->used = pack(e, t);
	vstore_put(vs, t->e, block_size(t->cap, t->hash));
	t->e = e;
	t->cap = cap;
	t->hash = hash & 31;
	table_fill(t);
	return 0;
}

/* Once in four thousand million additions cookies begin anew. */
static void renumber(struct tuple *t)
{
	t->order = 0;
	for (uint32_t i = 0; i < t->used; i++)
		if (is_nested(&t->e[i].v) || t->e[i].v.type == VALUE_NONE)
			t->e[i].v.len = t->order++;
}

err_t tuple_reserve(struct vstore *vs, struct tuple *t, uint32_t n)
{
	uint32_t want;

	if (n > UINT32_MAX - t->order)
		renumber(t);
	if (n <= t->cap - t->used)
		return 0;
	if (n > (1u << 28) || t->live > (1u << 28))
		return -ENOMEM;
	want = t->live + n;
	if (want <= t->cap - t->cap / 4) {
		t->used = pack(t->e, t);
		table_fill(t);
		return 0;
	}
	return resize(vs, t, t->cap ? MAX(want, t->live + t->live / 2) : n);
}

/* The slot whose key has this text; t->used when there is none. */
static uint32_t find_text(const struct tuple *t, uint32_t hash, const char *s, size_t len)
{
	uint32_t i, slot, mask = slots(t->hash) - 1;
	const struct sym *k;

	if (!t->hash) {
		for (slot = 0; slot < t->used; slot++) {
			k = t->e[slot].key;
			if (k && k->hash == hash && k->len == len && !memcmp(k->s, s, len))
				return slot;
		}
		return t->used;
	}
	for (i = hash & mask; (slot = table_of(t)[i]) != 0; i = (i + 1) & mask) {
		k = t->e[slot - 1].key;
		if (k && k->hash == hash && k->len == len && !memcmp(k->s, s, len))
			return slot - 1;
	}
	return t->used;
}

static uint32_t find_key(const struct tuple *t, const struct sym *key)
{
	uint32_t i, slot, mask = slots(t->hash) - 1;

	if (!t->hash) {
		for (slot = 0; slot < t->used && t->e[slot].key != key; slot++)
			;
		return slot;
	}
	for (i = key->hash & mask; (slot = table_of(t)[i]) != 0; i = (i + 1) & mask)
		if (t->e[slot - 1].key == key)
			return slot - 1;
	return t->used;
}

struct value *tuple_find(const struct tuple *t, const struct sym *key)
{
	uint32_t slot = key ? find_key(t, key) : t->used;

	return slot < t->used ? &t->e[slot].v : NULL;
}

const struct value *tuple_getn(const struct tuple *t, const char *key, size_t len)
{
	uint32_t slot = find_text(t, value_hash(key, len), key, len);

	return slot < t->used ? &t->e[slot].v : NULL;
}

const struct value *tuple_get(const struct tuple *t, const char *key)
{
	return tuple_getn(t, key, strlen(key));
}

/* A gap keeps its order, for tuple_seek(). */
static void remove_slot(struct vstore *vs, struct tuple *t, uint32_t slot)
{
	struct entry *e = &t->e[slot];
	uint32_t order = e->v.len;

	sym_put(vs, e->key);
	value_put(vs, &e->v);
	e->key = NULL;
	e->v = (struct value){ .type = VALUE_NONE, .len = order };
	t->live--;
	if (slot + 1 == t->used && !t->hash)
		t->used--;
}

static void append(struct tuple *t, struct sym *key, struct value v)
{
	if (is_nested(&v))
		v.len = t->order++;
	else
		t->mixed = 1;
	t->e[t->used] = (struct entry){ .key = key, .v = v };
	if (t->hash && key)
		table_add(t, t->used);
	t->used++;
	t->live++;
}

err_t tuple_set(struct vstore *vs, struct tuple *t, struct sym *key, struct value v)
{
	uint32_t slot = find_key(t, key);
	err_t err;

	if (slot < t->used && (v.type == VALUE_NONE || is_nested(&v) != is_nested(&t->e[slot].v))) {
		err = v.type != VALUE_NONE ? tuple_reserve(vs, t, 1) : 0;
		if (err)
			return err;
		key->refs++; /* may be the entry's own */
		remove_slot(vs, t, find_key(t, key));
		if (v.type != VALUE_NONE) {
			key->refs++;
			append(t, key, v);
		}
		sym_put(vs, key);
		return 0;
	}
	if (slot < t->used) {
		struct value old = t->e[slot].v;

		if (is_nested(&v))
			v.len = old.len;
		t->e[slot].v = v;
		value_put(vs, &old);
		return 0;
	}
	if (v.type == VALUE_NONE)
		return 0;
	err = tuple_reserve(vs, t, 1);
	if (err)
		return err;
	key->refs++;
	append(t, key, v);
	return 0;
}

err_t vector_add(struct vstore *vs, struct tuple *t, struct value v)
{
	err_t err = tuple_reserve(vs, t, 1);

	if (!err)
		append(t, NULL, v);
	return err;
}

const struct entry *tuple_next(const struct tuple *t, uint32_t *i)
{
	while (*i < t->used) {
		const struct entry *e = &t->e[(*i)++];

		if (e->v.type != VALUE_NONE)
			return e;
	}
	return NULL;
}

static uint32_t seek_linear(const struct tuple *t, uint32_t order)
{
	uint32_t i = 0;

	while (i < t->used && !(is_nested(&t->e[i].v) && t->e[i].v.len >= order))
		i++;
	return i;
}

uint32_t tuple_seek(const struct tuple *t, uint32_t order)
{
	uint32_t lo = 0, hi = t->used;

	if (t->mixed)
		return seek_linear(t, order);
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (t->e[mid].v.len < order)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
