/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/pcache.c: the tree of a file's pages: finding, filling, dirtying, removing. */
#include "vfs/pcache.h"
#include "vfs/regular.h"

#include "kern/slab.h"
#include "kern/thread.h"
#include "lib/assert.h"
#include "lib/mem.h"
#include "vfs/fs.h"
#include "vfs/reclaim.h"
#include "vfs/vfs.h"
#include "vfs/writeback.h"

static struct slab_cache *node_cache;

/* --- waiting for a page: a few queues, by address ---------------------------------------------------- */

enum { NWAITS = 64 };

static struct page_wait {
	struct spinlock lock;
	struct waitq wq;
} waits[NWAITS];

static struct page_wait *wait_of(const struct page *p)
{
	return &waits[((uintptr_t)p / sizeof(*p)) % NWAITS];
}

void pcache_wait(struct page *p, uint16_t flags)
{
	struct page_wait *w = wait_of(p);
	bool on;

	if (!(p->flags & flags))
		return;
	on = spin_lock_irq(&w->lock);
	while (p->flags & flags) {
		if (waitq_wait_deaf(&w->wq, WAIT_FOREVER) == 0)
			continue;
		spin_unlock_irq(&w->lock, on); /* the program ends; the device still has the page */
		sched_yield();
		on = spin_lock_irq(&w->lock);
	}
	spin_unlock_irq(&w->lock, on);
}

void pcache_clear(struct page *p, uint16_t flags)
{
	struct page_wait *w = wait_of(p);
	bool on = spin_lock_irq(&w->lock);

	atomic_fetch_and(&p->flags, (uint16_t)~flags);
	waitq_wake(&w->wq, UINT32_MAX);
	spin_unlock_irq(&w->lock, on);
}

void pcache_filled(struct page *p, err_t err)
{
	atomic_fetch_or(&p->flags, err ? PAGE_ERROR : PAGE_UPTODATE);
	pcache_clear(p, PAGE_LOCKED);
	page_put(p); /* the reader's own */
}

/* --- the tree ------------------------------------------------------------------------------------------- */

static void free_nodes(struct radix_node *n)
{
	while (n) {
		struct radix_node *next = n->next;

		slab_free(node_cache, n);
		n = next;
	}
}

static err_t add_nodes(struct radix_node **spare, unsigned n)
{
	for (; n; n--) {
		struct radix_node *node = slab_alloc(node_cache);

		if (!node)
			return -ENOMEM;
		node->next = *spare;
		*spare = node;
	}
	return 0;
}

static unsigned count_nodes(const struct radix_node *n)
{
	unsigned c = 0;

	for (; n; n = n->next)
		c++;
	return c;
}

/* lru_lock and pc->lock held. */
static void insert_locked(struct pcache *pc, uint64_t index, struct page *p,
			  struct radix_node **spare)
{
	p->owner = &pc->obj;
	p->index = (uint32_t)index;
	radix_insert(&pc->tree, index, p, spare);
	pc->npages++;
	lru_add_locked(p);
	page_get(p); /* the tree's */
}

/* p, with flags set by the caller, enters the tree. -EEXIST: there is one already. -ENOMEM. */
static err_t insert(struct pcache *pc, uint64_t index, struct page *p)
{
	struct radix_node *spare = NULL;
	err_t err = 0;

	for (;;) {
		unsigned need;

		spin_lock(&lru_lock);
		spin_lock(&pc->lock);
		need = radix_need(&pc->tree, index);
		if (radix_get(&pc->tree, index))
			err = -EEXIST;
		else if (count_nodes(spare) >= need)
			insert_locked(pc, index, p, &spare);
		else
			err = -EAGAIN;
		spin_unlock(&pc->lock);
		spin_unlock(&lru_lock);
		if (err != -EAGAIN)
			break;
		err = add_nodes(&spare, need - count_nodes(spare));
		if (err)
			break;
	}
	free_nodes(spare);
	if (!err)
		page_account(PAGE_CACHE, 1);
	return err;
}

static struct page *find_get(struct pcache *pc, uint64_t index)
{
	struct page *p;

