/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/tfs.c: TFS inodes, names, attributes and mounting. */
#include "vfs/tfs.h"

#include "fs/mbr.h"
#include "kern/klog.h"
#include "kern/slab.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "vfs/reclaim.h"
#include "vfs/regular.h"
#include "vfs/tfs_int.h"
#include "vfs/vfs.h"
#include "vfs/writeback.h"

_Static_assert((int)ATTR_MODE == TFS_SET_MODE && (int)ATTR_UID == TFS_SET_UID &&
		       (int)ATTR_GID == TFS_SET_GID && (int)ATTR_ATIME == TFS_SET_ATIME &&
		       (int)ATTR_MTIME == TFS_SET_MTIME && (int)ATTR_CTIME == TFS_SET_CTIME,
	       "the two floors name attributes alike");
_Static_assert((int)RENAME_NO_REPLACE == TFS_RENAME_NOREPLACE &&
		       (int)RENAME_SWAP == TFS_RENAME_EXCHANGE,
	       "and renames");

enum { TFS_MAGIC = 0x54465300 };

static struct slab_cache *cache;
static const struct inode_ops node_ops;

/* --- memory for the core ------------------------------------------------------------------------------ */

/*
 * kmalloc() may be called anywhere and so never reclaims; here it may be done: clean pages go, in the order in which they
 * came, which tends to give back runs of them. Only spinlocks are taken: the file system's lock is held.
 */
static bool make_room(size_t size, unsigned *tries)
{
	enum { TRIES = 16, BATCH = 64 };

	return (*tries)++ < TRIES && lru_shrink(BATCH + 2 * DIV_UP(size, PAGE_SIZE));
}

static void *mem_get(struct alloc *a, size_t size)
{
	unsigned tries = 0;
	void *p;

	(void)a;
	do
		p = kmalloc(size);
	while (!p && make_room(size, &tries));
	return p;
}

/*
 * There are pages, but not side by side. What grows never goes to a device, so it may be mapped page by page.
 */
static void *regrow_mapped(void *p, size_t old, size_t size)
{
	void *q = kmalloc_mapped(size);

	if (!q)
		return NULL;
	if (p)
		memcpy(q, p, MIN(old, size));
	kfree(p);
	return q;
}

static void *mem_resize(struct alloc *a, void *p, size_t old, size_t size)
{
	unsigned tries = 0;
	void *q;

	(void)a;
	do
		q = krealloc(p, size);
	while (!q && make_room(size, &tries));
	return q || size <= PAGE_SIZE ? q : regrow_mapped(p, old, size);
}

static void mem_put(struct alloc *a, void *p, size_t size)
{
	(void)a;
	(void)size;
	kfree(p);
}

static struct alloc kernel_alloc = { .get = mem_get, .resize = mem_resize, .put = mem_put };

/* --- nodes ------------------------------------------------------------------------------------------------ */

/* What the core says goes into the inode; the length is ours once the inode exists. */
static void pull(struct inode *i)
{
	const struct tfs_inode *ti = tfs_node(i)->ti;

	i->mode = ti->mode;
	i->nlink = ti->nlink;
	i->uid = ti->uid;
	i->gid = ti->gid;
	i->blocks = ti->blocks;
	i->atime = ti->atime;
	i->mtime = ti->mtime;
	i->ctime = ti->ctime;
	i->btime = ti->btime;
}

static err_t set_link(struct inode *i, struct tfs_inode *ti)
{
	return tfs_readlink(ti, &i->link, &i->link_len);
}

/* The one inode of ti; takes over the reference on ti. tf->lock held. */
static err_t node_of(struct tfs_fs *tf, struct tfs_inode *ti, struct inode **out)
{
	struct tfs_node *n = ti->priv;
	err_t err = 0;

	if (n) {
		inode_get(&n->i);
		tfs_put(ti);
		*out = &n->i;
		return 0;
	}
	n = slab_zalloc(cache);
	if (!n) {
		tfs_put(ti);
		return -ENOMEM;
	}
	inode_init(&n->i, &tf->fs, &node_ops, ti->mode);
	n->ti = ti;
	n->i.ino = ti->ino;
	n->i.rdev = ti->rdev;
	n->i.size = ti->size;
	n->i.flags = (ti->readonly ? INODE_READONLY : 0u) | (ti->exec ? INODE_EXEC : 0u);
	pull(&n->i);
	if (inode_is(&n->i, MODE_LNK))
		err = set_link(&n->i, ti);
	if (err) {
		tfs_put(ti);
		slab_free(cache, n);
		return err;
	}
	if (inode_is(&n->i, MODE_REG)) {
		pcache_init(&n->pages, &n->i, &tfs_page_ops);
		n->i.pages = &n->pages;
	}
	ti->priv = n;
	*out = &n->i;
	return 0;
}

