/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/page_boot.c: the machine's memory, brought in 2 MB at a time, lowest first, when the buddy lists have
 * nothing left.  Boot pays for the memory that boot uses, on a machine of 6 MB and on one of 6 TB.
 *
 * The array of struct page is backed a window (256 MB of frames, 2 MB of array) at a time, with memory of
 * that window: a whole 2 MB leaf where the window is all RAM, single frames otherwise.  A section's part of the
 * array is cleared when the section is brought in.
 *
 * What is never ours: the kernel's image, the loader's module, the frames below ARCH_LOW_END, and the
 * frames that the array itself and the tables for it took.
 */
#include "kern/page_int.h"

#include "arch/boot.h"
#include "kern/klog.h"
#include "kern/pt.h"
#include "lib/assert.h"
#include "lib/mem.h"

enum {
	WINDOW_SHIFT = 28,
	WINDOW_FRAMES = 1 << (WINDOW_SHIFT - PAGE_SHIFT),
	ARRAY_FRAMES = SECTION_FRAMES * sizeof(struct page) / PAGE_SIZE, /* for one section */
	/* Tables that one window may need: 3 for the array, 3 for the direct map. */
	WINDOW_TABLES = 6,
};

struct range {
	uint64_t start, end; /* frames */
};

enum { TAKEN_KERNEL, TAKEN_MODULE, TAKEN_LOW, TAKEN_ARRAY, TAKEN_TABLES, NTAKEN };

static struct range ram[BOOT_MEM_MAX]; /* [b] whole frames, sorted */
static unsigned nram;
static struct range taken[NTAKEN];   /* [b] in no order; may be empty */
static unsigned cur;		     /* [b] the range of ram[] that holds `next` */
static uint64_t next;		     /* [b] frames below are in */
static uint64_t window = UINT64_MAX; /* [b] the one whose array is backed */
static uint64_t total, left;	     /* [b] frames; left: from next on */
static uint64_t usable;		     /* [b] of these, what nobody has or will have taken */
static uint64_t tables, ntables;     /* [b] frames set aside for tables: first, count */

uint64_t page_boot_total(void)
{
	return total;
}

/* Tables come from the window's own frames: page_alloc() is what called us. */
static bool table_from_stock(paddr_t *out)
{
	if (ntables == 0)
		return false;
	*out = (paddr_t){ tables << PAGE_SHIFT };
	memset(pa_to_va(*out), 0, PAGE_SIZE);
	tables++;
	ntables--;
	return true;
}

static bool overlaps(const struct range *a, uint64_t start, uint64_t end)
{
	return a->start < end && start < a->end;
}

/* The end of the taken range that is in the way of [start, end), or 0. */
static uint64_t taken_until(uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < NTAKEN; i++)
		if (overlaps(&taken[i], start, end))
			return taken[i].end;
	return 0;
}

/* n free frames at a multiple of `align`, in [next, end). */
static bool find_run(uint64_t end, uint64_t n, uint64_t align, struct range *out)
{
	for (unsigned i = cur; i < nram && ram[i].start < end; i++) {
		uint64_t stop = MIN(ram[i].end, end);
		uint64_t at = ALIGN_UP(MAX(ram[i].start, next), align), past;

		for (; at + n <= stop; at = ALIGN_UP(past, align)) {
			past = taken_until(at, at + n);
			if (!past) {
				*out = (struct range){ at, at + n };
				return true;
			}
		}
	}
	return false;
}

static uint64_t ram_between(uint64_t start, uint64_t end)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < nram; i++)
		if (overlaps(&ram[i], start, end))
			n += MIN(ram[i].end, end) - MAX(ram[i].start, start);
	return n;
}

static uint64_t taken_from(uint64_t pfn)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < NTAKEN; i++)
		if (taken[i].end > pfn)
			n += taken[i].end - MAX(taken[i].start, pfn);
	return n;
}

/* The array of this window has been taken, those of later ones will be. */
static void count_left(void)
{
	uint64_t gone = taken_from(next), here = 0;

	if (window != UINT64_MAX)
		here = MIN(left, ram_between(next, window + WINDOW_FRAMES));
	gone += (left - here) * sizeof(struct page) / PAGE_SIZE;
	usable = left - MIN(left, gone);
}

uint64_t page_boot_left(void)
{
	return usable;
}

static bool section_has_ram(uint64_t pfn)
{
	return ram_between(pfn, pfn + SECTION_FRAMES) != 0;
}

static uint64_t array_va(uint64_t pfn)
{
	return (uint64_t)(uintptr_t)pfn_to_page(pfn);
}

/* The section's frames at their direct-map address; boot has mapped the first few GB already. */
static bool map_direct(uint64_t pfn)
{
	paddr_t pa = { pfn << PAGE_SHIFT };
	struct pt_slot *s = pt_make(DIRECT_BASE + pa.v, 1, table_from_stock);

	if (!s) {
		unsigned level;

		return pte_present(pt_read(pt_find(DIRECT_BASE + pa.v, &level))); /* a 1 GB leaf */
	}
	if (pt_read(s) == 0)
		pt_write(s, pte_leaf(pa, PT_READ | PT_WRITE | PT_GLOBAL | PT_DIRTY, 1));
	return true;
}

