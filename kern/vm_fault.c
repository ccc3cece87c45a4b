/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vm_fault.c: page faults.  The address space's lock is held shared; a leaf is installed by compare-and-swap
 * into the slot that was seen, and who loses the race gives its page back and is done: the other's is
 * there.  Nothing but pages and tables is allocated.
 *
 * A first read of anonymous memory gets a page of its own, as a write does, while memory is plenty: most such
 * pages are written next, and a shared zero page would then cost a second fault and a shoot-down.  Only where
 * memory is short is the zero page mapped.
 */
#include "kern/vm_int.h"

#include "arch/sigframe.h"
#include "kern/thread.h"
#include "kern/tlb.h"

enum { SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRERR = 2 };

/* Pages on either side that are mapped with the one asked for. */
enum { AROUND = 16 };

/* Results of a step besides errors. */
enum { DONE = 0, AGAIN = 1 };

static uint8_t zero_page[PAGE_SIZE] __attribute__((aligned(4096)));

void rss_add(long anon, long file)
{
	/* Relaxed: statistics. */
	if (anon)
		atomic_fetch_add_explicit(&as.rss_anon, anon, memory_order_relaxed);
	if (file)
		atomic_fetch_add_explicit(&as.rss_file, file, memory_order_relaxed);
	if (anon + file < 0) {
		long now = atomic_load_explicit(&as.rss_anon, memory_order_relaxed) +
			   atomic_load_explicit(&as.rss_file, memory_order_relaxed) - anon - file;

		if (now > atomic_load_explicit(&as.peak_rss, memory_order_relaxed))
			atomic_store_explicit(&as.peak_rss, now, memory_order_relaxed);
	}
	page_account(PAGE_ANON, anon);
}

/* The slot of a 4 KB leaf, tables made; *res says why there is none. */
static struct pt_slot *small_slot(uaddr_t addr, int *res)
{
	struct pt_slot *s = pt_make(addr, 0, vm_new_table);
	unsigned level;

	if (likely(s))
		return s;
	/* A 2 MB leaf came up meanwhile, or there is no memory. */
	*res = pt_read(pt_find(addr, &level)) ? AGAIN : -ENOMEM;
	return NULL;
}

/* --- anonymous memory -------------------------------------------------------------------------- */

static struct page *anon_page(unsigned zero)
{
	struct page *p = page_alloc(0, PAGE_USER | zero);

	if (likely(p))
		atomic_store_explicit(&p->flags, PAGE_ANON,
				      memory_order_relaxed); /* not yet known */
	return p;
}

static int map_zero_page(const struct vm_area *a, struct pt_slot *s)
{
	unsigned prot = (a->pt_prot & ~(unsigned)(PT_WRITE | PT_DIRTY)) | PT_SPECIAL;

	pt_swap(s, 0, pte_leaf(va_to_pa(zero_page), prot, 0));
	return DONE;
}

static int fill_anon(const struct vm_area *a, uaddr_t addr, struct pt_slot *s, unsigned level,
		     bool write)
{
	struct page *p;
	int res;

	if (unlikely(level)) {
		if (huge_wanted(a, addr) && (write || page_plenty()) && huge_fill(a, addr))
			return DONE;
		s = small_slot(addr, &res);
		if (!s)
			return res;
	}
	if (unlikely(!write) && !page_plenty())
		return map_zero_page(a, s);
	p = anon_page(PAGE_ZERO);
	if (unlikely(!p))
		return -ENOMEM;
	if (likely(pt_swap(s, 0, pte_leaf(page_to_pa(p), a->pt_prot, 0))))
		rss_add(1, 0);
	else
		page_put(p);
	return DONE;
}

/* --- pages of objects -------------------------------------------------------------------------- */

/* May the leaf be writable? A shared one only after the object was told of the write. */
static uint64_t object_leaf(const struct vm_area *a, struct page *p, bool write)
{
	unsigned prot = a->pt_prot;

	if (!write && !(a->flags & VM_SHARED && a->object->always_dirty))
		prot &= ~(unsigned)(PT_WRITE | PT_DIRTY);
	return pte_leaf(page_to_pa(p), prot, 0);
}

