/* SPDX-License-Identifier: Apache-2.0 */
#include "vfs/dentry.h"

#include "abi/linux_fcntl.h"
#include "kern/slab.h"
#include "lib/assert.h"
#include "lib/mem.h"
#include "vfs/fs.h"
#include "vfs/notify.h"
#include "vfs/pcache.h"

enum { FIRST_BUCKETS = 256, MAX_BUCKETS = 65536 };

struct spinlock dcache_lock = SPINLOCK_INIT(RANK_DCACHE);

static struct dentry *first_table[FIRST_BUCKETS];
static struct dentry **table = first_table; /* [d] */
static uint32_t nbuckets = FIRST_BUCKETS;   /* [d] a power of two */
static uint32_t nhashed;		    /* [d] */
static struct list lru = LIST_INIT(lru);    /* [d] unused dentries, oldest first */
static struct slab_cache *cache;

/* --- counts ----------------------------------------------------------------------------------- */

void dentry_get(struct dentry *d)
{
	spin_lock(&dcache_lock);
	dentry_get_locked(d);
	spin_unlock(&dcache_lock);
}

static void unhash(struct dentry *d)
{
	struct dentry **p = &table[d->hash & (nbuckets - 1)];

	if (!d->hashed)
		return;
	while (*p != d)
		p = &(*p)->hash_next;
	*p = d->hash_next;
	d->hashed = false;
	nhashed--;
}

/* Out of the tree; on `dead` until the lock is dropped. The parent loses a count, and may follow. */
static void kill_locked(struct dentry *d, struct list *dead)
{
	struct dentry *parent = d->parent;

	unhash(d);
	if (d->inode && d->inode->alias == d)
		d->inode->alias = NULL;
	list_del(&d->link);
	list_del(&d->lru);
	list_add_tail(dead, &d->lru);
	if (parent == d)
		return;
	DEBUG_ASSERT(parent->refs);
	if (--parent->refs == 0) {
		if (parent->hashed)
			list_add_tail(&lru, &parent->lru);
		else
			kill_locked(parent, dead);
	}
}

static void free_dead(struct list *dead)
{
	struct dentry *d, *tmp;

	list_for_each_entry_safe (d, tmp, dead, lru) {
		if (d->inode && d->inode->nlink == 0)
			notify_gone(d->inode);
		inode_put(d->inode);
		if (d->name != d->short_name)
			kfree(d->name);
		slab_free(cache, d);
	}
}

void dentry_put_locked(struct dentry *d)
{
	DEBUG_ASSERT(d->refs);
	if (--d->refs == 0)
		list_add_tail(&lru, &d->lru);
}

void dentry_put(struct dentry *d)
{
	struct list dead = LIST_INIT(dead);

	if (!d)
		return;
	spin_lock(&dcache_lock);
	DEBUG_ASSERT(d->refs);
	if (--d->refs == 0) {
		if (d->hashed)
			list_add_tail(&lru, &d->lru);
		else
			kill_locked(d, &dead);
	}
	spin_unlock(&dcache_lock);
	if (unlikely(!list_empty(&dead)))
		free_dead(&dead);
}

static bool is_mapped(const struct dentry *d)
{
	return d->inode && d->inode->pages && !list_empty(&d->inode->pages->obj.areas);
}

unsigned long dentry_prune(unsigned long n)
{
	struct list dead = LIST_INIT(dead);
	unsigned long done = 0;

	spin_lock(&dcache_lock);
	for (unsigned long look = n * 2; look && done < n && !list_empty(&lru); look--) {
		struct dentry *d = list_entry(lru.next, struct dentry, lru);

		if (is_mapped(d)) { /* /proc/self/maps wants its name */
			list_del(&d->lru);
			list_add_tail(&lru, &d->lru);
			continue;
		}
		kill_locked(d, &dead);
		done++;
	}
	spin_unlock(&dcache_lock);
	free_dead(&dead);
	return done;
}

/* --- hash ------------------------------------------------------------------------------------- */

static void hash_in(struct dentry *d)
{
	struct dentry **b = &table[d->hash & (nbuckets - 1)];

	d->hash_next = *b;
	*b = d;
	d->hashed = true;
	nhashed++;
}

uint32_t dentry_hash(const struct dentry *parent, const char *s, size_t len)
{
	uint64_t h = NAME_HASH_SEED;

	for (size_t i = 0; i < len; i++)
		h = name_hash_add(h, s[i]);
	return name_hash_in(parent, h);
}

static inline uint64_t load8(const char *s)
{
	uint64_t v;

	__builtin_memcpy(&v, s, sizeof(v)); /* one load: freestanding memcpy() is a call */
	return v;
}

static inline uint32_t load4(const char *s)
{
	uint32_t v;

	__builtin_memcpy(&v, s, sizeof(v)); /* one load: freestanding memcpy() is a call */
	return v;
}

/* Mostly a few bytes: a call to memcmp() would cost more than the comparison. The last loads overlap. */
static inline bool same(const char *a, const char *b, size_t n)
{
	if (n < 4)
		return a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1];
	if (n < 8)
		return load4(a) == load4(b) && load4(a + n - 4) == load4(b + n - 4);
	for (size_t i = 0; i + 8 < n; i += 8)
		if (load8(a + i) != load8(b + i))
			return false;
	return load8(a + n - 8) == load8(b + n - 8);
}

