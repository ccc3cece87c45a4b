/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vm_lock.c: mlock and its family.  Nothing is ever paged out here, so a locked area is one whose pages are
 * there from the start and that madvise() does not take away; and it counts against RLIMIT_MEMLOCK.
 */
#include "kern/vm_int.h"

/* Pages of the range that are locked already do not count twice. */
static size_t locked_in(uaddr_t start, uaddr_t end)
{
	size_t n = 0;

	for (const struct vm_area *a = area_find(&as.areas, start); a && a->start < end;
	     a = area_next(a))
		if (a->flags & VM_LOCKED)
			n += (size_t)(MIN(a->end, end) - MAX(a->start, start)) >> PAGE_SHIFT;
	return n;
}

/* Linux stops at the first hole, with what came before locked. */
static err_t lock_range(uaddr_t start, uaddr_t end, unsigned set, unsigned clear)
{
	uaddr_t to = start;

	while (to < end) {
		const struct vm_area *a = area_find(&as.areas, to);

		if (!a || a->start > to)
			break;
		to = MIN(a->end, end);
	}
	if (to > start) {
		err_t err = vm_flags_range(start, to, set, clear, NULL);

		if (err)
			return err;
	}
	return to < end ? -ENOMEM : 0;
}

/* The next piece of [*at, end) that is locked, and whether it is to be written to. */
static bool next_locked(uaddr_t *at, uaddr_t end, uaddr_t *stop, bool *write)
{
	const struct vm_area *a;
	bool found = false;

	read_lock(&as.lock);
	for (a = area_find(&as.areas, *at); a && a->start < end && !found; a = area_next(a)) {
		if (!(a->flags & VM_LOCKED) || a->flags & VM_VDSO)
			continue;
		found = true;
		*at = MAX(*at, a->start);
		*stop = MIN(a->end, end);
		*write = (a->prot & VM_WRITE) && !(a->flags & VM_SHARED);
	}
	read_unlock(&as.lock);
	return found;
}

/* As mlock(2): memory that cannot be touched is -ENOMEM, memory that is not to be had -EAGAIN. */
static err_t populate_locked(uaddr_t start, uaddr_t end)
{
	uaddr_t stop;
	bool write;

	for (; start < end && next_locked(&start, end, &stop, &write); start = stop) {
		err_t err = vm_populate(start, stop, write, true);

		if (err)
			return err == -ENOMEM ? -EAGAIN : err == -EFAULT ? -ENOMEM : err;
	}
	return 0;
}

static err_t align_range(uaddr_t *addr, size_t *len)
{
	if (*len > USER_TOP)
		return -ENOMEM;
	*len = ALIGN_UP(*len + (*addr & PAGE_MASK), PAGE_SIZE);
	*addr = ALIGN_DOWN(*addr, PAGE_SIZE);
	return *addr + *len < *addr ? -EINVAL : 0;
}

static bool over_limit(size_t pages)
{
	uint64_t limit = vm_policy.limit_memlock;

	return limit != UINT64_MAX && as.locked + pages > limit >> PAGE_SHIFT;
}

err_t vm_lock(uaddr_t addr, size_t len, bool on_fault)
{
	err_t err;

	if (vm_policy.limit_memlock == 0)
		return -EPERM;
	err = align_range(&addr, &len);
	if (err)
		return err;
	aspace_lock();
	if (over_limit((len >> PAGE_SHIFT) - locked_in(addr, addr + len)))
		err = -ENOMEM;
	else
		err = lock_range(addr, addr + len, VM_LOCKED, 0);
	aspace_unlock();
	if (!err && !on_fault)
		err = populate_locked(addr, addr + len);
	return err;
}

err_t vm_unlock(uaddr_t addr, size_t len)
{
	err_t err = align_range(&addr, &len);

	if (err)
		return err;
	aspace_lock();
	err = lock_range(addr, addr + len, 0, VM_LOCKED);
	aspace_unlock();
	return err;
}

err_t vm_lock_all(bool current, bool future, bool on_fault)
{
	err_t err = 0;

	if (vm_policy.limit_memlock == 0)
		return -EPERM;
	aspace_lock();
	if (current && over_limit(as.total - as.locked)) {
		err = -ENOMEM;
	} else {
		as.lock_future = future;
		as.lock_future_on_fault = future && on_fault;
		if (current)
			(void)!vm_flags_range(0, USER_TOP, VM_LOCKED, 0, NULL);
	}
	aspace_unlock();
	if (!err && current && !on_fault)
		(void)!populate_locked(0, USER_TOP); /* as Linux: what cannot be, is not */
	return err;
}

void vm_unlock_all(void)
{
	aspace_lock();
	as.lock_future = as.lock_future_on_fault = false;
	(void)!vm_flags_range(0, USER_TOP, 0, VM_LOCKED, NULL);
	aspace_unlock();
}
