/* SPDX-License-Identifier: Apache-2.0 */
/* kern/vm_info.c: what others want to know of the address space: /proc, crash reports, futexes, limits. */
#include "kern/vm_int.h"

#include "lib/fmt.h"
#include "lib/mem.h"

err_t vm_key(uaddr_t addr, bool shared, struct vm_key *out)
{
	const struct vm_area *a;
	err_t err = -EFAULT;

	*out = (struct vm_key){ NULL, addr };
	if (!shared)
		return 0;
	read_lock(&as.lock);
	a = vm_find_area(addr);
	if (a && a->start <= addr) {
		if ((a->flags & VM_SHARED) && a->object)
			*out = (struct vm_key){ a->object,
						(a->pgoff << PAGE_SHIFT) + (addr - a->start) };
		err = 0;
	}
	read_unlock(&as.lock);
	return err;
}

static const char *name_of(const struct vm_area *a)
{
	if (a->flags & VM_VDSO)
		return a->prot & VM_EXEC ? "[vdso]" : "[vvar]";
	if (a->flags & VM_STACK && a->flags & VM_GROWSDOWN)
		return "[stack]";
	if (a->flags & VM_BRK && a->start <= as.brk_end && a->end > as.brk_start)
		return "[heap]";
	return "";
}

static void count_leaf(struct pt_slot *s, uaddr_t addr, unsigned level, void *arg)
{
	(void)addr;
	if (!pte_special(pt_read(s)))
		*(size_t *)arg += pt_span(level);
}

static void describe(const struct vm_area *a, struct vm_area_info *out)
{
	*out = (struct vm_area_info){ .start = a->start,
				      .end = a->end,
				      .prot = a->prot,
				      .flags = a->flags,
				      .name = name_of(a) };
	if (!a->object)
		return;
	out->offset = a->pgoff << PAGE_SHIFT;
	if (a->object->ops->ident)
		a->object->ops->ident(a->object, &out->dev, &out->ino);
}

/* The object's path, or what the program calls it, into buf; the name otherwise stays. */
static void add_path(const struct vm_area *a, struct vm_area_info *out, char *buf, size_t size)
{
	long n;

	if (a->name && !*out->name && size) {
		fmt(buf, size, "[anon:%s]", vm_name_text(a->name));
		out->name = buf;
	}
	if (!a->object || !a->object->ops->path || size == 0)
		return;
	n = a->object->ops->path(a->object, buf, size);
	if (n >= 0)
		out->name = buf;
}

void vm_for_each(bool (*fn)(const struct vm_area_info *a, void *arg), void *arg, bool rss)
{
	char path[512];
	bool more = true;

	read_lock(&as.lock);
	for (const struct vm_area *a = area_first(&as.areas); a && more; a = area_next(a)) {
		struct vm_area_info info;

		describe(a, &info);
		add_path(a, &info, path, sizeof(path));
		/* 2 MB leaves that stick out of an area do not exist, so nothing is split here. */
		if (rss)
			vm_each_leaf(a->start, a->end, count_leaf, &info.rss_bytes);
		more = fn(&info, arg);
	}
	read_unlock(&as.lock);
}

bool vm_find(uaddr_t addr, struct vm_area_info *out, char *path, size_t size)
{
	const struct vm_area *a;
	bool found;

	read_lock(&as.lock);
	a = vm_find_area(addr);
	found = a && a->start <= addr;
	if (found) {
		describe(a, out);
		add_path(a, out, path, size);
	}
	read_unlock(&as.lock);
	return found;
}

static size_t bytes_of(long pages)
{
	return pages > 0 ? (size_t)pages << PAGE_SHIFT : 0;
}

void vm_stats(struct vm_stats *s)
{
	/* Relaxed: statistics. */
	long anon = atomic_load_explicit(&as.rss_anon, memory_order_relaxed);
	long file = atomic_load_explicit(&as.rss_file, memory_order_relaxed);
	long peak = atomic_load_explicit(&as.peak_rss, memory_order_relaxed);

	*s = (struct vm_stats){
		.total_bytes = as.total << PAGE_SHIFT,
		.locked_bytes = as.locked << PAGE_SHIFT,
		.data_bytes = as.data << PAGE_SHIFT,
		.stack_bytes = as.stack << PAGE_SHIFT,
		.exec_bytes = as.exec << PAGE_SHIFT,
		.shared_bytes = as.shared << PAGE_SHIFT,
		.rss_anon_bytes = bytes_of(anon),
		.rss_file_bytes = bytes_of(file),
		.peak_rss_bytes = bytes_of(MAX(peak, anon + file)),
		.peak_total_bytes = as.peak_total << PAGE_SHIFT,
		.minor_faults = atomic_load_explicit(&as.minor, memory_order_relaxed),
		.major_faults = atomic_load_explicit(&as.major, memory_order_relaxed),
	};
	s->minor_faults -= MIN(s->minor_faults, s->major_faults);
}
