/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/irq.c: vectors and who handles them.  A message-signalled interrupt has a vector of its own; a line has
 * one too, and a list of handlers.  The tables are written under a lock and read by interrupts without
 * one: an entry is published last and taken back first.
 */
#include "kern/irq.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/init.h"
#include "kern/slab.h"
#include "kern/trace.h"
#include "lib/assert.h"

#define FIRST_VECTOR 0x20u
#define NVECTORS     208u /* up to 0xef; above are the CPUs' own */
#define NLINES	     64u

struct handler {
	irq_handler fn;
	void *arg;
	const char *name;
	struct handler *_Atomic next; /* lines: others on the same */
};

/* [l] lock   [a] atomic   [o] counted by the CPU that takes it */
struct vector {
	struct handler *_Atomic handlers; /* [a] NULL: free */
	unsigned gsi;			  /* [l] lines: which; else NO_LINE */
	uint32_t *count;		  /* [o] per CPU */
};
#define NO_LINE UINT32_MAX

static struct spinlock lock = SPINLOCK_INIT(RANK_DEV);
static struct vector vectors[NVECTORS];

void kern_irq_enter(void)
{
	struct cpu *c = this_cpu();

	c->irq_depth++;
	c->nirq++;
	c->held_base = c->nheld;
}

void kern_irq_exit(void)
{
	struct cpu *c = this_cpu();

	c->irq_depth--;
	c->held_base = 0; /* interrupts do not nest */
}

void kern_irq(unsigned vector)
{
	struct vector *v;

	if (vector - FIRST_VECTOR >= NVECTORS)
		return;
	v = &vectors[vector - FIRST_VECTOR];
	TRACE(TRACE_IRQ, "interrupt", vector - FIRST_VECTOR, 0, 0);
	if (v->count)
		v->count[this_cpu()->arch.id]++;
	/* Y: pairs with Z in publish(). */
	for (struct handler *h = atomic_load_explicit(&v->handlers, memory_order_acquire); h;
	     h = atomic_load_explicit(&h->next, memory_order_acquire)) /* pairs with Z */
		h->fn(h->arg);
}

static void publish(struct handler *_Atomic *at, struct handler *h)
{
	atomic_store_explicit(at, h, memory_order_release); /* Z: pairs with Y */
}

static struct handler *handler_new(const char *name, irq_handler fn, void *arg)
{
	struct handler *h = kzalloc(sizeof(*h));

	if (h) {
		h->fn = fn;
		h->arg = arg;
		h->name = name;
	}
	return h;
}

/* Takes a free vector for h. NULL: none. */
static struct vector *take_vector(struct handler *h, unsigned gsi)
{
	for (unsigned i = 0; i < NVECTORS; i++) {
		struct vector *v = &vectors[i];

		if (atomic_load(&v->handlers))
			continue;
		v->gsi = gsi;
		publish(&v->handlers, h);
		return v;
	}
	return NULL;
}

static void add_counts(struct vector *v)
{
	if (!v->count)
		v->count = kzalloc(arch_cpu_count() * sizeof(v->count[0]));
}

err_t irq_new_msi(const char *name, unsigned cpu, irq_handler fn, void *arg, uint64_t *addr,
		  uint32_t *data, unsigned *irq)
{
	struct handler *h = handler_new(name, fn, arg);
	struct vector *v;
	bool on;
	err_t err;

	if (!h)
		return -ENOMEM;
	on = spin_lock_irq(&lock);
	v = take_vector(h, NO_LINE);
	spin_unlock_irq(&lock, on);
	if (!v) {
		kfree(h);
		return -ENOSPC;
	}
	add_counts(v);
	*irq = (unsigned)(v - vectors);
	err = arch_irq_msi(cpus[cpu]->arch.hw_id, FIRST_VECTOR + *irq, addr, data);
	if (err)
		irq_free(*irq);
	return err;
}

static struct vector *find_line(unsigned gsi)
{
	for (unsigned i = 0; i < NVECTORS; i++)
		if (atomic_load(&vectors[i].handlers) && vectors[i].gsi == gsi)
			return &vectors[i];
	return NULL;
}

/* One more on a line that is there: at the list's end. */
static bool share_line(struct vector *v, struct handler *h)
{
	struct handler *_Atomic *at = &v->handlers;

	while (atomic_load(at))
		at = &atomic_load(at)->next;
	publish(at, h);
	return true;
}

err_t irq_new_line(const char *name, unsigned gsi, bool level, bool low, irq_handler fn, void *arg,
		   unsigned *irq)
{
	struct handler *h = handler_new(name, fn, arg);
	struct vector *v;
	bool on, shared;
	err_t err = 0;

	if (!h)
		return -ENOMEM;
	on = spin_lock_irq(&lock);
	v = find_line(gsi);
	shared = v && share_line(v, h);
	if (!v)
		v = take_vector(h, gsi);
	spin_unlock_irq(&lock, on);
	if (!v) {
		kfree(h);
		return -ENOSPC;
	}
	*irq = (unsigned)(v - vectors);
	add_counts(v);
	if (!shared)
		err = arch_irq_line(gsi, cpus[0]->arch.hw_id, FIRST_VECTOR + *irq, level, low);
	if (err)
		irq_free(*irq);
	return err;
}

/*
 * For devices that are taken away while nothing else uses the line. The handler's memory stays: an interrupt
 * may be looking at it.
 */
void irq_free(unsigned irq)
{
	struct vector *v = &vectors[irq];
	bool on = spin_lock_irq(&lock);

	if (v->gsi != NO_LINE)
		arch_irq_line_mask(v->gsi, true);
	publish(&v->handlers, NULL);
	spin_unlock_irq(&lock, on);
}

bool irq_stat(unsigned irq, const char **name, uint64_t count[], unsigned ncpu)
{
	const struct handler *h;

	if (irq >= NVECTORS)
		return false;
	h = atomic_load(&vectors[irq].handlers);
	*name = h ? h->name : "";
	for (unsigned i = 0; i < ncpu; i++)
		count[i] = vectors[irq].count && i < arch_cpu_count() ? vectors[irq].count[i] : 0;
	return true;
}

uint64_t irq_total(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < ncpus; i++)
		sum += cpus[i]->nirq;
	return sum;
}

/* --- pokes ---------------------------------------------------------------------------------------- */

static void (*poke_fn)(void); /* [I] */

void irq_poke_set(void (*fn)(void))
{
	poke_fn = fn;
}

void irq_poke(unsigned cpu)
{
	/* Sequentially consistent: what was done before is seen by fn, whose flag this or an earlier poke set. */
	if (!atomic_exchange(&cpus[cpu]->poked, true))
		arch_cpu_kick(cpus[cpu]->arch.hw_id);
}

void irq_poked(void)
{
	struct cpu *c = this_cpu();

	/* relaxed: most kicks are not pokes; the exchange orders */
	if (atomic_load_explicit(&c->poked, memory_order_relaxed) &&
	    atomic_exchange(&c->poked, false)) /* pairs with irq_poke() */
		poke_fn();
}

err_t irq_init(void)
{
	return arch_machine_init();
}
