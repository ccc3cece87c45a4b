/* SPDX-License-Identifier: Apache-2.0 */
/* kern/vm_brk.c: the two areas that have a place of their own: the heap of brk(2) and the first stack. */
#include "kern/vm_int.h"

/* Mapped at once; the rest as the stack grows. */
enum { STACK_FIRST = 132 << 10 };

err_t vm_set_stack(uaddr_t top, uint64_t limit)
{
	uaddr_t start = ALIGN_DOWN(top, PAGE_SIZE) - STACK_FIRST;

	vm_policy.limit_stack = limit;
	vm_place_mappings(limit);
	return vm_map(&start, ALIGN_UP(top, PAGE_SIZE) - start, VM_READ | VM_WRITE,
		      VM_FIXED_NOREPLACE | VM_STACK | VM_GROWSDOWN, NULL, 0);
}

void vm_set_brk(uaddr_t start)
{
	as.brk_start = as.brk_end = ALIGN_UP(start, PAGE_SIZE);
}

static bool brk_grow(uaddr_t from, uaddr_t to)
{
	unsigned flags = VM_BRK | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	struct vm_area *a;

	if (as.lock_future)
		flags |= VM_LOCKED;
	if (!vm_range_free(from, to - from) ||
	    (flags & VM_LOCKED && vm_may_lock((to - from) >> PAGE_SHIFT)) ||
	    vm_may_grow((to - from) >> PAGE_SHIFT, VM_READ | VM_WRITE, flags))
		return false;
	a = area_new(from, to, VM_READ | VM_WRITE, flags);
	if (!a)
		return false;
	area_link(a, NULL, 0);
	area_join(a);
	return true;
}

static bool brk_set(uaddr_t want)
{
	uaddr_t old = ALIGN_UP(as.brk_end, PAGE_SIZE), new;

	if (want < as.brk_start || want > USER_TOP)
		return false;
	if (want - as.brk_start > vm_policy.limit_data)
		return false;
	new = ALIGN_UP(want, PAGE_SIZE);
	if (new < old && vm_unmap_locked(new, old))
		return false;
	if (new > old && !brk_grow(old, new))
		return false;
	as.brk_end = want;
	return true;
}

uaddr_t vm_brk(uaddr_t want)
{
	uaddr_t old, now;
	bool populate;

	aspace_lock();
	old = as.brk_end;
	populate = brk_set(want) && as.lock_future && !as.lock_future_on_fault;
	now = as.brk_end;
	aspace_unlock();
	if (populate && now > old)
		(void)!vm_populate(ALIGN_DOWN(old, PAGE_SIZE), ALIGN_UP(now, PAGE_SIZE), true,
				   true);
	return now;
}