	spin_lock(&pc->lock);
	p = radix_get(&pc->tree, index);
	if (p)
		page_get(p);
	spin_unlock(&pc->lock);
	return p;
}

static void note_use(struct page *p)
{
	if (!(p->flags & PAGE_ACTIVE))
		atomic_fetch_or(&p->flags, PAGE_ACTIVE);
}

struct page *pcache_peek(struct pcache *pc, uint64_t index)
{
	struct page *p = find_get(pc, index);

	if (!p)
		return NULL;
	if (likely(p->flags & PAGE_UPTODATE)) {
		note_use(p);
		return p;
	}
	page_put(p);
	return NULL;
}

/* --- removal --------------------------------------------------------------------------------------------- */

/* lru_lock and pc->lock held. The tree's reference becomes the caller's. */
static void remove_locked(struct pcache *pc, struct page *p, struct radix_node **spare)
{
	struct page *there = radix_remove(&pc->tree, p->index, spare);

	ASSERT(there == p);
	pc->npages--;
	lru_del_locked(p);
	p->owner = NULL;
}

bool pcache_evict_locked(struct page *p, unsigned refs) no_lock_analysis
{
	struct pcache *pc = pcache_of(p->owner);
	struct radix_node *spare = NULL;
	bool ok;

	if (!spin_trylock(&pc->lock))
		return false;
	ok = p->refs == refs + 1 && !(p->flags & (PAGE_DIRTY | PAGE_WRITEBACK | PAGE_LOCKED));
	if (ok)
		remove_locked(pc, p, &spare);
	spin_unlock(&pc->lock);
	free_nodes(spare);
	if (!ok)
		return false;
	page_account(PAGE_CACHE, -1);
	page_put(p);
	return true;
}

static bool take_dirty_locked(struct pcache *pc, struct page *p)
{
	if (!(p->flags & PAGE_DIRTY))
		return false;
	atomic_fetch_and(&p->flags, (uint16_t)~PAGE_DIRTY);
	radix_untag(&pc->tree, p->index);
	pc->ndirty--;
	writeback_page_dirty(-1);
	return true;
}

/* Throw p away, dirty or not, unless somebody else has done so. The caller has a reference. */
static void discard(struct pcache *pc, struct page *p)
{
	struct radix_node *spare = NULL;
	bool dirty = false, ours;

	pcache_wait(p, PAGE_LOCKED | PAGE_WRITEBACK);
	spin_lock(&lru_lock);
	spin_lock(&pc->lock);
	ours = p->owner == &pc->obj;
	if (ours) {
		dirty = take_dirty_locked(pc, p);
		remove_locked(pc, p, &spare);
	}
	spin_unlock(&pc->lock);
	spin_unlock(&lru_lock);
	free_nodes(spare);
	if (!ours)
		return;
	if (pc->ops->unreserve && (dirty || p->flags & PAGE_RESERVED))
		pc->ops->unreserve(pc, p);
	page_account(PAGE_CACHE, -1);
	page_put(p);
}

static struct page *next_page(struct pcache *pc, uint64_t *index, uint64_t last)
{
	struct page *p;

	spin_lock(&pc->lock);
	p = radix_next(&pc->tree, index);
	if (p && *index > last)
		p = NULL;
	if (p)
		page_get(p);
	spin_unlock(&pc->lock);
	return p;
}

static void discard_range(struct pcache *pc, uint64_t first, uint64_t last)
{
	uint64_t i = first;
	struct page *p;

	while (i <= last && (p = next_page(pc, &i, last))) {
		discard(pc, p);
		page_put(p);
		i++;
	}
}

void pcache_forget(struct pcache *pc, uint64_t first, uint64_t last)
{
	struct page *p;

	for (uint64_t i = first; i <= last && (p = next_page(pc, &i, last)); i++) {
		spin_lock(&lru_lock);
		if (p->owner == &pc->obj)
			pcache_evict_locked(p, 1);
		spin_unlock(&lru_lock);
		page_put(p);
	}
}

/* --- filling ---------------------------------------------------------------------------------------------- */

static struct page *new_page(unsigned flags)
{
	enum { TRIM = 64 };

