/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/textfs.c: a tree of generated files: directories, texts, links. */
#include "vfs/textfs.h"

#include "abi/linux_fcntl.h"
#include "kern/slab.h"
#include "lib/fmt.h"
#include "lib/mem.h"
#include "vfs/regular.h"
#include "vfs/vfs.h"

static struct slab_cache *cache;
static const struct inode_ops dir_ops, file_ops, link_ops, magic_ops;

/* --- the tree ------------------------------------------------------------------------------------------ */

static struct text_node *child_of(const struct text_node *dir, const struct name *n)
{
	for (struct text_node *c = dir->children; c; c = c->next)
		if (c->len == n->len && memcmp(c->name, n->s, n->len) == 0)
			return c;
	return NULL;
}

static struct text_node *add_child(struct textfs *t, struct text_node *dir, const struct name *n,
				   uint32_t mode)
{
	struct text_node *c = kzalloc(sizeof(*c) + n->len + 1), **end;

	if (!c)
		return NULL;
	memcpy(c->name, n->s, n->len);
	c->len = n->len;
	c->mode = mode;
	c->id = ++t->next_id;
	c->parent = dir;
	for (end = dir ? &dir->children : &t->root; *end; end = &(*end)->next)
		;
	*end = c;
	return c;
}

struct text_node *textfs_node(struct textfs *t, const char *path, uint32_t mode)
{
	struct text_node *at = t->root;

	while (at && *path) {
		const char *end = strchr(path, '/');
		struct name n = { .s = path, .len = end ? (size_t)(end - path) : strlen(path) };
		struct text_node *c = child_of(at, &n);

		if (!c)
			c = add_child(t, at, &n, end ? MODE_DIR | 0555 : mode);
		at = c;
		path += n.len + (end != NULL);
	}
	return at;
}

err_t textfs_add(struct textfs *t, const struct proc_row *rows, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t type = rows[i].mode & MODE_FMT ? 0 : MODE_REG;
		struct text_node *node = textfs_node(t, rows[i].path, rows[i].mode | type);

		if (!node)
			return -ENOMEM;
		node->row = &rows[i];
	}
	return 0;
}

err_t textfs_init(struct textfs *t)
{
	const struct name root = { .s = "", .len = 0 };

	if (t->root)
		return 0;
	return add_child(t, NULL, &root, MODE_DIR | 0555) ? 0 : -ENOMEM;
}

/* --- inodes ------------------------------------------------------------------------------------------------ */

static const struct inode_ops *ops_of(const struct text_node *n)
{
	switch (n->mode & MODE_FMT) {
	case MODE_DIR:
		return &dir_ops;
	case MODE_LNK:
		return n->row->jump ? &magic_ops : &link_ops;
	default:
		return &file_ops;
	}
}

static unsigned subdirs(const struct text_node *n)
{
	unsigned count = 0;

	for (const struct text_node *c = n->children; c; c = c->next)
		count += (c->mode & MODE_FMT) == MODE_DIR;
	return count;
}

err_t textfs_inode(struct textfs *t, struct text_node *node, const struct proc_ctx *c,
		   struct inode **out)
{
	struct text_inode *ti = slab_zalloc(cache);

	if (!ti)
		return -ENOMEM;
	inode_init(&ti->i, &t->fs, ops_of(node), node->mode);
	ti->i.uid = ti->i.gid = 0;
	ti->i.ino = node->id + ((uint64_t)c->tid << 20) + ((uint64_t)c->n << 40);
	ti->i.nlink = inode_is_dir(&ti->i) ? 2 + subdirs(node) : 1;
	if (c->tid && c->tid != PROGRAM_PID)
		ti->i.flags |= INODE_VOLATILE;
	if (node->lookup)
		ti->i.flags |= node->parent ? INODE_VOLATILE : 0;
	ti->node = node;
	ti->ctx = *c;
	ti->ctx.row = node->row;
	*out = &ti->i;
	return 0;
}

static struct textfs *textfs_of(const struct inode *i)
{
	return i->fs->priv;
}

static void put_last(struct inode *i)
{
	if (!inode_unref(i))
		return;
	inode_fini(i);
	slab_free(cache, text_inode(i));
}

/* --- directories -------------------------------------------------------------------------------------------- */

int64_t textfs_number(const struct name *n)
{
	int64_t v = 0;

	if (n->len == 0 || n->len > 10 || (n->s[0] == '0' && n->len > 1))
		return -1;
	for (size_t i = 0; i < n->len; i++) {
		if (n->s[i] < '0' || n->s[i] > '9')
			return -1;
		v = v * 10 + (n->s[i] - '0');
	}
	return v <= INT32_MAX ? v : -1;
}

static err_t lookup(struct inode *dir, const struct name *n, struct inode **out)
{
	struct text_inode *ti = text_inode(dir);
	struct text_node *c = child_of(ti->node, n);

	if (c)
		return textfs_inode(textfs_of(dir), c, &ti->ctx, out);
	return ti->node->lookup ? ti->node->lookup(dir, n, out) : -ENOENT;
}

/* Cookies: 1.. for the children of the tree, then the directory's own, moved up. */
enum { OWN_COOKIES = 1 << 20 };

static bool hidden(const struct text_node *c)
{
	return c->name[0] == '\0' || strcmp(c->name, "PID") == 0 || strcmp(c->name, "cpuN") == 0;
}

