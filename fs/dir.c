/* SPDX-License-Identifier: Apache-2.0 */
/* fs/dir.c: names: looking up, listing, making and removing. */
#include "fs/dir_int.h"

static bool name_is_good(const char *s, size_t len)
{
	if (!len || len > TFS_NAME_MAX || memchr(s, '/', len) || memchr(s, 0, len))
		return false;
	return !(s[0] == '.' && (len == 1 || (len == 2 && s[1] == '.')));
}

err_t dir_of(const struct tfs_inode *dir, struct tuple **out)
{
	*out = tfs_inode_children(dir);
	return *out ? 0 : -ENOTDIR;
}

/* The file of that name; NULL when there is none. */
struct tuple *dir_find(const struct tuple *children, const char *name, size_t len)
{
	const struct value *v = tuple_getn(children, name, len);

	return v && v->type == VALUE_TUPLE ? v->t : NULL;
}

/* What every change of a directory asks first. */
err_t dir_check(const struct tfs_inode *dir, const char *name, size_t len, struct tuple **children)
{
	err_t err = tfs_writable(dir->fs);

	if (!err)
		err = dir_of(dir, children);
	if (err)
		return err;
	if (len > TFS_NAME_MAX)
		return -ENAMETOOLONG;
	if (!name_is_good(name, len))
		return -EINVAL;
	return dir->nlink ? 0 : -ENOENT;
}

void dir_changed(struct tfs_inode *dir, int64_t now)
{
	if (!now)
		return;
	dir->mtime = dir->ctime = now;
	tfs_inode_touch(dir, DIRTY_MTIME | DIRTY_CTIME);
}

err_t tfs_lookup(struct tfs_inode *dir, const char *name, size_t len, struct tfs_inode **out)
{
	struct tuple *children, *t;
	err_t err = dir_of(dir, &children);

	if (err)
		return err;
	if (len > TFS_NAME_MAX)
		return -ENAMETOOLONG;
	t = name_is_good(name, len) ? dir_find(children, name, len) : NULL;
	return t ? tfs_inode_get(dir->fs, t, dir, out) : -ENOENT;
}

err_t tfs_readdir(struct tfs_inode *dir, uint64_t cookie, struct tfs_dirent *out)
{
	const struct entry *e;
	struct tuple *children;
	uint32_t slot;
	err_t err = dir_of(dir, &children);

	if (err)
		return err;
	if (cookie > UINT32_MAX)
		return -ENOENT;
	slot = tuple_seek(children, (uint32_t)cookie);
	do
		e = tuple_next(children, &slot);
	while (e && (e->v.type != VALUE_TUPLE || !e->key || !name_is_good(e->key->s, e->key->len)));
	if (!e)
		return -ENOENT;
	*out = (struct tfs_dirent){
		.name = e->key->s,
		.len = e->key->len,
		.ino = e->v.t->serial,
		.mode = tfs_inode_type(dir->fs, e->v.t),
		.cookie = (uint64_t)e->v.len + 1,
	};
	return 0;
}

bool tfs_dir_empty(const struct tfs_inode *dir)
{
	const struct tuple *children = tfs_inode_children(dir);

	return !children || !children->live;
}

/* --- making ----------------------------------------------------------------------------------- */

/* A tuple that is not in the tree yet: set directly.  Takes over `v`. */
static void give(struct tfs *fs, struct tuple *t, struct sym *key, struct value v, err_t *err)
{
	if (!*err && v.type == VALUE_NONE)
		*err = -ENOMEM;
	if (!*err)
		*err = tuple_set(&fs->vs, t, key, v);
	if (*err)
		value_put(&fs->vs, &v);
}

static struct value empty_tuple(struct tfs *fs)
{
	struct tuple *t = tuple_new(&fs->vs, 0);

	return t ? value_tuple(t) : (struct value){ .type = VALUE_NONE };
}

