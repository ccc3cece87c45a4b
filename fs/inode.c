/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/inode.c: handles.  A file is a tuple; a handle exists while somebody holds it, finds its tuple by
 * `t` and is found by the tuple's `owner`.  Attributes change in the handle and become edits at the next
 * commit: until then the dirty list holds the handle.
 */
#include "fs/tfs_int.h"

enum { MODE_DEFAULT = 0755, MODE_LINK = 0777, PERMS = 07777 };

static const struct value *typed(const struct tuple *t, const struct sym *key, unsigned type)
{
	const struct value *v = tuple_find(t, key);

	return v && v->type == type ? v : NULL;
}

struct tuple *tfs_inode_children(const struct tfs_inode *i)
{
	const struct value *v = typed(i->t, i->fs->k.children, VALUE_TUPLE);

	return v ? v->t : NULL;
}

static uint64_t number(const struct tuple *t, const struct sym *key, uint64_t otherwise)
{
	uint64_t n;

	return value_get_u64(tuple_find(t, key), &n) ? otherwise : n;
}

/* Directories, links and sockets are told by their keys, as in format 5; the rest by `mode`. */
uint32_t tfs_inode_type(const struct tfs *fs, const struct tuple *t)
{
	uint32_t type;

	if (typed(t, fs->k.children, VALUE_TUPLE))
		return S_IFDIR_;
	if (tuple_find(t, fs->k.linktarget))
		return S_IFLNK_;
	if (tuple_find(t, fs->k.socket))
		return S_IFSOCK_;
	type = (uint32_t)number(t, fs->k.mode, S_IFREG_) & S_IFMT_;
	return type == S_IFCHR_ || type == S_IFBLK_ || type == S_IFIFO_ ? type : S_IFREG_;
}

/* --- times: 32.32 fixed point, rounded up so that nanoseconds come back as they were ----------- */

struct value time_value(int64_t ns)
{
	uint64_t u = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	uint64_t sec = MIN(u / 1000000000, (uint64_t)UINT32_MAX);
	uint64_t frac = (((u % 1000000000) << 32) + 999999999) / 1000000000;
	struct value v = value_uint(sec << 32 | frac);

	v.neg = ns < 0;
	return v;
}

int64_t value_time(const struct value *v)
{
	uint64_t u, ns;
	bool neg = v && v->type == VALUE_INT && v->neg;

	if (neg)
		u = v->u;
	else if (value_get_u64(v, &u))
		return 0;
	ns = (u >> 32) * 1000000000 + (((u & UINT32_MAX) * 1000000000) >> 32);
	return neg ? -(int64_t)ns : (int64_t)ns;
}

/* --- handles --------------------------------------------------------------------------------- */

static uint32_t count_subdirs(const struct tfs *fs, const struct tuple *children)
{
	const struct entry *e;
	uint32_t i = 0, n = 0;

	while ((e = tuple_next(children, &i)) != NULL)
		n += e->v.type == VALUE_TUPLE && typed(e->v.t, fs->k.children, VALUE_TUPLE);
	return n;
}

static void load_times(struct tfs_inode *i)
{
	const struct tfs_keys *k = &i->fs->k;
	const struct value *a = tuple_find(i->t, k->atime), *c = tuple_find(i->t, k->ctime);
	const struct value *b = tuple_find(i->t, k->btime);

	i->mtime = value_time(tuple_find(i->t, k->mtime));
	i->atime = a ? value_time(a) : i->mtime;
	i->ctime = c ? value_time(c) : i->mtime;
	i->btime = b ? value_time(b) : 0;
}

/* Blocks that the extents take, without reading the map: for stat. */
static uint64_t count_blocks(const struct tfs *fs, const struct tuple *t)
{
	const struct value *v = typed(t, fs->k.extents, VALUE_TUPLE);
	const struct entry *e;
	uint64_t n = 0;
	uint32_t i = 0;

	while (v && (e = tuple_next(v->t, &i)) != NULL)
		if (e->v.type == VALUE_TUPLE)
			n += number(e->v.t, fs->k.allocated, 0);
	return n;
}

