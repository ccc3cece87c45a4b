/* SPDX-License-Identifier: Apache-2.0 */
/* kern/vm_place.c: where mappings go, and whether there may be more of them. */
#include "kern/vm_int.h"

#include "kern/rand.h"

enum {
	STACK_GAP_MIN = 128 << 20,    /* Linux's: room kept below the stack's top */
	STACK_RANDOM_PAGES = 1 << 22, /* what the loader may move the stack by */
	LOW_32BIT = 0x40000000,	      /* MAP_32BIT: the second gigabyte */
};
#define HIGH_32BIT 0x80000000ull

uint64_t vm_aslr(unsigned bits)
{
	if (vm_policy.noaslr || bits == 0)
		return 0;
	return (rand_u64() & ((1ull << bits) - 1)) << PAGE_SHIFT;
}

/* As Linux: the gap is the stack's limit within bounds, what the stack was moved by, and its guard. */
void vm_place_mappings(uint64_t limit)
{
	uint64_t gap = MAX(limit, (uint64_t)STACK_GAP_MIN);

	gap = MIN(gap, USER_TOP / 6 * 5);
	gap += ((uint64_t)STACK_RANDOM_PAGES << PAGE_SHIFT) + AREA_GUARD;
	as.mmap_base = ALIGN_DOWN(USER_TOP - gap - vm_aslr(28), PAGE_SIZE);
}

/* --- placement --------------------------------------------------------------------------------- */

bool vm_range_free(uaddr_t addr, size_t len)
{
	const struct vm_area *a = area_find(&as.areas, addr), *below;
	uaddr_t top;

	if (!a)
		return true;
	top = a->start;
	if (a->flags & VM_GROWSDOWN)
		top -= MIN(top, AREA_GUARD);
	below = area_prev(a);
	return addr + len <= top && (!below || below->end <= addr);
}

/* 2 MB pages need places that are aligned for them; Linux aligns from that size on, too. */
static uint64_t align_for(size_t len, unsigned flags)
{
	return len >= HUGE_SIZE && !(flags & (VM_STACK | VM_SHARED)) ? HUGE_SIZE : PAGE_SIZE;
}

static err_t place_anywhere(uaddr_t *addr, size_t len, unsigned flags)
{
	uint64_t min = vm_policy.mmap_min_addr, align = align_for(len, flags);

	if (flags & VM_32BIT)
		return area_gap_up(&as.areas, len, LOW_32BIT, HIGH_32BIT, PAGE_SIZE, addr)
			       ? 0
			       : -ENOMEM;
	if (align > PAGE_SIZE && area_gap_down(&as.areas, len, min, as.mmap_base, align, addr))
		return 0;
	if (area_gap_down(&as.areas, len, min, as.mmap_base, PAGE_SIZE, addr) ||
	    area_gap_up(&as.areas, len, as.mmap_base, USER_TOP, PAGE_SIZE, addr))
		return 0;
	return -ENOMEM;
}

/* MAP_32BIT asks for an end below 2 GB; a hint below its usual first gigabyte is as good. */
static bool hint_ok(uaddr_t hint, size_t len, unsigned flags)
{
	return user_range_ok(hint, len) && (!(flags & VM_32BIT) || hint + len <= HIGH_32BIT);
}

err_t vm_place(uaddr_t *addr, size_t len, unsigned flags)
{
	uaddr_t hint = *addr;

	if (len > USER_TOP - vm_policy.mmap_min_addr)
		return -ENOMEM;
	if (flags & (VM_FIXED | VM_FIXED_NOREPLACE)) {
		if (!user_range_ok(hint, len))
			return -ENOMEM;
		if (hint & PAGE_MASK)
			return -EINVAL;
		if (hint < vm_policy.mmap_min_addr)
			return -EPERM;
		if (flags & VM_FIXED_NOREPLACE) {
			const struct vm_area *a = area_find(&as.areas, hint);

			return a && a->start < hint + len ? -EEXIST : 0;
		}
		return 0;
	}
	hint = ALIGN_UP(hint, PAGE_SIZE);
	if (hint && hint < vm_policy.mmap_min_addr)
		hint = vm_policy.mmap_min_addr;
	if (hint && hint_ok(hint, len, flags) && vm_range_free(hint, len)) {
		*addr = hint;
		return 0;
	}
	return place_anywhere(addr, len, flags);
}

/* --- limits ------------------------------------------------------------------------------------ */

static bool over(size_t pages, size_t more, uint64_t limit)
{
	return limit != UINT64_MAX && (uint64_t)(pages + more) > limit >> PAGE_SHIFT;
}

/*
 * Linux's heuristic overcommit refuses only what could never be: one writable private mapping larger than
 * the machine's memory, unless it is MAP_NORESERVE.
 */
err_t vm_may_write(size_t pages, unsigned flags)
{
	if (flags & VM_SHARED)
		return 0;
	if (!(flags & (VM_STACK | VM_GROWSDOWN)) && over(as.data, pages, vm_policy.limit_data))
		return -ENOMEM;
	if (flags & VM_NORESERVE)
		return 0;
	return pages > page_total() ? -ENOMEM : 0;
}

err_t vm_may_grow(size_t pages, unsigned prot, unsigned flags)
{
	if (over(as.total, pages, vm_policy.limit_as))
		return -ENOMEM;
	return prot & VM_WRITE ? vm_may_write(pages, flags) : 0;
}

err_t vm_may_lock(size_t pages)
{
	return over(as.locked, pages, vm_policy.limit_memlock) ? -EAGAIN : 0;
}
