/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/pcache_map.c: a file's pages as the address space asks for them, and the cache's beginning and end. */
#include "vfs/pcache_int.h"

#include "lib/assert.h"
#include "vfs/dentry.h"
#include "vfs/fs.h"
#include "vfs/regular.h"
#include "vfs/vfs.h"
#include "vfs/writeback.h"

static err_t map_page(struct vm_object *o, uint64_t index, bool write, struct page **out)
{
	struct pcache *pc = pcache_of(o);
	struct page *p;
	err_t err;

	if (write)
		writeback_throttle(pc);
	do {
		if (index >= pcache_pages(pc))
			return -ENXIO;
		err = pcache_get(pc, index, NULL, &p);
		if (err)
			return err;
		if (write) {
			err = pcache_dirty(pc, p);
			if (err)
				page_put(p);
		}
	} while (err == -EAGAIN);
	if (!err)
		*out = p;
	return err;
}

static struct page *map_peek(struct vm_object *o, uint64_t index)
{
	struct pcache *pc = pcache_of(o);

	return index < pcache_pages(pc) ? pcache_peek(pc, index) : NULL;
}

static err_t map_sync(struct vm_object *o, uint64_t first, uint64_t last)
{
	struct pcache *pc = pcache_of(o);
	err_t err = pcache_flush(pc, first, last, true);

	if (!err && pc->inode->ops->sync)
		err = pc->inode->ops->sync(pc->inode, true);
	return err;
}

static void map_readahead(struct vm_object *o, uint64_t first, uint64_t n)
{
	if (pcache_of(o)->ops->fill)
		pcache_readahead(pcache_of(o), first, n);
}

static err_t map_punch(struct vm_object *o, uint64_t first, uint64_t n)
{
	return regular_punch(pcache_of(o)->inode, first << PAGE_SHIFT, n << PAGE_SHIFT);
}

static void map_get(struct vm_object *o)
{
	inode_get(pcache_of(o)->inode);
}

static void map_put(struct vm_object *o)
{
	inode_put(pcache_of(o)->inode);
}

static void map_ident(struct vm_object *o, uint64_t *dev, uint64_t *ino)
{
	const struct inode *i = pcache_of(o)->inode;

	*dev = i->fs->dev;
	*ino = i->ino;
}

static long map_path(struct vm_object *o, char *buf, size_t size)
{
	struct dentry *d;
	long n;

	spin_lock(&dcache_lock);
	d = pcache_of(o)->inode->alias;
	if (d)
		dentry_get_locked(d);
	spin_unlock(&dcache_lock);
	if (!d)
		return -ENOENT;
	n = vfs_path(d, buf, size);
	dentry_put(d);
	return n;
}

static const struct vm_object_ops object_ops = {
	.path = map_path,
	.get_page = map_page,
	.peek_page = map_peek,
	.sync = map_sync,
	.readahead = map_readahead,
	.punch = map_punch,
	.get = map_get,
	.put = map_put,
	.ident = map_ident,
};

void pcache_init(struct pcache *pc, struct inode *i, const struct pcache_ops *ops)
{
	*pc = (struct pcache){ .inode = i, .ops = ops };
	vm_object_init(&pc->obj, &object_ops);
	spin_init(&pc->lock, RANK_PCACHE);
	radix_init(&pc->tree);
	list_init(&pc->dirty_link);
}

void pcache_fini(struct pcache *pc)
{
	pcache_discard(pc, 0, PCACHE_INDEX_MAX);
	ASSERT(pc->npages == 0 && pc->ndirty == 0);
}
