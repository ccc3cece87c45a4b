/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/names.c: making, linking, removing and renaming.  Each call walks to the parent, takes its lock, looks again,
 * asks the file system, and brings the name cache in line before it lets go.
 */
#include "abi/linux_fcntl.h"
#include "kern/slab.h"
#include "lib/assert.h"
#include "lib/mem.h"
#include "vfs/fs.h"
#include "vfs/notify.h"
#include "vfs/vfs.h"

/* The parent of a path and, with its lock held, the dentry of the last component. */
struct place {
	struct walk w;
	struct inode *dir;
	struct dentry *d;
};

static err_t place_begin(struct place *p, struct dentry *at, const char *path)
{
	err_t err;

	if (!*path)
		return -ENOENT;
	walk_begin(&p->w, at, path, 0);
	err = walk_parent(&p->w);
	if (err) {
		walk_end(&p->w);
		return err;
	}
	p->dir = p->w.d->inode;
	p->d = NULL;
	return 0;
}

static err_t place_lock(struct place *p) no_lock_analysis
{
	err_t err;

	mutex_lock(&p->dir->lock);
	err = walk_child(&p->w, true, &p->d);
	if (err)
		mutex_unlock(&p->dir->lock);
	return err;
}

static void place_unlock(struct place *p) no_lock_analysis
{
	mutex_unlock(&p->dir->lock);
	dentry_put(p->d);
	p->d = NULL;
}

static void place_end(struct place *p)
{
	walk_end(&p->w);
}

static void touch_dir(struct inode *dir)
{
	if (!(dir->fs->flags & FS_STAMPS))
		inode_touch(dir, ATTR_MTIME | ATTR_CTIME);
}

static void touch_named(struct inode *i)
{
	if (!(i->fs->flags & FS_STAMPS))
		inode_touch(i, ATTR_CTIME);
}

