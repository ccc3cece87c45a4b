/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs/rename.c: rename(2).  The new name is logged before the old one goes, both in one list of edits: no
 * moment of the log has neither.
 */
#include "fs/dir_int.h"

struct move {
	const struct tfs_name *from, *to;
	struct tuple *from_names, *to_names;
	struct tfs_inode *src, *dst; /* dst NULL: the new name is free */
	bool exchange;
};

static bool is_dir(const struct tfs_inode *i)
{
	return (i->mode & S_IFMT_) == S_IFDIR_;
}

/* Is `dir` the directory `top` or somewhere below it? */
static bool is_below(const struct tfs_inode *dir, const struct tfs_inode *top)
{
	while (dir != top && dir->parent != dir)
		dir = dir->parent;
	return dir == top;
}

static err_t find(const struct tfs_name *n, struct tuple *names, struct tfs_inode **out)
{
	struct tuple *t = dir_find(names, n->s, n->len);

	*out = NULL;
	return t ? tfs_inode_get(n->dir->fs, t, n->dir, out) : -ENOENT;
}

/* Linux's order of refusals. */
static err_t check(const struct move *m, unsigned flags)
{
	if (m->dst && (flags & TFS_RENAME_NOREPLACE))
		return -EEXIST;
	if (!m->dst && m->exchange)
		return -ENOENT;
	if (is_dir(m->src) && is_below(m->to->dir, m->src))
		return -EINVAL;
	if (m->exchange)
		return is_dir(m->dst) && is_below(m->from->dir, m->dst) ? -EINVAL : 0;
	if (!m->dst || m->dst == m->src)
		return 0;
	if (is_dir(m->src) && !is_dir(m->dst))
		return -ENOTDIR;
	if (!is_dir(m->src) && is_dir(m->dst))
		return -EISDIR;
	return is_dir(m->dst) && !tfs_dir_empty(m->dst) ? -ENOTEMPTY : 0;
}

static struct value ref(struct tfs_inode *i)
{
	i->t->refs++;
	return value_tuple(i->t);
}

static err_t edit(const struct move *m)
{
	struct value none = { .type = VALUE_NONE };
	struct tfs *fs = m->src->fs;
	struct edits es;

	edits_init(&es);
	if (m->dst && !m->exchange && !is_dir(m->dst))
		dir_edit_nlink(&es, m->dst, m->dst->nlink - 1);
	edits_name(fs, &es, m->to_names, m->to->s, m->to->len, ref(m->src));
	edits_name(fs, &es, m->from_names, m->from->s, m->from->len,
		   m->exchange ? ref(m->dst) : none);
	return edits_apply(fs, &es);
}

/* A directory has gone from one directory to another. */
static void move_dir(struct tfs_inode *i, struct tfs_inode *from, struct tfs_inode *to)
{
	if (!is_dir(i) || from == to)
		return;
	from->nlink--;
	to->nlink++;
	i->parent = tfs_get(to);
	tfs_put(from);
}

static void settle(const struct move *m, int64_t now)
{
	struct tfs_inode *from = m->from->dir, *to = m->to->dir;

	move_dir(m->src, from, to);
	m->src->ctime = now;
	tfs_inode_touch(m->src, DIRTY_CTIME);
	if (m->exchange) {
		move_dir(m->dst, to, from);
		m->dst->ctime = now;
		tfs_inode_touch(m->dst, DIRTY_CTIME);
	} else if (m->dst) {
		if (is_dir(m->dst))
			to->nlink--;
		dir_drop_link(m->dst, now);
	}
	dir_changed(from, now);
	if (to != from)
		dir_changed(to, now);
}

err_t tfs_rename(const struct tfs_name *from, const struct tfs_name *to, unsigned flags,
		 int64_t now)
{
	struct move m = { .from = from, .to = to, .exchange = flags & TFS_RENAME_EXCHANGE };
	err_t err;

	err = dir_check(from->dir, from->s, from->len, &m.from_names);
	if (!err)
		err = dir_check(to->dir, to->s, to->len, &m.to_names);
	if (!err)
		err = find(from, m.from_names, &m.src);
	if (err)
		return err;
	err = find(to, m.to_names, &m.dst);
	if (!err || err == -ENOENT)
		err = check(&m, flags);
	/* Two names of one file: nothing to do, rename(2). */
	if (!err && m.src != m.dst) {
		if (m.dst)
			err = space_load(from->dir->fs);
		if (!err)
			err = edit(&m);
		if (!err)
			settle(&m, now);
	}
	tfs_put(m.dst);
	tfs_put(m.src);
	return err;
}
