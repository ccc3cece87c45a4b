/* SPDX-License-Identifier: Apache-2.0 */
/* vfs/pcache.c: the tree of a file's pages: finding, filling, reading, removing. */
#include "vfs/pcache_int.h"

#include "kern/slab.h"
#include "kern/thread.h"
#include "lib/assert.h"
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

err_t pcache_insert(struct pcache *pc, uint64_t index, struct page *p)
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

bool pcache_take_dirty_locked(struct pcache *pc, struct page *p)
{
	if (!(p->flags & PAGE_DIRTY))
		return false;
	atomic_fetch_and(&p->flags, (uint16_t)~PAGE_DIRTY);
	radix_untag(&pc->tree, p->index);
	pc->ndirty--;
	writeback_page_dirty(-1);
	return true;
}

void pcache_discard_page(struct pcache *pc, struct page *p)
{
	struct radix_node *spare = NULL;
	bool dirty = false, ours;

	pcache_wait(p, PAGE_LOCKED | PAGE_WRITEBACK);
	spin_lock(&lru_lock);
	spin_lock(&pc->lock);
	ours = p->owner == &pc->obj;
	if (ours) {
		dirty = pcache_take_dirty_locked(pc, p);
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

struct page *pcache_next(struct pcache *pc, uint64_t *index, uint64_t last)
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

void pcache_discard(struct pcache *pc, uint64_t first, uint64_t last)
{
	uint64_t i = first;
	struct page *p;

	while (i <= last && (p = pcache_next(pc, &i, last))) {
		pcache_discard_page(pc, p);
		page_put(p);
		i++;
	}
}

void pcache_forget(struct pcache *pc, uint64_t first, uint64_t last)
{
	struct page *p;

	for (uint64_t i = first; i <= last && (p = pcache_next(pc, &i, last)); i++) {
		spin_lock(&lru_lock);
		if (p->owner == &pc->obj)
			pcache_evict_locked(p, 1);
		spin_unlock(&lru_lock);
		page_put(p);
	}
}

/* --- filling ---------------------------------------------------------------------------------------------- */

struct page *pcache_new_page(unsigned flags)
{
	enum { TRIM = 64 };

	if (unlikely(page_low())) /* before it is used up: others cannot reclaim */
		lru_shrink(TRIM);
	return page_alloc(0, PAGE_USER | flags);
}

/* A new page in the tree, locked; the reference is the filler's. NULL: no memory, or there is one. */
static struct page *add_locked_page(struct pcache *pc, uint64_t index)
{
	struct page *p = pcache_new_page(pc->ops->fill ? 0 : PAGE_ZERO);

	if (!p)
		return NULL;
	atomic_store(&p->flags, PAGE_CACHE | PAGE_LOCKED);
	if (pcache_insert(pc, index, p)) {
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

void pcache_readahead(struct pcache *pc, uint64_t first, uint64_t n)
{
	uint64_t end = MIN(first + n, pcache_pages(pc));

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
	uint64_t end = pcache_pages(pc);

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
	if (f && f->ra_next < pcache_pages(pc) && !page_low())
		(void)miss_sequential(pc, f, f->ra_next, UINT64_MAX);
}

/* A page that is in the tree but was not up to date: wait, and say what came of it. */
static err_t await_fill(struct pcache *pc, struct page *p)
{
	pcache_wait(p, PAGE_LOCKED);
	if (p->flags & PAGE_UPTODATE)
		return 0;
	pcache_discard_page(pc, p); /* the next one to ask tries the device again */
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

void pcache_boot(void)
{
	node_cache = slab_new("radix_node", sizeof(struct radix_node), 16);
	for (unsigned i = 0; i < NWAITS; i++) {
		spin_init(&waits[i].lock, RANK_WAITQ);
		waitq_init(&waits[i].wq, &waits[i].lock);
	}
}
