/* SPDX-License-Identifier: Apache-2.0 */
/* linux/time.c: reading and setting clocks, and sleeping: clock_gettime(2), nanosleep(2) and friends. */
#include "abi/linux_time.h"
#include "kern/clock.h"
#include "kern/thread.h"
#include "kern/waitq.h"
#include "linux/clockid.h"
#include "linux/process.h"
#include "linux/ptimer.h"
#include "linux/syscall.h"
#include "linux/timespec.h"
#include "vfs/timerfd.h"

enum { CAP_SYS_TIME = 25 }; /* capabilities(7) */

long sys_clock_gettime(struct thread *t, const struct sysargs *a)
{
	struct clockid c;
	err_t err = clockid_parse((int)a->v[0], &c);

	(void)t;
	return err ? err : timespec_write(a->v[1], clockid_now(&c));
}

long sys_clock_getres(struct thread *t, const struct sysargs *a)
{
	struct clockid c;
	err_t err = clockid_parse((int)a->v[0], &c);

	(void)t;
	if (err || !a->v[1])
		return err;
	return timespec_write(a->v[1], c.coarse ? 4000000 : 1); /* as a 250 Hz Linux says it */
}

/* Absolute timers on CLOCK_REALTIME move with it. */
static void set_real(uint64_t ns)
{
	clock_real_set(ns);
	timerfd_clock_was_set();
	ptimer_clock_was_set();
}

long sys_clock_settime(struct thread *t, const struct sysargs *a)
{
	uint64_t ns;
	err_t err;

	(void)t;
	if ((int)a->v[0] != LX_CLOCK_REALTIME)
		return -EINVAL;
	err = timespec_read(a->v[1], &ns);
	if (err)
		return err;
	if (!process_capable(CAP_SYS_TIME))
		return -EPERM;
	set_real(ns);
	return 0;
}

long sys_gettimeofday(struct thread *t, const struct sysargs *a)
{
	static const uint64_t no_zone; /* struct timezone: two ints, UTC */
	err_t err = 0;

	(void)t;
	if (a->v[0])
		err = timeval_write(a->v[0], clock_real_ns());
	if (!err && a->v[1])
		err = user_write(a->v[1], &no_zone, sizeof(no_zone));
	return err;
}

long sys_settimeofday(struct thread *t, const struct sysargs *a)
{
	uint64_t ns;
	err_t err;

	(void)t;
	if (!a->v[0])
		return 0; /* the zone alone: UTC stays */
	err = timeval_read(a->v[0], &ns);
	if (err)
		return err;
	if (!process_capable(CAP_SYS_TIME))
		return -EPERM;
	set_real(ns);
	return 0;
}

long sys_time(struct thread *t, const struct sysargs *a)
{
	uint64_t now = clock_real_ns() / NS_PER_SEC;
	err_t err = a->v[0] ? user_store64(a->v[0], now) : 0;

	(void)t;
	return err ? err : (long)now;
}

/* 0 when the deadline has come, -EINTR. */
static err_t sleep_until(uint64_t deadline_ns)
{
	struct spinlock lock;
	struct waitq wq;
	err_t err = 0;

	spin_init(&lock, RANK_WAITQ);
	waitq_init(&wq, &lock);
	spin_lock(&lock);
	while (!err)
		err = waitq_wait(&wq, deadline_ns);
	spin_unlock(&lock);
	return err == -ETIMEDOUT ? 0 : err;
}

enum { SW_DEADLINE, SW_REMAIN };

static long sleep_for(struct thread *t, const uint64_t *words)
{
	uint64_t now;

	(void)t;
	if (sleep_until(words[SW_DEADLINE]) == 0)
		return 0;
	now = clock_mono_ns();
	if (now >= words[SW_DEADLINE])
		return 0;
	if (words[SW_REMAIN] && timespec_write(words[SW_REMAIN], words[SW_DEADLINE] - now) < 0)
		return -EFAULT;
	return restart_set(sleep_for, words);
}

long sys_nanosleep(struct thread *t, const struct sysargs *a)
{
	uint64_t words[RESTART_WORDS] = { [SW_REMAIN] = a->v[1] }, ns;
	err_t err = timespec_read(a->v[0], &ns);

	if (err)
		return err;
	words[SW_DEADLINE] = timespec_add_sat(clock_mono_ns(), ns);
	return sleep_for(t, words);
}

/* CPU time passes at most ncpus seconds a second: sleep that long and look again. */
static long sleep_cpu(const struct clockid *c, uint64_t target)
{
	for (;;) {
		uint64_t now = clockid_now(c);
		unsigned rate = c->whole_process ? MIN(ncpus, thread_count_user()) : 1;

		if (now >= target)
			return 0;
		if (sleep_until(clock_mono_ns() + (target - now) / rate + 1))
			return -ERESTARTNOHAND;
	}
}

static long sleep_absolute(const struct clockid *c, uint64_t at)
{
	uint64_t off;

	if (c->kind == CLOCK_KIND_MONO)
		return sleep_until(at) ? -ERESTARTNOHAND : 0;
	/* The clock may be stepped meanwhile. */
	while (clock_real_ns() < at) {
		off = clock_real_offset_ns();
		if (sleep_until(at > off ? at - off : 0))
			return -ERESTARTNOHAND;
	}
	return 0;
}

long sys_clock_nanosleep(struct thread *t, const struct sysargs *a)
{
	bool absolute = a->v[1] & LX_TIMER_ABSTIME;
	uint64_t words[RESTART_WORDS] = { [SW_REMAIN] = a->v[3] }, ns;
	struct clockid c;
	err_t err = clockid_parse((int)a->v[0], &c);

	if (err)
		return err;
	if (!c.can_sleep)
		return (int)a->v[0] < 0 ? -EINVAL : -EOPNOTSUPP;
	err = timespec_read(a->v[2], &ns);
	if (err)
		return err;
	if (c.kind == CLOCK_KIND_CPU)
		return sleep_cpu(&c, absolute ? ns : timespec_add_sat(clockid_now(&c), ns));
	if (absolute)
		return sleep_absolute(&c, ns);
	words[SW_DEADLINE] = timespec_add_sat(clock_mono_ns(), ns);
	return sleep_for(t, words);
}
