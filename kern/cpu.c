/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/cpu.c: the CPUs' private areas, bringing the others up, and calls across.  The boot CPU's area is static,
 * since nothing can be allocated when it is needed.
 */
#include "kern/cpu.h"
#include "kern/init.h"
#include "kern/klog.h"
#include "kern/page.h"
#include "kern/sched_int.h"
#include "kern/slab.h"
#include "kern/trace.h"
#include "lib/mem.h"

static struct cpu boot_cpu;
static char boot_area[ARCH_CPU_AREA] __attribute__((aligned(4096)));

struct cpu *cpus[CPUS_MAX];
unsigned ncpus;

void cpu_init_area(struct cpu *c, unsigned id, uint32_t hw_id, void *area)
{
	c->arch.self = &c->arch;
	c->arch.id = id;
	c->arch.hw_id = hw_id;
	c->arch.area = area;
	spin_init(&c->rq_lock, RANK_RUNQ);
	list_init(&c->rq);
}

void cpu_boot_init(void)
{
	cpu_init_area(&boot_cpu, 0, 0, boot_area);
	cpus[0] = &boot_cpu;
	ncpus = 1;
	arch_cpu_init(&boot_cpu.arch);
}

/* --- calls -------------------------------------------------------------------------------------- */

/* One call at a time: `taken` is held around it. Not a spinlock: it may be taken under any. */
static struct {
	_Atomic bool taken;
	void (*fn)(void *);
	void *arg;
	_Atomic uint64_t pending; /* CPUs that have not run fn yet */
} call;

/* Interrupts off: or the call's own would come between the look and the answer. */
static void answer(struct cpu *c)
{
	/* Acquire: pairs with the store in cpu_call(). */
	if (!atomic_load_explicit(&c->called, memory_order_acquire))
		return;
	/* Relaxed: only this CPU takes it down, and nobody puts it up before it is out of `pending`. */
	atomic_store_explicit(&c->called, false, memory_order_relaxed);
	call.fn(call.arg);
	/* Release: pairs with the wait in cpu_call(). */
	atomic_fetch_and_explicit(&call.pending, ~(1ull << c->arch.id), memory_order_release);
}

void cpu_call_answer(void)
{
	bool on = irq_save();

	answer(this_cpu());
	irq_restore(on);
	cpu_relax();
}

void kern_call_irq(void)
{
	answer(this_cpu());
}

static void send_calls(uint64_t mask)
{
	for (unsigned i = 0; i < ncpus; i++)
		if (mask >> i & 1) {
			/* Release: publishes fn and arg; pairs with cpu_call_answer(). */
			atomic_store_explicit(&cpus[i]->called, true, memory_order_release);
			arch_cpu_call(cpus[i]->arch.hw_id);
		}
}

void cpu_call(uint64_t mask, void (*fn)(void *), void *arg)
{
	bool on = irq_save();
	uint64_t me = 1ull << this_cpu()->arch.id;
	uint64_t online = ncpus < 64 ? (1ull << ncpus) - 1 : ~0ull;

	mask &= online;
	/* Acquire: pairs with the release at the end of another's call. */
	while (atomic_exchange_explicit(&call.taken, true, memory_order_acquire))
		cpu_call_answer();
	call.fn = fn;
	call.arg = arg;
	/* Relaxed: published with `called`. */
	atomic_store_explicit(&call.pending, mask & ~me, memory_order_relaxed);
	send_calls(mask & ~me);
	if (mask & me)
		fn(arg);
	while (atomic_load_explicit(&call.pending,
				    memory_order_acquire)) /* pairs with the answers */
		cpu_relax();
	atomic_store_explicit(&call.taken, false,
			      memory_order_release); /* pairs with the exchange */
	irq_restore(on);
}

/* --- the others --------------------------------------------------------------------------------- */

static _Atomic unsigned online;

/* Where another CPU comes to C. */
static void ap_main(void)
{
	struct cpu *c = this_cpu();

	arch_set_thread(c->idle, (uint64_t)c->idle->kstack + KSTACK_BYTES);
	if (timer_init_cpu() != 0)
		arch_cpu_stop();
	sched_init_cpu();
	atomic_fetch_add(&online, 1);
	sched_idle();
}

static err_t make_cpu(unsigned id)
{
	struct page *area = page_alloc(2, PAGE_ZERO);
	struct cpu *c = kzalloc(sizeof(*c));

	_Static_assert(ARCH_CPU_AREA == PAGE_SIZE << 2, "order 2");
	if (!area || !c) {
		if (area)
			page_put(area);
		kfree(c);
		return -ENOMEM;
	}
	cpu_init_area(c, id, arch_cpu_hw_id(id), page_va(area));
	cpus[id] = c;
	return thread_new_idle(c);
}

/*
 * One after the other: a CPU that does not come is left out, with a line, and the machine runs without it. ncpus
 * grows last, so that nobody sends a call to a CPU that is not there.
 */
err_t smp_init(void)
{
	unsigned want = MIN(arch_cpu_count(), (unsigned)CPUS_MAX), id = 1;

	for (unsigned n = 1; n < want; n++) {
		struct thread *idle;
		err_t err = make_cpu(id);

		if (err)
			return err;
		cpus[id]->arch.hw_id = arch_cpu_hw_id(n);
		idle = cpus[id]->idle;
		err = arch_cpu_start(&cpus[id]->arch, (char *)idle->kstack + KSTACK_BYTES, ap_main);
		if (err) {
			klog_warn("CPU with APIC id %u does not start", arch_cpu_hw_id(n));
			continue; /* its area stays: it may yet wake up in it */
		}
		while (atomic_load(&online) < id)
			cpu_relax();
		ncpus = ++id;
	}
	trace_make_rings();
	return 0;
}
