/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/tmpfs.c: a file system whose only storage is the page cache.  A page that was written is dirty for ever and
 * counts against the limit; a clean one is zeroes that may go at any time.
 */
#include "vfs/tmpfs.h"

#include "abi/linux_fcntl.h"
#include "kern/slab.h"
#include "lib/assert.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "vfs/memdir.h"
#include "vfs/pcache.h"
#include "vfs/regular.h"
#include "vfs/vfs.h"

struct tmpfs {
	struct fs fs;
	uint64_t max_pages;
	_Atomic uint64_t pages;	   /* [a] dirty ones */
	_Atomic uint64_t ninodes;  /* [a] */
	_Atomic uint64_t next_ino; /* [a] */
};

struct tnode {
	struct inode i;
	struct memdir dir;
	struct pcache pages;
	struct xattr *xattr;
	char *link;
};

struct xattr { /* a list: few files have any, and few of those more than one */
	struct xattr *next;
	size_t len;
	char *value;
	char name[];
};

enum { INODE_COST_BYTES = 1024, TMPFS_MAGIC = 0x01021994 };

static struct slab_cache *cache;
static struct tmpfs *memfd_fs;

static struct tnode *node(struct inode *i)
{
	return container_of(i, struct tnode, i);
}

static struct tmpfs *tmpfs_of(const struct inode *i)
{
	return i->fs->priv;
}

/* --- content ---------------------------------------------------------------------------------------- */

static err_t reserve(struct pcache *pc, struct page *p)
{
	struct tmpfs *t = tmpfs_of(pc->inode);

	(void)p;
	if (atomic_fetch_add(&t->pages, 1) < t->max_pages) {
		atomic_fetch_add((_Atomic uint64_t *)&pc->inode->blocks, PAGE_SIZE / 512);
		return 0;
	}
	atomic_fetch_sub(&t->pages, 1);
	return -ENOSPC;
}

static void unreserve(struct pcache *pc, struct page *p)
{
	(void)p;
	atomic_fetch_sub(&tmpfs_of(pc->inode)->pages, 1);
	atomic_fetch_sub((_Atomic uint64_t *)&pc->inode->blocks, PAGE_SIZE / 512);
}

static const struct pcache_ops page_ops = {
	.reserve = reserve,
	.unreserve = unreserve,
};

static err_t truncate(struct inode *i, uint64_t size)
{
	(void)i;
	(void)size; /* the cache has dropped what lies behind */
	return 0;
}

/* Allocating is writing zeroes: a page, once there, stays. */
static err_t allocate(struct inode *i, uint64_t first, uint64_t last)
{
	for (uint64_t n = first; n <= last; n++) {
		struct page *p;
		err_t err = pcache_get(i->pages, n, NULL, &p);

		if (err)
			return err;
		err = pcache_dirty(i->pages, p);
		page_put(p);
		if (err && err != -EAGAIN)
			return err;
	}
	return 0;
}

static err_t fallocate(struct inode *i, unsigned mode, uint64_t off, uint64_t len)
{
	if (mode & FALLOC_PUNCH_HOLE)
		return 0; /* the pages are gone: that is the hole */
	if (len >> PAGE_SHIFT > tmpfs_of(i)->max_pages)
		return -ENOSPC;
	return allocate(i, off >> PAGE_SHIFT, (off + len - 1) >> PAGE_SHIFT);
}

static err_t seek(struct inode *i, uint64_t off, bool data, uint64_t *out)
{
	uint64_t n = off >> PAGE_SHIFT, at = n;

	if (data) {
		if (!pcache_next_dirty(i->pages, &at) || at << PAGE_SHIFT >= i->size)
			return -ENXIO;
		*out = MAX(off, at << PAGE_SHIFT);
		return 0;
	}
	while (at << PAGE_SHIFT < i->size) {
		uint64_t next = at;

		if (!pcache_next_dirty(i->pages, &next) || next != at)
			break;
		at++;
	}
	*out = MIN(MAX(off, at << PAGE_SHIFT), (uint64_t)i->size);
	return 0;
}

/* --- extended attributes -------------------------------------------------------------------------------- */

static struct xattr **find_xattr(struct inode *i, const char *name)
{
	struct xattr **x = &node(i)->xattr;