/* With o->lock held. The page is still the object's, and a write is still noted. */
static bool still_good(const struct vm_object *o, const struct page *p, uint64_t index, bool write)
{
	/* Relaxed: who clears the flag cleans the leaves under o->lock afterwards (vm_object_clean()). */
	return p->owner == o && p->index == (uint32_t)index &&
	       (!write || o->always_dirty ||
		(atomic_load_explicit(&p->flags, memory_order_relaxed) & PAGE_DIRTY));
}

static bool install(const struct vm_area *a, struct pt_slot *s, struct page *p, bool write)
{
	if (!pt_swap(s, 0, object_leaf(a, p, write)))
		return false;
	rss_add(0, 1);
	return true;
}

/* Neighbours that are in memory, read-only: a fault each is saved. o->lock is held. */
static void map_around(const struct vm_area *a, uaddr_t addr, struct pt_slot *s)
{
	uaddr_t low = MAX(ALIGN_DOWN(addr, AROUND * PAGE_SIZE), a->start);
	uaddr_t high = MIN(ALIGN_DOWN(addr, AROUND * PAGE_SIZE) + AROUND * PAGE_SIZE, a->end);

	for (uaddr_t at = low; at < high; at += PAGE_SIZE) {
		struct pt_slot *t = s - pt_index(addr, 0) + pt_index(at, 0);
		struct page *p;

		if (at == addr || pt_read(t))
			continue;
		p = a->object->ops->peek_page(a->object, area_index(a, at));
		if (!p)
			continue;
		if (!still_good(a->object, p, area_index(a, at), false) || !install(a, t, p, false))
			page_put(p);
	}
}

/* The page, with a reference, from memory or from where it is kept. */
static err_t object_page(const struct vm_area *a, uint64_t index, bool write, struct page **out)
{
	struct vm_object *o = a->object;

	if (!write) {
		*out = o->ops->peek_page(o, index);
		if (*out)
			return 0;
		atomic_fetch_add_explicit(&as.major, 1, memory_order_relaxed); /* statistic */
	}
	return o->ops->get_page(o, index, write, out);
}

static int fill_object(const struct vm_area *a, uaddr_t addr, bool write)
{
	struct vm_object *o = a->object;
	uint64_t index = area_index(a, addr);
	struct pt_slot *s;
	struct page *p;
	bool mine;
	int res = object_page(a, index, write, &p);

	if (res)
		return res;
	s = small_slot(addr, &res);
	if (!s) {
		page_put(p);
		return res;
	}
	spin_lock(&o->lock);
	res = still_good(o, p, index, write) ? DONE : AGAIN;
	mine = res == DONE && install(a, s, p, write);
	if (mine && !write)
		map_around(a, addr, s);
	spin_unlock(&o->lock);
	if (!mine)
		page_put(p);
	return res;
}

/* A private copy of the page that is, or would be, under `old`. */
static int fill_copy(const struct vm_area *a, uaddr_t addr, struct pt_slot *s, uint64_t old,
		     struct page *from)
{
	struct page *p = anon_page(0);

	if (!p)
		return -ENOMEM;
	page_copy(page_va(p), page_va(from));
	if (!pt_swap(s, old, pte_leaf(page_to_pa(p), a->pt_prot, 0))) {
		page_put(p);
		return AGAIN;
	}
	rss_add(1, old ? -1 : 0);
	if (old) {
		tlb_flush(ALIGN_DOWN(addr, PAGE_SIZE), PAGE_SIZE);
		page_put(from); /* the leaf's reference */
	}
	return DONE;
}

static int fill_private_write(const struct vm_area *a, uaddr_t addr)
{
	struct pt_slot *s;
	struct page *p;
	int res = object_page(a, area_index(a, addr), false, &p);

	if (res)
		return res;
	s = small_slot(addr, &res);
	if (s)
		res = fill_copy(a, addr, s, 0, p);
	page_put(p);
	return res;
}