static void load(struct tfs_inode *i)
{
	struct tfs *fs = i->fs;
	uint32_t type = tfs_inode_type(fs, i->t);
	uint32_t perms = type == S_IFLNK_ ? MODE_LINK : MODE_DEFAULT;
	size_t len;

	i->ino = i->t->serial;
	i->mode = type | ((uint32_t)number(i->t, fs->k.mode, perms) & PERMS);
	i->uid = (uint32_t)number(i->t, fs->k.uid, 0);
	i->gid = (uint32_t)number(i->t, fs->k.gid, 0);
	i->rdev = number(i->t, fs->k.rdev, 0);
	i->nlink = (uint32_t)MAX(number(i->t, fs->k.nlink, 1), (uint64_t)1);
	i->exec = value_get_flag(tuple_find(i->t, fs->k.exec));
	i->readonly = value_get_flag(tuple_find(i->t, fs->k.readonly));
	load_times(i);
	if (type == S_IFREG_) {
		/* What Linux's off_t cannot say is not a length. */
		i->size = MIN(number(i->t, fs->k.filelength, 0), (uint64_t)INT64_MAX);
		i->blocks = count_blocks(fs, i->t);
	} else if (type == S_IFDIR_) {
		i->nlink = 2 + count_subdirs(fs, tfs_inode_children(i));
	} else if (type == S_IFLNK_ && value_text(tuple_find(i->t, fs->k.linktarget), &len)) {
		i->size = len;
	}
}

err_t tfs_inode_get(struct tfs *fs, struct tuple *t, struct tfs_inode *parent,
		    struct tfs_inode **out)
{
	struct tfs_inode *i = t->owner;

	if (i) {
		i->refs++;
		*out = i;
		return 0;
	}
	i = alloc_get(fs->a, sizeof(*i));
	if (!i)
		return -ENOMEM;
	*i = (struct tfs_inode){ .fs = fs, .t = t, .refs = 1 };
	list_init(&i->link);
	load(i);
	if ((i->mode & S_IFMT_) == S_IFDIR_)
		i->parent = parent ? tfs_get(parent) : i;
	t->refs++;
	t->owner = i;
	fs->inodes++;
	*out = i;
	return 0;
}

struct tfs_inode *tfs_root(struct tfs *fs)
{
	struct tfs_inode *i;

	return tfs_inode_get(fs, fs->root, NULL, &i) ? NULL : i;
}

struct tfs_inode *tfs_get(struct tfs_inode *i)
{
	i->refs++;
	return i;
}

/* Returns the parent whose reference the handle had. */
static struct tfs_inode *free_inode(struct tfs_inode *i)
{
	struct tfs_inode *parent = i->parent == i ? NULL : i->parent;
	struct tfs *fs = i->fs;

	if (!i->nlink)
		map_release(i);
	map_drop(i);
	i->t->owner = NULL;
	tuple_put(&fs->vs, i->t);
	alloc_put(fs->a, i, sizeof(*i));
	fs->inodes--;
	return parent;
}

void tfs_put(struct tfs_inode *i)
{
	while (i && --i->refs == 0)
		i = free_inode(i);
}

/* --- dirty attributes ------------------------------------------------------------------------- */

/* A file without a name has nothing in the log; what it is told is kept for the day it gets one. */
void tfs_inode_touch(struct tfs_inode *i, unsigned dirty)
{
	i->dirty = (uint8_t)(i->dirty | dirty);
	if (i->nlink && list_empty(&i->link)) {
		list_add_tail(&i->fs->dirty, &i->link);
		tfs_get(i);
	}
}

static void clean(struct tfs_inode *i)
{
	list_del(&i->link);
	i->dirty = 0;
	tfs_put(i);
}

void tfs_inodes_forget(struct tfs *fs)
{
	while (!list_empty(&fs->dirty))
		clean(list_entry(fs->dirty.next, struct tfs_inode, link));
}

