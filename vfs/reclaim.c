/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs/reclaim.c: two lists of cached pages. A page enters `fresh`; used again before its turn comes it moves to
 * `busy`, which is looked at only when it is the longer one. One pass over a big file so cannot push out what a
 * program lives on.
 *
 * A thread that needs memory frees only clean pages that nobody maps, which takes no sleeping lock; all else
 * is the write-back thread's work.
 */
#include "vfs/reclaim.h"

#include "kern/slab.h"
#include "kern/spinlock.h"
#include "lib/assert.h"
#include "vfs/fs.h"
#include "vfs/pcache.h"
#include "vfs/writeback.h"

struct lru_list { /* by page frame number; 0: none */
	uint32_t head, tail;
	unsigned long n;
};

struct spinlock lru_lock = SPINLOCK_INIT(RANK_LRU);
static struct lru_list fresh, busy; /* lru_lock */

enum { ON_BUSY = 1 }; /* page->maps of a cached page: which list */

static uint32_t pfn_of(const struct page *p)
{
	return (uint32_t)(page_to_pa(p).v >> PAGE_SHIFT);
}

static struct page *page_of(uint32_t pfn)
{
	return pa_to_page((paddr_t){ (uint64_t)pfn << PAGE_SHIFT });
}

static void push(struct lru_list *l, struct page *p)
{
	uint32_t pfn = pfn_of(p);

	p->prev = l->tail;
	p->next = 0;
	if (l->tail)
		page_of(l->tail)->next = pfn;
	else
		l->head = pfn;
	l->tail = pfn;
	l->n++;
	p->maps = l == &busy ? ON_BUSY : 0;
}

static void unlink_page(struct lru_list *l, struct page *p)
{
	if (p->prev)
		page_of(p->prev)->next = p->next;
	else
		l->head = p->next;
	if (p->next)
		page_of(p->next)->prev = p->prev;
	else
		l->tail = p->prev;
	l->n--;
}

void lru_add_locked(struct page *p)
{
	push(&fresh, p);
}

void lru_del_locked(struct page *p)
{
	unlink_page(p->maps == ON_BUSY ? &busy : &fresh, p);
}

/* Move what was used again out of the way; the oldest page that was not, still on its list. */
static struct page *oldest_unused(unsigned long *budget)
{
	while (*budget) {
		struct lru_list *l = busy.n > fresh.n ? &busy : &fresh;
		struct page *p = l->head ? page_of(l->head) : NULL;

		if (!p)
			return NULL;
		--*budget;
		if (!(p->flags & PAGE_ACTIVE) && l == &fresh)
			return p;
		unlink_page(l, p);
		push(p->flags & PAGE_ACTIVE ? &busy : &fresh, p);
		atomic_fetch_and(&p->flags, (uint16_t)~PAGE_ACTIVE);
	}
	return NULL;
}

static void rotate(struct page *p)
{
	unlink_page(&fresh, p);
	push(&fresh, p);
}

/* Look at up to `budget` pages; *budget: what is left of it. */
static unsigned long shrink_some(unsigned long n, unsigned long *budget)
{
	unsigned long done = 0;

	spin_lock(&lru_lock);
	while (done < n) {
		struct page *p = oldest_unused(budget);

		if (!p)
			break;
		if (pcache_evict_locked(p, 0))
			done++;
		else
			rotate(p);
	}
	spin_unlock(&lru_lock);
	return done;
}

/* Every page is looked at twice at most: the first look may only take its second chance away. */
unsigned long lru_shrink(unsigned long n)
{
	enum { AT_ONCE = 512 };
	unsigned long done = 0, left = (fresh.n + busy.n) * 2;

	while (done < n && left) {
		unsigned long budget = MIN(left, (unsigned long)AT_ONCE), given = budget;

		done += shrink_some(n - done, &budget);
		if (budget == given)
			break; /* both lists are empty */
		left -= given - budget;
	}
	return done;
}

/* The next page that only mappings keep, with a reference, and its inode counted. */
static struct page *next_mapped(unsigned long *budget, struct inode **owner)
{
	struct page *p;

	spin_lock(&lru_lock);
	while ((p = oldest_unused(budget))) {
		struct inode *i = pcache_of(p->owner)->inode;

		rotate(p);
		if (p->flags & (PAGE_DIRTY | PAGE_WRITEBACK | PAGE_LOCKED) ||
		    atomic_load(&i->refs) == 0)
			continue;
		inode_get(i);
		page_get(p);
		*owner = i;
		break;
	}
	spin_unlock(&lru_lock);
	return p;
}

/*
 * Out of the program's tables with its neighbours, whose turn is about to come: each time all other CPUs are
 * interrupted.  Who still uses one of them finds it in the cache.
 */
static void unmap_around(struct inode *i, const struct page *p)
{
	enum { AROUND = 64 };

	vm_object_unmap(&i->pages->obj, ALIGN_DOWN(p->index, (uint32_t)AROUND), AROUND, true);
}

unsigned long lru_shrink_mapped(unsigned long n)
{
	unsigned long done = 0, budget = n * 4 + 64;
	struct inode *i;
	struct page *p;

	while (done < n && (p = next_mapped(&budget, &i))) {
		if (p->refs > 2)
			unmap_around(i, p);
		spin_lock(&lru_lock);
		if (p->owner == &i->pages->obj && pcache_evict_locked(p, 1))
			done++;
		spin_unlock(&lru_lock);
		page_put(p);
		inode_put(i);
	}
	return done;
}

/*
 * More than was asked for, so that the next ones need not ask. What is left then is dirty or mapped: the write-back
 * thread has its turn, and is waited for, though not for long: it may need what the caller holds.
 */
static unsigned long reclaim(unsigned long pages)
{
	enum { BATCH = 64, ROUNDS = 4 };
	unsigned long done = lru_shrink(MAX(pages, (unsigned long)BATCH));

	for (unsigned i = 0; done < pages && i < ROUNDS && writeback_trim(); i++)
		done += lru_shrink(MAX(pages, (unsigned long)BATCH));
	return done;
}

static struct page_reclaimer reclaimer = { .reclaim = reclaim };

void reclaim_init(void)
{
	page_reclaim_add(&reclaimer);
}