/* --- a leaf is there --------------------------------------------------------------------------- */

static int shared_write(const struct vm_area *a, uaddr_t addr, struct pt_slot *s, uint64_t v)
{
	struct vm_object *o = a->object;
	uint64_t index = area_index(a, addr);
	struct page *p;
	int res = o->ops->get_page(o, index, true, &p);

	if (res)
		return res;
	spin_lock(&o->lock);
	res = AGAIN;
	if (pa_to_page(pte_pa(v)) == p && still_good(o, p, index, true) &&
	    pt_swap(s, v, pte_set_prot(v, a->pt_prot, 0)))
		res = DONE;
	spin_unlock(&o->lock);
	page_put(p);
	if (res == DONE)
		tlb_local_page(addr);
	return res;
}

static int zero_page_write(const struct vm_area *a, uaddr_t addr, struct pt_slot *s, uint64_t v)
{
	struct page *p = anon_page(PAGE_ZERO);

	if (!p)
		return -ENOMEM;
	if (!pt_swap(s, v, pte_leaf(page_to_pa(p), a->pt_prot, 0))) {
		page_put(p);
		return AGAIN;
	}
	rss_add(1, 0);
	tlb_flush(ALIGN_DOWN(addr, PAGE_SIZE), PAGE_SIZE);
	return DONE;
}

static int fault_present(const struct vm_area *a, uaddr_t addr, struct pt_slot *s, uint64_t v,
			 unsigned level, bool write)
{
	struct page *p;

	if (!write || pte_writable(v)) {
		tlb_local_page(addr); /* another CPU was first, or this one remembers less */
		return DONE;
	}
	if (a->flags & VM_SHARED)
		return shared_write(a, addr, s, v);
	if (pte_special(v))
		return zero_page_write(a, addr, s, v);
	p = pa_to_page(pte_pa(v));
	/* Relaxed: set before the page was mapped. */
	if (!(atomic_load_explicit(&p->flags, memory_order_relaxed) & PAGE_ANON))
		return fill_copy(a, addr, s, v, p);
	if (!pt_swap(s, v, pte_set_prot(v, a->pt_prot, level)))
		return AGAIN;
	tlb_local_page(addr);
	return DONE;
}

static int fault_empty(const struct vm_area *a, uaddr_t addr, struct pt_slot *s, unsigned level,
		       bool write)
{
	if (likely(area_is_anon(a)))
		return fill_anon(a, addr, s, level, write);
	if (!a->object)
		return -EFAULT; /* a page of the kernel's that was unmapped */
	if (write && !(a->flags & VM_SHARED))
		return fill_private_write(a, addr);
	return fill_object(a, addr, write);
}

static int fault_in(const struct vm_area *a, uaddr_t addr, bool write)
{
	int res;

	do {
		unsigned level;
		struct pt_slot *s = pt_find(addr, &level);
		uint64_t v = pt_read(s);

		res = v == 0 ? fault_empty(a, addr, s, level, write)
			     : fault_present(a, addr, s, v, level, write);
	} while (unlikely(res == AGAIN));
	return res;
}

/* --- areas ------------------------------------------------------------------------------------- */

static bool allowed(const struct vm_area *a, bool write, bool exec)
{
	if (write)
		return a->prot & VM_WRITE;
	if (exec)
		return a->prot & VM_EXEC;
	return a->prot != 0;
}

/* The area below which addr lies grows down to it, within the stack's limit and off the next area. */
static bool grow_down(uaddr_t addr)
{
	struct vm_area *a = area_find(&as.areas, addr), *below;
	uaddr_t start = ALIGN_DOWN(addr, PAGE_SIZE);

	if (!a || !(a->flags & VM_GROWSDOWN) || start < vm_policy.mmap_min_addr)
		return false;
	if (a->start <= addr)
		return true; /* another thread was faster */
	below = area_prev(a);
	if (below && below->prot && below->end + AREA_GUARD > start &&
	    !(below->flags & VM_GROWSDOWN))
		return false;
	if (below && below->end > start)
		return false;
	if (vm_policy.limit_stack != UINT64_MAX && a->end - start > vm_policy.limit_stack)
		return false;
	if (vm_may_grow((a->start - start) >> PAGE_SHIFT, a->prot, a->flags))
		return false;
	area_extend(a, start, a->end);
	return true;
}

