/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vm.c: the address space against a model: one record a page, of what is mapped there, how, and what
 * the program last wrote.  Random calls, with 2 MB pages, a file mapped privately and shared, and
 * truncation and write-back of it; after each burst every page is compared and all memory accounted for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "abi/linux_mman.h"
#include "kern/init.h"
#include "kern/page.h"
#include "kern/slab.h"
#include "kern/vm_int.h"
#include "test/lib/kern.h"

enum { RAM = 192 << 20, PAGES = 4096, FILE_PAGES = 600, RW = VM_READ | VM_WRITE };
#define BASE 0x40000000ull

/* --- a file ------------------------------------------------------------------------------------ */

static struct fake_file {
	struct vm_object obj;
	struct page *page[FILE_PAGES];
	unsigned size; /* pages */
	long refs;
} file;

static err_t file_get_page(struct vm_object *o, uint64_t index, bool write, struct page **out)
{
	struct page *p;

	(void)o;
	if (index >= file.size)
		return -ENXIO;
	p = file.page[index];
	if (!p) {
		p = page_alloc(0, PAGE_ZERO);
		if (!p)
			return -ENOMEM;
		p->owner = &file.obj;
		p->index = (uint32_t)index;
		*(uint32_t *)page_va(p) = 0; /* pages of the file start as 0, too */
		file.page[index] = p;
	}
	if (write)
		atomic_fetch_or(&p->flags, PAGE_DIRTY);
	page_get(p);
	*out = p;
	return 0;
}

static struct page *file_peek(struct vm_object *o, uint64_t index)
{
	(void)o;
	if (index >= file.size || !file.page[index])
		return NULL;
	page_get(file.page[index]);
	return file.page[index];
}

static void file_ref(struct vm_object *o)
{
	(void)o;
	file.refs++;
}

static void file_unref(struct vm_object *o)
{
	(void)o;
	assert_true(file.refs-- > 0);
}

static const struct vm_object_ops file_ops = {
	.get_page = file_get_page, .peek_page = file_peek, .get = file_ref, .put = file_unref
};

/* --- the model --------------------------------------------------------------------------------- */

static struct model {
	bool mapped, shared, private_copy;
	unsigned prot;
	int index;	/* of the file; -1: anonymous */
	uint32_t value; /* anonymous, or a private copy */
} model[PAGES];
static uint32_t file_value[FILE_PAGES];

static uint64_t rnd = 88172645463325252ull;
static uint64_t rnd_next(void)
{
	rnd ^= rnd << 13;
	rnd ^= rnd >> 7;
	return rnd ^= rnd << 17;
}

static unsigned rnd_len(unsigned at)
{
	unsigned n = 1 + rnd_next() % (rnd_next() % 4 ? 40 : 1500);

	return MIN(n, PAGES - at);
}

static uaddr_t va(unsigned page)
{
	return BASE + page * PAGE_SIZE;
}

/* As the CPU: through the tables, with a fault where the leaf does not allow it. */
static uint32_t *reach(unsigned page, bool write)
{
	for (unsigned tries = 0; tries < 3; tries++) {
		unsigned level;
		uint64_t v = pt_read(pt_find(va(page), &level));
		struct vm_fault_result r;

		if (pte_present(v) && (!write || pte_writable(v)))
			return (uint32_t *)((char *)pa_to_va(pte_pa(v)) +
					    (va(page) & (pt_span(level) - 1)));
		r = vm_fault(va(page), write, false, true);
		if (r.signo)
			return NULL;
	}
	fail_msg("page %u stays out of reach", page);
	return NULL;
}

static bool past_end(const struct model *m)
{
	return m->index >= 0 && !m->private_copy && (unsigned)m->index >= file.size;
}

static uint32_t expected(const struct model *m)
{
	return m->index >= 0 && !m->private_copy ? file_value[m->index] : m->value;
}

static void touch(unsigned page)
{
	struct model *m = &model[page];
	bool write = rnd_next() & 1, ok = m->mapped && m->prot && !past_end(m);
	uint32_t *p;

	if (write)
		ok = ok && (m->prot & VM_WRITE);
	p = reach(page, write);
	if (!ok) {
		assert_null(p);
		return;
	}
	assert_non_null(p);
	assert_int_equal(*p, expected(m));
	if (!write)
		return;
	*p = (uint32_t)rnd_next();
	if (m->index >= 0 && m->shared) {
		file_value[m->index] = *p;
		return;
	}
	m->private_copy = m->index >= 0;
	m->value = *p;
}

