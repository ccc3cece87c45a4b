/* SPDX-License-Identifier: Apache-2.0 */
#include "vfs/missing.h"

#include "kern/slab.h"
#include "kern/spinlock.h"
#include "lib/mem.h"
#include "lib/rbtree.h"

struct missing {
	struct rb_node node;
	char path[];
};

bool missing_wanted;

static struct spinlock lock = SPINLOCK_INIT(RANK_FILE);
static struct rb_root paths = RB_ROOT_INIT; /* [lock] by name; only ever grows */

static const char *path_of(const struct rb_node *n)
{
	return rb_entry(n, struct missing, node)->path;
}

/* Where the path is or would be: its node, or NULL with the place for it. */
static struct rb_node *find(const char *path, struct rb_node **parent, unsigned *side)
{
	struct rb_node *n = paths.node;

	*parent = NULL;
	while (n) {
		int c = strcmp(path, path_of(n));

		if (c == 0)
			return n;
		*parent = n;
		*side = c > 0;
		n = n->child[*side];
	}
	return NULL;
}

void missing_note(const char *path)
{
	size_t len = strlen(path) + 1;
	struct missing *m = kzalloc(sizeof(*m) + len);
	struct rb_node *parent;
	unsigned side = 0;
	bool known;

	if (!m)
		return;
	memcpy(m->path, path, len);
	spin_lock(&lock);
	known = find(path, &parent, &side);
	if (!known)
		rb_insert_at(&paths, &m->node, parent, side);
	spin_unlock(&lock);
	if (known)
		kfree(m);
}

/* The list only grows, so a node stays valid while fn runs without the lock. */
void missing_each(void (*fn)(const char *path, void *arg), void *arg)
{
	struct rb_node *n;

	spin_lock(&lock);
	for (n = rb_first(&paths); n; n = rb_next(n)) {
		spin_unlock(&lock);
		fn(path_of(n), arg);
		spin_lock(&lock);
	}
	spin_unlock(&lock);
}
