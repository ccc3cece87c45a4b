/* SPDX-License-Identifier: Apache-2.0 */
/* tools/mkimage.c: filling a file system and finishing an image. */
#include "tools/mkimage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/mkimage_int.h"

enum {
	LOG_SECTORS_MIN = 64,
	LOG_BYTES_A_FILE = 192,
	ROOM_DEFAULT = 512 * 1024,
};

/* --- memory and failing ------------------------------------------------------------------------ */

static void *mem_get(struct alloc *a, size_t size)
{
	(void)a;
	return malloc(size ? size : 1);
}

static void *mem_resize(struct alloc *a, void *p, size_t old, size_t size)
{
	(void)a;
	(void)old;
	return realloc(p, size);
}

static void mem_put(struct alloc *a, void *p, size_t size)
{
	(void)a;
	(void)size;
	free(p);
}

struct alloc *mkimage_alloc(void)
{
	static struct alloc a = { mem_get, mem_resize, mem_put };

	return &a;
}

bool mk_fail(struct mkimage *m, const char *f, ...)
{
	va_list ap;

	if (m->failed)
		return false;
	m->failed = true;
	va_start(ap, f);
	vsnprintf(m->err->text, sizeof(m->err->text), f, ap);
	va_end(ap);
	return false;
}

bool mk_fail_err(struct mkimage *m, err_t err, const char *what)
{
	if (err == -ENOSPC && m->o.size)
		return mk_fail(m, "%s: does not fit into %llu bytes", what,
			       (unsigned long long)m->o.size);
	if (err == -EINVAL)
		return mk_fail(m, "%s: not a name that a file can have", what);
	return mk_fail(m, "%s: %s", what, strerror(-err));
}

/* FNV-1a, 128 bits: not against an adversary, only unlike for unlike images. */
void mk_key(struct mkimage *m, const void *p, size_t n)
{
	const unsigned __int128 prime = ((unsigned __int128)1 << 88) | 0x13b;

	for (size_t i = 0; i < n; i++)
		m->key = (m->key ^ ((const uint8_t *)p)[i]) * prime;
}

/* --- beginning ----------------------------------------------------------------------------------- */

static uint64_t log_sectors(const struct mkimage_opts *o)
{
	uint64_t bytes = o->log_hint * LOG_BYTES_A_FILE;

	return MAX(DIV_UP(bytes + bytes / 4, (uint64_t)MK_SECTOR), (uint64_t)LOG_SECTORS_MIN);
}

static bool begin(struct mkimage *m)
{
	uint64_t first, end;

	if (!mk_open(m))
		return false;
	end = m->o.size ? m->o.size / MK_SECTOR : (m->o.bare ? 1ull << 40 : UINT32_MAX);
	fileblk_init(&m->dev, m->fd, end, false);
	first = m->o.bare ? 0 : mk_root_start(m);
	if (m->failed)
		return false;
	if (end < first + LOG_SECTORS_MIN + 64)
		return mk_fail(m, "%s: %llu bytes are too few for a file system", m->o.path,
			       (unsigned long long)m->o.size);
	return mk_format(m, &m->root, m->o.format, first, end - first, log_sectors(&m->o));
}

struct mkimage *mkimage_begin(const struct mkimage_opts *o, struct mkimage_error *err)
{
	struct mkimage *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->o = *o;
	m->err = err;
	m->fd = -1;
	err->text[0] = 0;
	if (!m->o.format)
		m->o.format = 6;
	m->chunk = malloc(MK_CHUNK);
	if (begin(m)) {
		m->root_dir = tfs_root(m->root.fs);
		mk_key(m, m->o.label ? m->o.label : "", m->o.label ? strlen(m->o.label) : 0);
	}
	return m;
}

struct tfs_inode *mkimage_root(struct mkimage *m)
{
	return m->failed ? NULL : m->root_dir;
}

/* --- names --------------------------------------------------------------------------------------- */

static struct tfs_new new_of(struct mkimage *m, uint32_t type, const char *name,
			     const struct mkimage_attr *a)
{
	struct tfs_new n = {
		.mode = type | (a->mode & 07777),
		.uid = a->uid,
		.gid = a->gid,
		.now = a->mtime,
	};

	mk_key(m, name, strlen(name) + 1);
	mk_key(m, &n.mode, sizeof(n.mode));
	mk_key(m, &n.now, sizeof(n.now));
	return n;
}

static void hold(struct mkimage *m, struct tfs_inode *i, int64_t mtime)
{
	if (m->ndir == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 64;
		m->dir = realloc(m->dir, m->cap * sizeof(*m->dir));
		if (!m->dir)
			abort();
	}
	m->dir[m->ndir].i = i;
	m->dir[m->ndir++].mtime = mtime;
}

