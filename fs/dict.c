/* SPDX-License-Identifier: Apache-2.0 */
/* fs/dict.c: the dictionary of a log while it is read, and whether what was read is a tree. */
#include "fs/tfs_int.h"

err_t stack_push(struct tfs *fs, struct tuple *t, struct sym *key, uint32_t left, bool vector)
{
	struct stack *s = &fs->stack;
	struct frame *f;

	if (s->n == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : 16;

		f = fs->a->resize(fs->a, s->f, s->cap * sizeof(*f), cap * sizeof(*f));
		if (!f)
			return -ENOMEM;
		s->f = f;
		s->cap = cap;
	}
	s->f[s->n++] = (struct frame){ .t = t, .key = key, .left = left, .vector = vector };
	return 0;
}

void dict_init(struct dict *d)
{
	*d = (struct dict){ .n = 1 };
}

err_t dict_add(struct tfs *fs, struct dict *d, uintptr_t v)
{
	uintptr_t *p;
	uint32_t cap;

	if (d->n >= d->cap) {
		cap = d->cap ? d->cap * 2 : 256;
		if (cap > INT32_MAX)
			return -ENOMEM;
		p = fs->a->resize(fs->a, d->v, d->cap * sizeof(*p), cap * sizeof(*p));
		if (!p)
			return -ENOMEM;
		d->v = p;
		d->cap = cap;
	}
	d->v[d->n++] = v;
	return 0;
}

void dict_fini(struct tfs *fs, struct dict *d, bool keep)
{
	for (uint32_t i = 1; i < d->n && !keep; i++)
		if (!(d->v[i] & 1))
			tuple_clear(&fs->vs, (struct tuple *)d->v[i]);
	for (uint32_t i = 1; i < d->n; i++) {
		if (d->v[i] & 1)
			sym_put(&fs->vs, (struct sym *)(d->v[i] & ~(uintptr_t)1));
		else
			tuple_put(&fs->vs, (struct tuple *)d->v[i]);
	}
	alloc_put(fs->a, d->v, d->cap * sizeof(*d->v));
	*d = (struct dict){ 0 };
}

struct tuple *dict_tuple(const struct dict *d, uint64_t i)
{
	return i > 0 && i < d->n && !(d->v[i] & 1) ? (struct tuple *)d->v[i] : NULL;
}

struct sym *dict_sym(const struct dict *d, uint64_t i)
{
	return i > 0 && i < d->n && (d->v[i] & 1) ? (struct sym *)(d->v[i] & ~(uintptr_t)1) : NULL;
}

static char on_path, seen; /* marks for tuple->owner while walking; only their addresses matter */

static err_t visit(struct tfs *fs, struct tuple *t, struct sym *key, const struct sym *parent_key)
{
	if (t->owner == &on_path)
		return -EUCLEAN;
	if (t->owner == &seen) {
		/* A second name of a file is the one thing that may be shared. */
		bool file = parent_key == fs->k.children && !tuple_find(t, fs->k.children);

		return file ? 0 : -EUCLEAN;
	}
	t->owner = &on_path;
	return stack_push(fs, t, key, 0, false);
}

/* What the root does not reach is taken apart here: it may hold itself. */
static void unmark(struct tfs *fs, struct tuple *t)
{
	if (!t->owner)
		tuple_clear(&fs->vs, t);
	t->owner = NULL;
}

err_t tree_is_sound(struct tfs *fs, const struct dict *d)
{
	struct stack *s = &fs->stack;
	err_t err;

	s->n = 0;
	err = visit(fs, fs->root, NULL, NULL);
	while (!err && s->n) {
		struct frame *f = &s->f[s->n - 1];
		const struct entry *e = tuple_next(f->t, &f->slot);

		if (!e) {
			f->t->owner = &seen;
			s->n--;
		} else if (is_nested(&e->v)) {
			err = visit(fs, e->v.t, e->key, f->key);
		}
	}
	s->n = 0;
	for (uint32_t i = 1; i < d->n; i++)
		if (!(d->v[i] & 1))
			unmark(fs, (struct tuple *)d->v[i]);
	return err;
}