static void put_last(struct inode *i)
{
	struct tfs_node *n = tfs_node(i);
	struct tfs_fs *tf = tfs_fs_of(i);
	bool last;

	mutex_lock(&tf->lock); /* look-up raises the count from 0 under it, too */
	last = inode_unref(i);
	if (last)
		n->ti->priv = NULL;
	mutex_unlock(&tf->lock);
	if (!last)
		return;
	inode_fini(i); /* no page is dirty, but of an unlinked file: dirty ones count the inode */
	mutex_lock(&tf->lock);
	tfs_put(n->ti);
	mutex_unlock(&tf->lock);
	slab_free(cache, n);
}

/* A change was staged: it must reach the log in a while. */
static err_t changed(struct tfs_fs *tf, err_t err) releases(&tf->lock)
{
	mutex_unlock(&tf->lock);
	if (!err)
		writeback_fs(&tf->fs);
	return err;
}

/* --- names --------------------------------------------------------------------------------------------------- */

static err_t lookup(struct inode *dir, const struct name *n, struct inode **out)
{
	struct tfs_fs *tf = tfs_fs_of(dir);
	struct tfs_inode *ti;
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_lookup(tfs_node(dir)->ti, n->s, n->len, &ti);
	if (!err)
		err = node_of(tf, ti, out);
	mutex_unlock(&tf->lock);
	return err;
}

static struct tfs_new new_from(const struct inode *dir, const struct inode_new *w)
{
	struct tfs_new n = {
		.mode = w->mode,
		.uid = vfs_cred.uid,
		.gid = vfs_cred.gid,
		.rdev = w->rdev,
		.target = w->target,
		.target_len = w->target_len,
		.now = vfs_now(),
	};

	if (dir && dir->mode & MODE_SGID) { /* inode(7): group and the bit itself are inherited */
		n.gid = dir->gid;
		if ((w->mode & MODE_FMT) == MODE_DIR)
			n.mode |= MODE_SGID;
	}
	return n;
}

static err_t create(struct inode *dir, const struct name *n, const struct inode_new *w,
		    struct inode **out)
{
	struct tfs_new new = new_from(dir, w);
	struct tfs_fs *tf = tfs_fs_of(dir);
	struct tfs_inode *ti;
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_create(tfs_node(dir)->ti, n->s, n->len, &new, &ti);
	if (!err)
		err = node_of(tf, ti, out);
	pull(dir);
	return changed(tf, err);
}

static err_t link(struct inode *dir, const struct name *n, struct inode *target)
{
	struct tfs_fs *tf = tfs_fs_of(dir);
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_link(tfs_node(dir)->ti, n->s, n->len, tfs_node(target)->ti, vfs_now());
	pull(dir);
	pull(target);
	return changed(tf, err);
}

static err_t unlink(struct inode *dir, const struct name *n, struct inode *victim)
{
	struct tfs_fs *tf = tfs_fs_of(dir);
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_unlink(tfs_node(dir)->ti, n->s, n->len, vfs_now());
	pull(dir);
	pull(victim);
	return changed(tf, err);
}

static err_t rmdir(struct inode *dir, const struct name *n, struct inode *victim)
{
	struct tfs_fs *tf = tfs_fs_of(dir);
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_rmdir(tfs_node(dir)->ti, n->s, n->len, vfs_now());
	pull(dir);
	pull(victim);
	return changed(tf, err);
}

/* The attributes of whatever has this name in memory. */
static void pull_name(struct inode *dir, const struct name *n)
{
	struct tfs_inode *ti;

	if (tfs_lookup(tfs_node(dir)->ti, n->s, n->len, &ti))
		return;
	if (ti->priv)
		pull(&((struct tfs_node *)ti->priv)->i);
	tfs_put(ti);
}

