/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kern/loadavg.c: the load averages without a tick.  Each reading takes how many CPUs were busy on average since the
 * last one, plus who queues now, and lets the averages move towards it by e^(-elapsed / period).  Nobody
 * reads: nothing is computed.
 */
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/thread.h"
#include "lib/mem.h"

#define FIX 65536ull

static struct spinlock lock = SPINLOCK_INIT(RANK_WAITQ);
static uint64_t last_ns, last_idle_ns;
static uint32_t avg[3];

static uint64_t idle_total(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < ncpus; i++)
		sum += cpus[i]->idle_ns;
	return sum;
}

/* e^(-x) in 16.16 for x in 16.16: halve until small, four terms, square back. */
static uint64_t exp_minus(uint64_t x)
{
	unsigned halvings = 0;
	uint64_t v;

	if (x > 20 * FIX)
		return 0;
	for (; x > FIX / 4; x /= 2)
		halvings++;
	v = FIX - x + x * x / FIX / 2 - x * x / FIX * x / FIX / 6;
	for (; halvings; halvings--)
		v = v * v / FIX;
	return v;
}

static void move(uint64_t now)
{
	static const uint32_t period_s[3] = { 60, 300, 900 };
	uint64_t elapsed = now - last_ns, idle = idle_total();
	uint64_t all = elapsed * ncpus, idled = idle - last_idle_ns;
	uint64_t busy = all > idled ? (all - idled) * 1024 / (elapsed / 64) : 0; /* 16.16 CPUs */
	uint64_t queued = 0;

	for (unsigned i = 0; i < ncpus; i++)
		queued += cpus[i]->rq_len;
	busy += queued * FIX;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t keep = exp_minus(elapsed / 1000000 * FIX / (period_s[i] * 1000ull));

		avg[i] = (uint32_t)((avg[i] * keep + busy * (FIX - keep)) / FIX);
	}
	last_ns = now;
	last_idle_ns = idle;
}

void sched_loadavg(uint32_t out[3])
{
	uint64_t now = clock_mono_ns();

	spin_lock(&lock);
	if (now - last_ns > 100000000)
		move(now);
	memcpy(out, avg, sizeof(avg));
	spin_unlock(&lock);
}
