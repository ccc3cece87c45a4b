/* SPDX-License-Identifier: Apache-2.0 */
/* kern/vm_map.c: areas come and go: mmap and munmap; cutting and joining. */
#include "kern/vm_int.h"

#include "kern/init.h"
#include "kern/kmap.h"
#include "kern/slab.h"
#include "kern/tlb.h"

struct aspace as;
struct vm_policy vm_policy = {
	.mmap_min_addr = 0x10000,
	.limit_as = UINT64_MAX,
	.limit_data = UINT64_MAX,
	.limit_memlock = UINT64_MAX,
	.limit_stack = 8ull << 20,
};

static struct slab_cache *area_cache;

#define HIGH_32BIT 0x80000000ull

err_t vm_init(void)
{
	rwlock_init(&as.lock);
	area_tree_init(&as.areas);
	list_init(&as.dead);
	as.mmap_base = USER_TOP / 2; /* until the first stack decides */
	area_cache = slab_new("vm_area", sizeof(struct vm_area), 8);
	return kmap_seal_image();
}

/* --- areas ------------------------------------------------------------------------------------- */

unsigned vm_pt_prot(unsigned prot)
{
	unsigned p = 0;

	if (prot & (VM_READ | VM_WRITE | VM_EXEC))
		p |= PT_READ;
	if (prot & VM_WRITE)
		p |= PT_WRITE | PT_DIRTY;
	if (prot & VM_EXEC)
		p |= PT_EXEC;
	return p | PT_USER;
}

void area_set_prot(struct vm_area *a, unsigned prot)
{
	a->prot = prot;
	a->pt_prot = vm_pt_prot(prot);
}

struct vm_area *area_new(uaddr_t start, uaddr_t end, unsigned prot, unsigned flags)
{
	struct vm_area *a = slab_alloc(area_cache);

	if (!a)
		return NULL;
	*a = (struct vm_area){ .start = start, .end = end, .flags = flags & VM_KEPT_FLAGS };
	area_set_prot(a, prot);
	list_init(&a->link);
	return a;
}

void area_free(struct vm_area *a)
{
	vm_name_put(a->name);
	slab_free(area_cache, a);
}

static bool is_data(const struct vm_area *a)
{
	return (a->prot & VM_WRITE) && !(a->flags & (VM_SHARED | VM_STACK | VM_GROWSDOWN));
}

/* Count the area's pages in (sign 1) or out (-1). What splitting and joining does to two areas evens out. */
void area_account(const struct vm_area *a, int sign)
{
	size_t pages = (size_t)(a->end - a->start) >> PAGE_SHIFT;
	const unsigned rare = VM_LOCKED | VM_STACK | VM_GROWSDOWN | VM_SHARED;

	if (sign < 0)
		pages = -pages;
	as.total += pages;
	as.peak_total = MAX(as.peak_total, as.total);
	if (is_data(a))
		as.data += pages;
	else if ((a->prot & (VM_EXEC | VM_WRITE)) == VM_EXEC)
		as.exec += pages;
	if (!(a->flags & rare))
		return;
	if (a->flags & VM_LOCKED)
		as.locked += pages;
	if (a->flags & (VM_STACK | VM_GROWSDOWN))
		as.stack += pages;
	if (a->flags & VM_SHARED)
		as.shared += pages;
}

static void join_object(struct vm_area *a, struct vm_object *o)
{
	a->object = o;
	if (!o)
		return;
	o->ops->get(o);
	spin_lock(&o->lock);
	list_add_tail(&o->areas, &a->link);
	spin_unlock(&o->lock);
}

static void leave_object(struct vm_area *a)
{
	struct vm_object *o = a->object;

	if (!o)
		return;
	spin_lock(&o->lock);
	list_del(&a->link);
	spin_unlock(&o->lock);
}

static void area_enter(struct vm_area *a, struct vm_object *o, uint64_t pgoff)
{
	a->pgoff = pgoff;
	area_insert(&as.areas, a);
	join_object(a, o);
}

void area_link(struct vm_area *a, struct vm_object *o, uint64_t pgoff)
{
	area_enter(a, o, pgoff);
	area_account(a, 1);
}

/* Out of the tree and off its object's list; the object's reference goes with the area. */
static void area_leave(struct vm_area *a)
{
	atomic_store_explicit(&as.hint, NULL, memory_order_relaxed); /* as.lock orders */
	leave_object(a);
	area_remove(&as.areas, a);
}

