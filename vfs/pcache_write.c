/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/pcache_write.c: what changes a file's cached content: dirtying, writing, cutting. */
#include "vfs/pcache_int.h"

#include "lib/mem.h"
#include "vfs/vfs.h"
#include "vfs/writeback.h"

/* --- dirtying --------------------------------------------------------------------------------------------------- */

/* -EAGAIN: the page has left the file meanwhile. */
err_t pcache_dirty(struct pcache *pc, struct page *p)
{
	bool first = false, gone;

	if (p->flags & PAGE_DIRTY)
		return 0;
	if (pc->ops->reserve) {
		err_t err = pc->ops->reserve(pc, p);

		if (err)
			return err;
	}
	spin_lock(&pc->lock);
	gone = p->owner != &pc->obj;
	if (!gone && !(p->flags & PAGE_DIRTY)) {
		atomic_fetch_or(&p->flags, PAGE_DIRTY);
		radix_tag(&pc->tree, p->index);
		first = pc->ndirty++ == 0;
		if (pc->ops->write)
			writeback_page_dirty(1);
	}
	spin_unlock(&pc->lock);
	if (gone && pc->ops->unreserve)
		pc->ops->unreserve(pc, p);
	if (gone)
		return -EAGAIN;
	if (first && pc->ops->write)
		writeback_file(pc);
	return 0;
}

/* The whole page at index will be overwritten, or lies behind the end: no need to read it. */
static err_t get_for_write(struct pcache *pc, uint64_t index, bool whole, struct page **out)
{
	struct page *p = pcache_peek(pc, index);

	if (p) {
		*out = p;
		return 0;
	}
	if (!whole && (index << PAGE_SHIFT) < pc->inode->size)
		return pcache_get(pc, index, NULL, out);
	*out = NULL;
	return 0;
}

/*
 * A page that is not in the cache and need not be read: copy into a fresh one first, and only then show
 * it, so that no half-filled page is ever seen and no lock is held while user memory is touched. *out: the page, with
 * a reference, not yet dirty; copied bytes.
 */
static long write_fresh(struct pcache *pc, struct uio *u, uint64_t pos, size_t n, struct page **out)
{
	struct page *p = pcache_new_page(0);
	size_t off = pos & PAGE_MASK;
	char *va;
	long done;
	err_t err;

	if (!p)
		return -ENOMEM;
	va = page_va(p);
	memset(va, 0, off);
	done = uio_read(u, va + off, n);
	if (done <= 0) {
		page_put(p);
		return done;
	}
	memset(va + off + done, 0, PAGE_SIZE - off - (size_t)done);
	atomic_store(&p->flags, PAGE_CACHE | PAGE_UPTODATE);
	err = pcache_insert(pc, pos >> PAGE_SHIFT, p);
	if (!err) {
		*out = p;
		return done;
	}
	if (err == -EEXIST) { /* a fault or a reader was first: its page gets our bytes */
		err = pcache_get(pc, pos >> PAGE_SHIFT, NULL, out);
		if (!err)
			memcpy((char *)page_va(*out) + off, va + off, (size_t)done);
	}
	page_put(p);
	return err ? err : done;
}

/* A short copy into a fresh page would lose what the device has in the rest of it. */
static bool may_write_fresh(const struct pcache *pc, const struct uio *u, uint64_t pos, size_t n)
{
	return ALIGN_DOWN(pos, PAGE_SIZE) >= pc->inode->size || (n == PAGE_SIZE && u->kernel);
}

static long write_piece(struct pcache *pc, struct uio *u, uint64_t pos, size_t n)
{
	struct page *p;
	bool fresh;
	long done;
	err_t err;

	err = get_for_write(pc, pos >> PAGE_SHIFT, may_write_fresh(pc, u, pos, n), &p);
	if (err)
		return err;
	fresh = !p;
	if (p)
		err = pcache_dirty(pc, p); /* space first: nothing is copied that cannot be kept */
	if (err) {
		page_put(p);
		return err;
	}
	if (fresh) {
		done = write_fresh(pc, u, pos, n, &p);
		if (done <= 0)
			return done;
	} else {
		done = uio_read(u, (char *)page_va(p) + (pos & PAGE_MASK), n);
	}
	if (done > 0) {
		err = pcache_dirty(pc, p); /* again: write-back may have come in between */
		if (err)
			done = err;
	}
	if (err && fresh)
		pcache_discard_page(pc, p);
	page_put(p);
	return done;
}

