/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vm_protect.c: changing areas in place: mprotect, and the flags that madvise and mlock set.  As on Linux, a
 * hole or a refusal in the middle ends the call with what came before it done.
 */
#include "kern/vm_int.h"

#include "abi/linux_mman.h"

static err_t may_protect(const struct vm_area *a, uaddr_t start, uaddr_t end, unsigned prot)
{
	unsigned need = 0;

	if (a->flags & VM_VDSO && prot & VM_WRITE)
		return -EACCES;
	need |= prot & VM_READ ? VM_MAYREAD : 0;
	need |= prot & VM_WRITE ? VM_MAYWRITE : 0;
	need |= prot & VM_EXEC ? VM_MAYEXEC : 0;
	if (need & ~a->flags)
		return -EACCES;
	if (vm_policy.exec_protection && (prot & VM_EXEC) && !(a->prot & VM_EXEC))
		return -EACCES;
	/* What becomes writable now counts now. The size of the whole does not change. */
	if ((prot & VM_WRITE) && !(a->prot & VM_WRITE))
		return vm_may_write((end - start) >> PAGE_SHIFT, a->flags);
	return 0;
}

static err_t protect_area(struct vm_area *a, uaddr_t start, uaddr_t end, unsigned prot)
{
	err_t err;

	if (a->prot == prot)
		return 0;
	err = may_protect(a, start, end, prot);
	if (!err)
		err = area_cut_range(start, end);
	if (err)
		return err;
	a = area_find(&as.areas, start);
	area_account(a, -1);
	area_set_prot(a, prot);
	area_account(a, 1);
	vm_pt_protect(a, start, end);
	area_join(a);
	return 0;
}

static err_t protect_range(uaddr_t start, uaddr_t end, unsigned prot)
{
	while (start < end) {
		struct vm_area *a = area_find(&as.areas, start);
		uaddr_t stop;
		err_t err;

		if (!a || a->start > start)
			return -ENOMEM;
		stop = MIN(a->end, end);
		err = protect_area(a, start, stop, prot);
		if (err)
			return err;
		start = stop;
	}
	return 0;
}

static err_t protect_locked(uaddr_t start, uaddr_t end, unsigned prot)
{
	const struct vm_area *a = area_find(&as.areas, start);

	if (prot & LPROT_GROWSDOWN) { /* from the area's own start on, where it is a stack */
		if (!a || a->start >= end)
			return -ENOMEM;
		if (!(a->flags & VM_GROWSDOWN))
			return -EINVAL;
		start = MIN(start, a->start);
	} else if (!a || a->start > start) {
		return -ENOMEM;
	} else if (prot & LPROT_GROWSUP) {
		return -EINVAL; /* nothing grows up here */
	}
	return protect_range(start, end, prot & (VM_READ | VM_WRITE | VM_EXEC));
}

err_t vm_protect(uaddr_t addr, size_t len, unsigned prot)
{
	const unsigned grows = LPROT_GROWSDOWN | LPROT_GROWSUP;
	uaddr_t end;
	err_t err;

	if ((prot & grows) == grows || (addr & PAGE_MASK))
		return -EINVAL;
	if (len == 0)
		return 0;
	len = ALIGN_UP(len, PAGE_SIZE);
	end = addr + len;
	if (end <= addr)
		return -ENOMEM;
	if (prot & ~(unsigned)(grows | VM_READ | VM_WRITE | VM_EXEC | LPROT_SEM))
		return -EINVAL;
	aspace_lock();
	err = protect_locked(addr, end, prot);
	aspace_unlock();
	return err;
}

err_t vm_flags_range(uaddr_t start, uaddr_t end, unsigned set, unsigned clear, flags_fn may)
{
	err_t hole = 0;

	while (start < end) {
		struct vm_area *a = area_find(&as.areas, start);
		uaddr_t stop;
		err_t err;

		if (!a || a->start >= end)
			return -ENOMEM;
		if (a->start > start) {
			hole = -ENOMEM;
			start = a->start;
		}
		stop = MIN(a->end, end);
		err = may ? may(a) : 0;
		if (err)
			return err;
		if (((a->flags | set) & ~clear) != a->flags) {
			err = area_cut_range(start, stop);
			if (err)
				return err;
			a = area_find(&as.areas, start);
			area_account(a, -1);
			a->flags = (a->flags | set) & ~clear;
			area_account(a, 1);
			area_join(a);
		}
		start = stop;
	}
	return hole;
}
