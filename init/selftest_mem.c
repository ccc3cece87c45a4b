/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init/selftest_mem.c: the kernel's own memory on the machine: no page of it is both writable and executable,
 * all memory can be had and used, mapped allocations and copies to user memory do what they say.
 */
#include "init/selftest_int.h"

#include "arch/user.h"
#include "kern/klog.h"
#include "kern/page.h"
#include "kern/panic.h"
#include "kern/pt.h"
#include "kern/slab.h"
#include "kern/vm.h"
#include "lib/assert.h"
#include "lib/mem.h"

/* --- rights ------------------------------------------------------------------------------------ */

struct census {
	uint64_t leaves, writable, executable;
};

static void check_leaf(uint64_t va, bool w, bool x, struct census *c)
{
	if (w && x)
		panic("%#lx is writable and executable", va);
	if (x && va < KERNEL_BASE)
		panic("%#lx is executable and no part of the kernel's image", va);
	c->leaves++;
	c->writable += w;
	c->executable += x;
}

/* A page has the rights that its leaf and all tables above it give. */
static void census_of(const struct pt_slot *table, unsigned level, uint64_t base, struct census *c,
		      unsigned rights)
{
	for (unsigned i = 0; i < PT_SLOTS; i++) {
		uint64_t v = pt_read(&table[i]), va = base + i * pt_span(level);
		bool w = (rights & PT_WRITE) && pte_writable(v);
		bool x = (rights & PT_EXEC) && pte_executable(v);

		if (!pte_present(v))
			continue;
		if (pte_is_leaf(v, level))
			check_leaf(va, w, x, c);
		else
			census_of(pt_table_of(v), level - 1, va, c,
				  (w ? PT_WRITE : 0) | (x ? PT_EXEC : 0));
	}
}

/* Text and read-only data cannot be written under any of their addresses. */
static void check_image(void)
{
	struct kernel_image k = kernel_image();

	for (uint64_t va = k.text; va < k.rodata_end; va += PAGE_SIZE) {
		unsigned level;
		uint64_t high = pt_read(pt_find(va, &level));
		uint64_t low = pt_read(pt_find(DIRECT_BASE + va - kernel_va_pa, &level));

		ASSERT(pte_present(high) && !pte_writable(high));
		ASSERT(!pte_writable(low));
		ASSERT(pte_executable(high) == (va < k.text_end));
	}
}

void selftest_wx(void)
{
	struct census c = { 0 };

	ASSERT(!pte_present(pt_read(&pt_root[0]))); /* boot's identity map, and with it page 0 */
	for (unsigned i = PT_SLOTS / 2; i < PT_SLOTS; i++) {
		uint64_t v = pt_read(&pt_root[i]), base = UINT64_MAX << 48 | i * pt_span(3);

		if (pte_present(v))
			census_of(pt_table_of(v), 2, base, &c,
				  (pte_writable(v) ? PT_WRITE : 0u) |
					  (pte_executable(v) ? PT_EXEC : 0u));
	}
	check_image();
	klog_warn("selftest: %lu kernel leaves, %lu writable, %lu executable, none both", c.leaves,
		  c.writable, c.executable);
}

/* --- all of it --------------------------------------------------------------------------------- */

static void check_pattern(const struct page *p)
{
	const uint64_t *w = page_va(p);

	ASSERT(w[0] == page_to_pfn(p) && w[511] == ~page_to_pfn(p));
}

/* Every page that there is, written, kept, read back. */
static uint64_t take_all(struct page **list)
{
	uint64_t n = 0;
	struct page *p;

	while ((p = page_alloc(0, PAGE_ATOMIC))) {
		uint64_t *w = page_va(p);

		w[0] = page_to_pfn(p);
		w[511] = ~page_to_pfn(p);
		p->owner = *list;
		*list = p;
		n++;
	}
	return n;
}

static void give_all(struct page *list)
{
	while (list) {
		struct page *p = list;

		check_pattern(p);
		list = p->owner;
		page_put(p);
	}
}

static void check_mapped(void)
{
	char *p = vmap_alloc(5 * PAGE_SIZE), *big = kmalloc((3 << 20) + 1);
	unsigned level;

	ASSERT(p && big);
	memset(p, 7, 5 * PAGE_SIZE);
	memset(big, 8, (3 << 20) + 1);
	ASSERT(pt_read(pt_find((uint64_t)(uintptr_t)p - 1, &level)) == 0); /* the guard page */
	ASSERT(ksize(big) >= (3 << 20) + 1 && big[3 << 20] == 8);
	kfree(big);
	vmap_free(p, 5 * PAGE_SIZE);
	ASSERT(pt_read(pt_find((uint64_t)(uintptr_t)p, &level)) == 0);
}

