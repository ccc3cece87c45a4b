/* SPDX-License-Identifier: Apache-2.0 */
/* linux/timespec.c: see timespec.h. */
#include "linux/timespec.h"

#include "abi/linux_time.h"
#include "kern/clock.h"
#include "kern/waitq.h"

static err_t to_ns(int64_t sec, int64_t frac, int64_t per_sec, uint64_t *ns)
{
	uint64_t out;

	if (sec < 0 || frac < 0 || frac >= per_sec)
		return -EINVAL;
	if (__builtin_mul_overflow((uint64_t)sec, NS_PER_SEC, &out) ||
	    __builtin_add_overflow(out, (uint64_t)frac * (NS_PER_SEC / (uint64_t)per_sec), &out))
		out = UINT64_MAX;
	*ns = out;
	return 0;
}

err_t timespec_read(uaddr_t a, uint64_t *ns)
{
	struct linux_timespec ts;
	err_t err = user_read(&ts, a, sizeof(ts));

	return err ? err : to_ns(ts.sec, ts.nsec, 1000000000, ns);
}

err_t timeval_read(uaddr_t a, uint64_t *ns)
{
	struct linux_timeval tv;
	err_t err = user_read(&tv, a, sizeof(tv));

	return err ? err : to_ns(tv.sec, tv.usec, 1000000, ns);
}

err_t timespec_write(uaddr_t a, uint64_t ns)
{
	struct linux_timespec ts = { (int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC) };

	return user_write(a, &ts, sizeof(ts));
}

err_t timeval_write(uaddr_t a, uint64_t ns)
{
	struct linux_timeval tv = { (int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC / 1000) };

	return user_write(a, &tv, sizeof(tv));
}

uint64_t timespec_add_sat(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

err_t timespec_deadline(uaddr_t a, uint64_t *deadline_ns)
{
	uint64_t ns;
	err_t err;

	*deadline_ns = WAIT_FOREVER;
	if (!a)
		return 0;
	err = timespec_read(a, &ns);
	if (!err)
		*deadline_ns = timespec_add_sat(clock_mono_ns(), ns);
	return err;
}

uint64_t timespec_ms_deadline(int ms)
{
	if (ms < 0)
		return WAIT_FOREVER;
	return ms ? clock_mono_ns() + (uint64_t)ms * 1000000 : 0;
}
