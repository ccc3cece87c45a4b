/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp.c: the other CPUs: starting them (Intel SDM volume 3, 9.4.4), stopping them.  One is started at a time,
 * by the boot CPU, before the program exists: the low half of the page tables is free for the trampoline.
 */
#include <stdatomic.h>

#include "arch/mmu.h"
#include "boot_int.h"
#include "lib/assert.h"
#include "lib/mem.h"
#include "x86.h"
#include "x86_int.h"

#define START_TIMEOUT_NS 1000000000ull
#define INIT_DELAY_NS	 10000000ull
#define SIPI_RETRY_NS	 200000ull

struct trampoline_args {
	uint64_t cr3, stack;
	struct arch_cpu *cpu;
	void (*fn)(void);
	void (*entry)(struct arch_cpu *c, void (*fn)(void));
};

#pragma GCC visibility push(hidden)
extern const char trampoline_start[], trampoline_end[], trampoline_args[];
#pragma GCC visibility pop

static uint64_t low_pdpt[512] __attribute__((aligned(4096))),
	low_pd[512] __attribute__((aligned(4096)));
static _Atomic uint64_t came_at; /* the new CPU's TSC when it reached C; 0: not yet */
static _Atomic bool stopping;

static uint64_t image_phys(const void *p)
{
	return (uint64_t)p - KERNEL_LINK - boot_slide;
}

static void map_low(bool on)
{
	low_pd[0] = PTE_P | PTE_W | PTE_A | PTE_D | PTE_PS;
	low_pdpt[0] = image_phys(low_pd) | PTE_P | PTE_W | PTE_A;
	boot_pml4[0] = on ? image_phys(low_pdpt) | PTE_P | PTE_W | PTE_A : 0;
	write_cr3(read_cr3());
}

static void ap_entry(struct arch_cpu *c, void (*fn)(void))
{
	arch_cpu_init(c);
	lapic_init();
	atomic_store_explicit(&came_at, cycles(),
			      memory_order_release); /* pairs with wait_for_it() */
	fn();
}

static void fill_trampoline(struct arch_cpu *c, void *stack_top, void (*fn)(void))
{
	size_t len = (size_t)(trampoline_end - trampoline_start);
	size_t args = (size_t)(trampoline_args - trampoline_start);
	char *page = (char *)DIRECT_BASE + x86_trampoline_phys;

	ASSERT(len <= 4096);
	memcpy(page, trampoline_start, len);
	*(struct trampoline_args *)(void *)(page + args) = (struct trampoline_args){
		image_phys(boot_pml4), (uint64_t)stack_top, c, fn, ap_entry,
	};
}

static bool wait_for_it(uint64_t ns)
{
	uint64_t end = arch_clock_ns() + ns;

	do {
		if (atomic_load_explicit(&came_at,
					 memory_order_acquire)) /* pairs with ap_entry() */
			return true;
		cpu_relax();
	} while (arch_clock_ns() < end);
	return false;
}

/*
 * INIT, then the startup IPI; the delay between them is for real silicon only. A startup IPI that comes before the
 * other CPU has taken the INIT is lost, as is one that comes while it runs: so again and again.
 */
static bool wake(uint32_t hw_id)
{
	uint8_t page = (uint8_t)(x86_trampoline_phys >> 12);

	lapic_ipi(hw_id, IPI_INIT, 0);
	if (x86.hypervisor == HYP_NONE)
		wait_for_it(INIT_DELAY_NS);
	for (uint64_t wait = SIPI_RETRY_NS; wait < START_TIMEOUT_NS; wait *= 2) {
		lapic_ipi(hw_id, IPI_STARTUP, page);
		if (wait_for_it(wait))
			return true;
	}
	return false;
}

/* One clock for all: its value there lies between two values here, or time would run backwards. */
err_t arch_cpu_start(struct arch_cpu *c, void *stack_top, void (*fn)(void))
{
	uint64_t before = cycles(), there;
	bool came;

	if (!x86_trampoline_phys)
		return -ENOMEM;
	atomic_store_explicit(&came_at, 0, memory_order_relaxed); /* relaxed: nobody else runs */
	fill_trampoline(c, stack_top, fn);
	map_low(true);
	came = wake(c->hw_id);
	map_low(false);
	if (!came)
		return -ETIMEDOUT;
	there = atomic_load_explicit(&came_at, memory_order_relaxed); /* relaxed: acquired above */
	if (there < before || there > cycles())
		x86_fail("the time-stamp counters of the CPUs disagree; use a host with a stable "
			 "TSC");
	return 0;
}

/* From here on an NMI means stop; NMIs get through where interrupts are off. */
void arch_cpus_stop_others(void)
{
	/* Relaxed: the IPI orders (x86), and who misses it is stopped by nothing anyway. */
	atomic_store_explicit(&stopping, true, memory_order_relaxed);
	lapic_ipi_others(IPI_NMI, 0);
}

/* An NMI that nobody of ours sent is the machine's, and says nothing that could be acted upon. */
void x86_nmi(void)
{
	if (atomic_load_explicit(&stopping, memory_order_relaxed)) /* relaxed: see above */
		arch_cpu_stop();
}
