/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux/adjtime.c: adjtimex(2), clock_adjtime(2): what there is to say of a clock that nobody disciplines.  The host keeps the
 * time, so the clock can be set (clock_settime(2)) but not slewed: changes are refused as to one without CAP_SYS_TIME.
 */
#include "abi/linux_time.h"
#include "kern/clock.h"
#include "kern/uio.h"
#include "linux/syscall.h"
#include "linux/timespec.h"

enum { STA_UNSYNC = 0x40, TIME_ERROR = 5 };

/* struct timex of the uapi. */
struct timex {
	uint32_t modes, pad0;
	int64_t offset, freq, maxerror, esterror;
	int32_t status, pad1;
	int64_t constant, precision, tolerance, sec, usec, tick, ppsfreq, jitter;
	int32_t shift, pad2;
	int64_t stabil, jitcnt, calcnt, errcnt, stbcnt;
	int32_t tai, pad3[11];
};
_Static_assert(sizeof(struct timex) == 208, "struct timex of x86-64");

static long adjust(uaddr_t addr)
{
	uint64_t now = clock_real_ns();
	struct timex t = {
		.maxerror =
			16000000, /* us: Linux's NTP_PHASE_LIMIT, until a time service says better */
		.esterror = 16000000,
		.status = STA_UNSYNC,
		.constant = 2,
		.precision = 1,
		.tolerance = 500 << 16, /* parts in 2^16 of a millionth */
		.sec = (int64_t)(now / NS_PER_SEC),
		.usec = (int64_t)(now % NS_PER_SEC / 1000),
		.tick = 10000,
	};
	uint32_t modes;

	if (user_read(&modes, addr, sizeof(modes)))
		return -EFAULT;
	if (modes)
		return -EPERM;
	return user_write(addr, &t, sizeof(t)) ? -EFAULT : TIME_ERROR;
}

long sys_adjtimex(struct thread *t, const struct sysargs *a)
{
	(void)t;
	return adjust(a->v[0]);
}

long sys_clock_adjtime(struct thread *t, const struct sysargs *a)
{
	(void)t;
	if (a->v[0] == LX_CLOCK_REALTIME)
		return adjust(a->v[1]);
	return a->v[0] <= 11 ? -EOPNOTSUPP : -EINVAL;
}
