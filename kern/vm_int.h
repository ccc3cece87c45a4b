/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vm_int.h: the address space, between the files of kern/vm_*.c:
 *
 *   vm_area.c    the tree of areas               vm_pt.c      the user half of the tables
 *   vm_map.c     mmap, munmap                    vm_fault.c   page faults
 *   vm_place.c   placement, limits               vm_brk.c     brk, the first stack
 *   vm_protect.c mprotect, area flags            vm_huge.c    2 MB pages
 *   vm_remap.c   mremap                          vm_object.c  what objects ask: unmap, clean
 *   vm_advise.c  madvise, msync, mincore         vm_info.c    /proc/self/maps, counts, futex keys
 *   vm_lock.c    mlock
 *
 * Locks.  as.lock, a sleeping lock: faults hold it shared; whoever changes areas, splits 2 MB leaves or takes tables
 * away holds it exclusive.  Leaves change by atomic exchange, so that faults and the CPUs' own accessed and
 * dirty bits do not lose each other's work.  An object's lock (RANK_AREA) guards the list of
 * its areas and covers each installation of one of its pages: who takes a page from the object marks it
 * (page->owner) first, then looks through the areas under the lock, and finds it or sees it never comes.
 *
 *   [m] as.lock   [a] atomic   [I] set before the program runs
 */
#pragma once

#include "kern/pt.h"
#include "kern/vm.h"
#include "kern/vm_area.h"

struct aspace {
	struct rwlock lock;
	struct area_tree areas;	      /* [m] */
	struct list dead;	      /* [m] areas to free, and objects to put, after the unlock */
	struct vm_area *_Atomic hint; /* [a] the last one found; cleared before an area is freed */
	uaddr_t mmap_base;	      /* [I] mappings are placed below */
	uaddr_t brk_start, brk_end;   /* [m] brk_end: as the program set it, any byte */
	size_t total, locked, data, stack, exec, shared; /* [m] pages */
	_Atomic long rss_anon, rss_file;		 /* [a] pages */
	_Atomic long peak_rss;				 /* [a] */
	size_t peak_total;				 /* [m] */
	bool lock_future, lock_future_on_fault;		 /* [m] mlockall(MCL_FUTURE) */
	_Atomic uint64_t minor, major;			 /* [a] faults */
};
extern struct aspace as;

/* Flags that stay with an area; the others are orders of one mmap(). */
#define VM_KEPT_FLAGS                                                                      \
	(VM_SHARED | VM_GROWSDOWN | VM_NORESERVE | VM_STACK | VM_LOCKED | VM_HUGE_OK |     \
	 VM_HUGE_NEVER | VM_DONTDUMP | VM_DONTFORK | VM_WIPEONFORK | VM_BRK | VM_MAYREAD | \
	 VM_MAYWRITE | VM_MAYEXEC | VM_VDSO)

/* Number of the object's page at a user address. */
static inline uint64_t area_index(const struct vm_area *a, uaddr_t addr)
{
	return a->pgoff + ((addr - a->start) >> PAGE_SHIFT);
}

static inline bool area_is_anon(const struct vm_area *a)
{
	return a->object == NULL && !(a->flags & VM_VDSO);
}

/* vm_map.c: as.lock, exclusive. */
void aspace_lock(void);
void aspace_unlock(void);
/* All with as.lock held exclusive. */
struct vm_area *area_new(uaddr_t start, uaddr_t end, unsigned prot, unsigned flags);
void area_free(struct vm_area *a);
void area_account(const struct vm_area *a, int sign);
void area_set_prot(struct vm_area *a, unsigned prot); /* and pt_prot; not the tables */
/* Put into the tree and on its object's list; takes a reference to the object. */
void area_link(struct vm_area *a, struct vm_object *o, uint64_t pgoff);
void area_extend(struct vm_area *a, uaddr_t start, uaddr_t end); /* or shorten */
/* Cut at addr, start < addr < end. The upper part is the new area. */
err_t area_split(struct vm_area *a, uaddr_t addr) must_check;
/* Let area edges fall on start and end. */
err_t area_cut_range(uaddr_t start, uaddr_t end) must_check;

