/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vm_advise.c: madvise, msync, mincore.  Errors and their order are those of Linux 6.x
 * (mm/madvise.c, mm/msync.c, mm/mincore.c).
 */
#include "kern/vm_int.h"

#include "abi/linux_mman.h"
#include "kern/tlb.h"

/* --- madvise ----------------------------------------------------------------------------------- */

static void zap(uaddr_t start, uaddr_t end)
{
	struct vm_gather g;

	gather_init(&g);
	vm_zap(&g, start, end);
	gather_finish(&g);
}

static err_t not_kernels(const struct vm_area *a)
{
	return a->flags & VM_VDSO ? -EINVAL : 0;
}

static err_t may_drop(const struct vm_area *a)
{
	return a->flags & (VM_VDSO | VM_LOCKED) ? -EINVAL : 0;
}

static err_t may_drop_locked(const struct vm_area *a)
{
	return not_kernels(a);
}

static err_t may_free(const struct vm_area *a)
{
	return area_is_anon(a) ? may_drop(a) : -EINVAL;
}

static err_t may_remove(const struct vm_area *a)
{
	if (a->flags & VM_LOCKED || !a->object)
		return -EINVAL;
	if (!(a->flags & VM_SHARED) || !(a->flags & VM_MAYWRITE))
		return -EACCES;
	return a->object->ops->punch ? 0 : -EINVAL;
}

static err_t private_anon(const struct vm_area *a)
{
	return area_is_anon(a) && !(a->flags & VM_SHARED) ? 0 : -EINVAL;
}

/*
 * Each area of the range in turn. As Linux, holes are skipped and the answer is then -ENOMEM; an area that
 * refuses ends it.
 */
static err_t each_area(uaddr_t start, uaddr_t end, flags_fn may, void (*fn)(uaddr_t, uaddr_t))
{
	err_t hole = 0;

	while (start < end) {
		const struct vm_area *a = area_find(&as.areas, start);
		uaddr_t stop;
		err_t err;

		if (!a || a->start >= end)
			return -ENOMEM;
		if (a->start > start) {
			hole = -ENOMEM;
			start = a->start;
		}
		stop = MIN(a->end, end);
		err = may(a);
		if (err)
			return err;
		if (fn)
			fn(start, stop);
		start = stop;
	}
	return hole;
}

/* Anonymous memory has nowhere to be read from; a file's pages are fetched ahead. */
static void will_need(uaddr_t start, uaddr_t end)
{
	const struct vm_area *a = area_find(&as.areas, start);

	if (a->object && a->object->ops->readahead)
		a->object->ops->readahead(a->object, area_index(a, start),
					  (end - start) >> PAGE_SHIFT);
}

/* MADV_REMOVE: a hole in the object, seen by all who map it. No lock of ours is held across it. */
static err_t remove_range(uaddr_t start, uaddr_t end)
{
	while (start < end) {
		struct vm_object *o;
		struct vm_area *a;
		uint64_t index;
		uaddr_t stop;
		err_t err;

		read_lock(&as.lock);
		a = area_find(&as.areas, start);
		err = !a || a->start > start ? -ENOMEM : may_remove(a);
		if (err) {
			read_unlock(&as.lock);
			return err;
		}
		o = a->object;
		index = area_index(a, start);
		stop = MIN(a->end, end);
		o->ops->get(o);
		read_unlock(&as.lock);
		err = o->ops->punch(o, index, (stop - start) >> PAGE_SHIFT);
		o->ops->put(o);
		if (err)
			return err;
		start = stop;
	}
	return 0;
}

/* MADV_POPULATE_*: faults in all, and says what could not be. */
static err_t populate_range(uaddr_t start, uaddr_t end, bool write)
{
	for (uaddr_t at = start; at < end;) {
		const struct vm_area *a;
		uaddr_t stop = 0;
		bool ok;
		err_t err;

		read_lock(&as.lock);
		a = area_find(&as.areas, at);
		ok = a && a->start <= at;
		if (ok) {
			stop = MIN(a->end, end);
			ok = !(a->flags & VM_VDSO);
			err = ok && (write ? a->prot & VM_WRITE : a->prot != 0) ? 0 : -EINVAL;
		} else {
			err = -ENOMEM;
		}
		read_unlock(&as.lock);
		if (!err)
			err = vm_populate(at, stop, write, true);
		if (err)
			return err;
		at = stop;
	}
	return 0;
}