static err_t rename(struct inode *from, const struct name *fn, struct inode *to,
		    const struct name *tn, unsigned flags)
{
	struct tfs_name a = { tfs_node(from)->ti, fn->s, fn->len };
	struct tfs_name b = { tfs_node(to)->ti, tn->s, tn->len };
	struct tfs_fs *tf = tfs_fs_of(from);
	struct tfs_inode *gone = NULL;
	err_t err;

	mutex_lock(&tf->lock);
	if (!(flags & RENAME_SWAP) && tfs_lookup(b.dir, b.s, b.len, &gone))
		gone = NULL;
	err = tfs_rename(&a, &b, flags, vfs_now());
	if (gone && gone->priv)
		pull(&((struct tfs_node *)gone->priv)->i);
	if (gone)
		tfs_put(gone);
	pull(from);
	pull(to);
	pull_name(to, tn);
	if (flags & RENAME_SWAP)
		pull_name(from, fn);
	return changed(tf, err);
}

static err_t readdir(struct inode *dir, uint64_t cookie, struct dirent *out)
{
	struct tfs_fs *tf = tfs_fs_of(dir);
	struct tfs_dirent e;
	err_t err;

	mutex_lock(&tf->lock); /* e.name stays: dir->lock keeps the directory from changing */
	err = tfs_readdir(tfs_node(dir)->ti, cookie, &e);
	mutex_unlock(&tf->lock);
	if (err)
		return err;
	*out = (struct dirent){
		.name = e.name,
		.len = e.len,
		.ino = e.ino,
		.mode = e.mode & MODE_FMT,
		.cookie = e.cookie,
	};
	return 0;
}

/* --- attributes ---------------------------------------------------------------------------------------------- */

static err_t setattr(struct inode *i, const struct inode_attr *a)
{
	struct tfs_fs *tf = tfs_fs_of(i);
	struct tfs_attr ta = {
		.set = a->set,
		.mode = a->mode,
		.uid = a->uid,
		.gid = a->gid,
		.atime = a->atime,
		.mtime = a->mtime,
		.ctime = a->ctime,
	};
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_setattr(tfs_node(i)->ti, &ta);
	return changed(tf, err);
}

static void refresh(struct inode *i)
{
	i->blocks = tfs_node(i)->ti->blocks;
}

static err_t xattr_get(struct inode *i, const char *name, void *buf, size_t *len)
{
	struct tfs_fs *tf = tfs_fs_of(i);
	const char *val;
	size_t n;
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_xattr_get(tfs_node(i)->ti, name, &val, &n);
	if (!err && *len && *len < n)
		err = -ERANGE;
	if (!err && *len)
		memcpy(buf, val, n);
	if (!err)
		*len = n;
	mutex_unlock(&tf->lock);
	return err == -ENOENT ? -ENODATA : err;
}

static err_t xattr_set(struct inode *i, const char *name, const void *val, size_t len,
		       unsigned flags)
{
	struct tfs_fs *tf = tfs_fs_of(i);
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_xattr_set(tfs_node(i)->ti, name, val, len, flags, vfs_now());
	pull(i);
	return changed(tf, err);
}

static err_t xattr_remove(struct inode *i, const char *name)
{
	struct tfs_fs *tf = tfs_fs_of(i);
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_xattr_remove(tfs_node(i)->ti, name, vfs_now());
	pull(i);
	return changed(tf, err);
}

static err_t xattr_list(struct inode *i, char *buf, size_t *len)
{
	struct tfs_fs *tf = tfs_fs_of(i);
	size_t need = 0, n;
	uint32_t at = 0;
	const char *s;

	mutex_lock(&tf->lock);
	while ((s = tfs_xattr_next(tfs_node(i)->ti, &at, &n))) {
		if (need + n + 1 <= *len) {
			memcpy(buf + need, s, n);
			buf[need + n] = '\0';
		}
		need += n + 1;
	}
	mutex_unlock(&tf->lock);
	if (*len && *len < need)
		return -ERANGE;
	*len = need;
	return 0;
}

/* --- length and space ------------------------------------------------------------------------------------------ */

static err_t truncate(struct inode *i, uint64_t size)
{
	struct tfs_fs *tf = tfs_fs_of(i);
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_truncate(tfs_node(i)->ti, size, vfs_now());
	return changed(tf, err);
}

