/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/trace.c: the last records of each CPU.  A CPU writes its own ring with interrupts off and nobody locks;
 * a reader may see a record half written, which is the price of tracing anything at all.  `boot` lines are
 * printed too, as they come.
 */
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/klog.h"
#include "kern/slab.h"
#include "kern/trace.h"
#include "lib/fmt.h"
#include "lib/mem.h"

#define RECORDS 128u

struct record {
	uint64_t ns;
	const char *what;
	uint64_t v[3];
	enum trace_group group;
};

struct ring {
	uint64_t n; /* records ever written */
	struct record r[RECORDS];
};

static const char *const names[TRACE_NGROUPS] = {
	[TRACE_BOOT] = "boot",	 [TRACE_SCHED] = "sched",     [TRACE_FAULT] = "fault",
	[TRACE_IRQ] = "irq",	 [TRACE_BLK] = "blk",	      [TRACE_NET] = "net",
	[TRACE_FUTEX] = "futex", [TRACE_SYSCALL] = "syscall",
};

uint32_t trace_mask;
static uint32_t live_mask;    /* of it: printed as well */
static struct ring boot_ring; /* the boot CPU's; others get theirs when something is traced */

static size_t describe(const struct record *r, unsigned cpu, char *text, size_t size)
{
	return fmt(text, size, "%lu.%09lu cpu%u %s %s %#lx %#lx %#lx", r->ns / 1000000000,
		   r->ns % 1000000000, cpu, names[r->group], r->what, r->v[0], r->v[1], r->v[2]);
}

static cold void print(const struct record *r, unsigned cpu)
{
	char text[128];
	size_t n = describe(r, cpu, text, sizeof(text) - 1);

	n = MIN(n, sizeof(text) - 2);
	text[n] = '\n';
	klog_raw(text, n + 1);
}

void trace_put(enum trace_group g, const char *what, uint64_t a, uint64_t b, uint64_t c)
{
	bool on = irq_save();
	struct cpu *cpu = this_cpu();
	struct ring *ring = cpu->arch.id == 0 ? &boot_ring : cpu->trace_ring;
	const struct record r = { clock_mono_ns(), what, { a, b, c }, g };

	if (ring)
		ring->r[ring->n++ % RECORDS] = r;
	if (live_mask & (1u << g))
		print(&r, cpu->arch.id);
	irq_restore(on);
}

/* No memory for one: that CPU is not traced. */
void trace_make_rings(void)
{
	if (!trace_mask)
		return;
	for (unsigned i = 1; i < ncpus; i++)
		if (!cpus[i]->trace_ring)
			cpus[i]->trace_ring = kzalloc(sizeof(struct ring));
}

static bool enable_one(const char *name, size_t len)
{
	if (len == 3 && memcmp(name, "all", 3) == 0) {
		trace_mask = (1u << TRACE_NGROUPS) - 1;
		return true;
	}
	for (unsigned g = 0; g < TRACE_NGROUPS; g++)
		if (strlen(names[g]) == len && memcmp(names[g], name, len) == 0) {
			trace_mask |= 1u << g;
			return true;
		}
	return false;
}

bool trace_enable(const char *list)
{
	bool ok = true;

	while (*list) {
		const char *comma = strchr(list, ',');
		size_t len = comma ? (size_t)(comma - list) : strlen(list);

		ok &= enable_one(list, len);
		list += len + (comma != NULL);
	}
	trace_make_rings();
	return ok;
}

bool trace_enable_live(const char *list)
{
	uint32_t before = trace_mask;
	bool ok;

	trace_mask = 0;
	ok = trace_enable(list);
	live_mask |= trace_mask;
	trace_mask |= before;
	return ok;
}

static void dump_ring(const struct ring *ring, unsigned cpu, void (*line)(void *, const char *),
		      void *arg)
{
	uint64_t first = ring->n > RECORDS ? ring->n - RECORDS : 0;
	char text[128];

	for (uint64_t i = first; i < ring->n; i++) {
		const struct record *r = &ring->r[i % RECORDS];

		describe(r, cpu, text, sizeof(text));
		line(arg, text);
	}
}

void trace_dump(void (*line)(void *arg, const char *text), void *arg)
{
	dump_ring(&boot_ring, 0, line, arg);
	for (unsigned i = 1; i < ncpus; i++)
		if (cpus[i] && cpus[i]->trace_ring)
			dump_ring(cpus[i]->trace_ring, i, line, arg);
}