/* vm_name.c; NULL is the name of what has none. */
struct vm_name *vm_name_get(struct vm_name *n);
void vm_name_put(struct vm_name *n);
bool vm_name_equal(const struct vm_name *a, const struct vm_name *b);
const char *vm_name_text(const struct vm_name *n);
/* Join a with equal neighbours; the area that now holds it. */
struct vm_area *area_join(struct vm_area *a);
err_t vm_unmap_locked(uaddr_t start, uaddr_t end) must_check;
/* vm_place.c. Exclusive. */
void vm_place_mappings(uint64_t stack_limit); /* decide as.mmap_base */
bool vm_range_free(uaddr_t addr, size_t len); /* guards of stacks are not free */
err_t vm_place(uaddr_t *addr, size_t len, unsigned flags) must_check;
/* Limits and overcommit. -ENOMEM; vm_may_lock: -EAGAIN. */
err_t vm_may_grow(size_t pages, unsigned prot, unsigned flags) must_check;
err_t vm_may_write(size_t pages, unsigned flags) must_check;
err_t vm_may_lock(size_t pages) must_check;
struct vm_area *vm_find_area(uaddr_t addr); /* as area_find(); as.lock held at least shared */
unsigned vm_pt_prot(unsigned prot);

/* vm_pt.c */
/* Pages and tables that left the tree; given away once no CPU can reach them. */
struct vm_gather {
	uaddr_t start, end; /* what to flush */
	uint32_t chain; /* through page->next: anonymous pages and tables, which nobody else has */
	unsigned n;
	struct page *page[32];
	long nanon, nfile; /* rss to take off */
};
void gather_init(struct vm_gather *g);
void gather_page(struct vm_gather *g, uaddr_t addr, uint64_t span, struct page *p);
void gather_finish(struct vm_gather *g); /* flush, then give away */

bool vm_new_table(paddr_t *out);
/* Take all leaves of [start, end) out; a 2 MB leaf is split where need be. Exclusive, or the object's lock. */
void vm_zap(struct vm_gather *g, uaddr_t start, uaddr_t end);
/* The same for pages of files only: private copies stay. Exclusive, or the object's lock. */
void vm_zap_file(struct vm_gather *g, uaddr_t start, uaddr_t end);
/* Free the tables of [start, end) that hold nothing of [floor, ceiling)'s outside. Exclusive. */
void vm_free_tables(struct vm_gather *g, uaddr_t floor, uaddr_t start, uaddr_t end,
		    uaddr_t ceiling);
/* Give the leaves of the area in [start, end) the area's rights. Exclusive; flushes. */
void vm_pt_protect(const struct vm_area *a, uaddr_t start, uaddr_t end);
/*
 * Move leaves to another place; both are the object's, if there is one. -ENOMEM: some have moved.
 * Exclusive; does not flush.
 */
err_t vm_pt_move(uaddr_t from, uaddr_t to, size_t len, struct vm_object *o) must_check;

/* For each leaf in [start, end), lowest first; fn may change the slot. Tables are not taken away meanwhile. */
typedef void (*leaf_fn)(struct pt_slot *s, uaddr_t addr, unsigned level, void *arg);
void vm_each_leaf(uaddr_t start, uaddr_t end, leaf_fn fn, void *arg);

/*
 * vm_protect.c. Set and clear flags of all areas in the range, cutting and joining; holes are skipped and make
 * the result -ENOMEM. `may` can refuse an area and with it the rest. Exclusive.
 */
typedef err_t (*flags_fn)(const struct vm_area *a);
err_t vm_flags_range(uaddr_t start, uaddr_t end, unsigned set, unsigned clear,
		     flags_fn may) must_check;

/* vm_huge.c */
bool huge_wanted(const struct vm_area *a, uaddr_t addr);
/* Fill the empty 2 MB slot of addr. False: no block to be had, use small pages. */
bool huge_fill(const struct vm_area *a, uaddr_t addr);
/* A 2 MB leaf becomes a table of small ones. Never fails: the table was set aside when it was made. Exclusive. */
void huge_split(struct pt_slot *s, uaddr_t addr);
/* The table that a 2 MB leaf's page keeps for the day it is split, when the page goes. */
void huge_drop_table(struct page *p);

/* vm_fault.c */
err_t vm_populate(uaddr_t start, uaddr_t end, bool write, bool stop_at_error) must_check;
void rss_add(long anon, long file);
