/* SPDX-License-Identifier: Apache-2.0 */
/* dev/blks.c: the list of block devices and their names. */
#include "dev/blks.h"

#include "kern/slab.h"
#include "lib/fmt.h"
#include "lib/mem.h"

struct blk_entry {
	struct list link;
	struct blk *blk;
	char name[16];
};

static struct list all = LIST_INIT(all); /* [I] grows at boot only */
static unsigned count;

/* a .. z, aa .. zz, ...: 0 is "a", 26 is "aa". */
static void letters(unsigned n, char *out)
{
	char rev[8];
	size_t len = 0;

	for (n++; n; n = (n - 1) / 26)
		rev[len++] = (char)('a' + (n - 1) % 26);
	for (size_t i = 0; i < len; i++)
		out[i] = rev[len - 1 - i];
	out[len] = '\0';
}

err_t blk_register(struct blk *b, const char *prefix)
{
	struct blk_entry *e = kzalloc(sizeof(*e));
	char suffix[8];

	if (!e)
		return -ENOMEM;
	letters(count++, suffix);
	fmt(e->name, sizeof(e->name), "%s%s", prefix, suffix);
	e->blk = b;
	b->name = e->name;
	list_add_tail(&all, &e->link);
	return 0;
}

struct blk *blk_next(const struct blk *after)
{
	struct blk_entry *e;
	bool take = !after;

	list_for_each_entry (e, &all, link) {
		if (take)
			return e->blk;
		take = e->blk == after;
	}
	return NULL;
}

struct blk *blk_find(const char *name)
{
	struct blk_entry *e;

	list_for_each_entry (e, &all, link)
		if (strcmp(e->name, name) == 0 || (*name && strcmp(e->blk->serial, name) == 0))
			return e->blk;
	return NULL;
}
