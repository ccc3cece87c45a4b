/* SPDX-License-Identifier: Apache-2.0 */
/* fs/xattr.c: extended attributes: a tuple of the inode, from full name to bytes. */
#include "fs/tfs_int.h"

static struct tuple *xattrs(const struct tfs_inode *i)
{
	const struct value *v = tuple_find(i->t, i->fs->k.xattrs);

	return v && v->type == VALUE_TUPLE ? v->t : NULL;
}

err_t tfs_xattr_get(struct tfs_inode *i, const char *name, const char **val, size_t *len)
{
	const struct tuple *x = xattrs(i);
	const char *s = x ? value_text(tuple_get(x, name), len) : NULL;

	if (!s)
		return -ENODATA;
	*val = s;
	return 0;
}

const char *tfs_xattr_next(struct tfs_inode *i, uint32_t *at, size_t *len)
{
	const struct tuple *x = xattrs(i);
	const struct entry *e = NULL;

	do
		e = x ? tuple_next(x, at) : NULL;
	while (e && !e->key);
	if (!e)
		return NULL;
	*len = e->key->len;
	return e->key->s;
}

static err_t make_tuple(struct tfs_inode *i)
{
	struct tuple *t = tuple_new(&i->fs->vs, 1);
	struct edits es;

	if (!t)
		return -ENOMEM;
	edits_init(&es);
	edits_add(i->fs, &es, i->t, i->fs->k.xattrs, value_tuple(t));
	return edits_apply(i->fs, &es);
}

static err_t change(struct tfs_inode *i, const char *name, struct value v, int64_t now)
{
	struct edits es;
	err_t err;

	edits_init(&es);
	edits_name(i->fs, &es, xattrs(i), name, strlen(name), v);
	err = edits_apply(i->fs, &es);
	if (!err) {
		i->ctime = now;
		tfs_inode_touch(i, DIRTY_CTIME);
	}
	return err;
}

err_t tfs_xattr_set(struct tfs_inode *i, const char *name, const void *val, size_t len,
		    unsigned flags, int64_t now)
{
	struct vstore *vs = &i->fs->vs;
	const struct tuple *x = xattrs(i);
	bool there = x && tuple_get(x, name);
	struct value v;
	err_t err = tfs_writable(i->fs);

	if (err)
		return err;
	if (there && (flags & TFS_XATTR_CREATE))
		return -EEXIST;
	if (!there && (flags & TFS_XATTR_REPLACE))
		return -ENODATA;
	err = x ? 0 : make_tuple(i);
	if (err)
		return err;
	v = len ? value_buffer(vs, val, len) : value_string(vs, "", 0);
	return v.type == VALUE_NONE ? -ENOMEM : change(i, name, v, now);
}

err_t tfs_xattr_remove(struct tfs_inode *i, const char *name, int64_t now)
{
	const struct tuple *x = xattrs(i);
	err_t err = tfs_writable(i->fs);

	if (err)
		return err;
	if (!x || !tuple_get(x, name))
		return -ENODATA;
	return change(i, name, (struct value){ .type = VALUE_NONE }, now);
}
