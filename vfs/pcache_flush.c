/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/pcache_flush.c: dirty pages on their way to the file system, a batch at a time. */
#include "vfs/pcache_int.h"

#include "vfs/writeback.h"

static unsigned collect(struct pcache *pc, uint64_t *index, uint64_t last, struct page **pages)
{
	struct page *p;
	unsigned n = 0;

	spin_lock(&pc->lock);
	while (n < PCACHE_BATCH && *index <= last && (p = radix_next_tagged(&pc->tree, index)) &&
	       *index <= last) {
		++*index;
		if (p->flags & PAGE_WRITEBACK)
			continue;
		page_get(p);
		atomic_fetch_or(&p->flags, PAGE_WRITEBACK);
		pcache_take_dirty_locked(pc, p);
		pages[n++] = p;
	}
	atomic_fetch_add(&pc->nflying, n);
	spin_unlock(&pc->lock);
	return n;
}

static err_t write_batch(struct pcache *pc, struct page **pages, unsigned n)
{
	uint64_t size = pc->inode->size;
	err_t err;

	vm_object_clean(&pc->obj, pages, n);
	err = pc->ops->write(pc, pages, n, size);
	if (err && err != -ENOMEM)
		atomic_store(&pc->error, err);
	for (unsigned i = 0; i < n; i++) {
		if (err == -ENOMEM) /* nothing is lost: another time */
			(void)!pcache_dirty(pc, pages[i]);
		pcache_clear(pages[i], PAGE_WRITEBACK);
		page_put(pages[i]);
	}
	atomic_fetch_sub(&pc->nflying, n);
	return err;
}

static void wait_written(struct pcache *pc, uint64_t first, uint64_t last)
{
	struct page *p;

	for (uint64_t i = first; pc->nflying && i <= last && (p = pcache_next(pc, &i, last)); i++) {
		pcache_wait(p, PAGE_WRITEBACK);
		page_put(p);
	}
}

err_t pcache_flush(struct pcache *pc, uint64_t first, uint64_t last, bool wait)
{
	struct page *pages[PCACHE_BATCH];
	uint64_t i = first;
	err_t err = 0;
	unsigned n;

	if (!pc->ops->write)
		return 0;
	last = MIN(last, (uint64_t)PCACHE_INDEX_MAX);
	if (wait)
		wait_written(pc, first, last);
	while (i <= last) {
		err_t e;

		n = collect(pc, &i, last, pages);
		if (!n)
			break;
		e = write_batch(pc, pages, n);
		if (!err)
			err = e;
	}
	if (wait) /* and what others took while we wrote */
		wait_written(pc, first, last);
	if (wait && pc->ndirty == 0)
		writeback_settle(pc); /* the caller counts the inode, too */
	return err;
}

bool pcache_next_dirty(struct pcache *pc, uint64_t *index)
{
	bool found;

	spin_lock(&pc->lock);
	found = radix_next_tagged(&pc->tree, index) != NULL;
	spin_unlock(&pc->lock);
	return found;
}

err_t pcache_take_error(struct pcache *pc)
{
	return atomic_exchange(&pc->error, 0);
}