struct dentry *dentry_find_locked(struct dentry *parent, const char *s, size_t len, uint32_t hash)
{
	struct dentry *d = table[hash & (nbuckets - 1)];

	for (; d; d = d->hash_next)
		if (d->hash == hash && d->parent == parent && d->len == len &&
		    same(d->name, s, len))
			return d;
	return NULL;
}

static void move_buckets(struct dentry **to, uint32_t n)
{
	for (uint32_t i = 0; i < nbuckets; i++)
		for (struct dentry *d = table[i], *next; d; d = next) {
			next = d->hash_next;
			d->hash_next = to[d->hash & (n - 1)];
			to[d->hash & (n - 1)] = d;
		}
}

/* Doubles the table when chains grow beyond two; without memory they just grow. */
static void grow_table(void)
{
	uint32_t n = nbuckets * 4;
	struct dentry **bigger, **old = NULL;

	if (nhashed < nbuckets * 2 || nbuckets >= MAX_BUCKETS)
		return;
	bigger = kzalloc(n * sizeof(*bigger));
	if (!bigger)
		return;
	spin_lock(&dcache_lock);
	if (n == nbuckets * 4) {
		move_buckets(bigger, n);
		old = table;
		table = bigger;
		nbuckets = n;
		bigger = NULL;
	}
	spin_unlock(&dcache_lock);
	kfree(bigger);
	if (old != first_table)
		kfree(old);
}

/* --- making ----------------------------------------------------------------------------------- */

static err_t set_name(struct dentry *d, const char *s, size_t len)
{
	d->name = d->short_name;
	if (len >= DENTRY_SHORT) {
		d->name = kmalloc(len + 1);
		if (!d->name)
			return -ENOMEM;
	}
	memcpy(d->name, s, len);
	d->name[len] = '\0';
	d->len = (uint16_t)len;
	return 0;
}

static void set_alias(struct dentry *d)
{
	if (d->inode && !d->inode->alias)
		d->inode->alias = d;
}

static struct dentry *new_dentry(struct fs *fs, const char *s, size_t len)
{
	struct dentry *d = slab_zalloc(cache);

	if (!d)
		return NULL;
	if (set_name(d, s, len)) {
		slab_free(cache, d);
		return NULL;
	}
	d->fs = fs;
	d->parent = d;
	d->refs = 1;
	list_init(&d->lru);
	list_init(&d->link);
	list_init(&d->children);
	return d;
}

err_t dentry_new_root(struct fs *fs, struct inode *i, struct dentry **out)
{
	struct dentry *d = new_dentry(fs, "/", 1);

	if (!d)
		return -ENOMEM;
	d->inode = i;
	*out = d;
	return 0;
}

err_t dentry_new_anon(struct inode *i, const char *name, struct dentry **out)
{
	struct dentry *d = new_dentry(i->fs, name, strlen(name));

	if (!d)
		return -ENOMEM;
	d->inode = i;
	set_alias(d);
	d->anon = true;
	*out = d;
	return 0;
}

/* --- look-up ---------------------------------------------------------------------------------- */

/* Names that come and go by themselves, and what hangs below them, are asked for each time. */
static bool worth_keeping(const struct dentry *d, const struct dentry *dir)
{
	const struct inode *i = d->inode ? d->inode : dir->inode;

	return !(i->flags & INODE_VOLATILE) && (dir->hashed || dir->parent == dir);
}

/* Hash `d` as a child of dir, unless a racing look-up was first: then that one. */
static struct dentry *enter(struct dentry *d, struct dentry *dir)
{
	bool keep = worth_keeping(d, dir);
	struct dentry *other;

	spin_lock(&dcache_lock);
	other = dentry_find_locked(dir, d->name, d->len, d->hash);
	if (other) {
		dentry_get_locked(other);
		spin_unlock(&dcache_lock);
		dentry_put(d);
		return other;
	}
	d->parent = dir;
	set_alias(d);
	dentry_get_locked(dir);
	list_add_tail(&dir->children, &d->link);
	if (keep)
		hash_in(d);
	spin_unlock(&dcache_lock);
	grow_table();
	return d;
}

/* dir->inode->lock held: what the file system answers cannot change before it is entered. */
static err_t ask(struct dentry *dir, const struct name *n, uint32_t hash, struct dentry **out)
{
	const struct inode_ops *ops = dir->inode->ops;
	struct dentry *d;
	err_t err;

	if (dir->inode->nlink == 0)
		return -ENOENT;
	d = new_dentry(dir->fs, n->s, n->len);
	if (!d)
		return -ENOMEM;
	d->hash = hash;
	err = ops->lookup ? ops->lookup(dir->inode, n, &d->inode) : -ENOTDIR;
	if (err && err != -ENOENT) {
		dentry_put(d);
		return err;
	}
	*out = enter(d, dir);
	return 0;
}

static struct dentry *find(struct dentry *dir, const struct name *n, uint32_t hash)
{
	struct dentry *d;

