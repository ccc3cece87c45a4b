/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/check.c: the whole tree, verified: names, types, link counts, and every extent against the device,
 * the log and every other extent.  Mounting has already verified the log's records.  Space cannot leak in
 * TFS, whose free space is what nothing claims; what is counted as leaked is what this mount lost.
 */
#include "fs/tfs_int.h"

#include "lib/fmt.h"

enum { TEXT_MAX = 400 };

struct checker {
	struct tfs *fs;
	struct tfs_check *c;
	struct ranges used, twice;
	struct sym *name; /* of the inode being looked at; NULL: the root */
};

static void found(struct checker *k, uint64_t off, const char *what)
{
	k->c->problems++;
	k->c->found(k->c, off, what);
}

/* "dir/sub/name", as much of it as fits: the keys on the stack are the way here. */
static void path_of(const struct checker *k, char *to, size_t size)
{
	const struct stack *s = &k->fs->stack;
	size_t n = 0;

	to[0] = 0;
	for (uint32_t i = 1; i < s->n && n < size; i++)
		n += fmt(to + n, size - n, "/%s", s->f[i].key ? s->f[i].key->s : "");
	if (n < size)
		fmt(to + n, size - n, "/%s", k->name ? k->name->s : "");
}

static void complain(struct checker *k, uint64_t off, const char *what)
{
	char text[TEXT_MAX], path[TEXT_MAX / 2];

	path_of(k, path, sizeof(path));
	fmt(text, sizeof(text), "%s: %s", path, what);
	found(k, off, text);
}

static err_t claim(struct checker *k, uint64_t sector, uint64_t n, const char *complaint)
{
	err_t err = n ? ranges_add(&k->used, sector, n) : 0;

	if (err != -EEXIST) {
		k->c->used += err ? 0 : n;
		return err;
	}
	complain(k, sector * TFS_BLOCK, complaint);
	return 0;
}

static err_t check_extents(struct checker *k, const struct tuple *extents)
{
	const struct entry *e;
	struct tfs_ext x;
	uint32_t i = 0;
	err_t err = 0;

	while (!err && (e = tuple_next(extents, &i)) != NULL) {
		k->c->extents++;
		if (extent_parse(k->fs, e, &x))
			complain(k, UINT64_MAX, "an extent lies outside the file system");
		else
			err = claim(k, x.sector, x.n + x.spare, "its blocks are in use twice");
	}
	return err;
}

/* The map says whether a file's extents agree with each other. */
static err_t check_map(struct checker *k, struct tuple *t)
{
	struct tfs_inode *i;
	err_t err = tfs_inode_get(k->fs, t, NULL, &i);

	if (err)
		return err;
	err = map_load(i);
	if (err == -EUCLEAN) {
		complain(k, UINT64_MAX, "its extents contradict each other");
		err = 0;
	}
	tfs_put(i);
	return err;
}

static err_t check_file(struct checker *k, struct tuple *t)
{
	const struct value *v = tuple_find(t, k->fs->k.extents);
	uint64_t nlink = 1, size;
	uint32_t names = t->refs - (t->owner ? 1 : 0);
	err_t err = 0;

	k->c->files++;
	if (tuple_find(t, k->fs->k.nlink) && value_get_u64(tuple_find(t, k->fs->k.nlink), &nlink))
		complain(k, UINT64_MAX, "its link count is no number");
	else if (nlink != names)
		complain(k, UINT64_MAX, "its link count is wrong");
	if (tuple_find(t, k->fs->k.filelength) &&
	    value_get_u64(tuple_find(t, k->fs->k.filelength), &size))
		complain(k, UINT64_MAX, "its length is no number");
	if (v && v->type != VALUE_TUPLE) {
		complain(k, UINT64_MAX, "its extents are no tuple");
	} else if (v) {
		err = check_extents(k, v->t);
		if (!err)
			err = check_map(k, t);
	}
	return err;
}

static err_t check_inode(struct checker *k, struct tuple *t, struct sym *name)
{
	const struct value *v = tuple_find(t, k->fs->k.children);
	err_t err;

	k->name = name;
	if (t->refs - (t->owner ? 1 : 0) > 1) {
		err = ranges_add(&k->twice, (uintptr_t)t, 1);
		if (err)
			return err == -EEXIST ? 0 : err;
	}
	if (!v || v->type != VALUE_TUPLE)
		return check_file(k, t);
	k->c->dirs++;
	return stack_push(k->fs, v->t, name, 0, false);
}

static bool name_is_good(const struct sym *y)
{
	return y && y->len && y->len <= TFS_NAME_MAX && !memchr(y->s, '/', y->len) &&
	       !memchr(y->s, 0, y->len);
}

static err_t check_entry(struct checker *k, const struct entry *e)
{
	k->name = e->key;
	if (!name_is_good(e->key))
		complain(k, UINT64_MAX, "this name cannot be looked up");
	if (e->v.type == VALUE_TUPLE)
		return check_inode(k, e->v.t, e->key);
	complain(k, UINT64_MAX, "this name is of no file");
	return 0;
}

static err_t check_tree(struct checker *k)
{
	struct stack *s = &k->fs->stack;
	err_t err;

	s->n = 0;
	err = check_inode(k, k->fs->root, NULL);
	while (!err && s->n) {
		struct frame *f = &s->f[s->n - 1];
		const struct entry *e = tuple_next(f->t, &f->slot);

		if (e)
			err = check_entry(k, e);
		else
			s->n--;
	}
	s->n = 0;
	return err;
}

static err_t check_log(struct checker *k)
{
	const struct log *l = &k->fs->log;
	err_t err = 0;

	for (uint32_t i = 0; i < l->n && !err; i++)
		if (l->ext[i].sector >= space_first(k->fs))
			err = claim(k, l->ext[i].sector, l->ext[i].n, "the log is in use twice");
	return err;
}

err_t tfs_check(struct tfs *fs, struct tfs_check *c)
{
	struct checker k = { .fs = fs, .c = c };
	err_t err;

	ranges_init(&k.used, fs->a);
	ranges_init(&k.twice, fs->a);
	c->records = fs->log.records;
	c->leaked = fs->lost;
	if (fs->damage[0])
		found(&k, UINT64_MAX, fs->damage);
	err = check_log(&k);
	if (!err)
		err = check_tree(&k);
	ranges_fini(&k.used);
	ranges_fini(&k.twice);
	return err;
}
