/* SPDX-License-Identifier: Apache-2.0 */
#include "vfs/path.h"

#include "abi/linux_fcntl.h"
#include "kern/slab.h"
#include "lib/assert.h"
#include "lib/mem.h"
#include "vfs/fs.h"
#include "vfs/missing.h"

_Atomic uint32_t vfs_umask = 022;

static struct dentry *root_dir, *cwd_dir; /* dcache_lock */

static struct dentry *get_place(struct dentry **place)
{
	struct dentry *d;

	spin_lock(&dcache_lock);
	d = *place;
	dentry_get_locked(d);
	spin_unlock(&dcache_lock);
	return d;
}

static void set_place(struct dentry **place, struct dentry *d)
{
	struct dentry *old;

	spin_lock(&dcache_lock);
	old = *place;
	*place = d;
	spin_unlock(&dcache_lock);
	dentry_put(old);
}

struct dentry *vfs_root(void)
{
	return get_place(&root_dir);
}

struct dentry *vfs_cwd(void)
{
	return get_place(&cwd_dir);
}

void vfs_set_root(struct dentry *d)
{
	set_place(&root_dir, d);
}

void vfs_set_cwd(struct dentry *d)
{
	set_place(&cwd_dir, d);
}

/* --- the state of a walk ---------------------------------------------------------------------------- */

/* Drop dcache_lock; w->d stays because it is counted from here on. */
static void park(struct walk *w) releases(&dcache_lock)
{
	struct dentry *old = w->held;

	dentry_get_locked(w->d);
	if (!w->parked)
		dentry_get_locked(w->root);
	w->parked = true;
	spin_unlock(&dcache_lock);
	w->held = w->d;
	dentry_put(old);
}

void walk_begin(struct walk *w, struct dentry *at, const char *path, unsigned flags)
{
	*w = (struct walk){ .at = at, .rest = path, .flags = flags };
}

static void start_locked(struct walk *w)
{
	struct dentry *at = w->at ? w->at : cwd_dir;

	if (w->d)
		return;
	w->root = w->flags & (WALK_IN_ROOT | WALK_BENEATH) ? at : root_dir;
	w->d = *w->rest == '/' ? w->root : at;
}

void walk_end(struct walk *w)
{
	if (likely(!w->parked))
		return;
	dentry_put(w->held);
	dentry_put(w->root);
	kfree(w->text);
	w->held = w->root = NULL;
	w->text = NULL;
}

/* --- one component ------------------------------------------------------------------------------------ */

/* The next component of w->rest, which moves behind it and its slashes, and its hash. false: there is none. */
static bool next_name(struct walk *w, struct name *n)
{
	uint64_t hash = NAME_HASH_SEED;
	const char *s = w->rest;

	while (*s == '/')
		s++;
	n->s = s;
	for (; *s && *s != '/'; s++)
		hash = name_hash_add(hash, *s);
	n->len = (size_t)(s - n->s);
	w->rest = s;
	if (n->len == 0)
		return false;
	w->hash = hash;
	w->slash = *s == '/';
	while (*s == '/')
		s++;
	w->rest = s;
	return true;
}

static enum walk_last type_of(const struct name *n)
{
	if (n->s[0] != '.' || n->len > 2)
		return LAST_NAME;
	if (n->len == 1)
		return LAST_DOT;
	return n->s[1] == '.' ? LAST_DOTDOT : LAST_NAME;
}

static err_t may_search(const struct walk *w)
{
	const struct inode *i = w->d->inode;

	if (!inode_is_dir(i))
		return -ENOTDIR;
	if (likely(vfs_cred.override))
		return 0;
	return inode_permission(i, MAY_EXEC);
}

static err_t go_up(struct walk *w)
{
	while (w->d != w->root) {
		if (w->d->parent != w->d) {
			w->d = w->d->parent;
			return 0;
		}
		if (!w->d->fs->on)
			return 0;
		if (w->flags & WALK_NO_XDEV)
			return -EXDEV;
		w->d = w->d->fs->on;
	}
	return w->flags & WALK_BENEATH ? -EXDEV : 0;
}

static err_t cross_mounts(const struct walk *w, struct dentry **d)
{
	while (unlikely((*d)->covered)) {
		if (w->flags & WALK_NO_XDEV)
			return -EXDEV;
		*d = (*d)->covered->root;
	}
	return 0;
}

/* Not cached: ask. dcache_lock is dropped and taken again; *d stays through w->held. */
static err_t miss(struct walk *w, const struct name *n, struct dentry **d) needs(&dcache_lock)
{
	struct dentry *child;
	err_t err;

	if (w->flags & WALK_CACHED)
		return -EAGAIN;
	park(w);
	err = dentry_lookup(w->d, n, false, &child);
	if (!err) {
		dentry_put(w->held);
		w->held = child;
		*d = child;
	}
	spin_lock(&dcache_lock);
	return err;
}

/* --- links ---------------------------------------------------------------------------------------------- */

/* target + "/" + rest becomes what is to be walked. */
static err_t expand(struct walk *w, const char *target, size_t len)
{
	size_t rest = strlen(w->rest);
	char *text;

	if (len == 0)
		return -ENOENT;
	text = kmalloc(len + rest + 2);
	if (!text)
		return -ENOMEM;
	memcpy(text, target, len);
	if (w->slash)
		text[len++] = '/';
	memcpy(text + len, w->rest, rest + 1);
	kfree(w->text);
	w->text = text;
	w->rest = text;
	return 0;
}