	while (*x && strcmp((*x)->name, name))
		x = &(*x)->next;
	return x;
}

static void free_xattr(struct xattr *x)
{
	kfree(x->value);
	kfree(x);
}

static err_t xattr_get(struct inode *i, const char *name, void *buf, size_t *len)
{
	const struct xattr *x = *find_xattr(i, name);

	if (!x)
		return -ENODATA;
	if (*len && *len < x->len)
		return -ERANGE;
	if (*len)
		memcpy(buf, x->value, x->len);
	*len = x->len;
	return 0;
}

static struct xattr *new_xattr(const char *name, const void *val, size_t len)
{
	size_t n = strlen(name) + 1;
	struct xattr *x = kzalloc(sizeof(*x) + n);

	if (!x)
		return NULL;
	x->value = kmalloc(len + 1);
	if (!x->value) {
		kfree(x);
		return NULL;
	}
	memcpy(x->name, name, n);
	memcpy(x->value, val, len);
	x->len = len;
	return x;
}

static err_t xattr_set(struct inode *i, const char *name, const void *val, size_t len,
		       unsigned flags)
{
	struct xattr **old = find_xattr(i, name), *x;

	if (*old && flags & 1) /* XATTR_CREATE */
		return -EEXIST;
	if (!*old && flags & 2) /* XATTR_REPLACE */
		return -ENODATA;
	x = new_xattr(name, val, len);
	if (!x)
		return -ENOMEM;
	if (*old) {
		x->next = (*old)->next;
		free_xattr(*old);
	}
	*old = x;
	return 0;
}

static err_t xattr_remove(struct inode *i, const char *name)
{
	struct xattr **at = find_xattr(i, name), *x = *at;

	if (!x)
		return -ENODATA;
	*at = x->next;
	free_xattr(x);
	return 0;
}

static err_t xattr_list(struct inode *i, char *buf, size_t *len)
{
	size_t need = 0;

	for (const struct xattr *x = node(i)->xattr; x; x = x->next) {
		size_t n = strlen(x->name) + 1;

		if (need + n <= *len)
			memcpy(buf + need, x->name, n);
		need += n;
	}
	if (*len && *len < need)
		return -ERANGE;
	*len = need;
	return 0;
}

/* --- nodes -------------------------------------------------------------------------------------------------- */

static const struct inode_ops node_ops;

static struct tnode *new_node(struct tmpfs *t, const struct inode_new *n)
{
	struct tnode *tn = slab_zalloc(cache);

	if (!tn)
		return NULL;
	if (n->target) {
		tn->link = kmalloc(n->target_len + 1);
		if (!tn->link) {
			slab_free(cache, tn);
			return NULL;
		}
		memcpy(tn->link, n->target, n->target_len);
	}
	inode_init(&tn->i, &t->fs, &node_ops, n->mode);
	tn->i.ino = atomic_fetch_add(&t->next_ino, 1);
	tn->i.rdev = n->rdev;
	tn->i.link = tn->link;
	tn->i.link_len = n->target_len;
	tn->i.size = n->target_len;
	if (inode_is_dir(&tn->i)) {
		memdir_init(&tn->dir);
		tn->i.nlink = 2;
	}
	if (inode_is(&tn->i, MODE_REG)) {
		pcache_init(&tn->pages, &tn->i, &page_ops);
		tn->i.pages = &tn->pages;
	}
	atomic_fetch_add(&t->ninodes, 1);
	return tn;
}

/* Nobody can find a node that has no name: the directory entry counted it. */
static void put_last(struct inode *i)
{
	struct tnode *tn = node(i);
	struct xattr *x = tn->xattr;

	if (!inode_unref(i))
		return;
	inode_fini(i);
	while (x) {
		struct xattr *next = x->next;

		free_xattr(x);
		x = next;
	}
	atomic_fetch_sub(&tmpfs_of(i)->ninodes, 1);
	kfree(tn->link);
	slab_free(cache, tn);
}

/* --- names --------------------------------------------------------------------------------------------------- */

static void grow_dir(struct inode *dir, int by)
{
	enum { ENTRY_SIZE = 20 }; /* what Linux's tmpfs counts for an entry */

	dir->size = (uint64_t)((int64_t)dir->size + by * ENTRY_SIZE);
}