	if (unlikely(page_low())) /* before it is used up: others cannot reclaim */
		lru_shrink(TRIM);
	return page_alloc(0, PAGE_USER | flags);
}

/* A new page in the tree, locked; the reference is the filler's. NULL: no memory, or there is one. */
static struct page *add_locked_page(struct pcache *pc, uint64_t index)
{
	struct page *p = new_page(pc->ops->fill ? 0 : PAGE_ZERO);

	if (!p)
		return NULL;
	atomic_store(&p->flags, PAGE_CACHE | PAGE_LOCKED);
	if (insert(pc, index, p)) {
		page_put(p);
		return NULL;
	}
	return p;
}

static void fill_run(struct pcache *pc, uint64_t index, struct page **pages, unsigned n)
{
	if (n == 0)
		return;
	if (pc->ops->fill) {
		pc->ops->fill(pc, index, pages, n);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		pcache_filled(pages[i], 0);
}

/*
 * The page at `want` comes back with a reference of the caller's, taken before it can be up to date: what is read when
 * memory is short is all that could be reclaimed, and would be gone again. NULL: no memory, or it was there.
 */
static struct page *start_fill(struct pcache *pc, uint64_t index, unsigned n, uint64_t mark,
			       uint64_t want)
{
	struct page *run[PCACHE_BATCH], *wanted = NULL;
	uint64_t start = index;
	unsigned len = 0;

	for (; n; n--, index++) {
		struct page *p = add_locked_page(pc, index);

		if (p && index == mark)
			atomic_fetch_or(&p->flags, PAGE_READAHEAD);
		if (p && index == want) {
			wanted = p;
			page_get(p);
		}
		if (p) {
			run[len++] = p;
			if (len < PCACHE_BATCH)
				continue;
		}
		fill_run(pc, start, run, len);
		start = index + 1;
		len = 0;
	}
	fill_run(pc, start, run, len);
	return wanted;
}

static uint64_t pages_of(const struct pcache *pc)
{
	return DIV_UP(pc->inode->size, PAGE_SIZE);
}

void pcache_readahead(struct pcache *pc, uint64_t first, uint64_t n)
{
	uint64_t end = MIN(first + n, pages_of(pc));

	while (first < end && !page_low()) {
		unsigned part = (unsigned)MIN(end - first, (uint64_t)PCACHE_BATCH);

		(void)start_fill(pc, first, part, UINT64_MAX, UINT64_MAX);
		first += part;
	}
}

/* --- read-ahead: a window that doubles while reads follow each other ----------------------------------------- */

enum { RA_FIRST = 8, RA_MAX = 64, RA_AROUND = 16 };

static unsigned clip(const struct pcache *pc, uint64_t index, uint64_t n)
{
	uint64_t end = pages_of(pc);

	return index >= end ? 1 : (unsigned)MIN(n, end - index);
}

static struct page *miss_sequential(struct pcache *pc, struct file *f, uint64_t index,
				    uint64_t want)
{
	unsigned window = f->ra_window ? MIN(f->ra_window * 2, (unsigned)RA_MAX) : RA_FIRST;

	window = clip(pc, index, window);
	f->ra_window = window;
	f->ra_next = (uint32_t)(index + window);
	return start_fill(pc, index, window, index + window / 2, want);
}

/* What else to read, now that `index` must be read anyway. Its page as start_fill() gives it. */
static struct page *miss(struct pcache *pc, struct file *f, uint64_t index)
{
	uint64_t start = ALIGN_DOWN(index, RA_AROUND);

	if (!pc->ops->fill)
		return start_fill(pc, index, 1, UINT64_MAX, index);
	if (!f) /* a page fault: its neighbours will be wanted, before and behind */
		return start_fill(pc, start, clip(pc, start, RA_AROUND), UINT64_MAX, index);
	if (index == 0 || index == f->ra_next)
		return miss_sequential(pc, f, index, index);
	f->ra_window = 0;
	f->ra_next = (uint32_t)index + 1;
	return start_fill(pc, index, 1, UINT64_MAX, index);
}

static noinline void hit_mark(struct pcache *pc, struct file *f, struct page *p)
{
	atomic_fetch_and(&p->flags, (uint16_t)~PAGE_READAHEAD);
	if (f && f->ra_next < pages_of(pc) && !page_low())
		(void)miss_sequential(pc, f, f->ra_next, UINT64_MAX);
}

/* A page that is in the tree but was not up to date: wait, and say what came of it. */
static err_t await_fill(struct pcache *pc, struct page *p)
{
	pcache_wait(p, PAGE_LOCKED);
	if (p->flags & PAGE_UPTODATE)
		return 0;
	discard(pc, p); /* the next one to ask tries the device again */
	return -EIO;
}

err_t pcache_get(struct pcache *pc, uint64_t index, struct file *f, struct page **out)
{
	unsigned tries = 0;

	for (;;) {
		struct page *p = find_get(pc, index);
		err_t err;

		if (!p)
			p = miss(pc, f, index);
		if (!p) { /* another thread's, perhaps gone again; that it is thrice is want of memory */
			if (tries++ == 3)
				return -ENOMEM;
			continue;
		}
		err = p->flags & PAGE_UPTODATE ? 0 : await_fill(pc, p);
		if (!err && p->owner == &pc->obj) {
			note_use(p);
			*out = p;
			return 0;
		}
		page_put(p);
		if (err)
			return err;
	}
}

/* --- reading -------------------------------------------------------------------------------------------------- */

/* One page's worth; bytes, or an error. */
static long read_piece(struct pcache *pc, struct file *f, struct uio *u, uint64_t pos, size_t n)
{
	struct page *p = pcache_peek(pc, pos >> PAGE_SHIFT);
	size_t off = pos & PAGE_MASK;
	long done;

	if (unlikely(!p)) {
		err_t err;

		if (!pc->ops->fill)
			return uio_zero(u, n); /* a hole of a file that lives in memory */
		err = pcache_get(pc, pos >> PAGE_SHIFT, f, &p);
		if (err)
			return err;
	}
	if (unlikely(p->flags & PAGE_READAHEAD))
		hit_mark(pc, f, p);
	done = uio_write(u, (char *)page_va(p) + off, n);
	page_put(p);
	return done;
}

long pcache_read(struct pcache *pc, struct file *f, struct uio *u, uint64_t *pos)
{
	uint64_t size = pc->inode->size;
	long total = 0;

	while (u->left && *pos < size) {
		size_t n = PAGE_SIZE - (*pos & PAGE_MASK);
		long done;

		n = MIN(n, u->left);
		n = MIN(n, size - *pos);
		done = read_piece(pc, f, u, *pos, n);
		if (done < 0)
			return total ? total : done;
		total += done;
		*pos += (uint64_t)done;
		if ((size_t)done < n)
			break;
	}
	return total;
}

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
	struct page *p = new_page(0);
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
	err = insert(pc, pos >> PAGE_SHIFT, p);
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
		discard(pc, p);
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
	discard_range(pc, first, last);
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

/* --- writing back ------------------------------------------------------------------------------------------------------ */

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
		take_dirty_locked(pc, p);
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

	for (uint64_t i = first; pc->nflying && i <= last && (p = next_page(pc, &i, last)); i++) {
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

/* --- what the address space asks ------------------------------------------------------------------------------------------ */

static err_t map_page(struct vm_object *o, uint64_t index, bool write, struct page **out)
{
	struct pcache *pc = pcache_of(o);
	struct page *p;
	err_t err;

	if (write)
		writeback_throttle(pc);
	do {
		if (index >= pages_of(pc))
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

	return index < pages_of(pc) ? pcache_peek(pc, index) : NULL;
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
	discard_range(pc, 0, PCACHE_INDEX_MAX);
	ASSERT(pc->npages == 0 && pc->ndirty == 0);
}

void pcache_boot(void)
{
	node_cache = slab_new("radix_node", sizeof(struct radix_node), 16);
	for (unsigned i = 0; i < NWAITS; i++) {
		spin_init(&waits[i].lock, RANK_WAITQ);
		waitq_init(&waits[i].wq, &waits[i].lock);
	}
}
