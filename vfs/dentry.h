/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/dentry.h: the name cache.  A dentry is a name in a directory and what it stands for, or that there is no
 * such file (negative).  All changes to names pass through here, so what the cache says is true.
 *
 * Locks: one spinlock, dcache_lock, guards the tree, the hash and the counts.  A walk over cached names holds it
 *        from start to end and touches no count but the last: that is what makes an open cheap.  It is wide, and
 *        held for microseconds; a program that opens files on many CPUs at once would feel it.
 * Memory: a dentry nobody holds stays on an LRU list until memory is short.
 *
 *   [d] dcache_lock   [I] set once
 */
#pragma once

#include "vfs/inode.h"

enum { DENTRY_SHORT = 40 };

struct dentry {
	struct dentry *hash_next; /* [d] */
	struct dentry *parent;	  /* [d] counted; its own for a root */
	struct inode *inode; /* [d] counted; NULL: negative. Set once from NULL, or dropped whole */
	struct fs *covered;  /* [d] a file system is mounted here */
	struct fs *fs;	     /* [I] */
	struct list lru;     /* [d] while refs == 0 */
	struct list link;    /* [d] in parent->children */
	struct list children; /* [d] */
	uint32_t refs;	      /* [d] */
	uint32_t hash;	      /* [d] of the name and the parent */
	uint16_t len;	      /* [d] */
	bool hashed;	      /* [d] false: deleted, or never had a name */
	bool anon;	      /* [I] no place in any directory (O_TMPFILE, memfd) */
	char *name;	      /* [d] terminated */
	char short_name[DENTRY_SHORT];
};

extern struct spinlock dcache_lock;

void dentry_init(void);
void dentry_get(struct dentry *d);
void dentry_put(struct dentry *d); /* threads, no spinlock; NULL is fine */
static inline void dentry_get_locked(struct dentry *d)
{
	if (d->refs++ == 0)
		list_del(&d->lru);
}
void dentry_put_locked(
	struct dentry *d); /* stays in memory at least until dcache_lock is dropped */

/* A file system's root, or a file without a name; takes over the inode reference. */
err_t dentry_new_root(struct fs *fs, struct inode *i, struct dentry **out) must_check;
err_t dentry_new_anon(struct inode *i, const char *name, struct dentry **out) must_check;

/* FNV-1a over the name, then the parent mixed in: a walk hashes while it looks for the end of the name. */
#define NAME_HASH_SEED 0xcbf29ce484222325ull
static inline uint64_t name_hash_add(uint64_t h, char c)
{
	return (h ^ (unsigned char)c) * 0x100000001b3ull;
}
static inline uint32_t name_hash_in(const struct dentry *parent, uint64_t h)
{
	h ^= (uintptr_t)parent >> 6;
	return (uint32_t)(h ^ h >> 29);
}
uint32_t dentry_hash(const struct dentry *parent, const char *s, size_t len);
/* Cached child; no reference. dcache_lock held. */
struct dentry *dentry_find_locked(struct dentry *parent, const char *s, size_t len, uint32_t hash);
/*
 * The child, cached or asked from the file system; positive or negative; with a reference.
 * Takes dir's lock when `locked` is false. -ENOENT: the directory was removed.
 */
err_t dentry_lookup(struct dentry *dir, const struct name *n, bool locked,
		    struct dentry **out) must_check;
/* A negative dentry becomes this inode's name; takes over the reference. Directory's lock held. */
void dentry_instantiate(struct dentry *d, struct inode *i);
/* The name is gone. Directory's lock held. */
void dentry_drop(struct dentry *d);
/*
 * Make sure that a later dentry_move() of d to this name cannot fail: room for the name.
 */
err_t dentry_move_prepare(const struct name *n, char **room) must_check;
/* d now stands under `dir` as `n`; what stood there is dropped. Takes over room. */
void dentry_move(struct dentry *d, struct dentry *dir, const struct name *n, char *room,
		 struct dentry *replaced);
void dentry_swap(struct dentry *a, struct dentry *b, char *room_for_a, char *room_for_b);
/* Is `d` at or below `top`? */
bool dentry_below(struct dentry *d, struct dentry *top);

/*
 * The path from `root`, terminated, at the end of buf: a pointer into buf, or NULL (too long).
 * *deleted: it has no name any more. *outside: it is not below root.
 */
char *dentry_path(struct dentry *d, struct dentry *root, char *buf, size_t size, bool *deleted,
		  bool *outside);
unsigned long dentry_prune(unsigned long n); /* frees up to n unused dentries */