static err_t may_change(const struct inode *dir)
{
	return inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

/* --- making ---------------------------------------------------------------------------------------- */

static err_t create_locked(struct place *p, const struct inode_new *n)
{
	bool is_dir = (n->mode & MODE_FMT) == MODE_DIR;
	struct inode *i;
	err_t err;

	if (p->d->inode)
		return -EEXIST;
	if (p->w.slash && !is_dir)
		return -ENOENT;
	err = may_change(p->dir);
	if (err)
		return err;
	if (!p->dir->ops->create)
		return -EPERM;
	err = p->dir->ops->create(p->dir, &p->w.last, n, &i);
	if (err)
		return err;
	dentry_instantiate(p->d, i);
	touch_dir(p->dir);
	notify_name(p->dir, &p->w.last, NOTIFY_CREATE, is_dir);
	return 0;
}

static err_t make(struct dentry *at, const char *path, const struct inode_new *n)
{
	struct place p;
	err_t err = place_begin(&p, at, path);

	if (err)
		return err;
	err = p.w.last_type == LAST_NAME ? place_lock(&p) : -EEXIST;
	if (!err) {
		err = create_locked(&p, n);
		place_unlock(&p);
	}
	place_end(&p);
	return err;
}

err_t vfs_mknod(struct dentry *at, const char *path, uint32_t mode, uint64_t rdev)
{
	struct inode_new n = { .mode = mode & ~(vfs_umask & 0777), .rdev = rdev };

	switch (mode & MODE_FMT) {
	case 0:
		n.mode |= MODE_REG;
		break;
	case MODE_REG:
	case MODE_FIFO:
	case MODE_SOCK:
	case MODE_CHR:
	case MODE_BLK:
		break;
	case MODE_DIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	return make(at, path, &n);
}

err_t vfs_mkdir(struct dentry *at, const char *path, uint32_t mode)
{
	struct inode_new n = {
		.mode = MODE_DIR | (mode & (0777 | MODE_STICKY) & ~vfs_umask),
	};

	return make(at, path, &n);
}

err_t vfs_symlink(const char *target, struct dentry *at, const char *path)
{
	struct inode_new n = {
		.mode = MODE_LNK | 0777,
		.target = target,
		.target_len = strlen(target),
	};

	if (!*target)
		return -ENOENT;
	return make(at, path, &n);
}

/* --- linking ----------------------------------------------------------------------------------------- */

static err_t link_locked(struct place *p, struct dentry *old)
{
	struct inode *i = old->inode;
	err_t err;

	if (p->d->inode)
		return -EEXIST;
	if (p->w.slash)
		return -ENOENT;
	if (p->dir->fs != i->fs)
		return -EXDEV;
	err = may_change(p->dir);
	if (err)
		return err;
	if (inode_is_dir(i) || !p->dir->ops->link)
		return -EPERM;
	if (i->nlink == 0 && !old->anon)
		return -ENOENT;
	err = p->dir->ops->link(p->dir, &p->w.last, i);
	if (err)
		return err;
	inode_get(i);
	dentry_instantiate(p->d, i);
	touch_named(i);
	touch_dir(p->dir);
	notify_dentry(old, NOTIFY_ATTRIB);
	notify_name(p->dir, &p->w.last, NOTIFY_CREATE, false);
	return 0;
}

err_t vfs_link(struct dentry *from_at, const char *from, struct dentry *at, const char *path,
	       unsigned flags)
{
	struct dentry *old;
	struct place p;
	err_t err = path_lookup(from_at, from, flags, &old);

	if (err)
		return err;
	err = place_begin(&p, at, path);
	if (err)
		goto out_put_old;
	err = p.w.last_type == LAST_NAME ? place_lock(&p) : -EEXIST;
	if (!err) {
		err = link_locked(&p, old);
		place_unlock(&p);
	}
	place_end(&p);
out_put_old:
	dentry_put(old);
	return err;
}

/* --- removing ------------------------------------------------------------------------------------------ */

/* Linux's may_delete(): sticky directories protect what is not one's own. */
static err_t may_delete(const struct inode *dir, const struct inode *victim)
{
	err_t err = may_change(dir);

	if (err)
		return err;
	if (dir->mode & MODE_STICKY && !inode_owner(victim) && !inode_owner(dir))
		return -EPERM;
	return 0;
}

static err_t unlink_locked(struct place *p)
{
	struct inode *i = p->d->inode;
	err_t err;

	if (!i)
		return -ENOENT;
	if (p->w.slash)
		return inode_is_dir(i) ? -EISDIR : -ENOTDIR;
	err = may_delete(p->dir, i);
	if (err)
		return err;
	if (inode_is_dir(i))
		return -EISDIR;
	if (!p->dir->ops->unlink)
		return -EPERM;
	err = p->dir->ops->unlink(p->dir, &p->w.last, i);
	if (err)
		return err;
	dentry_drop(p->d);
	touch_named(i);
	touch_dir(p->dir);
	notify_self(i, NOTIFY_ATTRIB);
	notify_name(p->dir, &p->w.last, NOTIFY_DELETE, false);
	return 0;
}

err_t vfs_unlink(struct dentry *at, const char *path)
{
	struct place p;
	err_t err = place_begin(&p, at, path);

	if (err)
		return err;
	err = p.w.last_type == LAST_NAME ? place_lock(&p) : -EISDIR;
	if (!err) {
		err = unlink_locked(&p);
		place_unlock(&p);
	}
	place_end(&p);
	return err;
}

static err_t rmdir_locked(struct place *p)
{
	struct inode *i = p->d->inode;
	err_t err;

	if (!i)
		return -ENOENT;
	err = may_delete(p->dir, i);
	if (err)
		return err;
	if (!inode_is_dir(i))
		return -ENOTDIR;
	if (p->d == p->d->fs->root)
		return -EBUSY;
	if (!p->dir->ops->rmdir)
		return -EPERM;
	mutex_lock(&i->lock); /* nothing is created in it while it goes */
	err = p->dir->ops->rmdir(p->dir, &p->w.last, i);
	mutex_unlock(&i->lock);
	if (err)
		return err;
	dentry_drop(p->d);
	touch_dir(p->dir);
	notify_name(p->dir, &p->w.last, NOTIFY_DELETE, true);
	return 0;
}

static err_t rmdir_last(const struct place *p)
{
	switch (p->w.last_type) {
	case LAST_DOT:
		return -EINVAL;
	case LAST_DOTDOT:
		return -ENOTEMPTY;
	case LAST_ROOT:
		return -EBUSY;
	default:
		return 0;
	}
}

err_t vfs_rmdir(struct dentry *at, const char *path)
{
	struct place p;
	err_t err = place_begin(&p, at, path);

	if (err)
		return err;
	err = rmdir_last(&p);
	if (!err)
		err = place_lock(&p);
	if (!err) {
		err = rmdir_locked(&p);
		place_unlock(&p);
	}
	place_end(&p);
	return err;
}

/* --- renaming -------------------------------------------------------------------------------------------- */

struct renaming {
	struct place from, to;
	unsigned flags;
	char *room_from, *room_to; /* for names too long for a dentry's own space */
};

/* The upper one first, as rmdir() locks parent and child; strangers by address. */
static bool a_first(const struct renaming *r)
{
	if (dentry_below(r->to.w.d, r->from.w.d))
		return true;
	if (dentry_below(r->from.w.d, r->to.w.d))
		return false;
	return r->from.dir < r->to.dir;
}

static void lock_two(struct renaming *r) no_lock_analysis
{
	struct inode *a = r->from.dir, *b = r->to.dir;

	if (a == b) {
		mutex_lock(&a->lock);
		return;
	}
	mutex_lock(&a->fs->rename_lock); /* from here on nobody's parent changes */
	if (a_first(r)) {
		mutex_lock(&a->lock);
		mutex_lock(&b->lock);
	} else {
		mutex_lock(&b->lock);
		mutex_lock(&a->lock);
	}
}

static void unlock_two(struct renaming *r) no_lock_analysis
{
	struct inode *a = r->from.dir, *b = r->to.dir;

	mutex_unlock(&a->lock);
	if (a == b)
		return;
	mutex_unlock(&b->lock);
	mutex_unlock(&a->fs->rename_lock);
}

/* rename(2)'s refusals that need both names; the order is that of Linux's do_renameat2(). */
static err_t rename_check(const struct renaming *r)
{
	struct inode *old = r->from.d->inode, *new = r->to.d->inode;

	if (!old)
		return -ENOENT;
	if (r->flags & RENAME_NO_REPLACE && new)
		return -EEXIST;
	if (r->flags & RENAME_SWAP) {
		if (!new)
			return -ENOENT;
		if (!inode_is_dir(new) && r->to.w.slash)
			return -ENOTDIR;
	}
	if (!inode_is_dir(old)) {
		if (r->from.w.slash)
			return -ENOTDIR;
		if (!(r->flags & RENAME_SWAP) && r->to.w.slash)
			return -ENOTDIR;
	}
	if (dentry_below(r->to.w.d, r->from.d)) /* a directory into itself */
		return -EINVAL;
	if (dentry_below(r->from.w.d, r->to.d)) /* onto its own ancestor */
		return r->flags & RENAME_SWAP ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static err_t rename_rights(const struct renaming *r)
{
	struct inode *old = r->from.d->inode, *new = r->to.d->inode;
	err_t err = may_delete(r->from.dir, old);

	if (!err)
		err = new ? may_delete(r->to.dir, new) : may_change(r->to.dir);
	if (err || !new || r->flags & RENAME_SWAP)
		return err;
	if (inode_is_dir(old) && !inode_is_dir(new))
		return -ENOTDIR;
	if (!inode_is_dir(old) && inode_is_dir(new))
		return -EISDIR;
	return 0;
}

static bool is_mount(const struct dentry *d)
{
	return d == d->fs->root;
}

static err_t rename_in_fs(struct renaming *r) no_lock_analysis
{
	struct inode *new = r->to.d->inode;
	bool lock_target = new &&inode_is_dir(new) && !(r->flags & RENAME_SWAP) &&
			   new != r->from.dir &&new != r->to.dir;
	err_t err;

	if (!r->from.dir->ops->rename)
		return -EPERM;
	if (lock_target)
		mutex_lock(&new->lock);
	err = r->from.dir->ops->rename(r->from.dir, &r->from.w.last, r->to.dir, &r->to.w.last,
				       r->flags);
	if (lock_target)
		mutex_unlock(&new->lock);
	return err;
}

static void rename_done(struct renaming *r)
{
	touch_named(r->from.d->inode);
	if (r->to.d->inode)
		touch_named(r->to.d->inode);
	touch_dir(r->from.dir);
	if (r->to.dir != r->from.dir)
		touch_dir(r->to.dir);
	if (r->flags & RENAME_SWAP) {
		dentry_swap(r->from.d, r->to.d, r->room_to, r->room_from);
	} else {
		dentry_move(r->from.d, r->to.w.d, &r->to.w.last, r->room_to, r->to.d);
		kfree(r->room_from);
	}
}

static void rename_notify(struct renaming *r, struct inode *moved, struct inode *other)
{
	const struct name *from = &r->from.w.last, *to = &r->to.w.last;

	if (r->flags & RENAME_SWAP) {
		notify_move(r->from.dir, from, r->to.dir, to, moved, NULL);
		notify_move(r->to.dir, to, r->from.dir, from, other, NULL);
	} else {
		notify_move(r->from.dir, from, r->to.dir, to, moved, other);
	}
}

static err_t rename_locked(struct renaming *r)
{
	struct inode *moved, *other;
	err_t err = rename_check(r);

	if (err)
		return err;
	if (r->from.d == r->to.d || r->from.d->inode == r->to.d->inode)
		return 0; /* two names of one file: rename(2) does nothing */
	err = rename_rights(r);
	if (err)
		return err;
	if (is_mount(r->from.d) || is_mount(r->to.d))
		return -EBUSY;
	err = dentry_move_prepare(&r->from.w.last, &r->room_from);
	if (err)
		return err;
	err = dentry_move_prepare(&r->to.w.last, &r->room_to);
	if (!err)
		err = rename_in_fs(r);
	if (err) {
		kfree(r->room_from);
		kfree(r->room_to);
		return err;
	}
	moved = r->from.d->inode;
	other = r->to.d->inode;
	rename_done(r);
	rename_notify(r, moved, other);
	return 0;
}

static err_t rename_children(struct renaming *r)
{
	err_t err;

	lock_two(r);
	err = walk_child(&r->from.w, true, &r->from.d);
	if (!err)
		err = walk_child(&r->to.w, true, &r->to.d);
	if (!err)
		err = rename_locked(r);
	unlock_two(r);
	dentry_put(r->from.d);
	dentry_put(r->to.d);
	return err;
}

static err_t rename_places(struct renaming *r)
{
	if (r->from.dir->fs != r->to.dir->fs)
		return -EXDEV;
	if (r->from.w.last_type != LAST_NAME)
		return -EBUSY;
	if (r->to.w.last_type != LAST_NAME)
		return r->flags & RENAME_NO_REPLACE ? -EEXIST : -EBUSY;
	return rename_children(r);
}

err_t vfs_rename(struct dentry *from_at, const char *from, struct dentry *to_at, const char *to,
		 unsigned flags)
{
	struct renaming r = { .flags = flags };
	err_t err = place_begin(&r.from, from_at, from);

	if (err)
		return err;
	err = place_begin(&r.to, to_at, to);
	if (!err) {
		err = rename_places(&r);
		place_end(&r.to);
	}
	place_end(&r.from);
	return err;
}

/* --- attributes and texts -------------------------------------------------------------------------------- */

static err_t attributes_set(struct dentry *d, const struct inode_attr *a)
{
	err_t err = inode_setattr(d->inode, a);

	if (!err)
		notify_dentry(d, NOTIFY_ATTRIB);
	return err;
}

err_t vfs_chmod(struct dentry *d, uint32_t mode)
{
	struct inode_attr a = { .set = ATTR_MODE | ATTR_CTIME,
				.mode = mode & MODE_PERM,
				.ctime = vfs_now() };

	if (d->fs->flags & FS_RDONLY)
		return -EROFS;
	if (!inode_owner(d->inode))
		return -EPERM;
	if (inode_is(d->inode, MODE_LNK))
		return -EOPNOTSUPP;
	return attributes_set(d, &a);
}

err_t vfs_chown(struct dentry *d, uint32_t uid, uint32_t gid)
{
	struct inode *i = d->inode;
	struct inode_attr a = { .set = ATTR_CTIME, .uid = uid, .gid = gid, .ctime = vfs_now() };

	if (d->fs->flags & FS_RDONLY)
		return -EROFS;
	if (!vfs_cred.override && ((uid != UINT32_MAX && uid != i->uid) || i->uid != vfs_cred.uid))
		return -EPERM;
	if (uid != UINT32_MAX)
		a.set |= ATTR_UID;
	if (gid != UINT32_MAX)
		a.set |= ATTR_GID;
	/* chown(2): what ran with another identity must not go on doing so under a new owner. */
	if (inode_is(i, MODE_REG) && i->mode & (MODE_SUID | MODE_SGID)) {
		a.set |= ATTR_MODE;
		a.mode = i->mode & (uint32_t)~MODE_SUID & MODE_PERM;
		if (i->mode & 010)
			a.mode &= (uint32_t)~MODE_SGID;
	}
	return attributes_set(d, &a);
}

long vfs_readlink(struct dentry *d, char *buf, size_t size)
{
	struct inode *i = d->inode;

	if (!inode_is(i, MODE_LNK))
		return -EINVAL;
	if (i->ops->readlink)
		return i->ops->readlink(i, buf, size);
	size = MIN(size, i->link_len);
	memcpy(buf, i->link, size);
	return (long)size;
}

long vfs_path(struct dentry *d, char *buf, size_t size)
{
	static const char gone[] = " (deleted)";
	struct dentry *root = vfs_root();
	bool deleted, outside;
	size_t len;
	char *s;

	s = dentry_path(d, root, buf, size, &deleted, &outside);
	dentry_put(root);
	if (!s)
		return -ENAMETOOLONG;
	len = strlen(s);
	memmove(buf, s, len + 1);
	if ((deleted || d->anon) && len + sizeof(gone) <= size) {
		memcpy(buf + len, gone, sizeof(gone));
		len += sizeof(gone) - 1;
	}
	return (long)len;
}
