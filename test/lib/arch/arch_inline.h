/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test/lib/arch/arch_inline.h: a CPU for unit tests of kern/ on the host.  One CPU a test thread;
 * interrupts are a flag.
 */
#pragma once

extern _Thread_local struct arch_cpu *test_cpu_self; /* test/lib/kern.c; per thread */
extern _Thread_local bool test_irq_on;

static inline struct arch_cpu *arch_cpu_self(void)
{
	return test_cpu_self;
}

static inline void *arch_thread_self(void)
{
	return test_cpu_self->thread;
}

static inline bool irq_save(void)
{
	bool on = test_irq_on;

	test_irq_on = false;
	return on;
}

static inline void irq_restore(bool on)
{
	test_irq_on = on;
}

static inline void irq_enable(void)
{
	test_irq_on = true;
}

static inline void irq_disable(void)
{
	test_irq_on = false;
}

static inline bool irq_enabled(void)
{
	return test_irq_on;
}

static inline void cpu_relax(void)
{
}

static inline uint64_t cycles(void)
{
	return __builtin_ia32_rdtsc();
}