static bool try_grow(uaddr_t addr)
{
	bool ok;

	read_unlock(&as.lock);
	aspace_lock();
	ok = grow_down(addr);
	aspace_unlock();
	read_lock(&as.lock);
	return ok;
}

static struct vm_area *area_for_fault(uaddr_t addr)
{
	struct vm_area *a = vm_find_area(addr);

	if (likely(a && a->start <= addr))
		return a;
	if (!a || !(a->flags & VM_GROWSDOWN) || !try_grow(addr))
		return NULL;
	a = vm_find_area(addr);
	return a && a->start <= addr ? a : NULL;
}

static struct vm_fault_result result_of(int res)
{
	switch (res) {
	case DONE:
		return (struct vm_fault_result){ 0, 0 };
	case -ENOMEM:
		return (struct vm_fault_result){ -ENOMEM, 0 };
	case -EFAULT:
		return (struct vm_fault_result){ LSIGSEGV, SEGV_MAPERR };
	default: /* past the end of the file, or the device failed */
		return (struct vm_fault_result){ LSIGBUS, BUS_ADRERR };
	}
}

struct vm_fault_result vm_fault(uaddr_t addr, bool write, bool exec, bool user_mode)
{
	struct vm_fault_result r = { LSIGSEGV, SEGV_MAPERR };
	const struct vm_area *a;

	(void)user_mode;
	if (unlikely(addr >= USER_TOP))
		return r;
	read_lock(&as.lock);
	a = area_for_fault(addr);
	if (likely(a)) {
		if (likely(allowed(a, write, exec)))
			r = result_of(fault_in(a, addr, write));
		else
			r.code = SEGV_ACCERR;
	}
	read_unlock(&as.lock);
	atomic_fetch_add_explicit(&as.minor, 1, memory_order_relaxed); /* statistic */
	return r;
}

/* What comes next where addr was served: a 2 MB leaf covers more than a page. */
static uaddr_t past_leaf(uaddr_t addr)
{
	unsigned level;

	if (pt_read(pt_find(addr, &level)) == 0)
		level = 0;
	return ALIGN_DOWN(addr, pt_span(level)) + pt_span(level);
}

err_t vm_populate(uaddr_t start, uaddr_t end, bool write, bool stop_at_error)
{
	for (uaddr_t at = start; at < end; at = past_leaf(at)) {
		struct vm_fault_result r = vm_fault(at, write, false, false);

		if (r.signo && stop_at_error)
			return r.signo == LSIGBUS || r.signo == LSIGSEGV ? -EFAULT : -ENOMEM;
		if (atomic_load_explicit(&thread_self()->flags, memory_order_relaxed) & THREAD_KILL)
			return -EINTR;
	}
	return 0;
}

/* [a] set by a user copy that could not be served */
static _Atomic bool ran_out;

bool vm_ran_out(void)
{
	return atomic_exchange(&ran_out, false);
}

/*
 * A user copy in the kernel met an address that is not there. False: its fix-up makes the call return
 * -EFAULT; where memory has run out, the program ends before it sees that, with no lock of the call's held.
 */
bool kern_kernel_fault(struct pt_regs *r, uint64_t error, uint64_t addr)
{
	struct arch_fault_kind k = arch_fault_kind(error);
	int signo;

	(void)r;
	if (addr >= USER_TOP)
		return false;
	signo = vm_fault(addr, k.write, false, false).signo;
	if (signo == -ENOMEM) {
		atomic_store(&ran_out, true);
		atomic_fetch_or(&thread_self()->flags, THREAD_WORK);
	}
	return signo == 0;
}