static bool array_leaf(uint64_t va, uint64_t frame, unsigned level)
{
	struct pt_slot *s = pt_make(va, level, table_from_stock);

	if (!s)
		return false;
	pt_write(s, pte_leaf((paddr_t){ frame << PAGE_SHIFT },
			     PT_READ | PT_WRITE | PT_GLOBAL | PT_DIRTY, level));
	return true;
}

/* A window that is nearly all RAM: its array is one 2 MB leaf. */
static bool back_whole(uint64_t first)
{
	struct range *a = &taken[TAKEN_ARRAY];

	if (ram_between(first, first + WINDOW_FRAMES) < WINDOW_FRAMES / 8 * 7 ||
	    !find_run(first + WINDOW_FRAMES, SECTION_FRAMES, SECTION_FRAMES, a))
		return false;
	return array_leaf(array_va(first), a->start, 1);
}

static bool back_sections(uint64_t first)
{
	uint64_t end = first + WINDOW_FRAMES, n = 0, frame;

	for (uint64_t s = first; s < end; s += SECTION_FRAMES)
		n += section_has_ram(s) ? ARRAY_FRAMES : 0;
	if (!find_run(end, n, 1, &taken[TAKEN_ARRAY]))
		return false;
	frame = taken[TAKEN_ARRAY].start;
	for (uint64_t s = first; s < end; s += SECTION_FRAMES) {
		if (!section_has_ram(s))
			continue;
		for (unsigned i = 0; i < ARRAY_FRAMES; i++, frame++)
			if (!array_leaf(array_va(s) + i * PAGE_SIZE, frame, 0))
				return false;
	}
	return true;
}

/*
 * Frames for tables.  The new window's cannot be cleared before the direct map reaches them, and the
 * tables for that come from what the last window left; the first window is mapped by boot.
 */
static bool stock_tables(uint64_t first)
{
	struct range *r = &taken[TAKEN_TABLES];

	if (!find_run(first + WINDOW_FRAMES, WINDOW_TABLES, 1, r))
		return false;
	if (window != UINT64_MAX && !map_direct(ALIGN_DOWN(r->start, (uint64_t)SECTION_FRAMES)))
		return false;
	tables = r->start; /* a few frames of the old stock are lost */
	ntables = WINDOW_TABLES;
	return true;
}

static bool open_window(uint64_t pfn)
{
	uint64_t first = ALIGN_DOWN(pfn, (uint64_t)WINDOW_FRAMES);

	if (window == first)
		return true;
	taken[TAKEN_ARRAY] = taken[TAKEN_TABLES] = (struct range){ 0, 0 };
	if (!stock_tables(first) || !(back_whole(first) || back_sections(first)))
		return false;
	window = first;
	return true;
}

/* Hand the frames of [start, end) that nobody took to the buddy lists. */
static void add_free(uint64_t start, uint64_t end) needs(&page_lock)
{
	while (start < end) {
		uint64_t stop = end, past = 0;

		for (unsigned i = 0; i < NTAKEN; i++) {
			const struct range *t = &taken[i];

			if (t->start <= start && start < t->end)
				past = t->end;
			else if (t->start > start && t->start < stop && t->end > t->start)
				stop = t->start;
		}
		if (past) {
			start = past;
			continue;
		}
		buddy_add_locked(start, stop);
		start = stop;
	}
}

static void add_section(uint64_t first, uint64_t end) needs(&page_lock)
{
	memset(pfn_to_page(first), 0, SECTION_FRAMES * sizeof(struct page));
	for (unsigned i = cur; i < nram && ram[i].start < end; i++)
		if (overlaps(&ram[i], next, end))
			add_free(MAX(ram[i].start, next), MIN(ram[i].end, end));
}

bool page_boot_grow_locked(void)
{
	uint64_t first, end;
	bool ok;

	while (cur < nram && next >= ram[cur].end)
		cur++;
	if (cur == nram)
		return false;
	next = MAX(next, ram[cur].start);
	first = ALIGN_DOWN(next, (uint64_t)SECTION_FRAMES);
	end = first + SECTION_FRAMES;
	left -= ram_between(next, end);
	ok = open_window(first) && map_direct(first);
	if (ok)
		add_section(first, end);
	else
		klog_warn("memory: no room for the page array of %#llx; 2 MB stay unused",
			  (unsigned long long)first << PAGE_SHIFT);
	next = end;
	count_left();
	return true;
}

static void take(unsigned i, paddr_t start, uint64_t len)
{
	if (len)
		taken[i] =
			(struct range){ start.v >> PAGE_SHIFT, DIV_UP(start.v + len, PAGE_SIZE) };
}

void page_boot_init(void)
{
	const struct boot_info *b = &boot_info;

	for (unsigned i = 0; i < b->nmem; i++) {
		uint64_t start = DIV_UP(b->mem[i].start.v, PAGE_SIZE);
		uint64_t end = MIN(b->mem[i].start.v + b->mem[i].len, DIRECT_MAX) >> PAGE_SHIFT;

		if (b->mem[i].type != BOOT_MEM_RAM || end <= start)
			continue;
		ram[nram++] = (struct range){ start, end };
		total += end - start;
	}
	left = total;
	take(TAKEN_KERNEL, b->kernel_start, b->kernel_end.v - b->kernel_start.v);
	take(TAKEN_MODULE, b->module_start, b->module_len);
	taken[TAKEN_LOW] = (struct range){ 0, ARCH_LOW_END >> PAGE_SHIFT };
	count_left();
}