struct tfs_inode *mkimage_dir(struct mkimage *m, struct tfs_inode *parent, const char *name,
			      const struct mkimage_attr *a)
{
	struct tfs_inode *i;
	struct tfs_new n;
	err_t err;

	if (m->failed)
		return NULL;
	err = tfs_lookup(parent, name, strlen(name), &i);
	if (!err && !S_ISDIR(i->mode)) {
		tfs_put(i);
		err = -EEXIST;
	} else if (err == -ENOENT) {
		n = new_of(m, S_IFDIR, name, a);
		err = tfs_create(parent, name, strlen(name), &n, &i);
	}
	if (err) {
		mk_fail_err(m, err, name);
		return NULL;
	}
	hold(m, i, a->mtime);
	return i;
}

bool mkimage_link(struct mkimage *m, struct tfs_inode *dir, const char *name,
		  const struct mkimage_attr *a, const char *target)
{
	struct tfs_inode *i;
	struct tfs_new n;
	err_t err;

	if (m->failed)
		return false;
	n = new_of(m, S_IFLNK, name, a);
	n.target = target;
	n.target_len = strlen(target);
	mk_key(m, target, n.target_len + 1);
	err = tfs_create(dir, name, strlen(name), &n, &i);
	if (err)
		return mk_fail_err(m, err, name);
	tfs_put(i);
	return true;
}

static err_t walk(struct mkimage *m, const char *path, struct tfs_inode **out)
{
	struct tfs_inode *i = tfs_get(m->root_dir), *next;
	err_t err = 0;

	while (*path && !err) {
		size_t len = strcspn(path, "/");

		if (len) {
			err = tfs_lookup(i, path, len, &next);
			if (!err) {
				tfs_put(i);
				i = next;
			}
		}
		path += len + (path[len] == '/');
	}
	if (err)
		tfs_put(i);
	else
		*out = i;
	return err;
}

bool mkimage_hardlink(struct mkimage *m, struct tfs_inode *dir, const char *name, const char *path)
{
	struct tfs_inode *i;
	err_t err;

	if (m->failed)
		return false;
	mk_key(m, name, strlen(name) + 1);
	mk_key(m, path, strlen(path) + 1);
	err = walk(m, path, &i);
	if (err)
		return mk_fail_err(m, err, path);
	err = tfs_link(dir, name, strlen(name), i, 0);
	tfs_put(i);
	return err ? mk_fail_err(m, err, name) : true;
}

/* --- contents ------------------------------------------------------------------------------------ */

static bool all_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* Pages of zeros stay holes of the image file, whose blocks read as zeros anyway. */
static err_t write_sparse(struct mkimage *m, uint64_t sector, const uint8_t *p, size_t len)
{
	enum { PAGE = 4096 };
	size_t at = 0;

	while (at < len) {
		size_t end = at;

		while (end < len &&
		       (m->in_place || !all_zero(p + end, MIN(len - end, (size_t)PAGE))))
			end += MIN(len - end, (size_t)PAGE);
		if (end > at) {
			err_t err = m->dev.blk.write(&m->dev.blk, sector + at / MK_SECTOR, p + at,
						     (uint32_t)((end - at) / MK_SECTOR));
			if (err)
				return err;
		}
		at = end < len ? end + MIN(len - end, (size_t)PAGE) : len;
	}
	return 0;
}