/* The type is in `mode` only where no other key says it. */
static struct value mode_value(const struct tfs_inode *i)
{
	uint32_t type = i->mode & S_IFMT_;
	bool special = type == S_IFCHR_ || type == S_IFBLK_ || type == S_IFIFO_;

	return value_uint(special ? i->mode : i->mode & PERMS);
}

err_t tfs_inode_stage(struct tfs_inode *i)
{
	struct tfs *fs = i->fs;
	struct edits es;

	edits_init(&es);
	if (i->dirty & DIRTY_MODE)
		edits_add(fs, &es, i->t, fs->k.mode, mode_value(i));
	if (i->dirty & DIRTY_UID)
		edits_add(fs, &es, i->t, fs->k.uid, value_uint(i->uid));
	if (i->dirty & DIRTY_GID)
		edits_add(fs, &es, i->t, fs->k.gid, value_uint(i->gid));
	if (i->dirty & DIRTY_ATIME)
		edits_add(fs, &es, i->t, fs->k.atime, time_value(i->atime));
	if (i->dirty & DIRTY_MTIME)
		edits_add(fs, &es, i->t, fs->k.mtime, time_value(i->mtime));
	/* A reader takes mtime where there is no ctime. */
	if ((i->dirty & DIRTY_CTIME) && (i->ctime != i->mtime || tuple_find(i->t, fs->k.ctime)))
		edits_add(fs, &es, i->t, fs->k.ctime, time_value(i->ctime));
	return edits_apply(fs, &es);
}

err_t tfs_inodes_stage(struct tfs *fs)
{
	while (!list_empty(&fs->dirty)) {
		struct tfs_inode *i = list_entry(fs->dirty.next, struct tfs_inode, link);
		err_t err = tfs_inode_stage(i);

		if (err)
			return err;
		clean(i);
	}
	return 0;
}

err_t tfs_setattr(struct tfs_inode *i, const struct tfs_attr *a)
{
	unsigned dirty = 0;
	err_t err = tfs_writable(i->fs);

	if (err)
		return err;
	if (a->set & TFS_SET_MODE) {
		i->mode = (i->mode & S_IFMT_) | (a->mode & PERMS);
		dirty |= DIRTY_MODE;
	}
	if (a->set & TFS_SET_UID) {
		i->uid = a->uid;
		dirty |= DIRTY_UID;
	}
	if (a->set & TFS_SET_GID) {
		i->gid = a->gid;
		dirty |= DIRTY_GID;
	}
	if (a->set & TFS_SET_ATIME) {
		i->atime = a->atime;
		dirty |= DIRTY_ATIME;
	}
	if (a->set & TFS_SET_MTIME) {
		i->mtime = a->mtime;
		dirty |= DIRTY_MTIME;
	}
	if (a->set & TFS_SET_CTIME) {
		i->ctime = a->ctime;
		dirty |= DIRTY_CTIME;
	}
	if (dirty)
		tfs_inode_touch(i, dirty);
	return 0;
}

/* Its tuples leave the log: what happens to them from now on stays in memory. */
static void leave_log(struct tuple *t)
{
	const struct entry *e;
	uint32_t i = 0;

	t->id = 0;
	while ((e = tuple_next(t, &i)) != NULL)
		if (is_nested(&e->v))
			e->v.t->id = 0;
}

void tfs_inode_orphan(struct tfs_inode *i)
{
	const struct value *v = typed(i->t, i->fs->k.extents, VALUE_TUPLE);

	i->nlink = 0;
	if (!list_empty(&i->link)) { /* not its last reference: the caller has one */
		list_del(&i->link);
		tfs_put(i);
	}
	if (v)
		leave_log(v->t);
	leave_log(i->t);
	if (i->fs->files)
		i->fs->files--;
}

err_t tfs_inode_set(struct tfs_inode *i, const char *key, struct value v)
{
	struct edits es;

	edits_init(&es);
	edits_name(i->fs, &es, i->t, key, strlen(key), v);
	return edits_apply(i->fs, &es);
}