void selftest_memory(void)
{
	struct page_stats before, after;
	struct page *list = NULL;
	uint64_t n;

	check_mapped();
	page_stats(&before);
	n = take_all(&list);
	give_all(list);
	page_stats(&after);
	ASSERT(n * PAGE_SIZE > before.free_bytes - before.free_bytes / 16);
	ASSERT(after.free_bytes + (1 << 20) > n * PAGE_SIZE);
	klog_warn("selftest: %lu KB of %lu KB had, written and read back", n * 4,
		  before.total_bytes >> 10);
}

/* --- copies ------------------------------------------------------------------------------------ */

enum { USER_AT = 0x10000000, USER_PAGES = 4, EDGE = 2 * 4096 };

static unsigned char pattern(size_t i)
{
	return (unsigned char)(i * 31 + i / 256);
}

/* From kernel to user memory of which `room` bytes are there: so many are copied, not one more or less. */
static void check_copy_in(unsigned char *kernel, size_t room, size_t len)
{
	unsigned char *user = (unsigned char *)(uintptr_t)(USER_AT + EDGE) - room;
	size_t want = len > room ? len - room : 0, missed = user_copy_raw(user, kernel, len);

	if (missed != want)
		panic("copy of %zu bytes with room for %zu: %zu missed", len, room, missed);
	user_begin();
	for (size_t i = 0; i < len - missed; i++)
		ASSERT(user[i] == kernel[i]);
	user_end();
	missed = user_clear_raw(user, len);
	if (missed != want)
		panic("clearing %zu bytes with room for %zu: %zu missed", len, room, missed);
	user_begin();
	for (size_t i = 0; i < len - missed; i++)
		ASSERT(user[i] == 0);
	user_end();
}

static void check_copy_out(unsigned char *kernel, size_t room, size_t len)
{
	unsigned char *user = (unsigned char *)(uintptr_t)(USER_AT + EDGE) - room;
	static unsigned char got[600];
	size_t want = len > room ? len - room : 0, missed;

	ASSERT(user_copy_raw(user, kernel, MIN(len, room)) == 0);
	memset(got, 0xee, sizeof(got));
	missed = user_copy_raw(got, user, len);
	if (missed != want)
		panic("copy out of %zu bytes of which %zu are there: %zu missed", len, room,
		      missed);
	ASSERT(memcmp(got, kernel, len - missed) == 0);
	ASSERT(len == sizeof(got) || got[len] == 0xee);
}

static void check_kernel_copies(void)
{
	static unsigned char a[700], b[700];

	for (size_t len = 0; len < 600; len += 1 + len / 40) {
		for (size_t at = 0; at < 17; at++) {
			for (size_t i = 0; i < sizeof(a); i++)
				a[i] = b[i] = pattern(i);
			memmove(a + at, a + 8, len);
			for (size_t i = 0; i < len; i++)
				ASSERT(a[at + i] == b[8 + i]);
			ASSERT(a[at + len] == b[at + len] && (at == 0 || a[at - 1] == b[at - 1]));
			memset(a + at, (int)len, len);
			for (size_t i = 0; i < len; i++)
				ASSERT(a[at + i] == (unsigned char)len);
			ASSERT(a[at + len] == b[at + len] && (at == 0 || a[at - 1] == b[at - 1]));
		}
	}
}

/* Copies of every small length, and some large, against the edge of what is mapped. */
void selftest_copies(void)
{
	static unsigned char kernel[2 * 4096];
	uaddr_t at = USER_AT;

	irq_enable(); /* with them off no page would be brought in */
	ASSERT(vm_map(&at, EDGE, VM_READ | VM_WRITE, VM_FIXED, NULL, 0) == 0);
	for (size_t i = 0; i < sizeof(kernel); i++)
		kernel[i] = pattern(i);
	for (size_t len = 0; len < 600; len += 1 + len / 50) {
		for (size_t room = 0; room <= len + 8; room += 1 + room / 30) {
			check_copy_in(kernel, room, len);
			check_copy_out(kernel, room, MIN(len, (size_t)600));
		}
	}
	for (size_t room = 4000; room < 4200; room += 7)
		check_copy_in(kernel, room, 4096);
	check_kernel_copies();
	ASSERT(vm_unmap(USER_AT, EDGE) == 0);
	klog_warn("selftest: copies are exact");
}