/* The keys that say what it is. */
static void give_type(struct tfs *fs, struct tuple *t, const struct tfs_new *n, err_t *err)
{
	switch (n->mode & S_IFMT_) {
	case S_IFDIR_:
		give(fs, t, fs->k.children, empty_tuple(fs), err);
		break;
	case S_IFREG_:
		give(fs, t, fs->k.extents, empty_tuple(fs), err);
		give(fs, t, fs->k.filelength, value_uint(0), err);
		break;
	case S_IFLNK_:
		give(fs, t, fs->k.linktarget, value_string(&fs->vs, n->target, n->target_len), err);
		break;
	case S_IFSOCK_:
		give(fs, t, fs->k.socket, value_buffer(&fs->vs, "", 1), err);
		break;
	case S_IFCHR_:
	case S_IFBLK_:
		give(fs, t, fs->k.rdev, value_uint(n->rdev), err);
		break;
	case S_IFIFO_:
		break;
	default:
		*err = -EINVAL;
	}
}

/* Only what differs from what a reader would assume. */
static void give_attrs(struct tfs *fs, struct tuple *t, const struct tfs_new *n, err_t *err)
{
	uint32_t type = n->mode & S_IFMT_, perms = n->mode & 07777;
	bool special = type == S_IFCHR_ || type == S_IFBLK_ || type == S_IFIFO_;

	if (special || (type != S_IFLNK_ && perms != 0755))
		give(fs, t, fs->k.mode, value_uint(special ? n->mode : perms), err);
	if (n->uid)
		give(fs, t, fs->k.uid, value_uint(n->uid), err);
	if (n->gid)
		give(fs, t, fs->k.gid, value_uint(n->gid), err);
	if (n->now) {
		give(fs, t, fs->k.mtime, time_value(n->now), err);
		if (!fs->building) /* an image's files were not born in it */
			give(fs, t, fs->k.btime, time_value(n->now), err);
	}
}

static err_t new_inode(struct tfs *fs, struct tfs_inode *dir, const struct tfs_new *n,
		       struct tfs_inode **out)
{
	struct tuple *t;
	err_t err = 0;

	if ((n->mode & S_IFMT_) == S_IFLNK_ && (!n->target_len || n->target_len > TFS_SYMLINK_MAX))
		return n->target_len ? -ENAMETOOLONG : -ENOENT;
	t = tuple_new(&fs->vs, 6);
	if (!t)
		return -ENOMEM;
	give_type(fs, t, n, &err);
	give_attrs(fs, t, n, &err);
	if (!err)
		err = tfs_inode_get(fs, t, dir, out);
	tuple_put(&fs->vs, t); /* the handle has its own reference */
	return err;
}

err_t tfs_tmpfile(struct tfs *fs, const struct tfs_new *n, struct tfs_inode **out)
{
	err_t err = tfs_writable(fs);

	if (!err && (n->mode & S_IFMT_) != S_IFREG_)
		err = -EINVAL;
	if (!err)
		err = new_inode(fs, NULL, n, out);
	if (!err)
		(*out)->nlink = 0;
	return err;
}

err_t tfs_create(struct tfs_inode *dir, const char *name, size_t len, const struct tfs_new *n,
		 struct tfs_inode **out)
{
	struct tfs *fs = dir->fs;
	struct tuple *children;
	struct tfs_inode *i;
	struct edits es;
	err_t err = dir_check(dir, name, len, &children);

	if (!err && dir_find(children, name, len))
		err = -EEXIST;
	if (!err)
		err = new_inode(fs, dir, n, &i);
	if (err)
		return err;
	i->t->refs++;
	edits_init(&es);
	edits_name(fs, &es, children, name, len, value_tuple(i->t));
	err = edits_apply(fs, &es);
	if (err) {
		tfs_put(i);
		return err;
	}
	if (i->parent)
		dir->nlink++;
	fs->files++;
	dir_changed(dir, n->now);
	*out = i;
	return 0;
}

/* --- links ------------------------------------------------------------------------------------ */