static err_t lookup(struct inode *dir, const struct name *n, struct inode **out)
{
	struct memdir_entry *e = memdir_find(&node(dir)->dir, n);

	if (!e)
		return -ENOENT;
	inode_get(e->inode);
	*out = e->inode;
	return 0;
}

static err_t enter(struct inode *dir, const struct name *n, struct inode *i)
{
	struct memdir_entry *e = memdir_entry_new(n, i);

	if (!e)
		return -ENOMEM;
	memdir_insert(&node(dir)->dir, e);
	grow_dir(dir, 1);
	return 0;
}

static err_t create(struct inode *dir, const struct name *n, const struct inode_new *w,
		    struct inode **out)
{
	struct tnode *tn = new_node(tmpfs_of(dir), w);
	err_t err;

	if (!tn)
		return -ENOMEM;
	if (dir->mode & MODE_SGID) { /* inode(7): group and the bit itself are inherited */
		tn->i.gid = dir->gid;
		if (inode_is_dir(&tn->i))
			tn->i.mode |= MODE_SGID;
	}
	err = enter(dir, n, &tn->i);
	if (err) {
		inode_put(&tn->i);
		return err;
	}
	if (inode_is_dir(&tn->i))
		dir->nlink++;
	*out = &tn->i;
	return 0;
}

static err_t link(struct inode *dir, const struct name *n, struct inode *target)
{
	err_t err = enter(dir, n, target);

	if (!err)
		target->nlink++;
	return err;
}

static void drop_entry(struct inode *dir, struct memdir_entry *e)
{
	memdir_remove(&node(dir)->dir, e);
	grow_dir(dir, -1);
}

static err_t unlink(struct inode *dir, const struct name *n, struct inode *victim)
{
	struct memdir_entry *e = memdir_find(&node(dir)->dir, n);

	if (!e)
		return -ENOENT;
	victim->nlink--;
	drop_entry(dir, e); /* the caller's dentry still counts victim */
	return 0;
}

static err_t rmdir(struct inode *dir, const struct name *n, struct inode *victim)
{
	if (node(victim)->dir.n)
		return -ENOTEMPTY;
	victim->nlink -= 1; /* its "."; unlink() takes the name */
	dir->nlink--;
	return unlink(dir, n, victim);
}

static err_t swap(struct inode *from, struct memdir_entry *a, struct inode *to,
		  struct memdir_entry *b)
{
	struct inode *i = a->inode;
	int dirs = inode_is_dir(b->inode) - inode_is_dir(i);

	a->inode = b->inode;
	b->inode = i;
	if (from != to) {
		from->nlink = (uint32_t)((int)from->nlink + dirs);
		to->nlink = (uint32_t)((int)to->nlink - dirs);
	}
	return 0;
}

/* What stands at the new name goes. */
static err_t replace(struct inode *to, const struct name *tn, struct memdir_entry *b)
{
	return inode_is_dir(b->inode) ? rmdir(to, tn, b->inode) : unlink(to, tn, b->inode);
}

static err_t rename(struct inode *from, const struct name *fn, struct inode *to,
		    const struct name *tn, unsigned flags)
{
	struct memdir_entry *a = memdir_find(&node(from)->dir, fn);
	struct memdir_entry *b = memdir_find(&node(to)->dir, tn), *e;
	struct inode *i;
	err_t err = 0;

	if (!a)
		return -ENOENT;
	if (flags & RENAME_SWAP)
		return b ? swap(from, a, to, b) : -ENOENT;
	i = a->inode;
	e = memdir_entry_new(tn, i);
	if (!e)
		return -ENOMEM;
	if (b)
		err = replace(to, tn, b);
	if (err) {
		inode_put(i);
		kfree(e);
		return err;
	}
	memdir_insert(&node(to)->dir, e);
	grow_dir(to, 1);
	drop_entry(from, a);
	if (inode_is_dir(i)) {
		from->nlink--;
		to->nlink++;
	}
	return 0;
}

static err_t readdir(struct inode *dir, uint64_t cookie, struct dirent *out)
{
	return memdir_readdir(&node(dir)->dir, cookie, out);
}