/* Advice that is a flag of the area: what to set, what to clear, whom it is refused. */
static const struct flag_advice {
	int advice;
	unsigned set, clear;
	flags_fn may;
} flag_advice[] = {
	{ LMADV_HUGEPAGE, VM_HUGE_OK, VM_HUGE_NEVER, not_kernels },
	{ LMADV_NOHUGEPAGE, VM_HUGE_NEVER, VM_HUGE_OK, not_kernels },
	{ LMADV_DONTDUMP, VM_DONTDUMP, 0, NULL },
	{ LMADV_DODUMP, 0, VM_DONTDUMP, not_kernels },
	{ LMADV_DONTFORK, VM_DONTFORK, 0, NULL },
	{ LMADV_DOFORK, 0, VM_DONTFORK, not_kernels },
	{ LMADV_WIPEONFORK, VM_WIPEONFORK, 0, private_anon },
	{ LMADV_KEEPONFORK, 0, VM_WIPEONFORK, private_anon },
};

static const struct flag_advice *find_flag_advice(int advice)
{
	for (unsigned i = 0; i < ARRAY_LEN(flag_advice); i++)
		if (flag_advice[i].advice == advice)
			return &flag_advice[i];
	return NULL;
}

static err_t accept(const struct vm_area *a)
{
	(void)a;
	return 0;
}

static err_t advise_shared(uaddr_t start, uaddr_t end, int advice)
{
	err_t err;

	read_lock(&as.lock);
	switch (advice) {
	case LMADV_WILLNEED:
		err = each_area(start, end, accept, will_need);
		break;
	case LMADV_COLD:
	case LMADV_PAGEOUT:
		err = each_area(start, end, may_drop, NULL);
		break;
	default: /* NORMAL, RANDOM, SEQUENTIAL, MERGEABLE, UNMERGEABLE, COLLAPSE: nothing to remember */
		err = each_area(start, end, accept, NULL);
		break;
	}
	read_unlock(&as.lock);
	return err;
}

/*
 * MADV_FREE frees at once: the kernel may do so at any time, and a page that is written again is a new one
 * either way.
 */
static err_t advise_exclusive(uaddr_t start, uaddr_t end, int advice)
{
	const struct flag_advice *f = find_flag_advice(advice);
	err_t err;

	aspace_lock();
	if (f)
		err = vm_flags_range(start, end, f->set, f->clear, f->may);
	else if (advice == LMADV_FREE)
		err = each_area(start, end, may_free, zap);
	else
		err = each_area(start, end,
				advice == LMADV_DONTNEED_LOCKED ? may_drop_locked : may_drop, zap);
	aspace_unlock();
	return err;
}

static bool known_advice(int advice)
{
	switch (advice) {
	case LMADV_NORMAL:
	case LMADV_RANDOM:
	case LMADV_SEQUENTIAL:
	case LMADV_WILLNEED:
	case LMADV_DONTNEED:
	case LMADV_FREE:
	case LMADV_REMOVE:
	case LMADV_MERGEABLE:
	case LMADV_UNMERGEABLE:
	case LMADV_COLD:
	case LMADV_PAGEOUT:
	case LMADV_POPULATE_READ:
	case LMADV_POPULATE_WRITE:
	case LMADV_DONTNEED_LOCKED:
	case LMADV_COLLAPSE:
		return true;
	default:
		return find_flag_advice(advice);
	}
}