/* What a mapping wrote behind the end must not come to light when the file grows over it. */
static void zero_tail(struct pcache *pc, uint64_t size)
{
	struct page *p;

	if (!(size & PAGE_MASK))
		return;
	p = pcache_peek(pc, size >> PAGE_SHIFT);
	if (!p)
		return;
	memset((char *)page_va(p) + (size & PAGE_MASK), 0, PAGE_SIZE - (size & PAGE_MASK));
	page_put(p);
}

long pcache_write(struct pcache *pc, struct uio *u, uint64_t pos)
{
	struct inode *i = pc->inode;
	long total = 0;

	if (pos > i->size)
		zero_tail(pc, i->size);
	while (u->left) {
		size_t n = MIN(PAGE_SIZE - (pos & PAGE_MASK), u->left);
		long done = write_piece(pc, u, pos, n);

		if (done == -EAGAIN)
			continue;
		if (done < 0)
			return total ? total : done;
		total += done;
		pos += (uint64_t)done;
		if (pos > i->size)
			i->size = pos;
		if ((size_t)done < n)
			break;
	}
	return total ? total : u->left ? -EFAULT : 0;
}

/* --- cutting ------------------------------------------------------------------------------------------------------- */

/* [off, off + n) of one page becomes zero in the file. */
static err_t zero_piece(struct pcache *pc, uint64_t off, size_t n)
{
	struct page *p;
	err_t err;

	do {
		err = pcache_get(pc, off >> PAGE_SHIFT, NULL, &p);
		if (err)
			return err;
		err = pcache_dirty(pc, p);
		if (!err) {
			memset((char *)page_va(p) + (off & PAGE_MASK), 0, n);
			err = pcache_dirty(pc, p);
		}
		page_put(p);
	} while (err == -EAGAIN);
	return err;
}

static void drop_pages(struct pcache *pc, uint64_t first, uint64_t last)
{
	vm_object_unmap(&pc->obj, first, last - first + 1, false);
	pcache_discard(pc, first, last);
	vm_object_unmap(&pc->obj, first, last - first + 1, false); /* faults that were under way */
}

static err_t shrink(struct pcache *pc, uint64_t size)
{
	struct inode *i = pc->inode;
	uint64_t old = i->size;
	size_t tail = size & PAGE_MASK;
	err_t err;

	if (tail) {
		err = zero_piece(pc, size, MIN(PAGE_SIZE - tail, old - size));
		if (err)
			return err;
	}
	i->size = size; /* from here on write-back and faults keep away from what goes */
	drop_pages(pc, DIV_UP(size, PAGE_SIZE), PCACHE_INDEX_MAX);
	return i->ops->truncate(i, size);
}

err_t pcache_truncate(struct pcache *pc, uint64_t size)
{
	struct inode *i = pc->inode;
	err_t err;

	if (size > PCACHE_SIZE_MAX)
		return -EFBIG;
	if (size < i->size)
		return shrink(pc, size);
	zero_tail(pc, i->size);
	err = i->ops->truncate(i, size);
	if (!err)
		i->size = size;
	return err;
}

err_t pcache_zero_range(struct pcache *pc, uint64_t off, uint64_t len)
{
	uint64_t end = MIN(off + len, pc->inode->size);
	uint64_t first = DIV_UP(off, PAGE_SIZE), stop = end >> PAGE_SHIFT;
	err_t err = 0;

	if (end <= off)
		return 0;
	if (first > stop) /* within one page */
		return zero_piece(pc, off, end - off);
	if (off & PAGE_MASK)
		err = zero_piece(pc, off, PAGE_SIZE - (off & PAGE_MASK));
	if (!err && end & PAGE_MASK)
		err = zero_piece(pc, stop << PAGE_SHIFT, end & PAGE_MASK);
	if (!err && stop > first)
		drop_pages(pc, first, stop - 1);
	return err;
}