static void bury(struct vm_area *a)
{
	list_add(&as.dead, &a->link);
}

void aspace_lock(void) no_lock_analysis
{
	write_lock(&as.lock);
}

/* Letting go of an object may write to a disk, or wait for who waits for our lock: not under it. */
void aspace_unlock(void) no_lock_analysis
{
	struct list dead;
	struct vm_area *a;

	list_init(&dead);
	list_splice_tail(&dead, &as.dead);
	write_unlock(&as.lock);
	while ((a = list_first(&dead, struct vm_area, link))) {
		list_del(&a->link);
		if (a->object)
			a->object->ops->put(a->object);
		area_free(a);
	}
}

/* start, end and pgoff of an area on an object's list change under the object's lock too. */
static void move_edges(struct vm_area *a, uaddr_t start, uaddr_t end) no_lock_analysis
{
	struct vm_object *o = a->object;

	if (o)
		spin_lock(&o->lock);
	a->pgoff += (uint64_t)((int64_t)(start - a->start) >> PAGE_SHIFT);
	area_resize(a, start, end);
	if (o)
		spin_unlock(&o->lock);
}

void area_extend(struct vm_area *a, uaddr_t start, uaddr_t end)
{
	area_account(a, -1);
	move_edges(a, start, end);
	area_account(a, 1);
}

err_t area_split(struct vm_area *a, uaddr_t addr)
{
	struct vm_area *upper = area_new(addr, a->end, a->prot, a->flags);
	uint64_t pgoff = area_index(a, addr);

	if (!upper)
		return -ENOMEM;
	upper->name = vm_name_get(a->name);
	move_edges(a, a->start, addr);
	area_enter(upper, a->object, pgoff);
	return 0;
}

static err_t cut_at(uaddr_t addr)
{
	struct vm_area *a = area_find(&as.areas, addr);

	return a && a->start < addr ? area_split(a, addr) : 0;
}

/* The end first: a failure there has changed nothing that shows. */
err_t area_cut_range(uaddr_t start, uaddr_t end)
{
	const struct vm_area *a = area_find(&as.areas, start);
	err_t err;

	if (a && a->end <= end && a->start >= start)
		return a->end == end ? 0 : cut_at(end);
	err = cut_at(end);
	return err ? err : cut_at(start);
}

static bool alike(const struct vm_area *lo, const struct vm_area *hi)
{
	if (lo->end != hi->start || lo->prot != hi->prot || lo->flags != hi->flags ||
	    lo->object != hi->object || lo->flags & VM_VDSO || !vm_name_equal(lo->name, hi->name))
		return false;
	return !lo->object || area_index(lo, lo->end) == hi->pgoff;
}

static void swallow(struct vm_area *lo, struct vm_area *hi)
{
	uaddr_t end = hi->end;

	area_leave(hi);
	move_edges(lo, lo->start, end);
	bury(hi);
}

struct vm_area *area_join(struct vm_area *a)
{
	struct vm_area *below = area_prev(a), *above = area_next(a);

	if (above && alike(a, above))
		swallow(a, above);
	if (below && alike(below, a)) {
		swallow(below, a);
		return below;
	}
	return a;
}

struct vm_area *vm_find_area(uaddr_t addr)
{
	/* Relaxed: the area cannot go while as.lock is held, and whoever frees one clears the hint. */
	struct vm_area *a = atomic_load_explicit(&as.hint, memory_order_relaxed);

	if (a && a->start <= addr && addr < a->end)
		return a;
	a = area_find(&as.areas, addr);
	if (a && a->start <= addr)
		atomic_store_explicit(&as.hint, a, memory_order_relaxed);
	return a;
}

/* --- map --------------------------------------------------------------------------------------- */

/* Pages of [start, end) that are mapped now: a fixed mapping replaces them. */
static size_t mapped_pages(uaddr_t start, uaddr_t end)
{
	size_t n = 0;

	for (const struct vm_area *a = area_find(&as.areas, start); a && a->start < end;
	     a = area_next(a))
		n += (size_t)(MIN(a->end, end) - MAX(a->start, start)) >> PAGE_SHIFT;
	return n;
}

