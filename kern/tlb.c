/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/tlb.c: shoot-downs, by an interrupt to each CPU that runs something.
 *
 * A CPU says that it is idle, and whoever changes a table then leaves it a note instead of waking it up.  Leaving
 * idle, it first takes the flag down and then looks for a note; whoever leaves one looks at the flag again
 * afterwards.  All of it sequentially consistent: one of the two sees the other.
 */
#include "kern/tlb.h"

#include "arch/mmu.h"
#include "kern/cpu.h"

/*   [a] atomic */
static struct idle_state {
	_Alignas(64) _Atomic bool idle; /* [a] no translation is in use here */
	_Atomic bool stale;		/* [a] forget all before one is */
} idle[CPUS_MAX];

struct span {
	uint64_t va, len;
};

static void flush_here(void *arg)
{
	const struct span *s = arg;

	tlb_local_range(s->va, s->len);
}

static bool leave_note(struct idle_state *s)
{
	if (!atomic_load(&s->idle))
		return false;
	atomic_store(&s->stale, true); /* pairs with the exchange in tlb_idle_leave() */
	return atomic_load(&s->idle);
}

void tlb_idle_enter(void)
{
	atomic_store(&idle[this_cpu()->arch.id].idle, true);
}

void tlb_idle_leave(void)
{
	struct idle_state *s = &idle[this_cpu()->arch.id];

	atomic_store(&s->idle, false);
	if (atomic_exchange(&s->stale, false)) /* pairs with leave_note() */
		tlb_local_all();
}

bool tlb_others_busy(void)
{
	for (unsigned i = 0; i < ncpus; i++)
		if (i != this_cpu()->arch.id && !atomic_load(&idle[i].idle))
			return true;
	return false;
}

static noinline void shoot(struct span *s, bool idle_too)
{
	uint64_t mask = 0;

	atomic_thread_fence(
		memory_order_seq_cst); /* the tables first; pairs with tlb_idle_leave() */
	for (unsigned i = 0; i < ncpus; i++)
		if (i != this_cpu()->arch.id && (idle_too || !leave_note(&idle[i])))
			mask |= 1ull << i;
	if (mask)
		cpu_call(mask, flush_here, s);
}

static void flush(uint64_t va, uint64_t len, bool idle_too)
{
	struct span s = { va, len };

	tlb_local_range(va, len);
	if (ncpus > 1)
		shoot(&s, idle_too);
}

void tlb_flush(uint64_t va, uint64_t len)
{
	flush(va, len, false);
}

void tlb_flush_kernel(uint64_t va, uint64_t len)
{
	flush(va, len, true);
}