/* The count is stored where it is not one, as format 5 does. */
void dir_edit_nlink(struct edits *es, struct tfs_inode *i, uint32_t nlink)
{
	struct tfs *fs = i->fs;

	if (nlink > 1 || (nlink && tuple_find(i->t, fs->k.nlink)))
		edits_add(fs, es, i->t, fs->k.nlink, value_uint(nlink));
}

err_t tfs_link(struct tfs_inode *dir, const char *name, size_t len, struct tfs_inode *i,
	       int64_t now)
{
	struct tfs *fs = dir->fs;
	struct tuple *children;
	struct edits es;
	err_t err = dir_check(dir, name, len, &children);

	if (err)
		return err;
	if ((i->mode & S_IFMT_) == S_IFDIR_)
		return -EPERM;
	if (dir_find(children, name, len))
		return -EEXIST;
	if (i->nlink == UINT32_MAX)
		return -EMLINK;
	err = i->nlink ? 0 : tfs_inode_stage(i);
	if (err)
		return err;
	edits_init(&es);
	dir_edit_nlink(&es, i, i->nlink + 1);
	i->t->refs++;
	edits_name(fs, &es, children, name, len, value_tuple(i->t));
	err = edits_apply(fs, &es);
	if (err)
		return err;
	if (!i->nlink++)
		fs->files++;
	i->ctime = now;
	tfs_inode_touch(i, DIRTY_CTIME);
	dir_changed(dir, now);
	return 0;
}

/* One name less; without any the file goes with its last handle. */
void dir_drop_link(struct tfs_inode *i, int64_t now)
{
	bool is_dir = (i->mode & S_IFMT_) == S_IFDIR_;

	if (is_dir || --i->nlink == 0) {
		tfs_inode_orphan(i);
		return;
	}
	i->ctime = now;
	tfs_inode_touch(i, DIRTY_CTIME);
}

static err_t remove_name(struct tfs_inode *dir, struct tuple *children, const char *name,
			 size_t len, struct tfs_inode *i)
{
	struct edits es;

	edits_init(&es);
	if ((i->mode & S_IFMT_) != S_IFDIR_)
		dir_edit_nlink(&es, i, i->nlink - 1);
	edits_name(dir->fs, &es, children, name, len, (struct value){ .type = VALUE_NONE });
	return edits_apply(dir->fs, &es);
}

static err_t remove_entry(struct tfs_inode *dir, const char *name, size_t len, bool want_dir,
			  int64_t now)
{
	struct tuple *children, *t;
	struct tfs_inode *i;
	bool is_dir;
	err_t err = dir_check(dir, name, len, &children);

	if (err)
		return err;
	t = dir_find(children, name, len);
	if (!t)
		return -ENOENT;
	err = tfs_inode_get(dir->fs, t, dir, &i);
	if (err)
		return err;
	is_dir = (i->mode & S_IFMT_) == S_IFDIR_;
	if (is_dir != want_dir)
		err = is_dir ? -EISDIR : -ENOTDIR;
	else if (is_dir && !tfs_dir_empty(i))
		err = -ENOTEMPTY;
	else
		err = space_load(dir->fs);
	if (!err)
		err = remove_name(dir, children, name, len, i);
	if (!err) {
		if (is_dir)
			dir->nlink--;
		dir_drop_link(i, now);
		dir_changed(dir, now);
	}
	tfs_put(i);
	return err;
}

err_t tfs_unlink(struct tfs_inode *dir, const char *name, size_t len, int64_t now)
{
	return remove_entry(dir, name, len, false, now);
}

err_t tfs_rmdir(struct tfs_inode *dir, const char *name, size_t len, int64_t now)
{
	return remove_entry(dir, name, len, true, now);
}

err_t tfs_readlink(struct tfs_inode *i, const char **target, size_t *len)
{
	const char *s = value_text(tuple_find(i->t, i->fs->k.linktarget), len);

	if (!s)
		return -EINVAL;
	*target = s;
	return 0;
}