static const struct inode_ops node_ops = {
	.lookup = lookup,
	.create = create,
	.link = link,
	.unlink = unlink,
	.rmdir = rmdir,
	.rename = rename,
	.readdir = readdir,
	.xattr_get = xattr_get,
	.xattr_set = xattr_set,
	.xattr_remove = xattr_remove,
	.xattr_list = xattr_list,
	.truncate = truncate,
	.fallocate = fallocate,
	.seek = seek,
	.put_last = put_last,
};

/* --- the whole ------------------------------------------------------------------------------------------------- */

static err_t stat_fs(struct fs *fs, struct fs_stat *out)
{
	struct tmpfs *t = fs->priv;
	uint64_t used = MIN(t->pages, t->max_pages);

	*out = (struct fs_stat){
		.type = TMPFS_MAGIC,
		.block = PAGE_SIZE,
		.blocks = t->max_pages,
		.bfree = t->max_pages - used,
		.bavail = t->max_pages - used,
		.files = t->max_pages * PAGE_SIZE / INODE_COST_BYTES,
		.id = fs->dev,
	};
	out->ffree = out->files - MIN(out->files, t->ninodes);
	return 0;
}

static err_t tmpfile(struct fs *fs, const struct inode_new *n, struct inode **out)
{
	struct tnode *tn = new_node(fs->priv, n);

	if (!tn)
		return -ENOMEM;
	tn->i.nlink = 0;
	*out = &tn->i;
	return 0;
}

static const struct fs_ops tmpfs_ops = {
	.stat = stat_fs,
	.tmpfile = tmpfile,
};

static struct tmpfs *new_tmpfs(const char *type, unsigned flags, uint64_t limit)
{
	struct tmpfs *t = kzalloc(sizeof(*t));
	struct page_stats s;

	if (!cache)
		cache = slab_new("tmpfs", sizeof(struct tnode), 64);
	if (!t)
		return NULL;
	page_stats(&s);
	fs_init(&t->fs, &tmpfs_ops, type, flags | FS_MEMORY);
	t->fs.priv = t;
	t->next_ino = 1;
	t->max_pages = (limit ? limit : s.total_bytes / 2) / PAGE_SIZE;
	fmt(t->fs.source, sizeof(t->fs.source), "%s", type);
	return t;
}

err_t tmpfs_mount(const char *path, const char *type, uint32_t mode, unsigned flags, uint64_t limit)
{
	struct tmpfs *t = new_tmpfs(type, flags, limit);
	struct inode_new root = { .mode = MODE_DIR | mode };
	struct tnode *tn;

	if (!t)
		return -ENOMEM;
	tn = new_node(t, &root);
	if (!tn) {
		kfree(t);
		return -ENOMEM;
	}
	fmt(t->fs.options, sizeof(t->fs.options), "size=%lluk,mode=%o",
	    (unsigned long long)t->max_pages * PAGE_SIZE / 1024, (unsigned)mode);
	return fs_mount(&t->fs, &tn->i, path);
}

/* An inode that no directory has, open under a name that only /proc shows. */
static err_t unnamed(const char *shown, bool sealable, uint32_t flags, struct file **out)
{
	struct inode_new new = { .mode = MODE_REG | 0777 };
	struct inode *i;
	struct dentry *d;
	err_t err;

	if (!memfd_fs) /* no limit of its own: Linux's internal mount has none */
		memfd_fs = new_tmpfs("tmpfs", 0, UINT64_MAX);
	if (!memfd_fs)
		return -ENOMEM;
	err = tmpfile(&memfd_fs->fs, &new, &i);
	if (err)
		return err;
	i->flags |= INODE_SEALABLE;
	i->seals = sealable ? 0 : SEAL_SEAL;
	err = dentry_new_anon(i, shown, &d);
	if (err) {
		inode_put(i);
		return err;
	}
	err = vfs_open_dentry(d, flags, out);
	dentry_put(d);
	return err;
}

err_t tmpfs_memfd(const char *name, bool sealable, uint32_t flags, struct file **out)
{
	char shown[256];

	fmt(shown, sizeof(shown), "/memfd:%s", name);
	return unnamed(shown, sealable, flags, out);
}

err_t tmpfs_zero_file(const char *shown, uint64_t size, struct file **out)
{
	struct file *f;
	err_t err = unnamed(shown, false, LX_O_RDWR, &f);

	if (err)
		return err;
	err = inode_truncate(f->inode, size);
	if (err)
		file_put(f);
	else
		*out = f;
	return err;
}