	spin_lock(&dcache_lock);
	d = dentry_find_locked(dir, n->s, n->len, hash);
	if (d)
		dentry_get_locked(d);
	spin_unlock(&dcache_lock);
	return d;
}

err_t dentry_lookup(struct dentry *dir, const struct name *n, bool locked,
		    struct dentry **out) no_lock_analysis
{
	uint32_t hash = dentry_hash(dir, n->s, n->len);
	struct dentry *d = find(dir, n, hash);
	err_t err = 0;

	if (d) {
		*out = d;
		return 0;
	}
	if (!locked)
		mutex_lock(&dir->inode->lock);
	d = find(dir, n, hash); /* somebody may have asked while we waited */
	if (d)
		*out = d;
	else
		err = ask(dir, n, hash, out);
	if (!locked)
		mutex_unlock(&dir->inode->lock);
	return err;
}

void dentry_instantiate(struct dentry *d, struct inode *i)
{
	spin_lock(&dcache_lock);
	DEBUG_ASSERT(!d->inode);
	d->inode = i;
	set_alias(d);
	spin_unlock(&dcache_lock);
}

void dentry_drop(struct dentry *d)
{
	spin_lock(&dcache_lock);
	unhash(d);
	spin_unlock(&dcache_lock);
}

/* --- moving ----------------------------------------------------------------------------------- */

err_t dentry_move_prepare(const struct name *n, char **room)
{
	*room = NULL;
	if (n->len >= DENTRY_SHORT) {
		*room = kmalloc(n->len + 1);
		if (!*room)
			return -ENOMEM;
	}
	return 0;
}

/* The old long name, for the caller to free. */
static char *rename_locked(struct dentry *d, const char *s, size_t len, char *room)
{
	char *old = d->name != d->short_name ? d->name : NULL;

	d->name = room ? room : d->short_name;
	memmove(d->name, s, len);
	d->name[len] = '\0';
	d->len = (uint16_t)len;
	return old;
}

static void reparent_locked(struct dentry *d, struct dentry *dir)
{
	struct dentry *old = d->parent;

	if (old != dir) {
		list_del(&d->link);
		list_add_tail(&dir->children, &d->link);
		dentry_get_locked(dir);
		d->parent = dir;
		dentry_put_locked(old);
	}
	d->hash = dentry_hash(dir, d->name, d->len);
	hash_in(d);
}

void dentry_move(struct dentry *d, struct dentry *dir, const struct name *n, char *room,
		 struct dentry *replaced)
{
	char *old;

	spin_lock(&dcache_lock);
	unhash(replaced);
	unhash(d);
	old = rename_locked(d, n->s, n->len, room);
	reparent_locked(d, dir);
	spin_unlock(&dcache_lock);
	kfree(old);
}

void dentry_swap(struct dentry *a, struct dentry *b, char *room_for_a, char *room_for_b)
{
	struct dentry *pa, *pb;
	char name_a[LX_NAME_MAX + 1], *old_a, *old_b;
	size_t len_a;

	spin_lock(&dcache_lock);
	pa = a->parent;
	pb = b->parent;
	unhash(a);
	unhash(b);
	len_a = a->len;
	memcpy(name_a, a->name, len_a);
	old_a = rename_locked(a, b->name, b->len, room_for_a);
	old_b = rename_locked(b, name_a, len_a, room_for_b);
	dentry_get_locked(pa); /* either may be the last child of the other's parent */
	reparent_locked(a, pb);
	reparent_locked(b, pa);
	dentry_put_locked(pa);
	spin_unlock(&dcache_lock);
	kfree(old_a);
	kfree(old_b);
}

bool dentry_below(struct dentry *d, struct dentry *top)
{
	bool below;

	spin_lock(&dcache_lock);
	while (d != top && d->parent != d)
		d = d->parent;
	below = d == top;
	spin_unlock(&dcache_lock);
	return below;
}

/* --- paths ------------------------------------------------------------------------------------ */

static char *prepend(char *at, const char *buf, const char *s, size_t len)
{
	if (!at || (size_t)(at - buf) < len)
		return NULL;
	return memcpy(at - len, s, len);
}

char *dentry_path(struct dentry *d, struct dentry *root, char *buf, size_t size, bool *deleted,
		  bool *outside)
{
	char *at = buf + size - 1;

	*at = '\0';
	*outside = false;
	spin_lock(&dcache_lock);
	*deleted = d->parent != d && !d->hashed && worth_keeping(d, d->parent);
	while (d != root) {
		if (d->parent == d && d->anon) {
			at = prepend(at, buf, d->name, d->len);
			break;
		}
		if (d->parent == d) {
			if (!d->fs->on) {
				*outside = true;
				break;
			}
			d = d->fs->on;
			continue;
		}
		at = prepend(at, buf, d->name, d->len);
		at = prepend(at, buf, "/", 1);
		d = d->parent;
	}
	spin_unlock(&dcache_lock);
	if (at && !*at)
		at = prepend(at, buf, "/", 1);
	return at;
}

void dentry_init(void)
{
	cache = slab_new("dentry", sizeof(struct dentry), 64);
}