err_t vm_advise(uaddr_t addr, size_t len, int advice)
{
	uaddr_t end;

	if (!known_advice(advice) || (addr & PAGE_MASK))
		return -EINVAL;
	if (len > ALIGN_UP(len, PAGE_SIZE))
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	end = addr + len;
	if (end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	if (end > USER_TOP)
		return -ENOMEM;
	switch (advice) {
	case LMADV_REMOVE:
		return remove_range(addr, end);
	case LMADV_POPULATE_READ:
	case LMADV_POPULATE_WRITE:
		return populate_range(addr, end, advice == LMADV_POPULATE_WRITE);
	case LMADV_DONTNEED:
	case LMADV_DONTNEED_LOCKED:
	case LMADV_FREE:
		return advise_exclusive(addr, end, advice);
	default:
		return find_flag_advice(advice) ? advise_exclusive(addr, end, advice)
						: advise_shared(addr, end, advice);
	}
}

/* --- msync ------------------------------------------------------------------------------------- */

/* One area's part of a synchronous msync(); the lock is not held while the disk works. */
static err_t sync_step(uaddr_t *at, uaddr_t end, bool sync, bool invalidate, bool *hole)
{
	struct vm_object *o = NULL;
	const struct vm_area *a;
	uint64_t first = 0, last = 0;
	err_t err = 0;

	read_lock(&as.lock);
	a = area_find(&as.areas, *at);
	if (!a || a->start >= end) {
		*at = end;
		*hole = true;
	} else {
		*hole |= a->start > *at;
		*at = MAX(*at, a->start);
		if (invalidate && (a->flags & VM_LOCKED))
			err = -EBUSY;
		if (sync && a->object && (a->flags & VM_SHARED)) {
			o = a->object;
			first = area_index(a, *at);
			last = area_index(a, MIN(a->end, end) - 1);
			o->ops->get(o);
		}
		*at = MIN(a->end, end);
	}
	read_unlock(&as.lock);
	if (o) {
		if (!err && o->ops->sync)
			err = o->ops->sync(o, first, last);
		o->ops->put(o);
	}
	return err;
}

err_t vm_sync(uaddr_t addr, size_t len, int flags)
{
	uaddr_t end;
	bool hole = false;
	err_t err = 0;

	if (flags & ~(LMS_ASYNC | LMS_INVALIDATE | LMS_SYNC))
		return -EINVAL;
	if ((addr & PAGE_MASK) || ((flags & LMS_ASYNC) && (flags & LMS_SYNC)))
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	end = addr + len;
	if (end < addr)
		return -ENOMEM;
	while (!err && addr < end)
		err = sync_step(&addr, end, flags & LMS_SYNC, flags & LMS_INVALIDATE, &hole);
	return err ? err : hole ? -ENOMEM : 0;
}

/* --- mincore ----------------------------------------------------------------------------------- */

/* Is the page in memory: mapped, or in the object's cache? */
static uint8_t resident(const struct vm_area *a, uaddr_t addr)
{
	unsigned level;
	struct page *p;

	if (pt_read(pt_find(addr, &level)))
		return 1;
	if (!a->object)
		return 0;
	p = a->object->ops->peek_page(a->object, area_index(a, addr));
	if (p)
		page_put(p);
	return p != NULL;
}

err_t vm_incore(uaddr_t addr, size_t len, uaddr_t vec)
{
	uint8_t out[256];
	size_t pages = DIV_UP(len, PAGE_SIZE);

	if (addr & PAGE_MASK)
		return -EINVAL;
	if (!user_range_ok(addr, len))
		return -ENOMEM;
	if (!user_range_ok(vec, pages))
		return -EFAULT;
	while (pages) {
		size_t n = MIN(pages, sizeof(out)), i;

		read_lock(&as.lock);
		for (i = 0; i < n; i++, addr += PAGE_SIZE) {
			const struct vm_area *a = vm_find_area(addr);

			if (!a || a->start > addr)
				break;
			out[i] = resident(a, addr);
		}
		read_unlock(&as.lock);
		if (i && user_write(vec, out, i))
			return -EFAULT;
		if (i < n)
			return -ENOMEM;
		vec += n;
		pages -= n;
	}
	return 0;
}
