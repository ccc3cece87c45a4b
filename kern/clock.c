/* SPDX-License-Identifier: Apache-2.0 */
/* kern/clock.c: the two clocks that all others are made of. */
#include <stdatomic.h>

#include "arch/arch.h"
#include "kern/clock.h"

/* Unix time when the monotonic clock was 0. One word, so that readers need no lock. */
static _Atomic uint64_t real_offset;
static _Atomic bool offset_known;
static void (*_Atomic watcher)(uint64_t offset_ns);

/* W: pairs with X. The watcher hears of every value that became known after it was there. */
static void tell(void)
{
	void (*fn)(uint64_t) = atomic_load(&watcher);

	if (fn)
		fn(atomic_load(&real_offset));
}

uint64_t clock_mono_ns(void)
{
	return arch_clock_ns();
}

/* The RTC takes microseconds of port accesses, so it is read when somebody asks for the date. */
uint64_t clock_real_offset_ns(void)
{
	/* U: pairs with V. */
	if (unlikely(!atomic_load_explicit(&offset_known, memory_order_acquire))) {
		uint64_t none = 0;

		/* Relaxed: published by V; the first of two askers wins. */
		atomic_compare_exchange_strong_explicit(&real_offset, &none, arch_wall_boot_ns(),
							memory_order_relaxed, memory_order_relaxed);
		/* V: pairs with U. */
		atomic_store_explicit(&offset_known, true, memory_order_release);
		tell();
	}
	/* Relaxed: one word says all. */
	return atomic_load_explicit(&real_offset, memory_order_relaxed);
}

uint64_t clock_real_ns(void)
{
	return clock_mono_ns() + clock_real_offset_ns();
}

void clock_real_set(uint64_t unix_ns)
{
	/* Relaxed, then V as above. */
	atomic_store_explicit(&real_offset, unix_ns - clock_mono_ns(), memory_order_relaxed);
	atomic_store_explicit(&offset_known, true, memory_order_release); /* V: pairs with U */
	tell();
}

void clock_real_watch(void (*fn)(uint64_t offset_ns))
{
	atomic_store(&watcher, fn); /* X: pairs with W */
	if (atomic_load(&offset_known))
		tell();
}
