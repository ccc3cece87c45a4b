/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/vm_name.c: names that a program gives to its anonymous memory (prctl(2), PR_SET_VMA_ANON_NAME), for the one who reads
 * /proc/self/maps.  Areas share a name by reference; the call that sets one makes it, and the last area that has it
 * takes it away.
 */
#include "kern/slab.h"
#include "kern/vm_int.h"
#include "lib/mem.h"

struct vm_name {
	_Atomic unsigned refs;
	char text[];
};

struct vm_name *vm_name_get(struct vm_name *n)
{
	if (n)
		/* Relaxed: the caller's area has a reference. */
		atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
	return n;
}

void vm_name_put(struct vm_name *n)
{
	/* Both ways: the last one sees what the others did. Pairs with itself. */
	if (n && atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) == 1)
		kfree(n);
}

const char *vm_name_text(const struct vm_name *n)
{
	return n->text;
}

bool vm_name_equal(const struct vm_name *a, const struct vm_name *b)
{
	return a == b || (a && b && strcmp(a->text, b->text) == 0);
}

static err_t name_new(const char *text, struct vm_name **out)
{
	size_t n = strlen(text) + 1;

	*out = kmalloc(sizeof(**out) + n);
	if (!*out)
		return -ENOMEM;
	(*out)->refs = 1;
	memcpy((*out)->text, text, n);
	return 0;
}

static err_t name_area(struct vm_area *a, uaddr_t start, uaddr_t end, struct vm_name *name)
{
	err_t err;

	if (a->object)
		return -EBADF;
	if (vm_name_equal(a->name, name))
		return 0;
	err = area_cut_range(start, end);
	if (err)
		return err;
	a = area_find(&as.areas, start);
	vm_name_put(a->name);
	a->name = vm_name_get(name);
	area_join(a);
	return 0;
}

/* Holes are passed over, and said at the end. */
static err_t name_range(uaddr_t start, uaddr_t end, struct vm_name *name)
{
	err_t err = 0, hole = 0;

	while (start < end && !err) {
		struct vm_area *a = area_find(&as.areas, start);
		uaddr_t stop;

		if (!a || a->start >= end)
			return -ENOMEM;
		if (a->start > start)
			hole = -ENOMEM;
		start = MAX(start, a->start);
		stop = MIN(a->end, end);
		err = name_area(a, start, stop, name);
		start = stop;
	}
	return err ? err : hole;
}

err_t vm_set_name(uaddr_t addr, size_t len, const char *text)
{
	struct vm_name *name = NULL;
	uaddr_t end;
	err_t err;

	if (addr & PAGE_MASK || (len && !ALIGN_UP(len, PAGE_SIZE)))
		return -EINVAL;
	end = addr + ALIGN_UP(len, PAGE_SIZE);
	if (end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	err = text ? name_new(text, &name) : 0;
	if (err)
		return err;
	aspace_lock();
	err = name_range(addr, end, name);
	aspace_unlock();
	vm_name_put(name);
	return err;
}
