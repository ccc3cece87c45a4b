/* SPDX-License-Identifier: Apache-2.0 */
/* kern/exit.c: the orderly end.  Steps run once, by order; then the status line of doc/run.md 1.4. */
#include <stdatomic.h>

#include "kern/exit_int.h"
#include "kern/klog.h"
#include "kern/panic.h"
#include "kern/spinlock.h"
#include "lib/fmt.h"

static struct exit_step *steps[EXIT_NORDERS]; /* lock */
static struct spinlock lock = SPINLOCK_INIT(RANK_WAITQ);
static _Atomic bool leaving;

void exit_add_step(struct exit_step *s)
{
	bool on = spin_lock_irq(&lock);

	s->next = steps[s->order];
	steps[s->order] = s;
	spin_unlock_irq(&lock, on);
}

void exit_machine(unsigned status)
{
	char line[40];
	size_t n = fmt(line, sizeof(line), "coracle: exit status %u\n", status & 0xff);

	klog_flush();
	klog_raw(line, n);
	klog_flush();
	arch_exit(status & 0xff);
}

void vm_exit(unsigned status)
{
	/* Relaxed: only one can see false. Whoever comes second waits for the end. */
	if (atomic_exchange_explicit(&leaving, true, memory_order_relaxed))
		arch_cpu_stop();
	for (unsigned o = 0; o < EXIT_NORDERS; o++)
		for (struct exit_step *s = steps[o]; s; s = s->next)
			s->fn(status);
	exit_machine(status);
}
