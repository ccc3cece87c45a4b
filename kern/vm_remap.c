/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vm_remap.c: mremap(2).  Data never moves, table entries do.  The order of the checks is Linux's
 * (mm/mremap.c), and where it leaves something done before an error, so do we.
 */
#include "kern/vm_int.h"

#include "abi/linux_mman.h"
#include "kern/tlb.h"

struct remap {
	uaddr_t addr, to;
	size_t old_len, new_len;
	unsigned flags;
};

static err_t check_args(const struct remap *r)
{
	if (r->flags & ~(unsigned)(LMREMAP_MAYMOVE | LMREMAP_FIXED | LMREMAP_DONTUNMAP))
		return -EINVAL;
	if ((r->flags & LMREMAP_FIXED) && !(r->flags & LMREMAP_MAYMOVE))
		return -EINVAL;
	if ((r->flags & LMREMAP_DONTUNMAP) &&
	    (!(r->flags & LMREMAP_MAYMOVE) || r->old_len != r->new_len))
		return -EINVAL;
	if (r->addr & PAGE_MASK)
		return -EINVAL;
	return r->new_len == 0 ? -EINVAL
			       : 0; /* an old length of 0 is a duplicate of a shared mapping */
}

static bool range_ok(uaddr_t addr, size_t len)
{
	return len <= USER_TOP && addr <= USER_TOP - len;
}

/* The area that holds the old range wholly, and may become new_len long. */
static err_t check_area(const struct remap *r, struct vm_area **out)
{
	struct vm_area *a = area_find(&as.areas, r->addr);
	size_t more = r->new_len > r->old_len ? (r->new_len - r->old_len) >> PAGE_SHIFT : 0;
	err_t err;

	if (!a || a->start > r->addr)
		return -EFAULT;
	if (r->old_len == 0 && !(a->flags & VM_SHARED))
		return -EINVAL;
	if ((r->flags & LMREMAP_DONTUNMAP) && (a->flags & VM_VDSO))
		return -EINVAL;
	if (r->old_len > a->end - r->addr)
		return -EFAULT;
	if (more && (a->flags & VM_VDSO))
		return -EFAULT;
	if (a->flags & VM_LOCKED) {
		err = vm_may_lock(more);
		if (err)
			return err;
	}
	err = vm_may_grow(more, a->prot, a->flags);
	*out = a;
	return err;
}

/* Leaves of the old place go to the new one. On an error they go back. */
static err_t move_leaves(const struct remap *r, uaddr_t to, size_t len, struct vm_object *o)
{
	err_t err = vm_pt_move(r->addr, to, len, o);

	if (err)
		(void)!vm_pt_move(to, r->addr, len, o); /* the tables there are still there */
	tlb_flush(r->addr, len);
	return err;
}

/*
 * MREMAP_DONTUNMAP leaves an empty area behind.  The new area is linked before the leaves move, so that
 * the object always finds its pages.
 */
static err_t move_area(const struct remap *r, struct vm_area *a, uaddr_t to)
{
	struct vm_area *n = area_new(to, to + r->new_len, a->prot, a->flags);
	struct vm_object *o = a->object;
	uaddr_t heap_end = r->addr + r->old_len;
	err_t err;

	if (!n)
		return -ENOMEM;
	n->name = vm_name_get(a->name);
	area_link(n, o, o ? area_index(a, r->addr) : 0);
	err = move_leaves(r, to, MIN(r->old_len, r->new_len), o);
	if (err) {
		(void)!vm_unmap_locked(to, to + r->new_len);
		return err;
	}
	if (r->flags & LMREMAP_DONTUNMAP) {
		struct vm_area *left = area_find(&as.areas, r->addr);

		left->flags &= ~(unsigned)VM_LOCKED;
		as.locked -= a->flags & VM_LOCKED ? (left->end - left->start) >> PAGE_SHIFT : 0;
	} else if (r->old_len) {
		err = vm_unmap_locked(r->addr, heap_end);
	}
	area_join(n);
	return err;
}

/* Where the place is named: what is there goes first, and the old range's tail beyond new_len too. */
static err_t move_to_fixed(struct remap *r, uaddr_t *out)
{
	struct vm_area *a;
	err_t err;

	if ((r->to & PAGE_MASK) || !range_ok(r->to, r->new_len))
		return -EINVAL;
	if (r->addr + r->old_len > r->to && r->to + r->new_len > r->addr)
		return -EINVAL;
	if (r->to < vm_policy.mmap_min_addr)
		return -EPERM;
	err = vm_unmap_locked(r->to, r->to + r->new_len);
	if (!err && r->old_len > r->new_len) {
		err = vm_unmap_locked(r->addr + r->new_len, r->addr + r->old_len);
		r->old_len = r->new_len;
	}
	if (!err)
		err = check_area(r, &a);
	if (!err)
		err = move_area(r, a, r->to);
	if (!err)
		*out = r->to;
	return err;
}

static bool grow_in_place(const struct remap *r, struct vm_area *a)
{
	const struct vm_area *above = area_next(a);
	uaddr_t end = r->addr + r->new_len;

	if (a->end != r->addr + r->old_len || !range_ok(r->addr, r->new_len))
		return false;
	if (above && end > above->start - (above->flags & VM_GROWSDOWN ? AREA_GUARD : 0))
		return false;
	area_extend(a, a->start, end);
	area_join(a);
	return true;
}

static err_t resize(struct remap *r, uaddr_t *out)
{
	struct vm_area *a;
	uaddr_t to = 0;
	err_t err;

	*out = r->addr;
	if (r->old_len >= r->new_len && !(r->flags & LMREMAP_DONTUNMAP)) {
		a = area_find(&as.areas, r->addr);
		if (!a || a->start > r->addr)
			return -EFAULT;
		if (r->old_len == r->new_len)
			return 0; /* the range is not looked at */
		return vm_unmap_locked(r->addr + r->new_len, r->addr + r->old_len);
	}
	err = check_area(r, &a);
	if (err)
		return err;
	if (r->old_len && !(r->flags & LMREMAP_DONTUNMAP) && grow_in_place(r, a))
		return 0;
	if (!(r->flags & LMREMAP_MAYMOVE))
		return -ENOMEM;
	/* A hint for MREMAP_DONTUNMAP, which may name one without MREMAP_FIXED. */
	to = r->flags & LMREMAP_DONTUNMAP ? r->to : 0;
	err = vm_place(&to, r->new_len, a->flags & VM_SHARED);
	if (!err)
		err = move_area(r, a, to);
	if (!err)
		*out = to;
	return err;
}

err_t vm_remap(uaddr_t *addr, size_t old_len, size_t new_len, unsigned flags, uaddr_t new_addr)
{
	struct remap r = { *addr, new_addr, ALIGN_UP(old_len, PAGE_SIZE),
			   ALIGN_UP(new_len, PAGE_SIZE), flags };
	bool locked = false;
	uaddr_t to = 0;
	err_t err;

	if (old_len > USER_TOP || new_len > USER_TOP)
		return new_len > USER_TOP ? -ENOMEM : -EFAULT;
	err = check_args(&r);
	if (err)
		return err;
	aspace_lock();
	err = flags & LMREMAP_FIXED ? move_to_fixed(&r, &to) : resize(&r, &to);
	if (!err)
		locked = area_find(&as.areas, to)->flags & VM_LOCKED;
	aspace_unlock();
	if (!err && locked && r.new_len > r.old_len)
		(void)!vm_populate(to + r.old_len, to + r.new_len, false, true);
	if (!err)
		*addr = to;
	return err;
}
