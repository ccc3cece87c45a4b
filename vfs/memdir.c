/* SPDX-License-Identifier: Apache-2.0 */
#include "vfs/memdir.h"

#include "kern/slab.h"
#include "lib/mem.h"

void memdir_init(struct memdir *m)
{
	*m = (struct memdir){ 0 };
}

static int compare(const struct name *n, const struct memdir_entry *e)
{
	int c = memcmp(n->s, e->name, MIN(n->len, (size_t)e->len));

	return c ? c : (int)n->len - (int)e->len;
}

struct memdir_entry *memdir_find(const struct memdir *m, const struct name *n)
{
	struct rb_node *at = m->by_name.node;

	while (at) {
		struct memdir_entry *e = rb_entry(at, struct memdir_entry, by_name);
		int c = compare(n, e);

		if (c == 0)
			return e;
		at = at->child[c > 0];
	}
	return NULL;
}

struct memdir_entry *memdir_entry_new(const struct name *n, struct inode *i)
{
	struct memdir_entry *e = kzalloc(sizeof(*e) + n->len + 1);

	if (!e)
		return NULL;
	memcpy(e->name, n->s, n->len);
	e->len = (uint16_t)n->len;
	e->inode = i;
	inode_get(i);
	return e;
}

static bool name_less(const struct rb_node *a, const struct rb_node *b)
{
	const struct memdir_entry *ea = rb_entry(a, struct memdir_entry, by_name);
	struct name n = { .s = ea->name, .len = ea->len };

	return compare(&n, rb_entry(b, struct memdir_entry, by_name)) < 0;
}

static bool cookie_less(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct memdir_entry, by_cookie)->cookie <
	       rb_entry(b, struct memdir_entry, by_cookie)->cookie;
}

void memdir_insert(struct memdir *m, struct memdir_entry *e)
{
	e->cookie = ++m->last_cookie;
	rb_insert(&m->by_name, &e->by_name, name_less);
	rb_insert(&m->by_cookie, &e->by_cookie, cookie_less);
	m->n++;
}

void memdir_remove(struct memdir *m, struct memdir_entry *e)
{
	rb_remove(&m->by_name, &e->by_name);
	rb_remove(&m->by_cookie, &e->by_cookie);
	m->n--;
	inode_put(e->inode);
	kfree(e);
}

struct memdir_entry *memdir_after(const struct memdir *m, uint64_t cookie)
{
	struct rb_node *at = m->by_cookie.node;
	struct memdir_entry *best = NULL;

	while (at) {
		struct memdir_entry *e = rb_entry(at, struct memdir_entry, by_cookie);

		if (e->cookie > cookie)
			best = e;
		at = at->child[e->cookie <= cookie];
	}
	return best;
}

err_t memdir_readdir(const struct memdir *m, uint64_t cookie, struct dirent *out)
{
	const struct memdir_entry *e = memdir_after(m, cookie);

	if (!e)
		return -ENOENT;
	*out = (struct dirent){
		.name = e->name,
		.len = e->len,
		.ino = e->inode->ino,
		.mode = e->inode->mode & MODE_FMT,
		.cookie = e->cookie,
	};
	return 0;
}