static err_t check_room(uaddr_t addr, size_t len, unsigned prot, unsigned flags)
{
	size_t pages = len >> PAGE_SHIFT, there = 0;
	err_t err;

	if (flags & VM_FIXED)
		there = mapped_pages(addr, addr + len);
	if (flags & VM_LOCKED) {
		err = vm_may_lock(pages);
		if (err)
			return err;
	}
	return vm_may_grow(pages - MIN(there, pages), prot, flags);
}

static err_t map_locked(uaddr_t *addr, size_t len, unsigned prot, unsigned flags,
			struct vm_object *o, uint64_t offset)
{
	struct vm_area *a;
	err_t err = vm_place(addr, len, flags);

	if (!err)
		err = check_room(*addr, len, prot, flags);
	if (err)
		return err;
	a = area_new(*addr, *addr + len, prot, flags);
	if (!a)
		return -ENOMEM;
	if (flags & VM_FIXED)
		err = vm_unmap_locked(*addr, *addr + len);
	if (err) {
		area_free(a);
		return err;
	}
	area_link(a, o, o ? offset >> PAGE_SHIFT : 0);
	area_join(a);
	return 0;
}

static unsigned effective_flags(unsigned flags, const struct vm_object *o)
{
	if (!o)
		flags |= VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	if (as.lock_future)
		flags |= VM_LOCKED | (as.lock_future_on_fault ? 0 : VM_POPULATE);
	return flags;
}

err_t vm_map(uaddr_t *addr, size_t len, unsigned prot, unsigned flags, struct vm_object *o,
	     uint64_t offset)
{
	err_t err;

	if (len == 0)
		return -EINVAL;
	if (len > USER_TOP)
		return -ENOMEM;
	len = ALIGN_UP(len, PAGE_SIZE);
	aspace_lock();
	flags = effective_flags(flags, o);
	err = map_locked(addr, len, prot, flags, o, offset);
	aspace_unlock();
	/* What cannot be populated is not an error of mmap(). */
	if (!err && (flags & VM_POPULATE) && prot)
		(void)!vm_populate(*addr, *addr + len, prot & VM_WRITE && !(flags & VM_SHARED),
				   true);
	return err;
}

err_t vm_map_kernel(uaddr_t *addr, struct page **pages, unsigned n, unsigned prot, unsigned flags)
{
	size_t len = (size_t)n << PAGE_SHIFT;
	err_t err;

	aspace_lock();
	err = map_locked(addr, len, prot,
			 flags | VM_VDSO | VM_MAYREAD | (prot & VM_EXEC ? VM_MAYEXEC : 0), NULL, 0);
	for (unsigned i = 0; !err && i < n; i++) {
		struct pt_slot *s = pt_make(*addr + i * PAGE_SIZE, 0, vm_new_table);

		if (s)
			pt_write(s,
				 pte_leaf(page_to_pa(pages[i]), vm_pt_prot(prot) | PT_SPECIAL, 0));
		else
			err = -ENOMEM;
	}
	aspace_unlock();
	return err;
}

/* --- unmap ------------------------------------------------------------------------------------- */

/*
 * The areas leave the tree and their objects first: from then on nobody installs pages in the range. Then the
 * pages, then the tables that no neighbour shares.
 */
err_t vm_unmap_locked(uaddr_t start, uaddr_t end)
{
	struct vm_area *a = area_find(&as.areas, start), *below, *next;
	struct vm_gather g;
	err_t err;

	if (!a || a->start >= end)
		return 0;
	err = area_cut_range(start, end);
	if (err)
		return err;
	if (a->start < start)
		a = area_next(a);
	below = area_prev(a);
	for (; a && a->start < end; a = next) {
		next = area_next(a);
		area_account(a, -1);
		area_leave(a);
		bury(a);
	}
	gather_init(&g);
	vm_zap(&g, start, end);
	vm_free_tables(&g, below ? below->end : 0, start, end, a ? a->start : USER_TOP + PAGE_SIZE);
	gather_finish(&g);
	return 0;
}

err_t vm_unmap(uaddr_t addr, size_t len)
{
	err_t err;

	if ((addr & PAGE_MASK) || len == 0 || len > USER_TOP)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	if (!user_range_ok(addr, len))
		return -EINVAL;
	aspace_lock();
	err = vm_unmap_locked(addr, addr + len);
	aspace_unlock();
	return err;
}