static err_t readdir(struct inode *dir, uint64_t cookie, struct dirent *out)
{
	struct text_inode *ti = text_inode(dir);
	uint64_t at = 0;
	err_t err;

	for (const struct text_node *c = ti->node->children; c && cookie < OWN_COOKIES;
	     c = c->next) {
		if (++at <= cookie || hidden(c))
			continue;
		*out = (struct dirent){
			.name = c->name,
			.len = c->len,
			.ino = c->id + ((uint64_t)ti->ctx.tid << 20) + ((uint64_t)ti->ctx.n << 40),
			.mode = c->mode & MODE_FMT,
			.cookie = at,
		};
		return 0;
	}
	if (!ti->node->readdir)
		return -ENOENT;
	err = ti->node->readdir(dir, cookie < OWN_COOKIES ? 0 : cookie - OWN_COOKIES, out);
	out->cookie += OWN_COOKIES;
	return err;
}

static const struct inode_ops dir_ops = {
	.lookup = lookup,
	.readdir = readdir,
	.put_last = put_last,
};

/* --- links ---------------------------------------------------------------------------------------------------- */

static long make_link(struct inode *i, char *buf, size_t size)
{
	struct text_inode *ti = text_inode(i);
	struct text t = { 0 };
	long n;

	ti->node->row->show(&t, &ti->ctx);
	n = t.failed ? -ENOMEM : (long)MIN(t.len, size);
	if (n > 0)
		memcpy(buf, t.buf, (size_t)n);
	text_free(&t);
	return n ? n : -ENOENT;
}

static err_t jump(struct inode *i, struct dentry **out)
{
	struct text_inode *ti = text_inode(i);

	return ti->node->row->jump(&ti->ctx, out);
}

static const struct inode_ops link_ops = { .readlink = make_link, .put_last = put_last };
static const struct inode_ops magic_ops = { .readlink = make_link,
					    .jump = jump,
					    .put_last = put_last };

/* --- texts ------------------------------------------------------------------------------------------------------ */

/* An open text: made at the first read, and again whenever reading starts over. */
struct open_text {
	struct mutex lock;
	struct text t;
	bool made;
};

static err_t make_text(struct file *f, struct open_text *o)
{
	struct text_inode *ti = text_inode(f->inode);

	text_free(&o->t);
	o->made = false;
	if (ti->node->row->show)
		ti->node->row->show(&o->t, &ti->ctx);
	if (o->t.failed)
		return -ENOMEM;
	o->made = true;
	return 0;
}

static long text_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct open_text *o = f->data;
	long n = 0;

	mutex_lock(&o->lock);
	if (*pos == 0 || !o->made)
		n = make_text(f, o);
	if (!n && *pos < o->t.len)
		n = uio_write(u, o->t.buf + *pos, MIN(u->left, o->t.len - *pos));
	mutex_unlock(&o->lock);
	if (n > 0)
		*pos += (uint64_t)n;
	return n;
}

static long text_write_file(struct file *f, struct uio *u, uint64_t *pos)
{
	const struct proc_row *row = text_inode(f->inode)->node->row;
	size_t n = u->left;
	char buf[256];
	long got;
	err_t err;

	if (!row->store)
		return -EIO;
	if (n >= sizeof(buf))
		return -EINVAL;
	got = uio_read(u, buf, n);
	if (got < 0)
		return got;
	buf[got] = '\0';
	err = row->store(buf, (size_t)got);
	if (err)
		return err;
	*pos += (uint64_t)got;
	return got;
}

static int64_t text_seek(struct file *f, int64_t off, int whence)
{
	int64_t to = off;

	if (whence == LX_SEEK_CUR)
		to += (int64_t)f->pos;
	else if (whence != LX_SEEK_SET)
		return -EINVAL;
	if (to < 0)
		return -EINVAL;
	f->pos = (uint64_t)to;
	return to;
}

static void text_release(struct file *f)
{
	struct open_text *o = f->data;

	text_free(&o->t);
	kfree(o);
}

static const struct file_ops text_file_ops = {
	.kind = "text",
	.read = text_read,
	.write = text_write_file,
	.seek = text_seek,
	.release = text_release,
};

static err_t open_text(struct inode *i, struct file *f)
{
	struct open_text *o;

	if (f->mode & FILE_WRITE && !text_inode(i)->node->row->store)
		return -EACCES;
	o = kzalloc(sizeof(*o));
	if (!o)
		return -ENOMEM;
	mutex_init(&o->lock);
	f->data = o;
	f->ops = &text_file_ops;
	f->mode |= FILE_SEEK;
	return 0;
}

static const struct inode_ops file_ops = { .open = open_text, .put_last = put_last };

/* --- mounting ----------------------------------------------------------------------------------------------------- */

static err_t stat_fs(struct fs *fs, struct fs_stat *out)
{
	*out = (struct fs_stat){ .type = ((struct textfs *)fs->priv)->magic, .block = 4096 };
	return 0;
}

static const struct fs_ops textfs_ops = { .stat = stat_fs };

err_t textfs_mount(struct textfs *t, const char *type, uint64_t magic, const char *path)
{
	const struct proc_ctx none = { 0 };
	struct inode *root;
	err_t err;

	if (!cache)
		cache = slab_new("textfs", sizeof(struct text_inode), 64);
	fs_init(&t->fs, &textfs_ops, type, FS_NODEV | FS_NOEXEC | FS_MEMORY);
	t->fs.priv = t;
	t->magic = magic;
	fmt(t->fs.source, sizeof(t->fs.source), "%s", type);
	err = textfs_inode(t, t->root, &none, &root);
	return err ? err : fs_mount(&t->fs, root, path);
}