static void check_all(void)
{
	for (unsigned i = 0; i < PAGES; i++) {
		const struct model *m = &model[i];
		unsigned level;
		uint64_t v = pt_read(pt_find(va(i), &level));

		if (!m->mapped) {
			assert_int_equal(v, 0);
			continue;
		}
		if (!m->prot)
			assert_false(pte_present(v));
		if (!(m->prot & VM_WRITE))
			assert_false(pte_present(v) && pte_writable(v));
		if (pte_present(v) && pte_writable(v) && m->index >= 0 && m->shared)
			assert_true(atomic_load(&file.page[m->index]->flags) & PAGE_DIRTY);
		if (m->prot && !past_end(m)) {
			uint32_t *p = reach(i, false);

			assert_non_null(p);
			assert_int_equal(*p, expected(m));
		}
	}
}

/* --- calls ------------------------------------------------------------------------------------- */

static void do_map(void)
{
	static const unsigned prots[] = { 0, VM_READ, RW, RW, RW, VM_READ | VM_EXEC };
	unsigned at = rnd_next() % PAGES, n = rnd_len(at), prot = prots[rnd_next() % 6];
	unsigned kind = rnd_next() % 4, first = rnd_next() % FILE_PAGES;
	unsigned flags =
		VM_FIXED | (kind == 1 ? VM_SHARED : 0) | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	bool is_file = kind < 2;
	uaddr_t addr = va(at);

	if (is_file)
		n = MIN(n, FILE_PAGES - first);
	assert_int_equal(vm_map(&addr, n * PAGE_SIZE, prot, flags, is_file ? &file.obj : NULL,
				(uint64_t)first << PAGE_SHIFT),
			 0);
	assert_int_equal(addr, va(at));
	for (unsigned i = 0; i < n; i++)
		model[at + i] = (struct model){ .mapped = true,
						.shared = kind == 1,
						.prot = prot,
						.index = is_file ? (int)(first + i) : -1 };
}

/* Where 2 MB pages come up: aligned, and nothing there before. */
static void do_map_big(void)
{
	unsigned at = rnd_next() % (PAGES / 512) * 512, n = 512 + rnd_next() % (PAGES - at - 511);
	uaddr_t addr = va(at);

	assert_int_equal(vm_map(&addr, n * PAGE_SIZE, RW, VM_FIXED, NULL, 0), 0);
	for (unsigned i = at; i < at + n; i++)
		model[i] = (struct model){ .mapped = true, .prot = RW, .index = -1 };
	for (unsigned i = 0; i < 8; i++)
		touch(at + rnd_next() % n);
}

static void do_unmap(void)
{
	unsigned at = rnd_next() % PAGES, n = rnd_len(at);

	assert_int_equal(vm_unmap(va(at), n * PAGE_SIZE), 0);
	memset(&model[at], 0, n * sizeof(model[0]));
}

static void do_protect(void)
{
	unsigned at = rnd_next() % PAGES, n = rnd_len(at), i;
	unsigned prot = (unsigned[]){ 0, VM_READ, RW, RW, VM_READ | VM_EXEC }[rnd_next() % 5];
	err_t err = vm_protect(va(at), n * PAGE_SIZE, prot);

	for (i = 0; i < n && model[at + i].mapped; i++)
		model[at + i].prot = prot;
	assert_int_equal(err, i == n ? 0 : -ENOMEM);
}

static void do_dontneed(void)
{
	unsigned at = rnd_next() % PAGES, n = rnd_len(at);
	bool hole = false;
	err_t err = vm_advise(va(at), n * PAGE_SIZE, LMADV_DONTNEED);

	for (unsigned i = at; i < at + n; i++) {
		hole |= !model[i].mapped;
		if (model[i].mapped && !model[i].shared) {
			model[i].private_copy = false;
			model[i].value = 0;
		}
	}
	assert_int_equal(err, hole ? -ENOMEM : 0);
}

/* One area only, as mremap() wants it: a run of pages that one mapping made. */
static unsigned run_of(unsigned at, unsigned max)
{
	const struct vm_area *a = area_find(&as.areas, va(at));
	unsigned n;

	if (!a || a->start > va(at))
		return 0;
	n = (unsigned)((a->end - va(at)) / PAGE_SIZE);
	return MIN(n, max);
}