/* The next `len` bytes of the source. */
static bool fetch(struct mkimage *m, int fd, const struct mkimage_src *s, uint64_t off, size_t len)
{
	size_t got = 0;

	if (fd < 0 && len)
		memcpy(m->chunk, (const uint8_t *)s->data + off, len);
	if (fd < 0)
		got = len;
	while (got < len) {
		ssize_t n = pread(fd, m->chunk + got, len - got, (off_t)(off + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mk_fail(m, "%s: %s", s->host, strerror(errno));
		if (n == 0)
			return mk_fail(m, "%s: became shorter while it was read", s->host);
		got += (size_t)n;
	}
	return true;
}

static bool copy_extent(struct mkimage *m, int fd, const struct mkimage_src *s, uint64_t off,
			uint64_t size, const struct tfs_extent *x)
{
	uint64_t len = x->n * MK_SECTOR;

	for (uint64_t at = 0; at < len; at += MK_CHUNK) {
		size_t room = (size_t)MIN(len - at, (uint64_t)MK_CHUNK);
		size_t n = (size_t)MIN((uint64_t)room, off + at < size ? size - off - at : 0);
		err_t err;

		/* Zeros to the end of the unit: whoever extends the file must not find more. */
		if (!fetch(m, fd, s, off + at, n))
			return false;
		memset(m->chunk + n, 0, room - n);
		err = write_sparse(m, x->sector + at / MK_SECTOR, m->chunk, room);
		if (err)
			return mk_fail_err(m, err, m->o.path);
		m->written += n;
		if (m->o.progress)
			m->o.progress(m->o.progress_arg, m->written);
	}
	return true;
}

static bool copy_data(struct mkimage *m, struct tfs_inode *i, int fd, const struct mkimage_src *s,
		      uint64_t size)
{
	uint64_t blocks = ALIGN_UP(DIV_UP(size, (uint64_t)MK_SECTOR), (uint64_t)TFS_ALLOC),
		 block = 0;
	int64_t mtime = i->mtime;
	err_t err = 0;

	while (block < blocks && !err) {
		struct tfs_extent x;

		err = tfs_write_begin(i, block, blocks - block, false, &x);
		if (!err && !copy_extent(m, fd, s, block * MK_SECTOR, size, &x))
			return false;
		block += err ? 0 : x.n;
	}
	if (!err && size)
		err = tfs_write_end(i, 0, blocks, size, mtime);
	return err ? mk_fail_err(m, err, s->host ? s->host : m->o.path) : true;
}

static int open_src(struct mkimage *m, const struct mkimage_src *s, uint64_t *size)
{
	struct stat st;
	int fd = open(s->host, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0) {
		mk_fail(m, "%s: %s", s->host, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		mk_fail(m, "%s: not a regular file", s->host);
	} else {
		*size = (uint64_t)st.st_size;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* A program or a library: what exec_protection has to let through. */
static bool mark_program(struct mkimage *m, struct tfs_inode *i, int fd)
{
	char magic[4];
	err_t err;

	if (!m->mark || fd < 0 || pread(fd, magic, 4, 0) != 4 ||
	    memcmp(magic,
		   "\x7f"
		   "ELF",
		   4) != 0)
		return true;
	err = tfs_inode_set(i, "exec", value_string(tfs_store(i->fs), "t", 1));
	return err ? mk_fail_err(m, err, "exec") : true;
}

bool mkimage_file(struct mkimage *m, struct tfs_inode *dir, const char *name,
		  const struct mkimage_attr *a, const struct mkimage_src *s)
{
	uint64_t size = s->len;
	struct tfs_inode *i;
	struct tfs_new n;
	int fd = -1;
	err_t err;
	bool ok;

	if (m->failed)
		return false;
	if (s->host) {
		fd = open_src(m, s, &size);
		if (fd < 0)
			return false;
	}
	n = new_of(m, S_IFREG, name, a);
	mk_key(m, &size, sizeof(size));
	err = tfs_create(dir, name, strlen(name), &n, &i);
	ok = !err || mk_fail_err(m, err, name);
	if (ok) {
		ok = copy_data(m, i, fd, s, size) && mark_program(m, i, fd);
		tfs_put(i);
	}
	if (fd >= 0)
		close(fd);
	return ok;
}

/* --- the root tuple -------------------------------------------------------------------------------- */

bool mkimage_set(struct mkimage *m, const char *key, const char *text)
{
	struct value v;
	err_t err;

	if (m->failed)
		return false;
	mk_key(m, key, strlen(key) + 1);
	mk_key(m, text, strlen(text) + 1);
	v = value_string(tfs_store(m->root.fs), text, strlen(text));
	err = tfs_root_set(m->root.fs, key, v);
	return err ? mk_fail_err(m, err, key) : true;
}

/* A copy in the file system's store: symbols belong to a store.  The manifest's parser bounds no depth; the host's stack does. */
static struct value copy_value(struct mkimage *m, const struct value *v)
{
	struct vstore *vs = tfs_store(m->root.fs);
	const struct entry *e;
	struct tuple *t;
	uint32_t i = 0;
	err_t err = 0;

	mk_key(m, &(uint8_t){ (uint8_t)v->type }, 1);
	if (v->type == VALUE_INT)
		return *v;
	if (v->type == VALUE_STRING || v->type == VALUE_BUFFER) {
		mk_key(m, v->s, v->len);
		return v->type == VALUE_STRING ? value_string(vs, v->s, v->len)
					       : value_buffer(vs, v->s, v->len);
	}
	t = tuple_new(vs, v->t->live);
	while (t && !err && (e = tuple_next(v->t, &i)) != NULL) {
		struct value c = copy_value(m, &e->v);
		struct sym *key = e->key ? sym_get(vs, e->key->s, e->key->len) : NULL;

		if (e->key)
			mk_key(m, e->key->s, e->key->len + 1);
		err = key ? tuple_set(vs, t, key, c) : vector_add(vs, t, c);
		sym_put(vs, key);
	}
	if (!t || err)
		abort(); /* no memory: nobody here goes on from that */
	return v->type == VALUE_TUPLE ? value_tuple(t) : value_vector(t);
}

bool mkimage_manifest(struct mkimage *m, const struct tuple *root)
{
	static const char *const ours[] = { "children", "boot", "imagesize" };
	const struct entry *e;
	uint32_t i = 0;
	err_t err;

	m->mark = m->o.mark_programs && value_get_flag(tuple_get(root, "exec_protection"));
	while (!m->failed && (e = tuple_next(root, &i)) != NULL) {
		bool skip = !e->key;

		for (size_t k = 0; k < ARRAY_LEN(ours) && !skip; k++)
			skip = strcmp(e->key->s, ours[k]) == 0;
		if (skip)
			continue;
		mk_key(m, e->key->s, e->key->len + 1);
		err = tfs_root_set(m->root.fs, e->key->s, copy_value(m, &e->v));
		if (err)
			mk_fail_err(m, err, e->key->s);
	}
	return !m->failed;
}

/* --- ending ---------------------------------------------------------------------------------------- */

static void put_dirs(struct mkimage *m)
{
	for (size_t k = 0; k < m->ndir; k++) {
		struct tfs_attr a = { .set = TFS_SET_MTIME | TFS_SET_CTIME,
				      .mtime = m->dir[k].mtime,
				      .ctime = m->dir[k].mtime };

		/* Making its files has touched it; a failure would be the file system's, seen at sync. */
		if (!m->failed && m->dir[k].mtime && tfs_setattr(m->dir[k].i, &a))
			mk_fail(m, "%s: cannot be written", m->o.path);
		tfs_put(m->dir[k].i);
	}
	free(m->dir);
	m->ndir = 0;
	m->dir = NULL;
	tfs_put(m->root_dir);
	m->root_dir = NULL;
}

static void pick_uuid(struct mkimage *m)
{
	static const uint8_t zero[TFS_UUID];
	uint8_t uuid[TFS_UUID];

	if (memcmp(m->o.uuid, zero, TFS_UUID) != 0)
		return;
	for (int i = 0; i < TFS_UUID; i++)
		uuid[i] = (uint8_t)(m->key >> 8 * i);
	uuid[6] = (uuid[6] & 0x0f) | 0x80; /* RFC 9562 5.8: version 8, made our own way */
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
	tfs_set_uuid(m->root.fs, uuid);
	if (m->boot.fs)
		tfs_set_uuid(m->boot.fs, uuid);
}

static bool sync_fs(struct mkimage *m, struct mk_fs *f)
{
	err_t err = tfs_sync(f->fs);

	return err ? mk_fail_err(m, err, m->o.path) : true;
}

/* What the image is cut or extended to, in sectors of the root file system. */
static bool final_size(struct mkimage *m, uint64_t *sectors)
{
	uint64_t room = m->o.room ? m->o.room : ROOM_DEFAULT;
	err_t err;

	if (m->o.size) {
		*sectors = m->root.w.nsect;
		return true;
	}
	err = tfs_end(m->root.fs, sectors);
	*sectors = ALIGN_UP(*sectors + room / MK_SECTOR, (uint64_t)8);
	return err ? mk_fail_err(m, err, m->o.path) : true;
}

static bool finish(struct mkimage *m)
{
	uint64_t sectors;

	pick_uuid(m);
	if (m->boot.fs && !sync_fs(m, &m->boot))
		return false;
	if (!sync_fs(m, &m->root) || !final_size(m, &sectors))
		return false;
	if (!m->o.bare && !mk_write_mbr(m, sectors))
		return false;
	if (!m->in_place && ftruncate(m->fd, (off_t)((m->root.w.first + sectors) * MK_SECTOR)) < 0)
		return mk_fail(m, "%s: %s", m->o.path, strerror(errno));
	return mk_close(m);
}

static void free_all(struct mkimage *m)
{
	if (m->root_dir)
		put_dirs(m);
	if (m->root.fs)
		tfs_unmount(m->root.fs);
	if (m->boot.fs)
		tfs_unmount(m->boot.fs);
	mk_discard(m);
	free(m->tmp);
	free(m->chunk);
	free(m->dir);
	free(m);
}

bool mkimage_finish(struct mkimage *m)
{
	bool ok;

	if (!m->failed)
		put_dirs(m);
	ok = !m->failed && finish(m);
	if (ok) { /* renamed: nothing to remove */
		free(m->tmp);
		m->tmp = NULL;
	}
	free_all(m);
	return ok;
}

void mkimage_abort(struct mkimage *m)
{
	m->failed = true;
	free_all(m);
}
