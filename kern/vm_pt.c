/* SPDX-License-Identifier: Apache-2.0 */
/* kern/vm_pt.c: the user half of the tables: taking pages out, changing their rights, moving them. */
#include "kern/vm_int.h"

#include "kern/tlb.h"

bool vm_new_table(paddr_t *out)
{
	struct page *p = page_alloc(0, PAGE_ZERO);

	if (p)
		*out = page_to_pa(p);
	return p;
}

void gather_init(struct vm_gather *g)
{
	g->start = UINT64_MAX;
	g->end = 0;
	g->chain = 0;
	g->n = 0;
	g->nanon = g->nfile = 0;
}

static void put_anon(struct page *p)
{
	if (p->order)
		huge_drop_table(p);
	page_put(p);
}

static void put_chain(uint32_t pfn)
{
	while (pfn) {
		struct page *p = pfn_to_page(pfn);

		pfn = p->next;
		put_anon(p);
	}
}

static void give_away(struct vm_gather *g)
{
	put_chain(g->chain);
	for (unsigned i = 0; i < g->n; i++)
		page_put(g->page[i]);
	g->n = 0;
}

void gather_finish(struct vm_gather *g)
{
	if (g->end > g->start)
		tlb_flush(g->start, g->end - g->start);
	give_away(g);
	if (g->nanon | g->nfile)
		rss_add(-g->nanon, -g->nfile);
	gather_init(g);
}

static void note_range(struct vm_gather *g, uaddr_t addr, uint64_t span)
{
	g->start = MIN(g->start, addr);
	g->end = MAX(g->end, addr + span);
}

static bool is_anon(const struct page *p)
{
	/* Set before the page was mapped, constant since. */
	return atomic_load_explicit(&p->flags, memory_order_relaxed) & PAGE_ANON;
}

static void chain_page(struct vm_gather *g, struct page *p)
{
	p->next = g->chain;
	g->chain = (uint32_t)page_to_pfn(p);
}

/* Anonymous pages have one reference, so their list links are free; pages of files are on their cache's. */
void gather_page(struct vm_gather *g, uaddr_t addr, uint64_t span, struct page *p)
{
	note_range(g, addr, span);
	if (is_anon(p)) {
		chain_page(g, p);
		g->nanon += (long)(span >> PAGE_SHIFT);
		return;
	}
	g->nfile++;
	g->page[g->n++] = p;
	if (g->n == ARRAY_LEN(g->page))
		gather_finish(g);
}

static void each_leaf(struct pt_slot *table, unsigned level, uaddr_t start, uaddr_t end, leaf_fn fn,
		      void *arg)
{
	uint64_t span = pt_span(level);

	for (uaddr_t at = start; at < end; at = ALIGN_DOWN(at, span) + span) {
		struct pt_slot *s = &table[pt_index(at, level)];
		uaddr_t stop = MIN(end, ALIGN_DOWN(at, span) + span);
		uint64_t v = pt_read(s);

		if (v == 0)
			continue;
		if (level == 1 && pte_is_leaf(v, 1) && stop - at < span) {
			huge_split(s, ALIGN_DOWN(at, span));
			v = pt_read(s);
		}
		if (pte_is_leaf(v, level))
			fn(s, at, level, arg);
		else
			each_leaf(pt_table_of(v), level - 1, at, stop, fn, arg);
	}
}

/* The lowest table that holds all of [start, end), and its level; NULL: the range is empty. */
static struct pt_slot *common_table(uaddr_t start, uaddr_t end, unsigned *level)
{
	struct pt_slot *table = pt_root;
	unsigned l = PT_LEVELS - 1;

	for (; l && !((start ^ (end - 1)) >> pt_shift(l)); l--) {
		uint64_t v = pt_read(&table[pt_index(start, l)]);

		if (v == 0)
			return NULL;
		if (pte_is_leaf(v, l))
			break;
		table = pt_table_of(v);
	}
	*level = l;
	return table;
}

void vm_each_leaf(uaddr_t start, uaddr_t end, leaf_fn fn, void *arg)
{
	unsigned level;
	struct pt_slot *table = start < end ? common_table(start, end, &level) : NULL;

	if (table)
		each_leaf(table, level, start, end, fn, arg);
}

/* A write through a shared mapping was noted when the leaf became writable: its dirty bit adds nothing. */
static void zap_leaf(struct pt_slot *s, uaddr_t addr, unsigned level, void *arg)
{
	struct vm_gather *g = arg;
	uint64_t v = atomic_exchange(&s->v, 0);

	if (v == 0)
		return; /* another CPU was faster */
	if (pte_special(v))
		note_range(g, addr, pt_span(level));
	else
		gather_page(g, addr, pt_span(level), pa_to_page(pte_pa(v)));
}