static void do_remap(void)
{
	static struct model moved[PAGES];
	unsigned at = rnd_next() % PAGES, n = run_of(at, rnd_len(at)), to, i;
	bool keep = rnd_next() % 4 == 0;
	uaddr_t addr = va(at);

	if (n == 0)
		return;
	to = rnd_next() % (PAGES - n + 1);
	if (rnd_next() % 2) /* aligned alike, so that 2 MB leaves move */
		to = to / 512 * 512 + at % 512;
	if (to + n > PAGES || (to < at + n && at < to + n))
		return;
	assert_int_equal(vm_remap(&addr, n * PAGE_SIZE, n * PAGE_SIZE,
				  LMREMAP_MAYMOVE | LMREMAP_FIXED | (keep ? LMREMAP_DONTUNMAP : 0),
				  va(to)),
			 0);
	assert_int_equal(addr, va(to));
	memcpy(moved, &model[at], n * sizeof(model[0]));
	for (i = at; i < at + n; i++) {
		if (!keep) {
			model[i] = (struct model){ 0 };
		} else if (!model[i].shared) {
			model[i].private_copy = false;
			model[i].value = 0;
		}
	}
	memcpy(&model[to], moved, n * sizeof(model[0]));
}

static void do_truncate(void)
{
	unsigned size = rnd_next() % 3 ? FILE_PAGES : rnd_next() % FILE_PAGES;

	for (unsigned i = size; i < file.size; i++) {
		file_value[i] = 0;
		if (file.page[i]) {
			file.page[i]->owner = NULL;
			page_put(file.page[i]);
			file.page[i] = NULL;
		}
	}
	file.size = size;
	vm_object_unmap(&file.obj, size, FILE_PAGES, false);
	for (unsigned i = 0; i < PAGES; i++)
		if (model[i].mapped && model[i].index >= (int)size)
			model[i].private_copy = false;
}

static void do_write_back(void)
{
	unsigned i = rnd_next() % FILE_PAGES;

	if (i >= file.size || !file.page[i])
		return;
	atomic_fetch_and(&file.page[i]->flags, (uint16_t)~PAGE_DIRTY);
	vm_object_clean(&file.obj, &file.page[i], 1);
}

static void (*const calls[])(void) = { do_map,	   do_map,	do_map_big,  do_unmap,
				       do_protect, do_protect,	do_remap,    do_remap,
				       do_remap,   do_dontneed, do_truncate, do_write_back };

static void burst(void)
{
	for (unsigned i = 0; i < 40; i++) {
		calls[rnd_next() % ARRAY_LEN(calls)]();
		for (unsigned k = 0; k < 60; k++)
			touch(rnd_next() % PAGES);
	}
	check_all();
}

static size_t areas(void)
{
	size_t pages = 0;

	for (const struct vm_area *a = area_first(&as.areas); a; a = area_next(a))
		pages += (a->end - a->start) / PAGE_SIZE;
	assert_int_equal(pages, as.total);
	return pages;
}

static void the_space_agrees_with_the_model(void **state)
{
	struct page_stats before, after;
	uaddr_t addr = BASE;

	(void)state;
	vm_object_init(&file.obj, &file_ops);
	file.size = FILE_PAGES;
	/* Tables and slabs that stay are made once, before the count. */
	assert_int_equal(vm_map(&addr, PAGE_SIZE, RW, 0, NULL, 0), 0);
	assert_int_equal(vm_unmap(addr, PAGE_SIZE), 0);
	aspace_lock();
	aspace_unlock();
	page_stats(&before);
	for (unsigned i = 0; i < 120; i++) {
		burst();
		areas();
	}
	assert_int_equal(vm_unmap(BASE, PAGES * PAGE_SIZE), 0);
	memset(model, 0, sizeof(model));
	check_all();
	assert_int_equal(areas(), 0);
	assert_int_equal(as.rss_anon, 0);
	assert_int_equal(as.rss_file, 0);
	assert_int_equal(as.data, 0);
	assert_int_equal(as.shared, 0);
	assert_int_equal(file.refs, 0);
	file.size = FILE_PAGES;
	do {
		do_truncate();
	} while (file.size);
	page_stats(&after);
	/* Nothing leaks: what is gone is what slabs keep for the next areas. */
	assert_int_equal(after.free_bytes + after.slab_bytes,
			 before.free_bytes + before.slab_bytes);
}

/*
 * The arena and the page array lie at addresses that are the program's in this machine: bring all memory in,
 * then forget the tables made for that.
 */
static int setup(void **state)
{
	struct page *all = NULL, *p;

	(void)state;
	test_machine_new(RAM);
	if (page_init())
		return -1;
	while ((p = page_alloc(0, PAGE_ATOMIC))) {
		p->owner = all;
		all = p;
	}
	while ((p = all)) {
		all = p->owner;
		page_put(p);
	}
	memset(pt_root, 0, PAGE_SIZE);
	/* A second CPU that is busy: it is told of what is unmapped. */
	test_cpu_enter(1);
	test_cpu_enter(0);
	return slab_init() || vm_init();
}

