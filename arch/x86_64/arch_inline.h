/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch_inline.h: the inline part of arch/arch.h for x86-64.  GS base points at this CPU's struct arch_cpu
 * whenever kernel code runs.  Included by arch/arch.h only.
 */
#pragma once

#define X86_FLAGS_IF (1ul << 9)

/*
 * Volatile: a thread that slept may be on another CPU, so that two reads around a sleep must not be
 * merged into one.
 */
static inline struct arch_cpu *arch_cpu_self(void)
{
	struct arch_cpu *c;

	__asm__ volatile("mov %%gs:%c1, %0" : "=r"(c) : "i"(offsetof(struct arch_cpu, self)));
	return c;
}

/* Not volatile: whoever asks is the same thread for as long as it can ask. */
static inline void *arch_thread_self(void)
{
	void *t;

	__asm__("mov %%gs:%c1, %0" : "=r"(t) : "i"(offsetof(struct arch_cpu, thread)));
	return t;
}

static inline bool irq_enabled(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
	return flags & X86_FLAGS_IF;
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline bool irq_save(void)
{
	bool on = irq_enabled();

	irq_disable();
	return on;
}

static inline void irq_restore(bool on)
{
	if (on)
		irq_enable();
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Unordered against the instructions around it: for measuring, and for the clock, which orders it. */
static inline uint64_t cycles(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return ((uint64_t)hi << 32) | lo;
}