/* The whole pages of the range: the cache zeroed the edges. A range to the end takes the last page whole. */
static void whole_pages(const struct inode *i, uint64_t off, uint64_t len, uint64_t *block,
			uint64_t *n)
{
	uint64_t first = DIV_UP(off, PAGE_SIZE), end = (off + len) / PAGE_SIZE;

	if (off + len >= i->size)
		end = MAX(end, DIV_UP(off + len, PAGE_SIZE));
	*block = first * BLOCKS_A_PAGE;
	*n = end > first ? (end - first) * BLOCKS_A_PAGE : 0;
}

static err_t give_space(struct inode *i, uint64_t off, uint64_t len)
{
	uint64_t block = off / PAGE_SIZE * BLOCKS_A_PAGE;
	uint64_t end = DIV_UP(off + len, PAGE_SIZE) * BLOCKS_A_PAGE;

	return tfs_fallocate(tfs_node(i)->ti, block, end - block, 0, vfs_now());
}

static err_t fallocate(struct inode *i, unsigned mode, uint64_t off, uint64_t len)
{
	struct tfs_inode *ti = tfs_node(i)->ti;
	struct tfs_fs *tf = tfs_fs_of(i);
	uint64_t block, n;
	err_t err = 0;

	mutex_lock(&tf->lock);
	whole_pages(i, off, len, &block, &n);
	if (mode & FALLOC_PUNCH_HOLE) {
		if (n)
			err = tfs_punch(ti, block, n, vfs_now());
	} else {
		if (mode & FALLOC_ZERO_RANGE && n)
			err = tfs_zero(ti, block, n, 0, vfs_now());
		if (!err)
			err = give_space(i, off, len);
	}
	return changed(tf, err);
}

static err_t seek(struct inode *i, uint64_t off, bool data, uint64_t *out)
{
	struct tfs_fs *tf = tfs_fs_of(i);
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_seek(tfs_node(i)->ti, off, data, out);
	mutex_unlock(&tf->lock);
	return err;
}

/* --- durability ---------------------------------------------------------------------------------------------------- */

/* Everything staged before this call is durable after it; whoever waits meanwhile shares the next flush. */
static err_t sync_shared(struct tfs_fs *tf)
{
	uint64_t mine = atomic_fetch_add(&tf->sync_wanted, 1) + 1, serves;
	err_t err = 0;

	mutex_lock(&tf->sync_lock);
	if (tf->sync_done < mine) {
		serves = atomic_load(&tf->sync_wanted);
		mutex_lock(&tf->lock);
		err = tfs_sync(tf->t);
		mutex_unlock(&tf->lock);
		if (!err)
			tf->sync_done = serves;
	}
	mutex_unlock(&tf->sync_lock);
	return err;
}

static err_t sync_node(struct inode *i, bool data_only)
{
	(void)data_only; /* the log carries length and times in one record */
	return i->fs->flags & FS_RDONLY ? 0 : sync_shared(tfs_fs_of(i));
}

static err_t sync_fs(struct fs *fs)
{
	return sync_shared(fs->priv);
}

static err_t stat_fs(struct fs *fs, struct fs_stat *out)
{
	struct tfs_fs *tf = fs->priv;
	struct tfs_stat s;
	uint64_t id;
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_statfs(tf->t, &s);
	memcpy(&id, tfs_ident(tf->t)->uuid, sizeof(id));
	mutex_unlock(&tf->lock);
	if (err)
		return err;
	*out = (struct fs_stat){
		.type = TFS_MAGIC,
		.block = PAGE_SIZE,
		.blocks = s.blocks / BLOCKS_A_PAGE,
		.bfree = s.free / BLOCKS_A_PAGE,
		.bavail = s.avail / BLOCKS_A_PAGE,
		.files = s.files +
			 s.avail / BLOCKS_A_PAGE, /* no table of inodes: space is the limit */
		.ffree = s.avail / BLOCKS_A_PAGE,
		.id = id,
	};
	return 0;
}

static err_t tmpfile(struct fs *fs, const struct inode_new *w, struct inode **out)
{
	struct tfs_new new = new_from(NULL, w);
	struct tfs_fs *tf = fs->priv;
	struct tfs_inode *ti;
	err_t err;

	mutex_lock(&tf->lock);
	err = tfs_tmpfile(tf->t, &new, &ti);
	if (!err)
		err = node_of(tf, ti, out);
	mutex_unlock(&tf->lock);
	return err;
}