static err_t expand_made(struct walk *w, struct inode *i)
{
	char *buf = kmalloc(LX_PATH_MAX);
	long n;
	err_t err;

	if (!buf)
		return -ENOMEM;
	n = i->ops->readlink(i, buf, LX_PATH_MAX);
	err = n < 0 ? (err_t)n : expand(w, buf, (size_t)n);
	kfree(buf);
	return err;
}

static err_t restart_at_root(struct walk *w)
{
	if (w->flags & WALK_BENEATH)
		return -EXDEV;
	spin_lock(&dcache_lock);
	w->d = w->root;
	park(w);
	return 0;
}

static err_t jump(struct walk *w, struct inode *i)
{
	struct dentry *d;
	err_t err;

	if (w->flags & (WALK_NO_MAGIC | WALK_BENEATH | WALK_IN_ROOT))
		return w->flags & WALK_NO_MAGIC ? -ELOOP : -EXDEV;
	err = i->ops->jump(i, &d);
	if (err)
		return err;
	dentry_put(w->held);
	w->held = w->d = d;
	return 0;
}

/* dcache_lock not held, w->held == w->d; `link` is counted by the caller. */
static err_t follow(struct walk *w, struct dentry *link, bool *jumped)
{
	struct inode *i = link->inode;
	err_t err;

	*jumped = false;
	if (w->flags & WALK_NO_LINKS || ++w->links > SYMLINKS_MAX)
		return -ELOOP;
	if (i->ops->jump) {
		*jumped = true;
		return jump(w, i);
	}
	err = i->ops->readlink ? expand_made(w, i) : expand(w, i->link, i->link_len);
	if (!err && *w->rest == '/')
		err = restart_at_root(w);
	return err;
}

err_t walk_follow(struct walk *w, struct dentry *d, bool *jumped)
{
	err_t err = follow(w, d, jumped);

	dentry_put(d);
	return err;
}

/* --- the walk ---------------------------------------------------------------------------------------------- */

/* Through `link`, found under dcache_lock at w->d; returns with the lock held. */
static err_t follow_locked(struct walk *w, struct dentry *link) needs(&dcache_lock)
{
	bool jumped;
	err_t err;

	dentry_get_locked(link);
	park(w);
	err = follow(w, link, &jumped);
	dentry_put(link);
	spin_lock(&dcache_lock);
	return err;
}

/* Enter component n; dcache_lock held before and after. */
static err_t step(struct walk *w, const struct name *n) needs(&dcache_lock)
{
	struct dentry *dir = w->d, *d;
	err_t err;

	if (n->len > LX_NAME_MAX)
		return -ENAMETOOLONG;
	d = dentry_find_locked(dir, n->s, n->len, name_hash_in(dir, w->hash));
	if (!d) {
		dentry_get_locked(dir); /* miss() moves the walk's own count to the child */
		err = miss(w, n, &d);
		dentry_put_locked(dir);
		if (err)
			return err;
	}
	if (!d->inode)
		return -ENOENT;
	err = cross_mounts(w, &d);
	if (err)
		return err;
	if (inode_is(d->inode, MODE_LNK) && (*w->rest || w->slash || w->flags & WALK_FOLLOW))
		return follow_locked(w, d);
	w->d = d;
	return 0;
}

/*
 * Walk w->rest from w->d; dcache_lock held. `parent`: stop before the last component, which goes to
 * w->last.
 */
static err_t run(struct walk *w, bool parent) needs(&dcache_lock)
{
	struct name n;
	err_t err = 0;

	w->last_type = LAST_ROOT;
	while (!err && next_name(w, &n)) {
		err = may_search(w);
		if (err)
			break;
		w->last = n;
		w->last_type = type_of(&n);
		if (parent && !*w->rest)
			break;
		if (w->last_type == LAST_NAME)
			err = step(w, &n);
		else if (w->last_type == LAST_DOTDOT)
			err = go_up(w);
	}
	if (!err && !parent && w->slash && !inode_is_dir(w->d->inode))
		err = -ENOTDIR;
	return err;
}

err_t walk_parent(struct walk *w)
{
	err_t err;

	spin_lock(&dcache_lock);
	start_locked(w);
	err = run(w, true);
	if (!err && !inode_is_dir(w->d->inode))
		err = -ENOTDIR;
	park(w);
	return err;
}

err_t walk_child(struct walk *w, bool locked, struct dentry **out)
{
	struct dentry *d, *at;
	err_t err;

	if (w->last.len > LX_NAME_MAX)
		return -ENAMETOOLONG;
	err = dentry_lookup(w->d, &w->last, locked, &d);
	if (err)
		return err;
	spin_lock(&dcache_lock);
	at = d;
	err = cross_mounts(w, &at);
	if (!err)
		dentry_get_locked(at);
	spin_unlock(&dcache_lock);
	dentry_put(d);
	if (!err)
		*out = at;
	return err;
}

err_t path_lookup(struct dentry *at, const char *path, unsigned flags, struct dentry **out)
{
	struct walk w;
	err_t err;

	if (!*path && !(flags & WALK_EMPTY))
		return -ENOENT;
	if (*path == '/' && flags & WALK_BENEATH)
		return -EXDEV;
	walk_begin(&w, at, path, flags);
	spin_lock(&dcache_lock);
	start_locked(&w);
	err = run(&w, false);
	if (!err) {
		*out = w.d;
		dentry_get_locked(w.d);
	}
	spin_unlock(&dcache_lock);
	walk_end(&w);
	if (unlikely(err == -ENOENT) && missing_wanted)
		missing_note(path);
	return err;
}
