/* SPDX-License-Identifier: Apache-2.0 */
/* smp.c: the other CPUs: starting them, stopping them. */
#include <stdatomic.h>

#include "x86.h"
#include "x86_int.h"

static _Atomic bool stopping;

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