static const struct inode_ops node_ops = {
	.lookup = lookup,
	.create = create,
	.link = link,
	.unlink = unlink,
	.rmdir = rmdir,
	.rename = rename,
	.readdir = readdir,
	.setattr = setattr,
	.refresh = refresh,
	.xattr_get = xattr_get,
	.xattr_set = xattr_set,
	.xattr_remove = xattr_remove,
	.xattr_list = xattr_list,
	.truncate = truncate,
	.fallocate = fallocate,
	.seek = seek,
	.sync = sync_node,
	.put_last = put_last,
};

static const struct fs_ops fs_ops = {
	.stat = stat_fs,
	.sync = sync_fs,
	.tmpfile = tmpfile,
};

/* --- mounting -------------------------------------------------------------------------------------------------------- */

static struct tfs_fs *new_tfs_fs(struct blk *blk, unsigned flags)
{
	struct tfs_fs *tf = kzalloc(sizeof(*tf));

	if (!cache)
		cache = slab_new("tfs_inode", sizeof(struct tfs_node), 64);
	if (!tf)
		return NULL;
	fs_init(&tf->fs, &fs_ops, "tfs", flags | FS_STAMPS);
	tf->fs.priv = tf;
	tf->blk = blk;
	fmt(tf->fs.source, sizeof(tf->fs.source), "/dev/%s", blk->name);
	mutex_init(&tf->lock);
	mutex_init(&tf->io_lock);
	mutex_init(&tf->sync_lock);
	return tf;
}

static err_t mount_core(struct tfs_fs *tf, const struct tfs_where *where)
{
	unsigned flags = 0;
	err_t err;

	if (tf->blk->readonly)
		tf->fs.flags |= FS_RDONLY;
	if (tf->fs.flags & FS_RDONLY)
		flags |= TFS_RDONLY;
	if (tf->fs.flags & FS_NOATIME)
		flags |= TFS_NOATIME;
	err = tfs_mount(where, flags, &kernel_alloc, &tf->t);
	if (err)
		return err;
	if (tfs_damage(tf->t))
		klog_err("%s: damaged, mounted read-only: %s\n", tf->fs.source, tfs_damage(tf->t));
	if (tfs_readonly(tf->t))
		tf->fs.flags |= FS_RDONLY;
	return 0;
}

err_t tfs_fs_mount(struct blk *blk, uint64_t first, uint64_t nsect, const char *path,
		   unsigned flags, struct fs **out)
{
	const struct tfs_where where = { .blk = blk, .first = first, .nsect = nsect };
	struct tfs_fs *tf = new_tfs_fs(blk, flags);
	struct inode *root;
	err_t err;

	if (!tf)
		return -ENOMEM;
	err = tfs_io_init(tf);
	if (!err)
		err = mount_core(tf, &where);
	if (err)
		return err; /* fatal at boot; the little memory stays */
	mutex_lock(&tf->lock);
	err = node_of(tf, tfs_root(tf->t), &root);
	mutex_unlock(&tf->lock);
	if (!err)
		err = fs_mount(&tf->fs, root, path);
	if (!err)
		*out = &tf->fs;
	return err;
}

const struct tuple *tfs_fs_manifest(struct fs *fs)
{
	return tfs_root_tuple(((struct tfs_fs *)fs->priv)->t);
}

/* The last partition in use of a master boot record; false: there is none, or it is not one. */
static bool last_partition(const uint8_t *sector, uint64_t disk, uint64_t *first, uint64_t *nsect)
{
	struct mbr_part part[MBR_PARTS];

	if (!mbr_parse(sector, disk, part))
		return false;
	for (unsigned i = MBR_PARTS; i--;)
		if (part[i].type && part[i].nsect) {
			*first = part[i].first;
			*nsect = part[i].nsect;
			return true;
		}
	return false;
}

err_t tfs_fs_find(struct blk *blk, uint64_t *first, uint64_t *nsect, struct tfs_ident *ident)
{
	uint8_t *mbr;
	err_t err = tfs_probe(blk, 0, &kernel_alloc, ident);

	*first = 0;
	*nsect = blk->nsect;
	if (err != -ENODEV)
		return err;
	mbr = kmalloc(BLK_SECTOR);
	if (!mbr)
		return -ENOMEM;
	err = blk->read(blk, 0, mbr, 1);
	if (!err && !last_partition(mbr, blk->nsect, first, nsect))
		err = -ENODEV;
	kfree(mbr);
	if (!err && !blk_range_ok(blk, *first, *nsect))
		err = -ENODEV;
	return err ? err : tfs_probe(blk, *first, &kernel_alloc, ident);
}