/* --- single promises --------------------------------------------------------------------------- */

static uaddr_t map_anon(size_t len, unsigned prot, unsigned flags)
{
	uaddr_t addr = 0;

	assert_int_equal(vm_map(&addr, len, prot, flags, NULL, 0), 0);
	return addr;
}

static void big_areas_get_2_mb_pages(void **state)
{
	uaddr_t a = map_anon(8 << 20, RW, 0);
	unsigned level;

	(void)state;
	assert_int_equal(a % HUGE_SIZE, 0);
	assert_int_equal(vm_fault(a + 12345, true, false, true).signo, 0);
	assert_true(pt_read(pt_find(a, &level)) && level == 1);
	/* Part of it goes: the rest stays, in small pages. */
	assert_int_equal(vm_unmap(a + PAGE_SIZE, PAGE_SIZE), 0);
	assert_true(pt_read(pt_find(a, &level)) && level == 0);
	assert_int_equal(pt_read(pt_find(a + PAGE_SIZE, &level)), 0);
	assert_int_equal(as.rss_anon, 511);
	assert_int_equal(vm_unmap(a, 8 << 20), 0);
	assert_int_equal(as.rss_anon, 0);
}

static void neighbours_become_one_area(void **state)
{
	uaddr_t a = map_anon(3 * PAGE_SIZE, RW, 0);

	(void)state;
	assert_int_equal(vm_protect(a + PAGE_SIZE, PAGE_SIZE, VM_READ), 0);
	assert_int_equal(area_find(&as.areas, a)->end, a + PAGE_SIZE);
	assert_int_equal(vm_protect(a + PAGE_SIZE, PAGE_SIZE, RW), 0);
	assert_int_equal(area_find(&as.areas, a)->end, a + 3 * PAGE_SIZE);
	assert_int_equal(vm_unmap(a, 3 * PAGE_SIZE), 0);
}

static void stacks_grow_to_their_guard(void **state)
{
	uaddr_t top = 0x7fff00000000, a, low = top - (4 << 20);

	(void)state;
	a = low;
	assert_int_equal(vm_map(&a, PAGE_SIZE, RW, VM_FIXED, NULL, 0), 0);
	assert_int_equal(vm_set_stack(top, 8 << 20), 0);
	assert_int_equal(vm_fault(top - (1 << 20), true, false, true).signo, 0);
	assert_int_equal(vm_fault(top - (2 << 20), true, false, true).signo, 0);
	assert_int_equal(vm_fault(low + (2 << 19), true, false, true).signo,
			 11); /* in the guard's reach */
	assert_int_equal(vm_unmap(low, PAGE_SIZE), 0);
	assert_int_equal(vm_fault(top - (8 << 20), true, false, true).signo, 0);
	assert_int_equal(vm_fault(top - (8 << 20) - 1, true, false, true).signo, 11);
	assert_int_equal(vm_unmap(top - (8 << 20), 8 << 20), 0);
	assert_int_equal(as.stack, 0);
}

static void the_break_moves(void **state)
{
	(void)state;
	vm_set_brk(0x600123);
	assert_int_equal(vm_brk(0), 0x601000);
	assert_int_equal(vm_brk(0x601010), 0x601010);
	assert_int_equal(vm_fault(0x601ff0, true, false, true).signo, 0);
	assert_int_equal(vm_fault(0x602000, true, false, true).signo, 11);
	assert_int_equal(vm_brk(0x700001), 0x700001);
	assert_int_equal(vm_brk(0x500000), 0x700001);
	assert_int_equal(vm_brk(0x601000), 0x601000);
	assert_int_equal(vm_fault(0x601ff0, true, false, true).signo, 11);
}

static void reservations_may_be_huge(void **state)
{
	uaddr_t a = 0;

	(void)state;
	assert_int_equal(vm_map(&a, 1ull << 42, 0, 0, NULL, 0), 0);
	assert_int_equal(vm_protect(a, 64 << 20, RW), 0);
	assert_int_equal(vm_protect(a, 1ull << 41, RW), -ENOMEM);
	assert_int_equal(vm_unmap(a, 1ull << 42), 0);
	a = 0;
	assert_int_equal(vm_map(&a, 1ull << 40, RW, VM_NORESERVE, NULL, 0), 0);
	assert_int_equal(vm_unmap(a, 1ull << 40), 0);
	a = 0;
	assert_int_equal(vm_map(&a, 1ull << 40, RW, 0, NULL, 0), -ENOMEM);
}