static void zap_file_leaf(struct pt_slot *s, uaddr_t addr, unsigned level, void *arg)
{
	uint64_t v = pt_read(s);

	if (!pte_special(v) && !is_anon(pa_to_page(pte_pa(v))))
		zap_leaf(s, addr, level, arg);
}

void vm_zap(struct vm_gather *g, uaddr_t start, uaddr_t end)
{
	vm_each_leaf(start, end, zap_leaf, g);
}

void vm_zap_file(struct vm_gather *g, uaddr_t start, uaddr_t end)
{
	vm_each_leaf(start, end, zap_file_leaf, g);
}

struct table_span {
	uaddr_t floor, ceiling; /* nothing is mapped between them */
};

static void free_tables(struct vm_gather *g, struct pt_slot *table, unsigned level, uaddr_t start,
			uaddr_t end, const struct table_span *empty)
{
	uint64_t span = pt_span(level);

	for (uaddr_t at = ALIGN_DOWN(start, span); at < end; at += span) {
		struct pt_slot *s = &table[pt_index(at, level)];
		uint64_t v = pt_read(s);

		if (v == 0 || pte_is_leaf(v, level))
			continue;
		if (level > 1)
			free_tables(g, pt_table_of(v), level - 1, MAX(start, at),
				    MIN(end, at + span), empty);
		if (at >= empty->floor && at + span <= empty->ceiling) {
			pt_write(s, 0);
			note_range(g, MAX(start, at),
				   PAGE_SIZE); /* any flush in it drops the CPU's cached tables */
			chain_page(g, pa_to_page(pte_pa(v)));
		}
	}
}

void vm_free_tables(struct vm_gather *g, uaddr_t floor, uaddr_t start, uaddr_t end, uaddr_t ceiling)
{
	const struct table_span empty = { floor, ceiling };
	uaddr_t first = ALIGN_DOWN(start, HUGE_SIZE);

	/* Most often a neighbour uses even the lowest table. */
	if (first < floor)
		first += HUGE_SIZE;
	if (first >= end || first + HUGE_SIZE > ceiling)
		return;
	free_tables(g, pt_root, PT_LEVELS - 1, start, end, &empty);
}

/*
 * Of a private file mapping only our own copies may become writable; of a shared one none: the first
 * write must be noted. Anonymous pages have no other user.
 */
static void protect_leaf(struct pt_slot *s, uaddr_t addr, unsigned level, void *arg)
{
	const struct vm_area *a = arg;
	uint64_t v, prot;

	(void)addr;
	do {
		v = pt_read(s);
		prot = a->pt_prot;
		if (pte_special(v) || !is_anon(pa_to_page(pte_pa(v))))
			prot &= ~(uint64_t)(PT_WRITE | PT_DIRTY);
	} while (!pt_swap(s, v, pte_set_prot(v, (unsigned)prot, level)));
}

void vm_pt_protect(const struct vm_area *a, uaddr_t start, uaddr_t end)
{
	vm_each_leaf(start, end, protect_leaf, (void *)(uintptr_t)a);
	tlb_flush(start, end - start);
}

struct move {
	uaddr_t from, to;
	struct vm_object *object;
	err_t err;
};

/* An empty table where a 2 MB leaf is to go. */
static void drop_empty_table(uaddr_t at)
{
	struct vm_gather g;

	gather_init(&g);
	vm_free_tables(&g, at, at, at + HUGE_SIZE, at + HUGE_SIZE);
	gather_finish(&g);
}

/* Whoever looks for an object's page, under the object's lock, must see it in one of the two places. */
static void move_value(struct pt_slot *from, struct pt_slot *to,
		       struct vm_object *o) no_lock_analysis
{
	if (o)
		spin_lock(&o->lock);
	pt_write(to, atomic_exchange(&from->v, 0));
	if (o)
		spin_unlock(&o->lock);
}

static void move_leaf(struct pt_slot *s, uaddr_t addr, unsigned level, void *arg)
{
	struct move *m = arg;
	uaddr_t to = addr - m->from + m->to;
	struct pt_slot *d;

	if (m->err)
		return;
	d = pt_make(to, level, vm_new_table);
	if (!d) {
		m->err = -ENOMEM;
		return;
	}
	if (level && pt_read(d))
		drop_empty_table(to);
	move_value(s, d, m->object);
}

/* 2 MB leaves stay whole only where both ends are aligned to them. */
static void split_leaf(struct pt_slot *s, uaddr_t addr, unsigned level, void *arg)
{
	(void)arg;
	if (level)
		huge_split(s, addr);
}

err_t vm_pt_move(uaddr_t from, uaddr_t to, size_t len, struct vm_object *o)
{
	struct move m = { from, to, o, 0 };

	if (!IS_ALIGNED(from - to, HUGE_SIZE))
		vm_each_leaf(from, from + len, split_leaf, NULL);
	vm_each_leaf(from, from + len, move_leaf, &m);
	return m.err;
}
