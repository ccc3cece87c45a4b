/* SPDX-License-Identifier: Apache-2.0 */
/* linux/clockid.c: see clockid.h. */
#include "linux/clockid.h"

#include "abi/linux_time.h"
#include "kern/clock.h"
#include "kern/thread.h"
#include "linux/process.h"

/* Bits of a negative clockid_t: include/linux/posix-timers.h's CPUCLOCK_*. */
enum {
	CPUCLOCK_PERTHREAD = 4,
	CPUCLOCK_WHICH = 3,
	CPUCLOCK_PROF = 0,
	CPUCLOCK_VIRT = 1,
	CPUCLOCK_SCHED = 2
};

static err_t parse_cpu(int id, struct clockid *c)
{
	uint32_t who = (uint32_t) ~(id >> 3);
	struct thread *t;

	*c = (struct clockid){ .kind = CLOCK_KIND_CPU, .can_timer = true, .can_sleep = true };
	if ((id & CPUCLOCK_WHICH) > CPUCLOCK_SCHED)
		return -EINVAL;
	c->user_only = (id & CPUCLOCK_WHICH) == CPUCLOCK_VIRT;
	if (!(id & CPUCLOCK_PERTHREAD)) {
		c->whole_process = true;
		return who == 0 || who == PROCESS_PID ? 0 : -EINVAL;
	}
	c->tid = who;
	if (!who)
		return 0;
	t = thread_find(who);
	if (!t)
		return -EINVAL;
	thread_put(t);
	return 0;
}

static const struct clockid fixed[] = {
	[LX_CLOCK_REALTIME] = { .kind = CLOCK_KIND_REAL, .can_timer = true, .can_sleep = true },
	[LX_CLOCK_MONOTONIC] = { .kind = CLOCK_KIND_MONO, .can_timer = true, .can_sleep = true },
	[LX_CLOCK_PROCESS_CPUTIME_ID] = { .kind = CLOCK_KIND_CPU,
					  .whole_process = true,
					  .can_timer = true,
					  .can_sleep = true },
	[LX_CLOCK_THREAD_CPUTIME_ID] = { .kind = CLOCK_KIND_CPU, .can_timer = true },
	[LX_CLOCK_MONOTONIC_RAW] = { .kind = CLOCK_KIND_MONO },
	[LX_CLOCK_REALTIME_COARSE] = { .kind = CLOCK_KIND_REAL, .coarse = true },
	[LX_CLOCK_MONOTONIC_COARSE] = { .kind = CLOCK_KIND_MONO, .coarse = true },
	[LX_CLOCK_BOOTTIME] = { .kind = CLOCK_KIND_MONO, .can_timer = true, .can_sleep = true },
	[LX_CLOCK_REALTIME_ALARM] = { .kind = CLOCK_KIND_REAL,
				      .can_timer = true,
				      .can_sleep = true },
	[LX_CLOCK_BOOTTIME_ALARM] = { .kind = CLOCK_KIND_MONO,
				      .can_timer = true,
				      .can_sleep = true },
	[LX_CLOCK_TAI] = { .kind = CLOCK_KIND_REAL, .can_timer = true, .can_sleep = true },
};

err_t clockid_parse(int id, struct clockid *c)
{
	if (id < 0)
		return parse_cpu(id, c);
	if ((unsigned)id >= ARRAY_LEN(fixed) || id == 10)
		return -EINVAL;
	*c = fixed[id];
	return 0;
}

static uint64_t cpu_now(const struct clockid *c)
{
	uint64_t total = 0, user = 0;
	struct thread *t;

	if (c->whole_process) {
		thread_times_user(&total, &user);
	} else if (!c->tid) {
		thread_times(thread_self(), &total, &user);
	} else {
		t = thread_find(c->tid);
		if (t) {
			thread_times(t, &total, &user);
			thread_put(t);
		}
	}
	return c->user_only ? user : total;
}

uint64_t clockid_now(const struct clockid *c)
{
	if (c->kind == CLOCK_KIND_CPU)
		return cpu_now(c);
	return c->kind == CLOCK_KIND_REAL ? clock_real_ns() : clock_mono_ns();
}