static void no_memory_is_said(void **state)
{
	uaddr_t a = map_anon(256 << 20, RW, VM_NORESERVE), at;
	int signo = 0;

	(void)state;
	for (at = a; at < a + (256 << 20) && !signo; at += PAGE_SIZE)
		signo = vm_fault(at, true, false, true).signo;
	assert_int_equal(signo, -ENOMEM);
	assert_true(at - a > 180 << 20);
	assert_int_equal(vm_unmap(a, 256 << 20), 0);
	assert_int_equal(as.rss_anon, 0);
}

/* --- nothing breaks where memory is short -------------------------------------------------------- */

static struct page *hoard_but(unsigned left)
{
	struct page *all = NULL, *p;

	while ((p = page_alloc(0, PAGE_ATOMIC))) {
		p->owner = all;
		all = p;
	}
	while (left-- && (p = all)) {
		all = p->owner;
		page_put(p);
	}
	return all;
}

static void give_back(struct page *all)
{
	while (all) {
		struct page *p = all;

		all = p->owner;
		page_put(p);
	}
}

/* Any call, whatever comes of it. */
static void wild_call(void)
{
	unsigned at = rnd_next() % PAGES, n = rnd_len(at), to = rnd_next() % PAGES;
	unsigned prot = (unsigned[]){ 0, VM_READ, RW, RW }[rnd_next() % 4];
	bool is_file = rnd_next() % 3 == 0;
	uaddr_t addr = va(at);

	switch (rnd_next() % 8) {
	case 0:
	case 1:
		(void)!vm_map(&addr, n * PAGE_SIZE, prot,
			      VM_FIXED | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC |
				      (is_file && rnd_next() & 1 ? VM_SHARED : 0),
			      is_file ? &file.obj : NULL, 0);
		break;
	case 2:
		(void)!vm_unmap(addr, n * PAGE_SIZE);
		break;
	case 3:
		(void)!vm_protect(addr, n * PAGE_SIZE, prot);
		break;
	case 4:
		(void)!vm_remap(&addr, n * PAGE_SIZE, (1 + rnd_next() % (2 * n)) * PAGE_SIZE,
				LMREMAP_MAYMOVE | (rnd_next() & 1 ? LMREMAP_FIXED : 0), va(to));
		if (addr != va(at) && addr < BASE + PAGES * PAGE_SIZE && addr >= BASE)
			break;
		if (addr != va(at)) /* wherever it went */
			(void)!vm_unmap(addr, 2 * n * PAGE_SIZE);
		break;
	case 5:
		(void)!vm_advise(addr, n * PAGE_SIZE, LMADV_DONTNEED);
		break;
	default:
		for (unsigned i = 0; i < 20; i++)
			(void)vm_fault(va(rnd_next() % PAGES), rnd_next() & 1, false, true);
	}
}

static void leaf_in_area(struct pt_slot *s, uaddr_t addr, unsigned level, void *arg)
{
	const struct vm_area *a = area_find(&as.areas, addr);

	(void)s, (void)arg;
	assert_non_null(a);
	assert_true(a->start <= addr && addr + pt_span(level) <= a->end);
}

static void a_lack_of_memory_breaks_nothing(void **state)
{
	struct page_stats before, after;

	(void)state;
	file.size = FILE_PAGES;
	aspace_lock();
	aspace_unlock();
	page_stats(&before);
	for (unsigned i = 0; i < 250; i++) {
		struct page *held = hoard_but(rnd_next() % 40);

		for (unsigned k = 0; k < 30; k++)
			wild_call();
		give_back(held);
		for (unsigned k = 0; k < 10; k++)
			wild_call();
		areas();
		vm_each_leaf(0, USER_TOP, leaf_in_area, NULL);
	}
	while (area_first(&as.areas)) {
		struct vm_area *a = area_first(&as.areas);

		assert_int_equal(vm_unmap(a->start, a->end - a->start), 0);
	}
	assert_int_equal(as.rss_anon, 0);
	assert_int_equal(as.rss_file, 0);
	assert_int_equal(file.refs, 0);
	do {
		do_truncate();
	} while (file.size);
	page_stats(&after);
	assert_int_equal(after.free_bytes + after.slab_bytes,
			 before.free_bytes + before.slab_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(big_areas_get_2_mb_pages),
		cmocka_unit_test(neighbours_become_one_area),
		cmocka_unit_test(stacks_grow_to_their_guard),
		cmocka_unit_test(the_break_moves),
		cmocka_unit_test(reservations_may_be_huge),
		cmocka_unit_test(the_space_agrees_with_the_model),
		cmocka_unit_test(a_lack_of_memory_breaks_nothing),
		cmocka_unit_test(no_memory_is_said),
	};
	return cmocka_run_group_tests_name("vm", tests, setup, NULL);
}
